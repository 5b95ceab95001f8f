//! The inbox: an event is stored once, whichever way it came, with the job that processes it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;

use super::attempts::{self, Attempt, Verdict};
use super::{EventSource, EventStatus, routes};
use crate::db::schema::webhook_events;
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::EventId;
use crate::jobs::{Job, queue};
use crate::payments::EventEnvelope;

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
}

impl Told {
    /// An event of Stripe's.
    pub(super) fn by_stripe(event: &EventEnvelope) -> Self {
        let (id, kind) = (event.id.clone(), event.kind.clone());
        Self { provider: routes::PROVIDER, id, kind, livemode: event.livemode }
    }
}

/// Stores an event; answers whether it is new. A delivery is logged in the same transaction; what was not delivered was
/// found in the provider's list.
///
/// # Errors
/// Those of the database.
pub async fn keep(
    conn: &mut Connection,
    event: &Told,
    document: &Value,
    delivery: Option<&Attempt>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let source = if delivery.is_some() { EventSource::Webhook } else { EventSource::CatchUp };
    db::transaction(conn, |conn| {
        async move {
            let id = EventId::new();
            let stored = diesel::insert_into(webhook_events::table)
                .values((
                    webhook_events::id.eq(id),
                    webhook_events::provider.eq(event.provider),
                    webhook_events::event_id.eq(&event.id),
                    webhook_events::event_type.eq(&event.kind),
                    webhook_events::payload.eq(document),
                    webhook_events::livemode.eq(event.livemode),
                    webhook_events::status.eq(EventStatus::Pending),
                    webhook_events::source.eq(source),
                    webhook_events::received_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if stored > 0 {
                queue::enqueue(conn, Job::ProcessEvent(id), &id.to_string(), now, now).await?;
            }
            if let Some(attempt) = delivery {
                let verdict = if stored > 0 { Verdict::Accepted } else { Verdict::Duplicate };
                attempts::write(conn, &[Attempt { verdict, ..attempt.clone() }]).await?;
            }
            Ok(stored > 0)
        }
        .scope_boxed()
    })
    .await
}
