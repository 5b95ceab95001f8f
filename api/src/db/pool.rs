//! The connection pool. Connections are made on the main runtime, never on an actix worker's: the driver task of a
//! connection lives where it was made, and one busy worker must not stall another's queries.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::{Metrics, RecycleError, RecycleResult};
use diesel::connection::InstrumentationEvent;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AnsiTransactionManager, AsyncConnection as _, AsyncPgConnection, TransactionManager as _};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::Socket;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::http::request_log::RequestContext;

/// TLS for servers that offer it by TCP. By a socket of this machine a server never does, but its name is asked for all the same.
#[derive(Clone)]
struct Tls(MakeRustlsConnect);

impl MakeTlsConnect<Socket> for Tls {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, Self::Error> {
        let domain = if domain.is_empty() { "localhost" } else { domain };
        MakeTlsConnect::<Socket>::make_tls_connect(&mut self.0, domain)
    }
}

type TlsStream = <Tls as MakeTlsConnect<Socket>>::Stream;

/// The pool of database connections.
pub type Pool = deadpool::managed::Pool<Manager>;

/// A connection out of the pool, which goes back when it is dropped.
pub type Object = deadpool::managed::Object<Manager>;

/// Opens connections, and gives back those that are still good.
pub struct Manager {
    url: String,
    tls: Tls,
    runtime: Handle,
}

/// A connection and the task that drives it.
pub struct Driven {
    conn: AsyncPgConnection,
    driver: JoinHandle<()>,
    /// Whether a migration changed what its statements answer.
    is_outdated: Arc<AtomicBool>,
}

impl Deref for Driven {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.conn
    }
}

impl DerefMut for Driven {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.conn
    }
}

impl deadpool::managed::Manager for Manager {
    type Type = Driven;
    type Error = ConnectionError;

    async fn create(&self) -> ConnectionResult<Driven> {
        let opening = self.runtime.spawn(open(self.url.clone(), self.tls.clone()));
        opening.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
    }

    /// The driver ends when the server hangs up, so nothing need be asked of the server: a question before each use would
    /// cost as much as what is asked then.
    async fn recycle(&self, driven: &mut Driven, _: &Metrics) -> RecycleResult<ConnectionError> {
        if driven.driver.is_finished() || AnsiTransactionManager::is_broken_transaction_manager(&mut driven.conn) {
            return Err(RecycleError::message("the connection is closed"));
        }
        if driven.is_outdated.load(Ordering::Relaxed) {
            return Err(RecycleError::message("its statements are of before a migration"));
        }
        Ok(())
    }
}

/// Session settings of every connection: no query, lock or open transaction may wait for ever. Plans are for solid state
/// and memory, and nothing is compiled for queries of milliseconds.
const SESSION_OPTIONS: &str = "-c statement_timeout=30000 -c lock_timeout=10000 \
    -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c random_page_cost=1.1 -c jit=off";

/// Makes the pool; no connection is opened yet.
///
/// # Errors
/// A message when the URL is not one of PostgreSQL.
pub fn build(url: &str, size: usize, runtime: Handle) -> Result<Pool, String> {
    url.parse::<tokio_postgres::Config>()
        .map_err(|error| format!("{error}; expected postgres://user@host/database"))?;
    Pool::builder(Manager { url: url.to_owned(), tls: tls_connector(), runtime })
        .max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(Duration::from_secs(5)))
        .create_timeout(Some(Duration::from_secs(5)))
        .build()
        .map_err(|error| error.to_string())
}

/// Opens a connection of the pool, with its driver on the current runtime.
async fn open(url: String, tls: Tls) -> ConnectionResult<Driven> {
    let (client, connection) = connect(&url, tls).await?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "A connection to the database ended");
        }
    });
    let mut conn = AsyncPgConnection::try_from(client).await?;
    let is_outdated = Arc::new(AtomicBool::new(false));
    let outdated = Arc::clone(&is_outdated);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { .. } = event {
            RequestContext::count_statement();
        }
        if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event
            && super::is_outdated(error)
        {
            outdated.store(true, Ordering::Relaxed);
        }
    });
    Ok(Driven { conn, driver, is_outdated })
}

/// Opens one connection outside the pool, for migrations and LISTEN, with the driver on the current runtime.
///
/// # Errors
/// The driver's message.
pub async fn connect_once(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let (client, connection) = connect(url, tls_connector()).await?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

type Connected = (tokio_postgres::Client, tokio_postgres::Connection<Socket, TlsStream>);

async fn connect(url: &str, tls: Tls) -> ConnectionResult<Connected> {
    let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(format!("{error}: {}", cause(&error)));
    let mut config: tokio_postgres::Config = url.parse().map_err(bad)?;
    config.application_name("merx").connect_timeout(Duration::from_secs(5));
    // A server that is gone without a word is noticed by what it does not acknowledge.
    config.keepalives_idle(Duration::from_secs(15)).keepalives_interval(Duration::from_secs(5));
    config.tcp_user_timeout(Duration::from_secs(15));
    if config.get_options().is_none() {
        config.options(SESSION_OPTIONS);
    }
    config.connect(tls).await.map_err(bad)
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

/// TLS by the system's root certificates (`SSL_CERT_FILE` names others), used when the server offers it.
fn tls_connector() -> Tls {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth());
    // The ring provider supports the default versions: this cannot fail.
    Tls(MakeRustlsConnect::new(config.unwrap_or_else(|_| unreachable!("ring supports TLS 1.2 and 1.3"))))
}
