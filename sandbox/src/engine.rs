//! The running parts around the state: lock, clock, background work.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::clock::Clock;
use crate::delivery;
use crate::faults::Faults;
use crate::persistence;
use crate::state::{Cause, Store};
use crate::stripe::{checkout, payments};

/// How often it is looked for what has become due.
const TICK: Duration = Duration::from_millis(200);

/// The part of the time that is spent on saving at most: one in so many.
const SAVING_SHARE: u32 = 20;

/// How long one webhook delivery may take.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Shared by all requests and background tasks.
#[derive(Debug)]
pub(crate) struct Engine {
    store: Mutex<Store>,
    state_file: Option<PathBuf>,
    /// The movable clock.
    pub(crate) clock: Clock,
    /// Ordered faults.
    pub(crate) faults: Faults,
    /// Sends webhooks.
    pub(crate) client: reqwest::Client,
    /// Waits between the tries of a delivery.
    pub(crate) webhook_retry: Vec<Duration>,
    /// Base of the pay page links.
    pub(crate) public_url: String,
    /// The runtime that started the sandbox; the server's workers have runtimes of their own.
    pub(crate) runtime: Handle,
    /// Everything that runs in the background.
    pub(crate) tasks: TaskTracker,
    /// Ends the background work.
    pub(crate) cancel: CancellationToken,
}

impl Engine {
    /// An engine with empty state; `local_url` is used when the config names no public address.
    pub(crate) fn new(config: Config, local_url: String) -> std::io::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(DELIVERY_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(std::io::Error::other)?;
        let mut store = config.state_file.as_deref().map(persistence::load).unwrap_or_default();
        if let Some(url) = config.webhook_url {
            store.webhooks.set_endpoint(url, config.webhook_secrets);
        }
        if let Some(url) = config.shippo_webhook_url {
            store.webhooks.set_shippo_endpoint(url);
        }
        Ok(Self {
            store: Mutex::new(store),
            state_file: config.state_file,
            clock: Clock::new(config.clock_file),
            faults: Faults::new(),
            client,
            webhook_retry: config.webhook_retry,
            public_url: config.public_url.map_or(local_url, |url| url.trim_end_matches('/').to_owned()),
            runtime: Handle::current(),
            tasks: TaskTracker::new(),
            cancel: CancellationToken::new(),
        })
    }

    /// The state; never hold it across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs work in the background until it ends or the sandbox stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        let stoppable = async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = work => {}
            }
        };
        self.tasks.spawn_on(stoppable, &self.runtime);
    }

    /// Starts the search for what has become due.
    pub(crate) fn start_ticking(self: &Arc<Self>) {
        let engine = Arc::clone(self);
        self.spawn(async move {
            let mut next_save = Instant::now();
            loop {
                tokio::time::sleep(TICK).await;
                engine.bring_due();
                let started = Instant::now();
                if next_save <= started {
                    engine.save();
                    next_save = started + started.elapsed() * SAVING_SHARE;
                }
            }
        });
    }

    /// Writes the state to its file, if there is one and something has happened since.
    pub(crate) fn save(&self) {
        if let Some(path) = &self.state_file {
            persistence::save(&mut self.lock(), path);
        }
    }

    /// Does what has become due, and sends the events that came of it.
    pub(crate) fn bring_due(self: &Arc<Self>) {
        let cause = Cause::outside(self.clock.unix());
        become_due(&mut self.lock(), &cause);
        delivery::dispatch(self);
    }

    /// Changes the state by `act` at the present moment and sends the events that came of it.
    pub(crate) fn act<T>(self: &Arc<Self>, act: impl FnOnce(&mut Store, &Cause) -> T) -> T {
        let cause = Cause::outside(self.clock.unix());
        let outcome = {
            let mut store = self.lock();
            become_due(&mut store, &cause);
            store.changes += 1;
            act(&mut store, &cause)
        };
        delivery::dispatch(self);
        outcome
    }
}

/// Open sessions whose time is up expire; banks answer.
fn become_due(store: &mut Store, cause: &Cause) {
    checkout::expire_due(store, cause);
    payments::answer_due(store, cause);
}
