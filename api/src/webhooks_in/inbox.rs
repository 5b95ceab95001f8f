//! The inbox: an event is stored once, whichever way it came, with the job that processes it unless it took its effect.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::attempts::Attempt;
use super::process::{self, Effect};
use super::{EventSource, EventStatus, IgnoredBecause, routes};
use crate::db::Connection;
use crate::db::json::JsonText;
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};
use crate::ids::{EventId, JobId};
use crate::jobs::{Job, JobKind};
use crate::payments::EventEnvelope;
use crate::tokens::hex;

/// An event as its provider tells it.
#[derive(Debug)]
pub struct Told {
    /// Whose it is.
    pub provider: &'static str,
    /// What the same event has again.
    pub id: String,
    /// What it is about.
    pub kind: String,
    /// Whether it is of live mode.
    pub livemode: bool,
    /// What came of it, as far as that is certain already; else a job processes it.
    pub effect: Option<Effect>,
}

impl Told {
    /// An event of Stripe's, to a shop whose key is of live mode or not.
    pub(super) fn by_stripe(event: &EventEnvelope, is_live: bool) -> Self {
        let (id, kind) = (event.id.clone(), event.kind.clone());
        let ignored = if event.livemode == is_live { process::ignored(event) } else { None };
        Self { provider: routes::PROVIDER, id, kind, livemode: event.livemode, effect: ignored.map(Effect::None) }
    }

    fn status(&self) -> (EventStatus, Option<IgnoredBecause>) {
        match self.effect {
            Some(Effect::Taken) => (EventStatus::Processed, None),
            Some(Effect::None(because)) => (EventStatus::Ignored, Some(because)),
            Some(Effect::OrderUnknown) | None => (EventStatus::Pending, None),
        }
    }
}

/// An event that came, to be stored.
#[derive(Debug)]
pub struct Arrival {
    /// As its provider tells it.
    pub event: Told,
    /// All of it, as JSON.
    pub document: String,
    /// How it was delivered; `None` for one that was found in the provider's list.
    pub delivery: Option<Attempt>,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// An event as [`KEEP`] reads it.
#[derive(Serialize)]
struct Row<'a> {
    id: Uuid,
    provider: &'a str,
    event_id: &'a str,
    event_type: &'a str,
    livemode: bool,
    source: EventSource,
    received_at: DateTime<Utc>,
    status: EventStatus,
    ignored_because: Option<IgnoredBecause>,
    job_id: Uuid,
    job: Value,
    dedupe_key: String,
    attempt_id: Option<Uuid>,
    address: Option<&'a str>,
    user_agent: Option<&'a str>,
    latency_ms: Option<i64>,
    body_sha256: Option<String>,
}

impl Arrival {
    fn row(&self) -> Row<'_> {
        let id = EventId::new();
        let (status, ignored_because) = self.event.status();
        let attempt = self.delivery.as_ref();
        Row {
            id: id.0,
            provider: self.event.provider,
            event_id: &self.event.id,
            event_type: &self.event.kind,
            livemode: self.event.livemode,
            source: if self.delivery.is_some() { EventSource::Webhook } else { EventSource::CatchUp },
            received_at: self.received_at,
            status,
            ignored_because,
            job_id: JobId::new().0,
            job: Job::ProcessEvent(id).payload(),
            dedupe_key: id.to_string(),
            attempt_id: attempt.map(|attempt| attempt.id.0),
            address: attempt.map(|attempt| attempt.address.as_str()),
            user_agent: attempt.and_then(|attempt| attempt.user_agent.as_deref()),
            latency_ms: attempt.map(|attempt| attempt.latency_ms),
            body_sha256: attempt.and_then(|attempt| attempt.body_sha256.as_deref()).map(hex),
        }
    }
}

/// In one order by all processes, so that they wait for each other's events and never in a circle. Documents come apart from
/// what is known of them, and are read once.
const KEEP: &str = "
    WITH told AS MATERIALIZED (
        SELECT * FROM ROWS FROM (
            jsonb_to_recordset($1) AS (id uuid, provider text, event_id text, event_type text, livemode boolean, source text,
                received_at timestamptz, status text, ignored_because text, job_id uuid, job jsonb, dedupe_key text,
                attempt_id uuid, address text, user_agent text, latency_ms bigint, body_sha256 text),
            unnest($4)
        ) AS told (id, provider, event_id, event_type, livemode, source, received_at, status, ignored_because, job_id, job,
            dedupe_key, attempt_id, address, user_agent, latency_ms, body_sha256, document)
        ORDER BY provider, event_id
    ), event AS (
        INSERT INTO webhook_events (id, provider, event_id, event_type, payload, livemode, status, source, received_at,
            ignored_because, processed_at, tries)
        SELECT id, provider, event_id, event_type, document::jsonb, livemode, status, source, received_at, ignored_because,
            CASE WHEN status <> 'pending' THEN received_at END, (status = 'processed')::int
        FROM told ON CONFLICT DO NOTHING RETURNING id, status
    ), job AS (
        INSERT INTO jobs (id, kind, payload, dedupe_key, status, run_at, attempts, max_attempts, created_at)
        SELECT job_id, $2, job, dedupe_key, 'queued', received_at, 0, $3, received_at FROM told
        WHERE id IN (SELECT id FROM event WHERE status = 'pending')
    ), attempt AS (
        INSERT INTO webhook_attempts (id, provider, verdict, event_id, event_type, body_sha256, address, user_agent,
            latency_ms, received_at)
        SELECT attempt_id, provider, CASE WHEN id IN (SELECT id FROM event) THEN 'accepted' ELSE 'duplicate' END,
            left(event_id, 200), left(event_type, 200), decode(body_sha256, 'hex'), address, user_agent, latency_ms,
            received_at
        FROM told WHERE attempt_id IS NOT NULL
    )
    SELECT id FROM event";

/// Stores events with the jobs that those still need and the log of their deliveries, in one statement; answers how many are
/// new.
///
/// # Errors
/// Those of the database; none of them is stored then.
pub async fn keep(conn: &mut Connection, arrivals: &[Arc<Arrival>]) -> Result<usize> {
    let rows: Vec<Row<'_>> = arrivals.iter().map(|arrival| arrival.row()).collect();
    let rows = JsonText::write(&rows).map_err(|error| Error::Internal(format!("events are not JSON: {error}")))?;
    Statement::constant(KEEP)
        .with(Bind::Json(rows))
        .with(Bind::Text(JobKind::ProcessEvent.to_string()))
        .with(Bind::Int(JobKind::ProcessEvent.max_attempts().into()))
        .with(Bind::Texts(arrivals.iter().map(|arrival| arrival.document.clone()).collect()))
        .execute(conn)
        .await
}
