//! What came of claimed jobs: done, tried again, dead, or given back.
//!
//! Successes are committed without waiting for the disk: a database that crashes before it wrote them has the job run again,
//! which every job allows.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use super::Job;
use super::queue::Claimed;
use crate::alerts::{self, AlertKind};
use crate::db::schema::{jobs, webhook_events};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::error::Result;
use crate::ids::{EventId, JobId};
use crate::live::{self, LiveSubject, LiveTopic};
use crate::webhooks_in::EventStatus;
use crate::webhooks_in::process::Mark;

/// The longest wait between two tries.
const LONGEST_BACKOFF_SECONDS: i64 = 3600;

/// How often jobs are recorded as done while there are few of them.
pub const BREATH: Duration = Duration::from_millis(5);

/// So many are recorded without taking breath.
pub const ENOUGH: usize = 16;

/// A job that is done, to be recorded as such.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    job: JobId,
    lease: Uuid,
    event: Option<Mark>,
}

impl Ended {
    /// What [`super::worker`] ran to its end, and what became of the event that it processed.
    #[must_use]
    pub const fn new(job: &Claimed, event: Option<Mark>) -> Self {
        Self { job: job.id, lease: job.lease, event }
    }
}

/// An event is marked whosever its job is by then, unless staff discarded it meanwhile. The rows that were locked are found by
/// their places. How many there are is hidden from the planner behind `(SELECT …)`: it would plan anew for each number.
const SUCCEED: &str = "
    WITH mine AS (SELECT job.place FROM unnest((SELECT $1), (SELECT $2)) AS ended (id, lease),
            LATERAL (SELECT ctid AS place FROM jobs
                WHERE id = ended.id AND lease_token = ended.lease AND status = (SELECT 'running') FOR UPDATE) AS job),
        told AS (SELECT event.place, told.status, told.because
            FROM unnest((SELECT $3), (SELECT $4), (SELECT $5)) AS told (id, status, because),
            LATERAL (SELECT ctid AS place FROM webhook_events WHERE id = told.id AND status = (SELECT 'pending') FOR UPDATE) AS event),
        marked AS (UPDATE webhook_events SET status = told.status, ignored_because = NULLIF(told.because, ''),
                processed_at = $6, tries = tries + 1
            FROM told WHERE webhook_events.ctid = told.place)
    UPDATE jobs SET status = 'done', finished_at = $6
    FROM mine WHERE jobs.ctid = mine.place AND set_config('synchronous_commit', 'off', true) = 'off'";

/// Records jobs as done that are still ours, and what became of the events that they processed.
///
/// # Errors
/// Those of the database.
pub async fn succeed(conn: &mut Connection, all: &[Ended], now: DateTime<Utc>) -> Result<()> {
    let events = || all.iter().filter_map(|ended| ended.event);
    let because = |mark: Mark| mark.ignored.map(|because| because.to_string()).unwrap_or_default();
    Statement::constant(SUCCEED)
        .with(Bind::Uuids(all.iter().map(|ended| ended.job.0).collect()))
        .with(Bind::Uuids(all.iter().map(|ended| ended.lease).collect()))
        .with(Bind::Uuids(events().map(|mark| mark.event.0).collect()))
        .with(Bind::Texts(events().map(|mark| mark.status().to_string()).collect()))
        .with(Bind::Texts(events().map(because).collect()))
        .with(Bind::Time(now))
        .execute(conn)
        .await
        .map(|_| ())
}

/// Records that a claimed job failed, if it is still ours: queued again after a backoff, or dead with a person told.
///
/// # Errors
/// Those of the database.
pub async fn fail(conn: &mut Connection, job: &Claimed, error: &str, now: DateTime<Utc>) -> Result<()> {
    if job.attempt >= job.max_attempts {
        return db::transaction(conn, |conn| async move { die(conn, job, error, now).await }.scope_boxed()).await;
    }
    tracing::warn!(job.id = %job.id, job.kind = %job.kind, job.attempt, error, "A job failed and will be tried again");
    let mine = jobs::table.find(job.id).filter(jobs::lease_token.eq(job.lease)).filter(jobs::status.eq("running"));
    let retried = diesel::update(mine)
        .set((jobs::status.eq("queued"), jobs::run_at.eq(now + backoff(job.attempt)), jobs::last_error.eq(error)))
        .prepared()
        .execute(conn)
        .await;
    if let Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) = retried {
        // A queued twin exists by now: this one is superfluous.
        diesel::update(mine)
            .set((jobs::status.eq("done"), jobs::finished_at.eq(now), jobs::last_error.eq(error)))
            .prepared()
            .execute(conn)
            .await?;
    } else {
        retried?;
    }
    Ok(())
}

async fn die(conn: &mut Connection, job: &Claimed, error: &str, now: DateTime<Utc>) -> Result<()> {
    let mine = jobs::table.find(job.id).filter(jobs::lease_token.eq(job.lease)).filter(jobs::status.eq("running"));
    let died = diesel::update(mine)
        .set((jobs::status.eq("dead"), jobs::finished_at.eq(now), jobs::last_error.eq(error)))
        .prepared()
        .execute(conn)
        .await?;
    if died == 0 {
        return Ok(());
    }
    let mut about = String::new();
    if let Ok(Job::ProcessEvent(event)) = Job::read(job.kind, &job.payload) {
        about = bury(conn, event, error).await?;
        let subject = LiveSubject { inbox_event_id: Some(event), ..LiveSubject::default() };
        live::tell(conn, LiveTopic::WebhookDead, &subject, now).await?;
    }
    if let Ok(Job::Import(import)) = Job::read(job.kind, &job.payload) {
        crate::imports::run::give_up(conn, import, error, now).await?;
    }
    let (kind, id, tries) = (job.kind, job.id, job.attempt);
    let detail = format!("The {kind} job {id}{about} gave up after {tries} tries: {error}");
    alerts::raise(conn, AlertKind::DeadJob, &job.id.to_string(), None, &detail, now).await
}

/// An event whose job died is dead as well, until somebody retries it. Answers which it is, for the alert.
async fn bury(conn: &mut Connection, event: EventId, error: &str) -> Result<String> {
    let named: Option<(String, String)> =
        diesel::update(webhook_events::table.find(event).filter(webhook_events::status.eq(EventStatus::Pending)))
            .set((webhook_events::status.eq(EventStatus::Dead), webhook_events::last_error.eq(error)))
            .returning((webhook_events::event_id, webhook_events::event_type))
            .prepared()
            .get_result(conn)
            .await
            .optional()?;
    Ok(named.map_or_else(String::new, |(name, what)| format!(" of the event {event} ({what}, {name})")))
}

/// Gives claimed jobs back at shutdown, so that another worker need not wait for the lease to lapse.
///
/// # Errors
/// Those of the database.
pub async fn give_back(conn: &mut Connection, leases: &[(JobId, Uuid)]) -> Result<()> {
    for (id, lease) in leases {
        diesel::update(jobs::table.find(*id).filter(jobs::lease_token.eq(*lease)).filter(jobs::status.eq("running")))
            .set((jobs::leased_until.eq(DateTime::<Utc>::UNIX_EPOCH), jobs::attempts.eq(jobs::attempts - 1)))
            .prepared()
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// 2, 4, 8, … seconds up to an hour, with up to a quarter of jitter.
fn backoff(attempt: i32) -> TimeDelta {
    let exponent = u32::try_from(attempt).unwrap_or(1).min(16);
    let seconds = 2i64.saturating_pow(exponent).min(LONGEST_BACKOFF_SECONDS);
    TimeDelta::milliseconds(seconds * 1000 + rand::random_range(0..=seconds * 250))
}
