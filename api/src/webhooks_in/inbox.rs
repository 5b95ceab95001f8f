//! The inbox: an event is stored once, whichever way it came, with the job that processes it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::Value;

use super::EventStatus;
use crate::db::schema::webhook_events;
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::EventId;
use crate::jobs::{Job, queue};
use crate::payments::EventEnvelope;

/// Stores an event of Stripe; answers whether it is new.
///
/// # Errors
/// Those of the database.
pub async fn store(conn: &mut Connection, event: &EventEnvelope, document: &Value, now: DateTime<Utc>) -> Result<bool> {
    db::transaction(conn, |conn| {
        async move {
            let id = EventId::new();
            let stored = diesel::insert_into(webhook_events::table)
                .values((
                    webhook_events::id.eq(id),
                    webhook_events::provider.eq("stripe"),
                    webhook_events::event_id.eq(&event.id),
                    webhook_events::event_type.eq(&event.kind),
                    webhook_events::payload.eq(document),
                    webhook_events::livemode.eq(event.livemode),
                    webhook_events::status.eq(EventStatus::Pending),
                    webhook_events::received_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            if stored > 0 {
                queue::enqueue(conn, Job::ProcessEvent(id), &id.to_string(), now, now).await?;
            }
            Ok(stored > 0)
        }
        .scope_boxed()
    })
    .await
}
