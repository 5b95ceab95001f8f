//! The `jobs` table: enqueue, claim with a lease, finish, give back.
//!
//! Claims and successes are committed without waiting for the disk: a database that crashes before it wrote them has the
//! job run again, which every job allows.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use super::{Job, JobKind};
use crate::alerts::{self, AlertKind};
use crate::db::schema::{jobs, webhook_events};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::error::Result;
use crate::ids::{EventId, JobId};
use crate::live::{self, LiveSubject, LiveTopic};
use crate::webhooks_in::EventStatus;

/// The longest wait between two tries.
const LONGEST_BACKOFF_SECONDS: i64 = 3600;

/// A claimed job.
#[derive(Debug)]
pub struct Claimed {
    /// The row.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// On what.
    pub payload: serde_json::Value,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// Proves that the job is still ours.
    pub lease: Uuid,
    max_attempts: i32,
}

impl Claimed {
    /// Whether all tries were used up without any outcome, as every worker died.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.attempt > self.max_attempts
    }
}

/// Writes a job in the present transaction, unless one of the same kind and `dedupe` is queued.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(
    conn: &mut Connection,
    job: Job,
    dedupe: &str,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    queued(job, dedupe, run_at, now).execute(conn).await.map(|_| ())
}

/// The statement of [`enqueue`], for what is written [together](Statement::together) with its cause.
#[must_use]
pub fn queued(job: Job, dedupe: &str, run_at: DateTime<Utc>, now: DateTime<Utc>) -> Statement {
    queued_if("true", job, dedupe, run_at, now)
}

/// The same, if a condition holds that is constant text, such as `EXISTS (SELECT FROM email)`.
#[must_use]
pub fn queued_if(condition: &str, job: Job, dedupe: &str, run_at: DateTime<Utc>, now: DateTime<Utc>) -> Statement {
    let mut statement = insertion((job, dedupe), (run_at, now));
    statement
        .push(" WHERE ")
        .push(condition)
        .push(" ON CONFLICT (kind, dedupe_key) WHERE status = 'queued' DO NOTHING");
    statement
}

fn insertion((job, dedupe): (Job, &str), (run_at, now): (DateTime<Utc>, DateTime<Utc>)) -> Statement {
    let insert = "INSERT INTO jobs (id, kind, payload, dedupe_key, status, run_at, attempts, max_attempts, created_at) \
         SELECT $1, $2, $3, $4, 'queued', $5, 0, $6, $7";
    Statement::constant(insert)
        .with(Bind::Uuid(JobId::new().0))
        .with(Bind::Text(job.kind().to_string()))
        .with(Bind::Json(job.payload()))
        .with(Bind::Text(dedupe.to_owned()))
        .with(Bind::Time(run_at))
        .with(Bind::Int(job.kind().max_attempts().into()))
        .with(Bind::Time(now))
}

/// Writes a job that is to run by a time: a twin that is queued for later is brought forward.
///
/// # Errors
/// Those of the database.
pub async fn enqueue_by(
    conn: &mut Connection,
    job: Job,
    dedupe: &str,
    run_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut statement = insertion((job, dedupe), (run_at, now));
    statement.push(
        " WHERE true ON CONFLICT (kind, dedupe_key) WHERE status = 'queued' \
         DO UPDATE SET run_at = LEAST(jobs.run_at, EXCLUDED.run_at)",
    );
    statement.execute(conn).await.map(|_| ())
}

/// Has a job run now, unless it is running: one that is queued for later is brought forward.
///
/// # Errors
/// Those of the database.
pub async fn hurry(conn: &mut Connection, job: Job, dedupe: &str, now: DateTime<Utc>) -> Result<()> {
    let running = jobs::table
        .filter(jobs::kind.eq(job.kind()))
        .filter(jobs::dedupe_key.eq(dedupe))
        .filter(jobs::status.eq("running"));
    if diesel::select(diesel::dsl::exists(running)).get_result(conn).await? {
        return Ok(());
    }
    enqueue_by(conn, job, dedupe, now, now).await
}

/// Makes sure that each kind that runs by the clock is queued for its next turn.
///
/// # Errors
/// Those of the database.
pub async fn schedule(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let timers = JobKind::ALL.into_iter().filter_map(|kind| Some((kind, kind.interval_seconds()?)));
    let (kinds, turns): (Vec<JobKind>, Vec<DateTime<Utc>>) =
        timers.map(|(kind, seconds)| (kind, now + TimeDelta::seconds(seconds))).unzip();
    Statement::constant(
        "INSERT INTO jobs (id, kind, payload, dedupe_key, status, run_at, attempts, max_attempts, created_at) \
         SELECT timer.id, timer.kind, '{}', 'timer', 'queued', timer.run_at, 0, timer.max_attempts, $5 \
         FROM unnest($1, $2, $3, $4) AS timer (id, kind, run_at, max_attempts) \
         ON CONFLICT (kind, dedupe_key) WHERE status = 'queued' DO NOTHING",
    )
    .with(Bind::Uuids(kinds.iter().map(|_| JobId::new().0).collect()))
    .with(Bind::Texts(kinds.iter().map(ToString::to_string).collect()))
    .with(Bind::Times(turns))
    .with(Bind::Ints(kinds.iter().map(|kind| kind.max_attempts().into()).collect()))
    .with(Bind::Time(now))
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: JobId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: JobKind,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    payload: serde_json::Value,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    attempts: i32,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    max_attempts: i32,
}

/// Claims due jobs, up to so many of each kind that is not paused; first, where they are asked for, those whose worker
/// died. One statement, which reads as many index entries as it claims, however many jobs are due.
///
/// # Errors
/// Those of the database.
pub async fn claim(
    conn: &mut Connection,
    wanted: &[(JobKind, usize)],
    with_lapsed: bool,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let (kinds, limits): (Vec<String>, Vec<i64>) =
        wanted.iter().map(|(kind, limit)| (kind.to_string(), i64::try_from(*limit).unwrap_or(1))).unzip();
    let leases: Vec<DateTime<Utc>> =
        wanted.iter().map(|(kind, _)| now + TimeDelta::seconds(kind.lease_seconds())).collect();
    let lease = Uuid::new_v4();
    let rows: Vec<Row> = Statement::constant(
        "WITH wanted AS (SELECT * FROM unnest($2, $3, $4) AS wanted (kind, free, until) \
             WHERE NOT EXISTS (SELECT FROM paused_job_kinds AS paused WHERE paused.kind = wanted.kind)), \
         lapsed AS (SELECT job.id, wanted.kind FROM wanted, LATERAL (SELECT id FROM jobs \
             WHERE kind = wanted.kind AND status = 'running' AND leased_until < $5 \
             ORDER BY leased_until LIMIT wanted.free FOR UPDATE SKIP LOCKED) AS job WHERE $6 <> 0), \
         due AS (SELECT job.id FROM wanted, LATERAL (SELECT id FROM jobs \
             WHERE kind = wanted.kind AND status = 'queued' AND run_at <= $5 ORDER BY run_at \
             LIMIT wanted.free - (SELECT count(*) FROM lapsed WHERE lapsed.kind = wanted.kind) \
             FOR UPDATE SKIP LOCKED) AS job) \
         UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_token = $1, leased_until = wanted.until \
         FROM wanted WHERE wanted.kind = jobs.kind AND id IN (SELECT id FROM lapsed UNION ALL SELECT id FROM due) \
             AND set_config('synchronous_commit', 'off', true) = 'off' \
         RETURNING id, jobs.kind, payload, attempts, max_attempts",
    )
    .with(Bind::Uuid(lease))
    .with(Bind::Texts(kinds))
    .with(Bind::Ints(limits))
    .with(Bind::Times(leases))
    .with(Bind::Time(now))
    .with(Bind::Int(with_lapsed.into()))
    .load(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            id: row.id,
            kind: row.kind,
            payload: row.payload,
            attempt: row.attempts,
            lease,
            max_attempts: row.max_attempts,
        })
        .collect())
}

/// Records the outcome of a claimed job, if it is still ours: done, queued again after a backoff, or dead with a person told.
/// What a done job has written with it is written whosever the job is by then.
///
/// # Errors
/// Those of the database.
pub async fn finish(
    conn: &mut Connection,
    job: &Claimed,
    outcome: Result<Option<Statement>, String>,
    now: DateTime<Utc>,
) -> Result<()> {
    let mine = jobs::table.find(job.id).filter(jobs::lease_token.eq(job.lease)).filter(jobs::status.eq("running"));
    match outcome {
        Ok(also) => succeed(conn, job, also, now).await?,
        Err(error) if job.attempt < job.max_attempts => {
            tracing::warn!(job.id = %job.id, job.kind = %job.kind, job.attempt, error, "A job failed and will be tried again");
            // A queued twin may exist by now; then this one is superfluous.
            let retried = diesel::update(mine)
                .set((
                    jobs::status.eq("queued"),
                    jobs::run_at.eq(now + backoff(job.attempt)),
                    jobs::last_error.eq(&error),
                ))
                .prepared()
                .execute(conn)
                .await;
            if let Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)) =
                retried
            {
                diesel::update(mine)
                    .set((jobs::status.eq("done"), jobs::finished_at.eq(now), jobs::last_error.eq(&error)))
                    .prepared()
                    .execute(conn)
                    .await?;
            } else {
                retried?;
            }
        }
        Err(error) => {
            let error = &error;
            db::transaction(conn, |conn| {
                async move {
                    let died = diesel::update(mine)
                        .set((jobs::status.eq("dead"), jobs::finished_at.eq(now), jobs::last_error.eq(error)))
                        .prepared()
                        .execute(conn)
                        .await?;
                    if died > 0 {
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
                        alerts::raise(conn, AlertKind::DeadJob, &job.id.to_string(), None, &detail, now).await?;
                    }
                    Ok(())
                }
                .scope_boxed()
            })
            .await?;
        }
    }
    Ok(())
}

async fn succeed(conn: &mut Connection, job: &Claimed, also: Option<Statement>, now: DateTime<Utc>) -> Result<()> {
    let done = Statement::constant(
        "UPDATE jobs SET status = 'done', finished_at = $3 WHERE id = $1 AND lease_token = $2 AND status = 'running' \
         AND set_config('synchronous_commit', 'off', true) = 'off'",
    )
    .with(Bind::Uuid(job.id.0))
    .with(Bind::Uuid(job.lease))
    .with(Bind::Time(now));
    match also {
        Some(also) => Statement::together([("also", also)], &done).execute(conn).await?,
        None => done.execute(conn).await?,
    };
    Ok(())
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

/// Deletes jobs that were done more than a week ago, or given up by staff more than 30 days ago.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    let old = jobs::table.filter(jobs::status.eq("done")).filter(jobs::finished_at.lt(now - TimeDelta::days(7)));
    let done = diesel::delete(old).execute(conn).await?;
    let given_up = jobs::table.filter(jobs::status.eq("discarded"));
    let old = given_up.filter(jobs::finished_at.lt(now - TimeDelta::days(30)));
    Ok(done + diesel::delete(old).execute(conn).await?)
}

/// 2, 4, 8, … seconds up to an hour, with up to a quarter of jitter.
fn backoff(attempt: i32) -> TimeDelta {
    let exponent = u32::try_from(attempt).unwrap_or(1).min(16);
    let seconds = 2i64.saturating_pow(exponent).min(LONGEST_BACKOFF_SECONDS);
    TimeDelta::milliseconds(seconds * 1000 + rand::random_range(0..=seconds * 250))
}
