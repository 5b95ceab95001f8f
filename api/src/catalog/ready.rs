//! Answers of the catalogue that this process keeps ready to send, bounded in memory.
//!
//! An answer is sent again as long as nothing that it shows has changed. What changed is read from
//! [`super::changes`]: by this process at once when it made the change itself, else within half a second, earlier when somebody
//! rings. Who could not read for five seconds sends nothing kept, so a lost ring or a database out of reach costs no more; and
//! nothing is kept longer than a minute, which bounds what a change costs that nobody noted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web;
use quick_cache::sync::{Cache, EntryAction, EntryResult};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::changes::{Change, Reader};
use super::shown::{Log, Shows};
use crate::app::App;
use crate::db::{Connection, pool};
use crate::error::{Error, Result};
use crate::http::caching::Prepared;

/// How often is looked for changes when nobody rings.
const POLL: Duration = Duration::from_millis(500);

/// The shortest time between two looks, however often somebody rings.
const GAP: Duration = Duration::from_millis(50);

/// So long after the last look nothing kept is sent any more.
const BLIND: Duration = Duration::from_secs(5);

/// How old an answer may become: a change may come from an older version of the service, or by hand.
const OLDEST: Duration = Duration::from_secs(60);

/// How long one request waits for another that loads the same; then it loads by itself.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long the answer to staff waits for this process to see what they changed.
const STAFF_PATIENCE: Duration = Duration::from_secs(1);

/// An answer, what it is of, and up to which change it is known to be right.
#[derive(Debug)]
struct Kept {
    answer: Prepared,
    shows: Shows,
    made: Instant,
    right_at: AtomicU64,
}

#[derive(Debug, Clone)]
struct Size;

impl Weighter<String, Arc<Kept>> for Size {
    fn weight(&self, key: &String, kept: &Arc<Kept>) -> u64 {
        let products = match &kept.shows {
            Shows::Products { products, .. } => size_of_val(products.as_slice()),
            Shows::Product(_) | Shows::Collections => 0,
        };
        u64::try_from(key.len() + kept.answer.size() + products + size_of::<Kept>()).unwrap_or(u64::MAX)
    }
}

/// What was sent so far, and what is kept now.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Answers that were ready.
    pub from_memory: u64,
    /// Answers that were made from the database.
    pub made: u64,
    /// Bytes that are kept, at most.
    pub bytes: i64,
}

/// Who looks for changes: by a connection of its own, as those of the pool may all be busy.
#[derive(Default)]
struct Watch {
    conn: Option<Connection>,
    reader: Reader,
    begun: Option<Instant>,
}

/// The answers of a process.
pub struct Ready {
    answers: Option<Cache<String, Arc<Kept>, Size>>,
    log: RwLock<Log>,
    last: AtomicU64,
    watch: Mutex<Watch>,
    begun: Instant,
    from_memory: AtomicU64,
    made: AtomicU64,
    /// Milliseconds after `begun`; 0 before the first look.
    looked: AtomicU64,
}

impl Ready {
    /// Room for so many bytes of answers; none are kept with 0.
    ///
    /// # Errors
    /// Never: the options are complete.
    pub fn new(bytes: u64) -> Result<Self, String> {
        let items = usize::try_from(bytes / 8192).unwrap_or(usize::MAX);
        let options = OptionsBuilder::new().estimated_items_capacity(items).weight_capacity(bytes).build();
        let options = options.map_err(|error| error.to_string())?;
        let cache = || Cache::with_options(options, Size, DefaultHashBuilder::default(), Default::default());
        Ok(Self {
            answers: (bytes > 0).then(cache),
            log: RwLock::default(),
            last: AtomicU64::new(0),
            watch: Mutex::default(),
            begun: Instant::now(),
            from_memory: AtomicU64::new(0),
            made: AtomicU64::new(0),
            looked: AtomicU64::new(0),
        })
    }

    /// The answer that is kept under a key, or the one that `load` makes; of several requests for the same one loads.
    ///
    /// # Errors
    /// Those of `load`, which are not kept.
    pub async fn answer<T, F>(&self, key: String, load: F, send: impl FnOnce(&Prepared) -> Result<T>) -> Result<T>
    where
        F: AsyncFnOnce() -> Result<(Prepared, Shows)>,
    {
        let load = async || {
            self.made.fetch_add(1, Ordering::Relaxed);
            load().await
        };
        let Some(answers) = self.answers.as_ref().filter(|_| self.sees()) else { return send(&load().await?.0) };
        if let Some(kept) = answers.get(&key).filter(|kept| self.is_right(kept)) {
            self.from_memory.fetch_add(1, Ordering::Relaxed);
            return send(&kept.answer);
        }
        let waiting = answers.entry_async(&key, |_, kept| {
            if self.is_right(kept) { EntryAction::Retain(Arc::clone(kept)) } else { EntryAction::ReplaceWithGuard }
        });
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(EntryResult::Retained(kept)) => {
                self.from_memory.fetch_add(1, Ordering::Relaxed);
                send(&kept.answer)
            }
            Ok(EntryResult::Vacant(place) | EntryResult::Replaced(place, _)) => {
                // Before it is read: what changes while it is read concerns it.
                let right_at = AtomicU64::new(self.last.load(Ordering::Acquire));
                let made = Instant::now();
                let (answer, shows) = load().await?;
                let kept = Arc::new(Kept { answer, shows, made, right_at });
                // Refused only when the place was taken meanwhile, by a newer one.
                let _ = place.insert(Arc::clone(&kept));
                send(&kept.answer)
            }
            Ok(EntryResult::Removed(..) | EntryResult::Timeout) | Err(_) => send(&load().await?.0),
        }
    }

    /// How it works, for measurements.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let bytes = self.answers.as_ref().map_or(0, Cache::weight);
        Counts {
            from_memory: self.from_memory.load(Ordering::Relaxed),
            made: self.made.load(Ordering::Relaxed),
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
        }
    }

    /// Whether this process sees what changes.
    fn sees(&self) -> bool {
        let looked = self.looked.load(Ordering::Acquire);
        looked > 0 && self.milliseconds().saturating_sub(looked) <= milliseconds(BLIND)
    }

    fn is_right(&self, kept: &Kept) -> bool {
        if !self.sees() || kept.made.elapsed() > OLDEST {
            return false;
        }
        let right_at = kept.right_at.load(Ordering::Acquire);
        if right_at == self.last.load(Ordering::Acquire) {
            return true;
        }
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner);
        if log.touches(&kept.shows, right_at) {
            return false;
        }
        kept.right_at.fetch_max(log.last(), Ordering::AcqRel);
        true
    }

    fn milliseconds(&self) -> u64 {
        milliseconds(self.begun.elapsed())
    }

    /// Reads what changed. After a failure it counts as everything.
    async fn look(&self, app: &App) {
        let asked = Instant::now();
        let mut watch = self.watch.lock().await;
        // Somebody else began to look after this was asked for.
        if watch.begun.is_some_and(|begun| begun >= asked) {
            return;
        }
        let (started, looked) = (Instant::now(), self.milliseconds().max(1));
        match watch.read(app, started).await {
            Ok(changes) => {
                watch.begun = Some(started);
                let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
                for change in changes {
                    log.add(change);
                }
                self.last.store(log.last(), Ordering::Release);
                self.looked.store(looked, Ordering::Release);
            }
            Err(error) => {
                *watch = Watch::default();
                if let Some(replica) = app.replica() {
                    replica.forget();
                }
                tracing::warn!(error = %error, "What changed in the catalogue could not be read");
            }
        }
    }
}

impl Watch {
    async fn read(&mut self, app: &App, started: Instant) -> Result<Vec<Change>> {
        // Taken out, so that a connection is not used again when this is broken off in the middle of an answer.
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => pool::connect_once(app.config.database_url.expose_secret()).await.map_err(|error| {
                Error::Internal(format!("no connection to look for changes of the catalogue: {error}"))
            })?,
        };
        let changes = self.reader.read(&mut conn, app.clock.now()).await?;
        if let Some(replica) = app.replica() {
            // Before anybody knows of the changes, so that who knows of them reads where they are.
            replica.learn(&mut conn, started, !changes.is_empty()).await?;
        }
        self.conn = Some(conn);
        Ok(changes)
    }
}

/// Lets staff see at once what they changed, whichever page of the shop they look at next; other processes soon.
///
/// # Errors
/// Only what the inner service answers.
pub async fn follow_staff(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> std::result::Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let writes = !request.method().is_safe() && request.path().starts_with("/v1/admin/");
    let app = request.app_data::<web::Data<App>>().filter(|_| writes).cloned();
    let response = next.call(request).await?;
    if let Some(app) = app.filter(|_| response.status().is_success()) {
        tell(app.into_inner()).await;
    }
    Ok(response)
}

/// Rings for others, and reads what this process has just changed. A failure costs no more than a look that is late.
async fn tell(app: Arc<App>) {
    app.wake.ring();
    if !app.ready.sees() {
        return;
    }
    let watching = Arc::clone(&app);
    // On the main runtime, as a connection that is opened lives where it was opened.
    let looking = app.run_to_end(async move {
        watching.ready.look(&watching).await;
        Ok(())
    });
    if tokio::time::timeout(STAFF_PATIENCE, looking).await.is_err() {
        tracing::warn!("What staff changed in the catalogue is not seen yet");
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Reads what changes, until `stop`: what a process that serves runs.
pub async fn follow(app: &Arc<App>, stop: &CancellationToken) {
    while app.ready.answers.is_some() && !stop.is_cancelled() {
        app.ready.look(app).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(GAP) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.wake.heard_for_catalog() => {}
            () = tokio::time::sleep(POLL - GAP) => {}
        }
    }
}
