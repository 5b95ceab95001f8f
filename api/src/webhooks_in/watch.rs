//! What a person should know about the inbox although nothing fails: forged deliveries, silence, events that pile up.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::attempts::Verdict;
use super::{EventSource, EventStatus, PROVIDERS, routes};
use crate::alerts::{self, AlertKind};
use crate::db::Connection;
use crate::db::schema::{webhook_attempts, webhook_events};
use crate::error::Result;

/// So many signatures that are not ours within [`BURST_SPAN`] are told.
const BURST: i64 = 20;

/// See [`BURST`].
const BURST_SPAN: TimeDelta = TimeDelta::hours(1);

/// No delivery for so long, although there was what to deliver, is told.
const SILENCE: TimeDelta = TimeDelta::hours(2);

/// An event that was found in Stripe's list may still be delivered for so long.
const DELIVERY_PATIENCE: TimeDelta = TimeDelta::minutes(15);

/// An event that waits longer than this is told.
const BACKLOG_AGE: TimeDelta = TimeDelta::minutes(10);

/// More events than this that wait are told.
const BACKLOG_DEPTH: i64 = 1000;

/// Looks, and raises what there is to tell.
///
/// # Errors
/// Those of the database.
pub async fn watch(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    for provider in PROVIDERS {
        tell_of_forgery(conn, provider, now).await?;
    }
    tell_of_silence(conn, now).await?;
    tell_of_backlog(conn, now).await
}

async fn tell_of_forgery(conn: &mut Connection, provider: &str, now: DateTime<Utc>) -> Result<()> {
    let bad = webhook_attempts::table
        .filter(webhook_attempts::provider.eq(provider))
        .filter(webhook_attempts::verdict.eq_any([Verdict::BadSignature, Verdict::TooOld]))
        .filter(webhook_attempts::received_at.gt(now - BURST_SPAN))
        .group_by(webhook_attempts::address)
        .select((webhook_attempts::address, count_star(), max(webhook_attempts::reason)));
    let bad: Vec<(String, i64, Option<String>)> = bad.order(count_star().desc()).load(conn).await?;
    let count: i64 = bad.iter().map(|(_, count, _)| count).sum();
    let Some((address, most, reason)) = bad.as_slice().first().filter(|_| count >= BURST) else { return Ok(()) };
    let detail = format!(
        "{count} webhooks to {provider}'s door with a bad signature within an hour, from {} addresses; {most} from \
         {address} ({}).",
        bad.len(),
        reason.as_deref().unwrap_or("no reason")
    );
    alerts::raise(conn, AlertKind::WebhookSignatures, provider, None, &detail, now).await
}

/// Stripe's list has events that were never delivered, and nothing else is delivered either.
async fn tell_of_silence(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let missed = webhook_events::table
        .filter(webhook_events::source.eq(EventSource::CatchUp))
        .filter(webhook_events::received_at.gt(now - SILENCE))
        .filter(webhook_events::received_at.lt(now - DELIVERY_PATIENCE));
    let missed: i64 = missed.count().get_result(conn).await?;
    if missed == 0 {
        return Ok(());
    }
    let last: Option<DateTime<Utc>> = webhook_attempts::table
        .filter(webhook_attempts::provider.eq(routes::PROVIDER))
        .filter(webhook_attempts::verdict.eq_any([Verdict::Accepted, Verdict::Duplicate]))
        .select(max(webhook_attempts::received_at))
        .get_result(conn)
        .await?;
    if last.is_some_and(|last| last > now - SILENCE) {
        return Ok(());
    }
    let last =
        last.map_or("in the last 30 days".to_owned(), |last| format!("since {}", last.format("%Y-%m-%d %H:%M UTC")));
    let detail = format!(
        "Stripe has delivered nothing {last}, but its list had {missed} events in the last {} hours.",
        SILENCE.num_hours()
    );
    alerts::raise(conn, AlertKind::WebhooksSilent, routes::PROVIDER, None, &detail, now).await
}

async fn tell_of_backlog(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let waiting = webhook_events::table.filter(webhook_events::status.eq(EventStatus::Pending));
    let (depth, oldest): (i64, Option<DateTime<Utc>>) =
        waiting.select((count_star(), min(webhook_events::received_at))).get_result(conn).await?;
    let Some(oldest) = oldest else { return Ok(()) };
    if oldest > now - BACKLOG_AGE && depth <= BACKLOG_DEPTH {
        return Ok(());
    }
    let oldest = oldest.format("%Y-%m-%d %H:%M:%S UTC");
    let detail = format!("{depth} events wait to be processed, the oldest since {oldest}.");
    alerts::raise(conn, AlertKind::EventBacklog, "stripe", None, &detail, now).await
}
