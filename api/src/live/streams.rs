//! The streams of a process: one task reads what happened, each stream hears it from there. Bounded, and ended at shutdown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{SetOnce, broadcast};
use tokio_util::sync::CancellationToken;

use super::LiveEvent;
use super::feed::{self, Cursor};
use crate::app::App;
use crate::error::{Code, Error, Result};

/// How often is looked when nobody rings.
const POLL: Duration = Duration::from_secs(1);

/// The shortest time between two looks, however often somebody rings.
const GAP: Duration = Duration::from_millis(100);

/// How far a stream may lag behind before it is told to read everything anew.
const MOST_BEHIND: usize = 1024;

/// The most streams of a process.
const MOST: usize = 500;

/// The most streams of one caller.
const MOST_OF_CALLER: usize = 20;

/// An event and where it stands; or up to where there is nothing more.
pub type Told = Arc<(Cursor, Option<LiveEvent>)>;

/// What the streams of a process share.
pub struct Live {
    sender: broadcast::Sender<Told>,
    open: Mutex<HashMap<String, usize>>,
    begun: SetOnce<()>,
    closing: CancellationToken,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(MOST_BEHIND),
            open: Mutex::default(),
            begun: SetOnce::new(),
            closing: CancellationToken::new(),
        }
    }
}

/// The place of one stream, given back when it ends.
pub struct Place {
    app: Arc<App>,
    caller: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.app.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        let left = open.get(&self.caller).copied().unwrap_or_default().saturating_sub(1);
        if left == 0 {
            open.remove(&self.caller);
        } else {
            open.insert(self.caller.clone(), left);
        }
    }
}

impl Place {
    /// Takes a place for one more stream of a caller.
    ///
    /// # Errors
    /// `rate_limited` when the caller or the process has as many as it may; `service_unavailable` while it stops.
    pub fn take(app: Arc<App>, caller: String) -> Result<Self> {
        if app.live.closing.is_cancelled() {
            return Err(Error::problem(Code::Unavailable, "This process is stopping; connect again.").retry_after(1));
        }
        {
            let mut open = app.live.open.lock().unwrap_or_else(PoisonError::into_inner);
            let of_caller = open.get(&caller).copied().unwrap_or_default();
            if of_caller >= MOST_OF_CALLER || open.values().sum::<usize>() >= MOST {
                let detail = format!(
                    "Too many streams are open: at most {MOST_OF_CALLER} for a caller, {MOST} in all. Close one, or poll."
                );
                return Err(Error::problem(Code::RateLimited, detail).retry_after(30));
            }
            open.insert(caller.clone(), of_caller + 1);
        }
        Ok(Self { app, caller })
    }
}

impl Live {
    /// Hears everything from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Told> {
        self.sender.subscribe()
    }

    /// Resolves once everything that happens from then on is told.
    pub async fn begun(&self) {
        self.begun.wait().await;
    }

    /// Resolves once the process stops.
    pub async fn closed(&self) {
        self.closing.cancelled().await;
    }

    /// Ends all streams, for good.
    pub fn close(&self) {
        self.closing.cancel();
    }
}

/// Reads what happens and tells the streams, until `stop`.
pub async fn follow(app: &Arc<App>, stop: &CancellationToken) {
    let mut cursor = None;
    while !stop.is_cancelled() {
        let behind = match look(app, cursor).await {
            Ok((next, is_behind)) => {
                cursor = Some(next);
                // Again and again is no harm.
                let _ = app.live.begun.set(());
                is_behind
            }
            Err(error) => {
                tracing::warn!(error = %error, "What happened could not be read for open screens");
                false
            }
        };
        if behind {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(GAP) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.wake.heard_for_screens() => {}
            () = tokio::time::sleep(POLL - GAP) => {}
        }
    }
}

/// Tells what happened since, or that nothing did; whether there is more. A start begins at the end.
async fn look(app: &Arc<App>, cursor: Option<Cursor>) -> Result<(Cursor, bool)> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let Some(cursor) = cursor else { return Ok((feed::end(&mut conn, now).await?, false)) };
    // Before it is read: so all up to the end is read when nothing is found.
    let end = if cursor.is_aging(now) { Some(feed::end(&mut conn, now).await?) } else { None };
    let found = feed::read(&mut conn, cursor).await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= feed::BATCH);
    let renewed = end.filter(|end| found.is_empty() && !end.is_aging(now));
    let last = found.last().map(|(last, _)| *last).or(renewed).unwrap_or(cursor);
    let events = found.into_iter().map(|(cursor, event)| (cursor, Some(event)));
    for told in events.chain(renewed.map(|end| (end, None))) {
        // Nobody listening is no failure.
        let _ = app.live.sender.send(Arc::new(told));
    }
    Ok((last, is_full))
}
