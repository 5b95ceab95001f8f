//! What every handler and job can reach: configuration, pool, clock, providers, limits, background tasks.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::catalog::ready::Ready;
use crate::clock::Clock;
use crate::config::Config;
use crate::customers::password::Passwords;
use crate::db::group::Group;
use crate::db::pool::{self, Object, Pool};
use crate::db::replica::Replica;
use crate::error::{Error, Result};
use crate::faults::Faults;
use crate::http::caller::KnownKeys;
use crate::http::metrics::Metrics;
use crate::http::rate_limit::Limits;
use crate::http::request_log::RequestContext;
use crate::http::shared_limits::Shared;
use crate::jobs::outcome::{self, Ended};
use crate::jobs::wake::Wake;
use crate::live::streams::Live;
use crate::mail::smtp::Mailer;
use crate::mail::templates::Templates;
use crate::outbound::{self, Governor, Outbound};
use crate::payments::Stripe;
use crate::shippo::Shippo;
use crate::webhooks_in::Door;
use crate::webhooks_out::send::Sender;

/// One process of Merx. It holds nothing that it cannot rebuild from the database.
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The present time.
    pub clock: Clock,
    /// Stripe.
    pub stripe: Stripe,
    /// Shippo, if the shop has a token.
    pub shippo: Option<Shippo>,
    /// The European Central Bank.
    pub ecb: Outbound,
    /// The mail server, if the shop has one.
    pub mailer: Option<Mailer>,
    /// What e-mails say.
    pub templates: Templates,
    /// Sends webhooks to other systems.
    pub webhooks: Sender,
    /// Rate limits of this process.
    pub limits: Limits,
    /// Wakes workers, in this process and others.
    pub wake: Wake,
    /// Open screens of staff, which are told what happens.
    pub live: Live,
    /// Answers of the catalogue that are ready to send.
    pub ready: Ready,
    /// Storefront keys that were looked up a moment ago.
    pub known_keys: KnownKeys,
    /// Hashes and compares customers' passwords, few at a time.
    pub passwords: Passwords,
    /// Where providers' webhooks come in.
    pub door: Door,
    /// Jobs that are done, to be recorded as such.
    pub ends: Group<Ended>,
    /// What Prometheus reads.
    pub metrics: Metrics,
    /// Fault points for tests.
    pub faults: Faults,
    leaving: AtomicBool,
    pool: Pool,
    webhook_pool: Pool,
    replica: Option<Replica>,
    runtime: Handle,
    tasks: TaskTracker,
}

/// The connections of a process.
#[derive(Debug, Clone, Copy)]
pub struct PoolState {
    /// Open and free.
    pub idle: i64,
    /// At work.
    pub in_use: i64,
    /// Requests and jobs that wait for one.
    pub waiting: i64,
}

impl App {
    /// Builds the parts; opens no connection. Must be called on the multi-thread runtime that shall own
    /// connections and checkouts.
    ///
    /// # Errors
    /// A message that names what is wrong in the configuration.
    pub fn new(config: Config) -> Result<Arc<Self>, String> {
        use secrecy::ExposeSecret;
        let runtime = Handle::current();
        let pool = pool::build(config.database_url.expose_secret(), config.pool_size, runtime.clone())
            .map_err(|error| format!("DATABASE_URL is not valid: {error}."))?;
        let url = config.database_url.expose_secret();
        let webhook_pool = pool::build(url, config.webhook_pool_size, runtime.clone())?;
        let replica = config.database_replica_url.as_ref();
        let replica =
            replica.map(|url| Replica::new(url.expose_secret(), config.pool_size, runtime.clone())).transpose()?;
        let shared = config.redis_url.as_ref().map(|url| Shared::new(url.expose_secret())).transpose()?;
        let http = outbound::client(&config.outbound)?;
        Ok(Arc::new(Self {
            clock: Clock::new(config.clock_file.clone()),
            shippo: config.shippo.as_ref().map(|shippo| Shippo::new(shippo, &http, &config.outbound)),
            ecb: Outbound::new("ecb", &http, &config.outbound, Arc::new(Governor::new(1, 1))),
            stripe: Stripe::new(&config.stripe, &http, &config.outbound),
            mailer: config.mail.smtp.as_ref().map(Mailer::new).transpose()?,
            templates: Templates::load(config.mail.templates_dir.as_deref())?,
            webhooks: Sender::new(config.webhooks_allow_private, config.webhook_timeout),
            limits: Limits::new(config.rate_limits, shared),
            wake: Wake::new(config.database_direct_url.clone()),
            live: Live::default(),
            ready: Ready::new(config.catalog_cache_megabytes * 1_000_000)?,
            known_keys: KnownKeys::default(),
            passwords: Passwords::default(),
            door: Door::new(config.pool_size),
            ends: Group::new(outcome::BREATH, outcome::ENOUGH),
            metrics: Metrics::default(),
            faults: config.faults.clone(),
            leaving: AtomicBool::new(false),
            pool,
            webhook_pool,
            replica,
            runtime,
            tasks: TaskTracker::new(),
            config,
        }))
    }

    /// The ways to providers, for metrics and health.
    pub fn ways(&self) -> impl Iterator<Item = &Outbound> {
        self.stripe.ways().into_iter().chain(self.shippo.iter().map(Shippo::way)).chain([&self.ecb])
    }

    /// From now on load balancers are told to send requests elsewhere.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether this process is about to stop.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// A connection from the pool.
    ///
    /// # Errors
    /// `service_unavailable` when none is to be had in five seconds.
    pub async fn connection(&self) -> Result<Object> {
        Ok(self.pool.get().await?)
    }

    /// A connection from the pool that only webhooks use: shoppers in plenty do not keep Stripe waiting, nor Stripe them.
    ///
    /// # Errors
    /// `service_unavailable` when none is to be had in five seconds.
    pub async fn webhook_connection(&self) -> Result<Object> {
        Ok(self.webhook_pool.get().await?)
    }

    /// A connection to read the catalogue: to the standby, if there is one that has all that this process knows to have
    /// changed.
    ///
    /// # Errors
    /// Those of [`App::connection`].
    pub async fn catalog_connection(&self) -> Result<Object> {
        let standby = match &self.replica {
            Some(replica) => replica.for_catalog().await,
            None => None,
        };
        self.or_primary(standby).await
    }

    /// A connection to read reports: to the standby, if there is one that lacks at most what the last seconds brought.
    ///
    /// # Errors
    /// Those of [`App::connection`].
    pub async fn report_connection(&self) -> Result<Object> {
        let standby = match &self.replica {
            Some(replica) => replica.for_reports().await,
            None => None,
        };
        self.or_primary(standby).await
    }

    async fn or_primary(&self, standby: Option<Object>) -> Result<Object> {
        match standby {
            Some(conn) => Ok(conn),
            None => self.connection().await,
        }
    }

    /// The standby, if there is one.
    #[must_use]
    pub const fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// What the pool is doing.
    #[must_use]
    pub fn pool_state(&self) -> PoolState {
        let status = self.pool.status();
        let count = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        let (size, idle) = (count(status.size), count(status.available));
        PoolState { idle, in_use: size - idle, waiting: count(status.waiting) }
    }

    /// Runs `work` on the main runtime to its end, even when the client hangs up or the actix worker stops.
    ///
    /// # Errors
    /// What `work` answers; `internal_error` when it panicked.
    pub async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let work = RequestContext::current().scope(work);
        self.tasks
            .spawn_on(work.in_current_span(), &self.runtime)
            .await
            .map_err(|error| Error::Internal(format!("a task panicked: {error}")))?
    }

    /// Waits for the tasks of [`App::run_to_end`], at most `patience`, then closes the pool.
    pub async fn drain(&self, patience: Duration) {
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!("Stopping although tasks are still running; recovery finishes them");
        }
        self.pool.close();
        self.webhook_pool.close();
    }
}
