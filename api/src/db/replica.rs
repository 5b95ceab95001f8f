//! A streaming standby that answers what need not be newest. How far it must have come is told by the primary's
//! write-ahead log: a reader that knows of a change never reads a standby that does not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::sql_types::{BigInt, Bool};
use tokio::runtime::Handle;

use super::Connection;
use super::pool::{self, Object, Pool};
use super::statement::{Bind, Statement};
use crate::error::{Error, Result};

/// What reports may lack: what was committed in so many seconds.
const STALENESS: Duration = Duration::from_secs(5);

/// How long a connection and its first answer are waited for; then the primary is asked.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long the standby is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(5);

/// The standby, and how far the primary was.
pub struct Replica {
    pool: Pool,
    state: Mutex<State>,
    used: AtomicU64,
    behind: AtomicU64,
    failed: AtomicU64,
}

#[derive(Default)]
struct State {
    /// The primary's position when the last change of the catalogue was known.
    of_catalog: Option<i64>,
    /// Its positions in the last seconds, oldest first, each with a time before which all is in it.
    recent: VecDeque<(Instant, i64)>,
    left_alone_until: Option<Instant>,
}

/// How often the standby answered, was behind, or failed.
#[derive(Debug, Clone, Copy)]
pub struct Reads {
    /// It answered.
    pub used: u64,
    /// It had not come far enough; the primary answered.
    pub behind: u64,
    /// It could not be reached; the primary answered.
    pub failed: u64,
}

#[derive(diesel::QueryableByName)]
struct Position {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

#[derive(diesel::QueryableByName)]
struct Reached {
    #[diesel(sql_type = Bool)]
    reached: bool,
}

impl Replica {
    /// No connection is opened yet.
    ///
    /// # Errors
    /// A message when the URL is not one of PostgreSQL.
    pub fn new(url: &str, size: usize, runtime: Handle) -> Result<Self, String> {
        let pool =
            pool::build(url, size, runtime).map_err(|error| format!("DATABASE_REPLICA_URL is not valid: {error}."))?;
        let counter = AtomicU64::default;
        Ok(Self { pool, state: Mutex::default(), used: counter(), behind: counter(), failed: counter() })
    }

    /// Notes how far the primary is, after changes of the catalogue were read from it or none were found. What was committed
    /// before `started` is before that.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn learn(&self, primary: &mut Connection, started: Instant, has_changes: bool) -> Result<()> {
        let now = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS position";
        let now: Option<Position> = Statement::constant(now).optional(primary).await?;
        let position = now.ok_or_else(|| Error::Internal("a position without a row".to_owned()))?.position;
        let mut state = self.state();
        if has_changes || state.of_catalog.is_none() {
            state.of_catalog = Some(position);
        }
        state.recent.push_back((started, position));
        state.forget_old();
        Ok(())
    }

    /// The primary could not be asked: nothing is known of what changed there.
    pub fn forget(&self) {
        *self.state() = State::default();
    }

    /// A connection to it if all is there that this process knows to have changed in the catalogue.
    pub async fn for_catalog(&self) -> Option<Object> {
        let position = {
            let mut state = self.state();
            state.forget_old();
            if state.recent.is_empty() { None } else { state.of_catalog }
        };
        self.at(position?).await
    }

    /// A connection to it if only what was committed in the last seconds may be missing.
    pub async fn for_reports(&self) -> Option<Object> {
        let position = {
            let mut state = self.state();
            state.forget_old();
            state.recent.front().map(|(_, position)| *position)
        };
        self.at(position?).await
    }

    /// How it was used so far.
    #[must_use]
    pub fn reads(&self) -> Reads {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reads { used: count(&self.used), behind: count(&self.behind), failed: count(&self.failed) }
    }

    async fn at(&self, position: i64) -> Option<Object> {
        if self.state().left_alone_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let asked = tokio::time::timeout(PATIENCE, self.connection(position)).await;
        let (counter, conn) = match asked.unwrap_or_else(|_| Err(Error::Internal("no answer in time".to_owned()))) {
            Ok(Some(conn)) => (&self.used, Some(conn)),
            Ok(None) => (&self.behind, None),
            Err(error) => {
                tracing::warn!(error = %error, "The standby cannot be read; the primary is");
                self.state().left_alone_until = Some(Instant::now() + PAUSE);
                (&self.failed, None)
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        conn
    }

    async fn connection(&self, position: i64) -> Result<Option<Object>> {
        let mut conn = self.pool.get().await.map_err(|error| Error::Internal(error.to_string()))?;
        // One that was promoted replays nothing, and has all.
        let reached = "SELECT COALESCE(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= $1, true) AS reached";
        let reached: Option<Reached> =
            Statement::constant(reached).with(Bind::Int(position)).optional(&mut conn).await?;
        Ok(reached.filter(|row| row.reached).map(|_| conn))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_old(&mut self) {
        while self.recent.front().is_some_and(|(at, _)| at.elapsed() > STALENESS) {
            self.recent.pop_front();
        }
    }
}
