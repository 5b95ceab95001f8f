//! Mails to the shop about alerts: the first at once, what follows within five minutes together.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::{EmailKind, NewEmail};
use crate::app::App;
use crate::db::schema::alerts;
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::AlertId;
use crate::jobs::{Job, queue};

/// How long after a mail the next one comes.
const PAUSE: TimeDelta = TimeDelta::minutes(5);

/// How many alerts one mail tells.
const MOST: i64 = 50;

/// Queues the telling of what was raised in this transaction.
///
/// # Errors
/// Those of the database.
pub async fn tell_later(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    tell_at(conn, now, now).await
}

async fn tell_at(conn: &mut Connection, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    queue::enqueue(conn, Job::MailAlerts, "alerts", at, now).await
}

/// Writes one mail of all alerts that are open and were not mailed. Without `MERX_ALERT_EMAIL` nothing happens.
///
/// # Errors
/// Those of the database.
pub async fn tell(app: &App) -> Result<()> {
    let Some(recipient) = &app.config.mail.alert_email else { return Ok(()) };
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let last: Option<DateTime<Utc>> =
                alerts::table.select(diesel::dsl::max(alerts::mailed_at)).first(conn).await?;
            if let Some(next) = last.map(|last| last + PAUSE).filter(|next| *next > now) {
                return tell_at(conn, next, now).await;
            }
            let open: Vec<AlertId> = alerts::table
                .filter(alerts::mailed_at.is_null())
                .filter(alerts::acknowledged_at.is_null())
                .order((alerts::created_at, alerts::id))
                .limit(MOST)
                .select(alerts::id)
                .for_update()
                .load(conn)
                .await?;
            let [first, ..] = open.as_slice() else { return Ok(()) };
            let new = NewEmail {
                kind: EmailKind::Alert,
                recipient,
                locale: Some(app.config.locale().as_str()),
                subject_id: first.0,
                data: json!({"alert_ids": open}),
            };
            super::enqueue(conn, &new, now).await?;
            diesel::update(alerts::table.filter(alerts::id.eq_any(&open)))
                .set(alerts::mailed_at.eq(now))
                .execute(conn)
                .await?;
            // What is left when there were more.
            tell_at(conn, now + PAUSE, now).await
        }
        .scope_boxed()
    })
    .await
}
