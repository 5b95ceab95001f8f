//! The `jobs` table: enqueue, claim with a lease, prune.
//!
//! Claims are committed without waiting for the disk: a database that crashes before it wrote them has the job run again,
//! which every job allows.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Job, JobKind};
use crate::db::Connection;
use crate::db::schema::jobs;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::JobId;

/// A claimed job.
#[derive(Debug)]
pub struct Claimed {
    /// The row.
    pub id: JobId,
    /// What to do.
    pub kind: JobKind,
    /// On what.
    pub payload: Value,
    /// Which try this is, from 1.
    pub attempt: i32,
    /// Proves that the job is still ours.
    pub lease: Uuid,
    pub(super) max_attempts: i32,
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
        .with(Bind::json(&job.payload()))
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
    let turn = |(kind, seconds)| New {
        kind,
        payload: json!({}),
        dedupe: "timer".to_owned(),
        run_at: now + TimeDelta::seconds(seconds),
    };
    insert(conn, timers.map(turn).collect(), now).await
}

/// Writes jobs that are due, each unless one of the same kind and dedupe key is queued.
///
/// # Errors
/// Those of the database.
pub async fn enqueue_all(conn: &mut Connection, jobs: Vec<(Job, String)>, now: DateTime<Utc>) -> Result<()> {
    let new = |(job, dedupe): (Job, String)| New { kind: job.kind(), payload: job.payload(), dedupe, run_at: now };
    insert(conn, jobs.into_iter().map(new).collect(), now).await
}

struct New {
    kind: JobKind,
    payload: Value,
    dedupe: String,
    run_at: DateTime<Utc>,
}

async fn insert(conn: &mut Connection, jobs: Vec<New>, now: DateTime<Utc>) -> Result<()> {
    Statement::constant(
        "INSERT INTO jobs (id, kind, payload, dedupe_key, status, run_at, attempts, max_attempts, created_at) \
         SELECT new.id, new.kind, new.payload::jsonb, new.dedupe_key, 'queued', new.run_at, 0, new.max_attempts, $7 \
         FROM unnest($1, $2, $3, $4, $5, $6) AS new (id, kind, payload, dedupe_key, run_at, max_attempts) \
         ON CONFLICT (kind, dedupe_key) WHERE status = 'queued' DO NOTHING",
    )
    .with(Bind::Uuids(jobs.iter().map(|_| JobId::new().0).collect()))
    .with(Bind::Texts(jobs.iter().map(|job| job.kind.to_string()).collect()))
    .with(Bind::Texts(jobs.iter().map(|job| job.payload.to_string()).collect()))
    .with(Bind::Texts(jobs.iter().map(|job| job.dedupe.clone()).collect()))
    .with(Bind::Times(jobs.iter().map(|job| job.run_at).collect()))
    .with(Bind::Ints(jobs.iter().map(|job| job.kind.max_attempts().into()).collect()))
    .with(Bind::Time(now))
    .execute(conn)
    .await
    .map(|_| ())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: JobId,
    #[diesel(sql_type = diesel::sql_types::Text)]
    kind: JobKind,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    payload: Value,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    attempts: i32,
    #[diesel(sql_type = diesel::sql_types::Integer)]
    max_attempts: i32,
}

/// Claims due jobs, up to so many of each kind that is not paused; first, where they are asked for, those whose worker
/// died. One statement, which reads as many index entries as it claims, however many jobs are due, and finds the
/// rows that it locked by their places.
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
         lapsed AS (SELECT wanted.kind, job.place, wanted.until FROM wanted, LATERAL (SELECT ctid AS place FROM jobs \
             WHERE kind = wanted.kind AND status = 'running' AND leased_until < $5 \
             ORDER BY leased_until LIMIT wanted.free FOR UPDATE SKIP LOCKED) AS job WHERE $6 <> 0), \
         due AS (SELECT job.place, wanted.until FROM wanted, LATERAL (SELECT ctid AS place FROM jobs \
             WHERE kind = wanted.kind AND status = 'queued' AND run_at <= $5 ORDER BY run_at \
             LIMIT wanted.free - (SELECT count(*) FROM lapsed WHERE lapsed.kind = wanted.kind) \
             FOR UPDATE SKIP LOCKED) AS job), \
         claimed AS (SELECT place, until FROM lapsed UNION ALL SELECT place, until FROM due) \
         UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_token = $1, leased_until = claimed.until \
         FROM claimed WHERE jobs.ctid = claimed.place AND set_config('synchronous_commit', 'off', true) = 'off' \
         RETURNING id, kind, payload, attempts, max_attempts",
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
