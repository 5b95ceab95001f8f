//! Starting and stopping: the HTTP server, the worker and what belongs to them, in one process or in several.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::catalog::ready;
use crate::config::Config;
use crate::db::{Connection, pool, roles};
use crate::http::server;
use crate::jobs::worker;
use crate::live;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// What a migration came to.
#[derive(Debug)]
pub struct Migrated {
    /// How many migrations ran.
    pub count: usize,
    /// How the role of the service stands, in one line.
    pub role: String,
}

/// Brings the database to this version's schema, or with `revert` back to nothing; then gives the service's role what it
/// needs.
///
/// # Errors
/// One line with the remedy.
pub async fn migrate(config: &Config, revert: bool) -> Result<Migrated, String> {
    let connect = || pool::connect_once(config.migration_database_url.expose_secret());
    let unreachable = |error| {
        format!("PostgreSQL cannot be reached ({error}). Start it, or correct MIGRATION_DATABASE_URL or DATABASE_URL.")
    };
    let mut conn = connect().await.map_err(unreachable)?;
    // In a large shop it takes longer than a request may.
    conn.batch_execute("SET statement_timeout = 0").await.map_err(|error| error.to_string())?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let ran =
        if revert { harness.revert_all_migrations(MIGRATIONS) } else { harness.run_pending_migrations(MIGRATIONS) };
    let count = ran.map(|versions| versions.len()).map_err(|error| format!("The migration failed: {error}"))?;
    if revert {
        return Ok(Migrated { count, role: "No table is left.".to_owned() });
    }
    let role = grant(&mut connect().await.map_err(unreachable)?, config).await?;
    Ok(Migrated { count, role })
}

/// Gives the role of `DATABASE_DIRECT_URL` what the service needs, if it is another than the owner.
async fn grant(owner: &mut Connection, config: &Config) -> Result<String, String> {
    let role = |url: &SecretString| roles::of_url(url.expose_secret()).unwrap_or_default();
    let (service, own) = (role(&config.database_direct_url), role(&config.migration_database_url));
    if service == own {
        return Ok(format!(
            "The service is the owner of its tables ({own}), so the audit log could be rewritten. See docs/AUDIT.md."
        ));
    }
    let granted = roles::grant(owner, &service).await.map_err(|error| format!("The role {service}: {error}"))?;
    Ok(if granted {
        format!("The role {service} may use the tables, and only add to {}.", roles::APPEND_ONLY.join(" and "))
    } else {
        format!("There is no role {service} yet: make it (docs/AUDIT.md), then run `merx migrate` again.")
    })
}

/// A running process of Merx.
pub struct Running {
    app: Arc<App>,
    stop: CancellationToken,
    tasks: TaskTracker,
    server: Option<ServerHandle>,
}

impl Running {
    /// Starts what carries rings between processes; the parts are added by [`Running::serve`] and [`Running::work`].
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        let running = Self { app, stop: CancellationToken::new(), tasks: TaskTracker::new(), server: None };
        let (app, stop) = (Arc::clone(&running.app), running.stop.clone());
        running.tasks.spawn(async move { app.wake.tell_others(&stop).await });
        let (app, stop) = (Arc::clone(&running.app), running.stop.clone());
        running.tasks.spawn(async move { app.wake.hear_others(&stop).await });
        running
    }

    /// Serves HTTP on a bound listener.
    ///
    /// # Errors
    /// Those of the sockets.
    pub fn serve(&mut self, listener: TcpListener) -> std::io::Result<()> {
        let server = server::start(Arc::clone(&self.app), listener)?;
        self.server = Some(server.handle());
        let (app, stop) = (Arc::clone(&self.app), self.stop.clone());
        self.tasks.spawn(async move { live::streams::follow(&app, &stop).await });
        let (app, stop) = (Arc::clone(&self.app), self.stop.clone());
        self.tasks.spawn(async move { ready::follow(&app, &stop).await });
        self.tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(error = %error, "The HTTP server ended");
            }
        });
        Ok(())
    }

    /// Runs jobs.
    pub fn work(&self) {
        let (app, stop) = (Arc::clone(&self.app), self.stop.clone());
        self.tasks.spawn(async move { worker::work(app, stop).await });
    }

    /// Stops gracefully: load balancers are told, then no new requests and jobs, those in work finish, leases go back, and
    /// the pool closes.
    pub async fn stop(self) {
        if self.server.is_some() && !self.app.config.leave.is_zero() {
            self.app.leave();
            tokio::time::sleep(self.app.config.leave).await;
        }
        // Streams have no end of their own.
        self.app.live.close();
        if let Some(server) = &self.server {
            server.stop(true).await;
        }
        self.stop.cancel();
        self.tasks.close();
        let patience = self.app.config.drain + Duration::from_secs(5);
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!("Stopping although some work has not ended; recovery finishes it");
        }
        self.app.drain(self.app.config.drain).await;
    }
}

/// Ctrl-C and SIGTERM. Made first of all, so that a signal during the start is not lost.
pub struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    /// Starts listening.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("Signals cannot be handled: {error}."));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits until somebody asked to stop.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Binds the service's address.
///
/// # Errors
/// One line with the remedy.
pub fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| {
        format!(
            "{address} cannot be listened on ({error}). Stop what uses it, or choose another with --bind or MERX_BIND."
        )
    })
}
