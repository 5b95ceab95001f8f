//! The queue for staff: which jobs there are, running them again, giving them up.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;

use super::{Job, JobKind, JobStatus};
use crate::alerts::{self, AlertKind};
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::jobs;
use crate::db::{self, Connection, OnConstraint};
use crate::error::{Code, Error, Result};
use crate::ids::JobId;
use crate::webhooks_in::events;

/// Why a dead job is given up when its work is queued otherwise.
const SUPERSEDED: &str = "another job does its work";

/// A row of `jobs`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = jobs)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct JobRow {
    /// The job's id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// On what.
    pub payload: Value,
    /// Where it stands.
    pub status: JobStatus,
    /// When it is or was due.
    pub run_at: DateTime<Utc>,
    /// How often it was claimed.
    pub attempts: i32,
    /// How often it is tried.
    pub max_attempts: i32,
    /// Until when its worker has it.
    pub leased_until: Option<DateTime<Utc>>,
    /// Why its newest failed try failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was done or died.
    pub finished_at: Option<DateTime<Utc>>,
    /// Who gave it up.
    pub discarded_by: Option<String>,
    /// Why.
    pub discard_reason: Option<String>,
}

/// Jobs of a kind and a status, newest first, up to one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    kind: Option<JobKind>,
    status: Option<JobStatus>,
    after: Option<JobId>,
    limit: i64,
) -> Result<Vec<JobRow>> {
    let mut query = jobs::table.select(JobRow::as_select()).into_boxed();
    if let Some(kind) = kind {
        query = query.filter(jobs::kind.eq(kind));
    }
    if let Some(status) = status {
        query = query.filter(jobs::status.eq(status));
    }
    if let Some(after) = after {
        query = query.filter(jobs::id.lt(after));
    }
    Ok(query.order(jobs::id.desc()).limit(limit + 1).load(conn).await?)
}

/// A job.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: JobId) -> Result<JobRow> {
    let found = jobs::table.find(id).select(JobRow::as_select()).first(conn).await.optional()?;
    found.ok_or_else(|| Error::not_found("job"))
}

/// Runs a job now, with all its tries again, that is dead or waits for its time. A dead event is pending again with its
/// job.
///
/// # Errors
/// `not_found`; `wrong_status` for one that runs, is done or was discarded, and for an import, whose file must be uploaded
/// again; `duplicate` when another does its work already.
pub async fn retry(conn: &mut Connection, id: JobId, author: &Author, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let row = lock(conn, id).await?;
            let is_dead = match row.status {
                JobStatus::Queued => false,
                JobStatus::Dead => true,
                JobStatus::Running | JobStatus::Done | JobStatus::Discarded => {
                    return Err(wrong_status("Only a job that is `dead` or `queued` can be run again."));
                }
            };
            if !is_dead {
                let again = (jobs::attempts.eq(0), jobs::run_at.eq(now));
                diesel::update(jobs::table.find(id)).set(again).execute(conn).await?;
                return audit::record(conn, author, retried(&row), now).await;
            }
            match Job::read(row.kind, &row.payload) {
                Ok(Job::Import(_)) => {
                    return Err(wrong_status(
                        "The import is `failed`, and nothing would happen: upload its file again.",
                    ));
                }
                Ok(Job::ProcessEvent(event)) => events::reopen(conn, event).await?,
                Ok(_) | Err(_) => {}
            }
            revive(conn, id, now).await?;
            audit::record(conn, author, retried(&row), now).await
        }
        .scope_boxed()
    })
    .await
}

fn retried(row: &JobRow) -> Entry {
    let entry = Entry::new(Action::JobRetried, row.id).set("/kind", row.kind);
    entry.moved("/status", row.status, JobStatus::Queued)
}

/// Gives a dead job up, and the event with it whose job it is.
///
/// # Errors
/// `not_found`; `wrong_status` for one that is not dead.
pub async fn discard(
    conn: &mut Connection,
    id: JobId,
    author: &Author,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let by = &author.actor;
    db::transaction(conn, |conn| {
        async move {
            let row = lock(conn, id).await?;
            if row.status != JobStatus::Dead {
                return Err(wrong_status("Only a job that is `dead` can be discarded."));
            }
            if let Ok(Job::ProcessEvent(event)) = Job::read(row.kind, &row.payload) {
                events::mark_discarded(conn, event, by, reason, now).await?;
            }
            give_up(conn, id, by, reason, now).await?;
            let entry = Entry::new(Action::JobDiscarded, id).set("/kind", row.kind).because(reason);
            audit::record(conn, author, entry.moved("/status", row.status, JobStatus::Discarded), now).await
        }
        .scope_boxed()
    })
    .await
}

/// Has this work done now, with all its tries again, by its queued job or else its dead one; answers
/// whether there is one.
///
/// # Errors
/// Those of the database.
pub async fn revive_for(conn: &mut Connection, job: Job, now: DateTime<Utc>) -> Result<bool> {
    let queued = jobs::table.filter(jobs::kind.eq(job.kind())).filter(jobs::status.eq(JobStatus::Queued));
    let queued = queued.filter(jobs::dedupe_key.eq(key_of(job)));
    let again = (jobs::attempts.eq(0), jobs::run_at.eq(now));
    let mut is_queued = diesel::update(queued).set(again).execute(conn).await? > 0;
    for id in dead_of(conn, job).await? {
        if is_queued {
            give_up(conn, id, "merx", SUPERSEDED, now).await?;
        } else {
            revive(conn, id, now).await?;
            is_queued = true;
        }
    }
    Ok(is_queued)
}

/// Gives up the dead jobs of this work.
///
/// # Errors
/// Those of the database.
pub async fn discard_for(conn: &mut Connection, job: Job, by: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
    for id in dead_of(conn, job).await? {
        give_up(conn, id, by, reason, now).await?;
    }
    Ok(())
}

async fn dead_of(conn: &mut Connection, job: Job) -> Result<Vec<JobId>> {
    let dead = jobs::table.filter(jobs::kind.eq(job.kind())).filter(jobs::status.eq(JobStatus::Dead));
    let dead = dead.filter(jobs::dedupe_key.eq(key_of(job)));
    Ok(dead.select(jobs::id).order(jobs::id.desc()).for_update().load(conn).await?)
}

/// What jobs about one thing are queued under.
fn key_of(job: Job) -> Option<String> {
    Some(job.payload().get("id")?.as_str()?.to_owned())
}

async fn lock(conn: &mut Connection, id: JobId) -> Result<JobRow> {
    let row = jobs::table.find(id).select(JobRow::as_select()).for_update();
    row.first(conn).await.optional()?.ok_or_else(|| Error::not_found("job"))
}

async fn revive(conn: &mut Connection, id: JobId, now: DateTime<Utc>) -> Result<()> {
    diesel::update(jobs::table.find(id))
        .set((
            jobs::status.eq(JobStatus::Queued),
            jobs::attempts.eq(0),
            jobs::run_at.eq(now),
            jobs::finished_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .on_constraint("jobs_dedupe_key_key", || {
            let detail = "Another job is queued that does the same: discard this one.";
            Error::problem(Code::Duplicate, detail)
        })?;
    alerts::settle(conn, AlertKind::DeadJob, &id.to_string(), now).await
}

async fn give_up(conn: &mut Connection, id: JobId, by: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(jobs::table.find(id))
        .set((
            jobs::status.eq(JobStatus::Discarded),
            jobs::discarded_by.eq(by),
            jobs::discard_reason.eq(reason),
            jobs::finished_at.eq(now),
        ))
        .execute(conn)
        .await?;
    alerts::settle(conn, AlertKind::DeadJob, &id.to_string(), now).await
}

fn wrong_status(detail: &str) -> Error {
    Error::problem(Code::WrongStatus, detail)
}
