//! A stateful stand-in for Stripe, Shippo and the ECB's rates over real HTTP, for development and tests.
//!
//! All faces are on one port: `/v1/…` speaks Stripe's API, `/shippo/…` Shippo's, `/ecb/…` is the
//! ECB's feed, `/pay/…` is the page where a person plays the buyer, and `/_control/…` bends the
//! world (faults, time, webhooks). All state lives in memory, and in a file when one is named. It
//! never talks to any of them and moves no money.

mod answer;
mod arithmetic;
mod clock;
mod control;
mod countries;
mod delivery;
mod ecb;
mod engine;
mod error;
mod events;
mod faults;
mod form;
mod gate;
mod idempotency;
mod money;
mod object;
mod page_style;
mod pages;
mod params;
mod persistence;
mod request_log;
mod shippo;
mod side_gate;
mod state;
mod strikes;
mod stripe;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};

use crate::engine::Engine;

/// Largest request body that is read; a session with 100 lines stays far below it.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// How long an idle connection is kept: longer than clients keep theirs, so that no request meets its end.
const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Base of the pay page links when it differs from the listening address, without a trailing
    /// slash (for example behind a port forward).
    pub public_url: Option<String>,
    /// Where events are delivered; without it they are only recorded.
    pub webhook_url: Option<String>,
    /// Where Shippo tells of parcels, its token included; without it, it does not.
    pub shippo_webhook_url: Option<String>,
    /// Signing secrets; a delivery carries one `v1` signature per secret.
    pub webhook_secrets: Vec<String>,
    /// File with the clock's offset in milliseconds, shared with the application under test.
    pub clock_file: Option<PathBuf>,
    /// Where the state is kept between starts; without it, it dies with the process.
    pub state_file: Option<PathBuf>,
    /// Waits between the tries of one delivery.
    pub webhook_retry: Vec<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            public_url: None,
            webhook_url: None,
            shippo_webhook_url: None,
            webhook_secrets: Vec::new(),
            clock_file: None,
            state_file: None,
            webhook_retry: vec![
                Duration::from_millis(100),
                Duration::from_millis(500),
                Duration::from_secs(2),
                Duration::from_secs(5),
                Duration::from_secs(15),
                Duration::from_secs(60),
            ],
        }
    }
}

/// A payment that was made before the sandbox was there.
#[derive(Debug, Clone)]
pub struct PastPayment {
    /// `pi_…`
    pub intent: String,
    /// Minor units that were paid.
    pub amount: i64,
    /// In which currency, in small letters.
    pub currency: String,
    /// Of the amount, what was given back since.
    pub refunded: i64,
    /// When, in Unix seconds.
    pub paid_at: i64,
}

/// A running sandbox. Dropping it leaves the server running until its runtime ends; call
/// [`Sandbox::stop`] to end it.
#[derive(Debug)]
pub struct Sandbox {
    engine: Arc<Engine>,
    server: ServerHandle,
    address: SocketAddr,
}

impl Sandbox {
    /// Binds, starts serving on the current tokio runtime and returns at once.
    ///
    /// The process must have installed a rustls crypto provider before, because the HTTP client
    /// that delivers webhooks asks for one even though it only speaks plain HTTP here.
    ///
    /// # Errors
    /// When the address cannot be bound or the webhook client cannot be built.
    pub async fn start(config: Config) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(config.bind).await?.into_std()?;
        let address = listener.local_addr()?;
        let engine = Arc::new(Engine::new(config, local_url(address))?);
        let data = web::Data::from(Arc::clone(&engine));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
                .app_data(web::JsonConfig::default().limit(MAX_BODY_BYTES))
                .configure(control::routes)
                .configure(pages::routes)
                .default_service(web::to(gate::serve))
        })
        .workers(1)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
        let handle = server.handle();
        engine.tasks.spawn_on(server, &engine.runtime);
        engine.start_ticking();
        Ok(Self { engine, server: handle, address })
    }

    /// Base address of the API, for example `http://127.0.0.1:41873`.
    pub fn url(&self) -> String {
        local_url(self.address)
    }

    /// The address it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends later events to `url`, signed with each of `secrets`.
    pub fn set_webhook(&self, url: String, secrets: Vec<String>) {
        self.engine.lock().webhooks.set_endpoint(url, secrets);
    }

    /// Tells of parcels at `url` from now on.
    pub fn set_shippo_webhook(&self, url: String) {
        self.engine.lock().webhooks.set_shippo_endpoint(url);
    }

    /// Takes over payments of before, so that they can be refunded; nobody is told of them.
    pub fn adopt(&self, payments: &[PastPayment]) {
        let mut store = self.engine.lock();
        for payment in payments {
            stripe::payments::adopt(&mut store, payment);
        }
    }

    /// Ends deliveries, hanging answers and the server, and waits for them.
    pub async fn stop(self) {
        self.engine.cancel.cancel();
        self.server.stop(false).await;
        self.engine.tasks.close();
        self.engine.tasks.wait().await;
        self.engine.save();
    }
}

/// The address as a client on this machine reaches it.
fn local_url(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://127.0.0.1:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
