//! Wakes workers early; the poll each second stays the truth.
//!
//! A commit wakes the worker of its own process in memory. Other processes hear of it by at most one bare NOTIFY per
//! 50 ms on a connection of its own: a NOTIFY inside the transaction would make all commits queue for one lock.

use std::time::Duration;

use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::db::pool;

const GAP: Duration = Duration::from_millis(50);
const RECONNECT: Duration = Duration::from_secs(1);

/// The doorbell of a process.
#[derive(Debug)]
pub struct Wake {
    url: SecretString,
    local: Notify,
    others: Notify,
    screens: Notify,
    catalog: Notify,
}

impl Wake {
    /// A doorbell; `url` is a direct connection to PostgreSQL.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self { url, local: Notify::new(), others: Notify::new(), screens: Notify::new(), catalog: Notify::new() }
    }

    /// Rings: jobs were committed that are due now.
    pub fn ring(&self) {
        self.local.notify_one();
        self.others.notify_one();
        self.screens.notify_one();
        self.catalog.notify_one();
    }

    /// Waits until somebody rings, for who keeps answers of the catalogue.
    pub async fn heard_for_catalog(&self) {
        self.catalog.notified().await;
    }

    /// Waits until somebody rings, for who tells open screens.
    pub async fn heard_for_screens(&self) {
        self.screens.notified().await;
    }

    /// Waits until somebody rings.
    pub async fn heard(&self) {
        self.local.notified().await;
    }

    /// Carries rings to other processes, until `stop`.
    pub async fn tell_others(&self, stop: &CancellationToken) {
        let telling = async {
            loop {
                self.others.notified().await;
                let Ok(mut conn) = pool::connect_once(self.url.expose_secret()).await else {
                    tokio::time::sleep(RECONNECT).await;
                    continue;
                };
                while diesel::sql_query("NOTIFY merx_jobs").execute(&mut conn).await.is_ok() {
                    tokio::time::sleep(GAP).await;
                    self.others.notified().await;
                }
            }
        };
        tokio::select! {
            () = telling => {}
            () = stop.cancelled() => {}
        }
    }

    /// Hears the rings of other processes, until `stop`.
    pub async fn hear_others(&self, stop: &CancellationToken) {
        let hearing = async {
            loop {
                if let Ok(mut conn) = pool::connect_once(self.url.expose_secret()).await
                    && diesel::sql_query("LISTEN merx_jobs").execute(&mut conn).await.is_ok()
                {
                    let mut rings = std::pin::pin!(conn.notifications_stream());
                    while let Some(Ok(_)) = rings.next().await {
                        self.local.notify_one();
                        self.screens.notify_one();
                        self.catalog.notify_one();
                    }
                }
                tokio::time::sleep(RECONNECT).await;
            }
        };
        tokio::select! {
            () = hearing => {}
            () = stop.cancelled() => {}
        }
    }
}
