//! Kinds of jobs: how many wait for how long, and which are paused.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use super::JobKind;
use crate::alerts::{self, AlertKind};
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::paused_job_kinds;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection};
use crate::error::{Code, Error, Result};

/// How much there is of a kind.
#[derive(Debug, Clone, QueryableByName)]
pub struct Depth {
    /// The kind.
    #[diesel(sql_type = Text)]
    pub kind: JobKind,
    /// All that are to be run.
    #[diesel(sql_type = BigInt)]
    pub queued: i64,
    /// Those of them that are due.
    #[diesel(sql_type = BigInt)]
    pub due: i64,
    /// Since when the oldest of those is.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// Those that run.
    #[diesel(sql_type = BigInt)]
    pub running: i64,
    /// Those that gave up.
    #[diesel(sql_type = BigInt)]
    pub dead: i64,
}

/// How much there is of each kind of which there is any.
///
/// # Errors
/// Those of the database.
pub async fn depths(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<Depth>> {
    // A part for each status, as each has an index of its own, without all that are done.
    Statement::constant(
        "SELECT kind, sum(queued)::bigint AS queued, sum(due)::bigint AS due, min(oldest_due_at) AS oldest_due_at, \
             sum(running)::bigint AS running, sum(dead)::bigint AS dead FROM ( \
             SELECT kind, count(*) AS queued, count(*) FILTER (WHERE run_at <= $1) AS due, \
                 min(run_at) FILTER (WHERE run_at <= $1) AS oldest_due_at, 0 AS running, 0 AS dead \
             FROM jobs WHERE status = 'queued' GROUP BY kind \
             UNION ALL SELECT kind, 0, 0, NULL, count(*), 0 FROM jobs WHERE status = 'running' GROUP BY kind \
             UNION ALL SELECT kind, 0, 0, NULL, 0, count(*) FROM jobs WHERE status = 'dead' GROUP BY kind \
         ) AS parts GROUP BY kind ORDER BY kind",
    )
    .with(Bind::Time(now))
    .load(conn)
    .await
}

/// That a kind is paused.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = paused_job_kinds)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct PauseRow {
    /// The kind.
    pub kind: JobKind,
    /// Who paused it.
    pub paused_by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// The kinds that are paused.
///
/// # Errors
/// Those of the database.
pub async fn pauses(conn: &mut Connection) -> Result<Vec<PauseRow>> {
    let by_kind = paused_job_kinds::table.order(paused_job_kinds::kind);
    Ok(by_kind.select(PauseRow::as_select()).load(conn).await?)
}

/// Pauses a kind: no worker claims its jobs any more; those that run end. Again is no change.
///
/// # Errors
/// `wrong_status` for `watch`, which tells of pauses that last.
pub async fn pause(
    conn: &mut Connection,
    kind: JobKind,
    author: &Author,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    if kind == JobKind::Watch {
        let detail = "The kind `watch` cannot be paused: it tells of pauses that last.";
        return Err(Error::problem(Code::WrongStatus, detail));
    }
    db::transaction(conn, |conn| {
        async move {
            let paused = diesel::insert_into(paused_job_kinds::table)
                .values((
                    paused_job_kinds::kind.eq(kind),
                    paused_job_kinds::paused_by.eq(&author.actor),
                    paused_job_kinds::reason.eq(reason),
                    paused_job_kinds::since.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if paused == 0 {
                return Ok(());
            }
            audit::record(conn, author, Entry::new(Action::JobKindPaused, kind).because(reason), now).await
        }
        .scope_boxed()
    })
    .await
}

/// Ends the pause of a kind, and the alert about it; again is no change.
///
/// # Errors
/// Those of the database.
pub async fn resume(conn: &mut Connection, kind: JobKind, author: &Author, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let resumed = diesel::delete(paused_job_kinds::table.find(kind)).execute(conn).await?;
            alerts::settle(conn, AlertKind::JobKindPaused, kind.as_str(), now).await?;
            if resumed == 0 {
                return Ok(());
            }
            audit::record(conn, author, Entry::new(Action::JobKindResumed, kind), now).await
        }
        .scope_boxed()
    })
    .await
}
