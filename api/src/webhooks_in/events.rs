//! The inbox for staff: which events came and what became of them, processing them again, giving them up.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;

use super::{EventSource, EventStatus, IgnoredBecause, PROVIDERS};
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::{jobs, webhook_events};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection};
use crate::error::{Code, Error, Result};
use crate::ids::{EventId, OrderId};
use crate::jobs::{Job, JobKind, JobStatus, control, queue};

/// How many events one call processes again.
pub const MOST_RETRIED: i64 = 1000;

/// A row of `webhook_events` without its document.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_events)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct EventRow {
    /// Our id.
    pub id: EventId,
    /// Whose event it is.
    pub provider: String,
    /// The provider's id.
    pub event_id: String,
    /// The provider's word for what happened.
    pub event_type: String,
    /// Whether it is real money.
    pub livemode: bool,
    /// What became of it.
    pub status: EventStatus,
    /// How it came.
    pub source: EventSource,
    /// How often it was processed to an outcome.
    pub tries: i32,
    /// Why its newest failed try failed.
    pub last_error: Option<String>,
    /// Why it has no effect.
    pub ignored_because: Option<IgnoredBecause>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it took its effect or was ignored.
    pub processed_at: Option<DateTime<Utc>>,
    /// When staff gave it up.
    pub discarded_at: Option<DateTime<Utc>>,
    /// Who did.
    pub discarded_by: Option<String>,
    /// Why.
    pub discard_reason: Option<String>,
}

/// Which events a list holds.
#[derive(Debug, Default)]
pub struct EventFilter {
    /// Only those of this status.
    pub status: Option<EventStatus>,
    /// Only those that have no effect for this reason.
    pub ignored_because: Option<IgnoredBecause>,
    /// Only those of this type.
    pub event_type: Option<String>,
    /// Only the one with this id of the provider's.
    pub event_id: Option<String>,
    /// Only those about any of these: names that the provider has for a payment, a session or a parcel.
    pub about: Option<Vec<String>>,
    /// Only those that came this way.
    pub source: Option<EventSource>,
    /// Only those that came then or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those that came before.
    pub until: Option<DateTime<Utc>>,
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The names that providers have for an order: its payment, its session, its parcels.
///
/// # Errors
/// Those of the database.
pub async fn names_of(conn: &mut Connection, order: OrderId) -> Result<Vec<String>> {
    let names: Vec<Name> = Statement::constant(
        "SELECT payment_intent_id AS name FROM orders WHERE id = $1 AND payment_intent_id IS NOT NULL \
         UNION SELECT session_id FROM checkouts WHERE order_id = $1 AND session_id IS NOT NULL \
         UNION SELECT tracking_number FROM fulfillments WHERE order_id = $1 AND tracking_number IS NOT NULL",
    )
    .with(Bind::Uuid(order.0))
    .load(conn)
    .await?;
    Ok(names.into_iter().map(|row| row.name).collect())
}

/// Where a page starts: after this event, newest first.
pub type After = (DateTime<Utc>, EventId);

fn chosen(filter: &EventFilter) -> webhook_events::BoxedQuery<'_, Pg> {
    let mut query = webhook_events::table.into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(webhook_events::status.eq(status));
    }
    if let Some(because) = filter.ignored_because {
        query = query.filter(webhook_events::ignored_because.eq(because));
    }
    if let Some(event_type) = &filter.event_type {
        query = query.filter(webhook_events::event_type.eq(event_type));
    }
    if let Some(event_id) = &filter.event_id {
        // The index begins with the provider.
        query = query.filter(webhook_events::provider.eq_any(PROVIDERS)).filter(webhook_events::event_id.eq(event_id));
    }
    if let Some(names) = &filter.about {
        query = query.filter(webhook_events::about.eq_any(names));
    }
    if let Some(source) = filter.source {
        query = query.filter(webhook_events::source.eq(source));
    }
    if let Some(since) = filter.since {
        query = query.filter(webhook_events::received_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(webhook_events::received_at.lt(until));
    }
    query
}

/// Events, newest first, up to one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    filter: &EventFilter,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<EventRow>> {
    let mut query = chosen(filter).select(EventRow::as_select());
    if let Some((at, id)) = after {
        let same_time = webhook_events::received_at.eq(at).and(webhook_events::id.lt(id));
        query = query.filter(webhook_events::received_at.lt(at).or(same_time));
    }
    let newest_first = (webhook_events::received_at.desc(), webhook_events::id.desc());
    Ok(query.order(newest_first).limit(limit + 1).load(conn).await?)
}

/// An event with its document.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: EventId) -> Result<(EventRow, Value)> {
    let columns = (EventRow::as_select(), webhook_events::payload);
    let found = webhook_events::table.find(id).select(columns).first(conn).await.optional()?;
    found.ok_or_else(|| Error::not_found("event"))
}

/// When the pending ones of these events are tried next; an event that is being processed is not among them.
///
/// # Errors
/// Those of the database.
pub async fn next_tries(conn: &mut Connection, events: &[EventRow]) -> Result<HashMap<EventId, DateTime<Utc>>> {
    let pending = events.iter().filter(|event| event.status == EventStatus::Pending);
    let keys: HashMap<String, EventId> = pending.map(|event| (event.id.to_string(), event.id)).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let queued: Vec<(Option<String>, DateTime<Utc>)> = jobs::table
        .filter(jobs::kind.eq(JobKind::ProcessEvent))
        .filter(jobs::status.eq(JobStatus::Queued))
        .filter(jobs::dedupe_key.eq_any(keys.keys()))
        .select((jobs::dedupe_key, jobs::run_at))
        .load(conn)
        .await?;
    Ok(queued.into_iter().filter_map(|(key, at)| Some((*keys.get(&key?)?, at))).collect())
}

/// Has an event processed again, now: one that died, was ignored or discarded, or waits for its next try.
///
/// # Errors
/// `not_found`; `wrong_status` for one that took its effect.
pub async fn retry(conn: &mut Connection, id: EventId, author: &Author, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| async move { retry_now(conn, id, author, now).await }.scope_boxed()).await
}

async fn retry_now(conn: &mut Connection, id: EventId, author: &Author, now: DateTime<Utc>) -> Result<()> {
    let status = lock(conn, id).await?;
    match status {
        EventStatus::Processed => return Err(wrong_status("It took its effect; there is nothing to do again.")),
        EventStatus::Pending => {}
        EventStatus::Ignored | EventStatus::Dead | EventStatus::Discarded => reopen(conn, id).await?,
    }
    if !control::revive_for(conn, Job::ProcessEvent(id), now).await? {
        queue::enqueue(conn, Job::ProcessEvent(id), &id.to_string(), now, now).await?;
    }
    let entry = Entry::new(Action::EventRetried, id).moved("/status", status, EventStatus::Pending);
    audit::record(conn, author, entry, now).await
}

/// Makes an event pending again; its job is the caller's.
///
/// # Errors
/// Those of the database.
pub async fn reopen(conn: &mut Connection, id: EventId) -> Result<()> {
    let given_up = [EventStatus::Ignored, EventStatus::Dead, EventStatus::Discarded];
    diesel::update(webhook_events::table.find(id).filter(webhook_events::status.eq_any(given_up)))
        .set((
            webhook_events::status.eq(EventStatus::Pending),
            webhook_events::ignored_because.eq(None::<IgnoredBecause>),
            webhook_events::processed_at.eq(None::<DateTime<Utc>>),
            webhook_events::discarded_at.eq(None::<DateTime<Utc>>),
            webhook_events::discarded_by.eq(None::<String>),
            webhook_events::discard_reason.eq(None::<String>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Has many events processed again, oldest first, up to [`MOST_RETRIED`]; answers how many, and whether there are more.
///
/// # Errors
/// Those of the database; what was queued before stays queued.
pub async fn retry_many(
    conn: &mut Connection,
    filter: &EventFilter,
    author: &Author,
    now: DateTime<Utc>,
) -> Result<(usize, bool)> {
    let query = chosen(filter).select(webhook_events::id);
    let oldest_first = (webhook_events::received_at, webhook_events::id);
    let mut ids: Vec<EventId> = query.order(oldest_first).limit(MOST_RETRIED + 1).load(conn).await?;
    let most = usize::try_from(MOST_RETRIED).unwrap_or_default();
    let has_more = ids.len() > most;
    ids.truncate(most);
    let mut count = 0;
    for id in ids {
        match retry(conn, id, author, now).await {
            Ok(()) => count += 1,
            // It took its effect since it was listed.
            Err(error) if error.code() == Some(Code::WrongStatus) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((count, has_more))
}

/// Gives an event up that waits or died, with its jobs.
///
/// # Errors
/// `not_found`; `wrong_status` for one that has its end.
pub async fn discard(
    conn: &mut Connection,
    id: EventId,
    author: &Author,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let by = &author.actor;
    db::transaction(conn, |conn| {
        async move {
            let status = lock(conn, id).await?;
            match status {
                EventStatus::Pending | EventStatus::Dead => {}
                EventStatus::Processed | EventStatus::Ignored | EventStatus::Discarded => {
                    return Err(wrong_status("Only an event that is `pending` or `dead` can be discarded."));
                }
            }
            mark_discarded(conn, id, by, reason, now).await?;
            control::discard_for(conn, Job::ProcessEvent(id), by, reason, now).await?;
            let entry = Entry::new(Action::EventDiscarded, id).moved("/status", status, EventStatus::Discarded);
            audit::record(conn, author, entry.because(reason), now).await
        }
        .scope_boxed()
    })
    .await
}

/// Writes that staff gave an event up, if it has no end yet.
///
/// # Errors
/// Those of the database.
pub async fn mark_discarded(
    conn: &mut Connection,
    id: EventId,
    by: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let open = [EventStatus::Pending, EventStatus::Dead];
    diesel::update(webhook_events::table.find(id).filter(webhook_events::status.eq_any(open)))
        .set((
            webhook_events::status.eq(EventStatus::Discarded),
            webhook_events::discarded_at.eq(now),
            webhook_events::discarded_by.eq(by),
            webhook_events::discard_reason.eq(reason),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn lock(conn: &mut Connection, id: EventId) -> Result<EventStatus> {
    let row = webhook_events::table.find(id).select(webhook_events::status).for_update();
    row.first(conn).await.optional()?.ok_or_else(|| Error::not_found("event"))
}

fn wrong_status(detail: &str) -> Error {
    Error::problem(Code::WrongStatus, detail)
}
