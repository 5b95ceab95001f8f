//! Catching up: Stripe's own list of events goes into the same inbox, so that an endpoint that was missing, disabled or
//! wrongly subscribed costs minutes and no order (AMENDMENTS 20).

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::inbox::{self, Arrival, Told};
use crate::app::App;
use crate::db::Connection;
use crate::db::schema::event_cursors;
use crate::error::Result;

/// How far before the last listing the next one begins: events may be listed late.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// How far the first listing of a shop goes back.
const FIRST: TimeDelta = TimeDelta::hours(24);

/// An event this old should have been delivered.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// Lists the events since the last time, and stores those that never arrived.
///
/// # Errors
/// While Stripe's answer is unknown; what was stored until then stays, and the next run lists the same span again.
pub async fn catch_up(app: &App) -> Result<()> {
    let started = app.clock.now();
    let since = {
        let mut conn = app.connection().await?;
        let until: Option<DateTime<Utc>> = event_cursors::table
            .find("stripe")
            .select(event_cursors::listed_until)
            .first(&mut conn)
            .await
            .optional()?;
        until.map_or(started - FIRST, |until| until - OVERLAP)
    };
    let (mut after, mut missed) = (None, 0);
    loop {
        let (events, more) = app.stripe.list_events(since, after.as_deref()).await?;
        after = events.last().map(|(event, _)| event.id.clone());
        let mut conn = app.connection().await?;
        for (event, document) in events {
            let is_late = event.created.is_some_and(|created| created < (started - LATE).timestamp());
            let event = Told::by_stripe(&event, app.stripe.is_live());
            let arrival =
                Arrival { event, document: document.to_string(), delivery: None, received_at: app.clock.now() };
            let is_new = inbox::keep(&mut conn, &[Arc::new(arrival)]).await? > 0;
            missed += i64::from(is_new && is_late);
        }
        if !more || after.is_none() {
            break;
        }
    }
    if missed > 0 {
        tracing::warn!(events.missed = missed, "Events were found at Stripe that were never delivered");
    }
    app.wake.ring();
    let mut conn = app.connection().await?;
    remember(&mut conn, started).await
}

async fn remember(conn: &mut Connection, until: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(event_cursors::table)
        .values((event_cursors::provider.eq("stripe"), event_cursors::listed_until.eq(until)))
        .on_conflict(event_cursors::provider)
        .do_update()
        .set(event_cursors::listed_until.eq(until))
        .execute(conn)
        .await?;
    Ok(())
}
