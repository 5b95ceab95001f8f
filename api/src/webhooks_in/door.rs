//! The door that providers knock at: so many deliveries at a time, and refused ones noted without letting a flood of them
//! take the database from the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::attempts::{self, Attempt, ROWS_PER_HOUR, Refused};
use super::inbox::{self, Arrival};
use crate::app::App;
use crate::db::group::Group;
use crate::error::{Code, Error, Result};
use crate::http::client_address::limit_key;

/// How many deliveries are read and stored at a time; each may have a body of 1 MB.
const PLACES: usize = 64;

/// How long one waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// While so many or more are there, they are stored and no more: in a flood, acknowledging goes first.
const CROWD: usize = 14;

/// How long a payment waits for its turn to take its effect here.
const TURN_PATIENCE: Duration = Duration::from_millis(100);

/// How often deliveries are stored while there are few of them: Stripe sends several of a payment at once.
const BREATH: Duration = Duration::from_millis(5);

/// So many are stored without taking breath.
const ENOUGH: usize = 8;

/// The door of a process.
pub struct Door {
    places: Semaphore,
    /// Turns of payments to take their effect.
    turns: Semaphore,
    /// Refused deliveries that are not written yet.
    refused: Mutex<HashMap<(DateTime<Utc>, String), Refused>>,
    /// Whoever has it writes for all.
    writer: Semaphore,
    /// Accepted deliveries, to be stored.
    accepted: Group<Arc<Arrival>>,
}

impl Door {
    /// The door of a process with so many connections to the database. Payments that take their effect here have half of them at
    /// most, and one at least, as shoppers need them too.
    #[must_use]
    pub fn new(connections: usize) -> Self {
        Self {
            places: Semaphore::new(PLACES),
            turns: Semaphore::new((connections / 2).max(1)),
            refused: Mutex::default(),
            writer: Semaphore::new(1),
            accepted: Group::new(BREATH, ENOUGH),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// `service_unavailable` when there is none for five seconds; the provider delivers again.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>> {
        match tokio::time::timeout(PATIENCE, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                Err(Error::problem(Code::Unavailable, "Too many deliveries at a time. Deliver again.").retry_after(5))
            }
        }
    }

    /// Whether so few deliveries are here that a payment may take its effect meanwhile.
    pub(super) fn is_calm(&self) -> bool {
        PLACES - self.places.available_permits() < CROWD
    }

    /// The turn of a payment to take its effect, if there is one soon.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(TURN_PATIENCE, self.turns.acquire()).await.ok()?.ok()
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(DateTime<Utc>, String), Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, attempt: Attempt) {
        let hour = attempt.received_at.duration_trunc(TimeDelta::hours(1)).unwrap_or(attempt.received_at);
        let address = attempt.address.parse().map_or(attempt.address.clone(), |address| limit_key(address).to_string());
        let mut waiting = self.waiting();
        let refused = waiting.entry((hour, address)).or_default();
        refused.count += 1;
        if refused.attempts.len() < ROWS_PER_HOUR {
            refused.attempts.push(attempt);
        }
    }
}

/// Stores a delivery together with all that arrived while the ones before were written.
pub(super) async fn keep(app: &App, arrival: Arrival) -> Result<()> {
    let arrival = Arc::new(arrival);
    let keep = async |arrivals: &[_]| inbox::keep(&mut *app.webhook_connection().await?, arrivals).await.map(|_| ());
    if app.door.accepted.write(Arc::clone(&arrival), |all| async move { keep(&all).await }).await {
        return Ok(());
    }
    keep(&[arrival]).await
}

/// Notes a refused delivery. One task of a process writes at a time, for all that came meanwhile, so that forged
/// deliveries take one connection at most. The answer does not depend on it: what cannot be written is lost.
pub(super) async fn refuse(app: &Arc<App>, attempt: Attempt) {
    tracing::warn!(
        webhook.provider = attempt.provider, webhook.verdict = %attempt.verdict, webhook.reason = attempt.reason,
        client.address = attempt.address,
        "A webhook was refused"
    );
    app.door.note(attempt);
    let task_app = Arc::clone(app);
    if let Err(error) = app.run_to_end(async move { write_waiting(&task_app).await }).await {
        tracing::error!(error = %error, "Refused webhooks could not be noted");
    }
}

async fn write_waiting(app: &App) -> Result<()> {
    loop {
        let Ok(turn) = app.door.writer.try_acquire() else { return Ok(()) };
        loop {
            let refused = std::mem::take(&mut *app.door.waiting());
            if refused.is_empty() {
                break;
            }
            let mut conn = app.webhook_connection().await?;
            attempts::write_refused(&mut conn, &refused).await?;
        }
        drop(turn);
        // Somebody may have come between the last look and the end of our turn.
        if app.door.waiting().is_empty() {
            return Ok(());
        }
    }
}
