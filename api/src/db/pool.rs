//! The connection pool. Connections are made on the main runtime, never on an actix worker's: the driver task of a
//! connection lives where it was made, and one busy worker must not stall another's queries.

use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool as DieselPool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The pool of database connections.
pub type Pool = DieselPool<AsyncPgConnection>;

/// Session settings of every connection: no query, lock or open transaction may wait for ever.
const SESSION_OPTIONS: &str = "-c statement_timeout=30000 -c lock_timeout=10000 \
    -c idle_in_transaction_session_timeout=30000 -c timezone=UTC";

/// Makes the pool; no connection is opened yet.
///
/// # Errors
/// A message when the URL is not one of PostgreSQL.
pub fn build(url: &str, size: usize, runtime: Handle) -> Result<Pool, String> {
    url.parse::<tokio_postgres::Config>()
        .map_err(|error| format!("{error}; expected postgres://user@host/database"))?;
    let tls = tls_connector();
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.custom_setup = Box::new(move |url| {
        let (url, tls, runtime) = (url.to_owned(), tls.clone(), runtime.clone());
        async move {
            runtime.spawn(connect(url, tls)).await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        }
        .boxed()
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(url, config))
        .max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(Duration::from_secs(5)))
        .create_timeout(Some(Duration::from_secs(5)))
        .build()
        .map_err(|error| error.to_string())
}

/// Opens one connection outside the pool, for migrations and LISTEN, with the driver on the current runtime.
///
/// # Errors
/// The driver's message.
pub async fn connect_once(url: &str) -> ConnectionResult<AsyncPgConnection> {
    connect(url.to_owned(), tls_connector()).await
}

async fn connect(url: String, tls: MakeRustlsConnect) -> ConnectionResult<AsyncPgConnection> {
    let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(format!("{error}: {}", cause(&error)));
    let mut config: tokio_postgres::Config = url.parse().map_err(bad)?;
    config.application_name("merx").connect_timeout(Duration::from_secs(5));
    if config.get_options().is_none() {
        config.options(SESSION_OPTIONS);
    }
    let (client, connection) = config.connect(tls).await.map_err(bad)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

/// TLS by the system's root certificates (`SSL_CERT_FILE` names others), used when the server offers it.
fn tls_connector() -> MakeRustlsConnect {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth());
    // The ring provider supports the default versions: this cannot fail.
    MakeRustlsConnect::new(config.unwrap_or_else(|_| unreachable!("ring supports TLS 1.2 and 1.3")))
}
