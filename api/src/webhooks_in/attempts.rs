//! Deliveries to our door and what we made of them: a row each, kept for 30 days. Refused ones have a row up to 100 for an
//! address in an hour, and are only counted from then on, so that nobody can fill the table.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use crate::db::schema::{webhook_attempts, webhook_refusals};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, text_enum};
use crate::error::Result;
use crate::ids::WebhookAttemptId;

/// How many refused deliveries of an address have a row, each hour.
pub const ROWS_PER_HOUR: usize = 100;

/// How long attempts and counts are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

text_enum! {
    /// What we made of a delivery.
    Verdict {
        /// The event is new, and stored.
        Accepted => "accepted",
        /// The event was there already.
        Duplicate => "duplicate",
        /// No signature by a secret of ours, or no token of ours in the address.
        BadSignature => "bad_signature",
        /// Signed by us, but more than 300 seconds ago or ahead.
        TooOld => "too_old",
        /// Not an event, or not all of it came.
        Malformed => "malformed",
        /// Larger than 1 MB; the body was not read.
        TooLarge => "too_large",
    }
}

/// A row of `webhook_attempts`.
#[derive(Debug, Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = webhook_attempts)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Attempt {
    /// Its id.
    pub id: WebhookAttemptId,
    /// Whose door it came to.
    pub provider: String,
    /// What we made of it.
    pub verdict: Verdict,
    /// Why, when it was refused.
    pub reason: Option<String>,
    /// The provider's id of the event, when it can be read; nobody has vouched for it when the delivery was refused.
    pub event_id: Option<String>,
    /// The event's type, likewise.
    pub event_type: Option<String>,
    /// SHA-256 of the body, when all of it was read.
    pub body_sha256: Option<Vec<u8>>,
    /// Where it came from.
    pub address: String,
    /// What the sender calls itself.
    pub user_agent: Option<String>,
    /// From its arrival until this was written, in milliseconds.
    pub latency_ms: i64,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

/// Writes attempts.
///
/// # Errors
/// Those of the database.
pub async fn write(conn: &mut Connection, attempts: &[Attempt]) -> Result<()> {
    diesel::insert_into(webhook_attempts::table).values(attempts).execute(conn).await?;
    Ok(())
}

/// The refused deliveries of an address in an hour.
#[derive(Debug, Clone, Default)]
pub struct Refused {
    /// All of them.
    pub count: usize,
    /// Those that may get a row.
    pub attempts: Vec<Attempt>,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Timestamptz)]
    hour: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = BigInt)]
    refused: i64,
}

/// Counts refused deliveries by hour and address, and writes the rows of those that get one.
///
/// # Errors
/// Those of the database.
pub async fn write_refused(conn: &mut Connection, refused: &HashMap<(DateTime<Utc>, String), Refused>) -> Result<()> {
    let mut keys: Vec<&(DateTime<Utc>, String)> = refused.keys().collect();
    // Rows are locked in one order by all processes.
    keys.sort();
    let (hours, addresses): (Vec<_>, Vec<_>) = keys.iter().map(|(hour, address)| (*hour, address.clone())).unzip();
    let new = |key: &(DateTime<Utc>, String)| refused.get(key).map_or(0, |refused| refused.count);
    let counts: Vec<i64> = keys.iter().map(|key| i64::try_from(new(key)).unwrap_or(i64::MAX)).collect();
    let (hours, addresses, counts) = (&hours, &addresses, &counts);
    db::transaction(conn, |conn| {
        async move {
            let counted: Vec<Counted> = Statement::constant(
                "INSERT INTO webhook_refusals (hour, address, refused) SELECT * FROM unnest($1, $2, $3) \
                 ON CONFLICT (hour, address) DO UPDATE SET refused = webhook_refusals.refused + excluded.refused \
                 RETURNING hour, address, refused",
            )
            .with(Bind::Times(hours.clone()))
            .with(Bind::Texts(addresses.clone()))
            .with(Bind::Ints(counts.clone()))
            .load(conn)
            .await?;
            let mut rows = Vec::new();
            for Counted { hour, address, refused: total } in counted {
                let Some(new) = refused.get(&(hour, address)) else { continue };
                let before = usize::try_from(total).unwrap_or(usize::MAX).saturating_sub(new.count);
                rows.extend(new.attempts.iter().take(ROWS_PER_HOUR.saturating_sub(before)).cloned());
            }
            if rows.is_empty() { Ok(()) } else { write(conn, &rows).await }
        }
        .scope_boxed()
    })
    .await
}

/// Which attempts a list holds.
#[derive(Debug, Default)]
pub struct AttemptFilter {
    /// Only those of this verdict.
    pub verdict: Option<Verdict>,
    /// Only those of this event, by the provider's id.
    pub event_id: Option<String>,
    /// Only those from this address.
    pub address: Option<String>,
    /// Only those at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only those before this time.
    pub until: Option<DateTime<Utc>>,
}

/// Attempts, newest first, up to one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    filter: &AttemptFilter,
    after: Option<(DateTime<Utc>, WebhookAttemptId)>,
    limit: i64,
) -> Result<Vec<Attempt>> {
    let mut query = webhook_attempts::table.select(Attempt::as_select()).into_boxed();
    if let Some(verdict) = filter.verdict {
        query = query.filter(webhook_attempts::verdict.eq(verdict));
    }
    if let Some(event) = &filter.event_id {
        query = query.filter(webhook_attempts::event_id.eq(event));
    }
    if let Some(address) = &filter.address {
        query = query.filter(webhook_attempts::address.eq(address));
    }
    if let Some(since) = filter.since {
        query = query.filter(webhook_attempts::received_at.ge(since));
    }
    if let Some(until) = filter.until {
        query = query.filter(webhook_attempts::received_at.lt(until));
    }
    if let Some((at, id)) = after {
        let same_time = webhook_attempts::received_at.eq(at).and(webhook_attempts::id.lt(id));
        query = query.filter(webhook_attempts::received_at.lt(at).or(same_time));
    }
    let newest_first = (webhook_attempts::received_at.desc(), webhook_attempts::id.desc());
    Ok(query.order(newest_first).limit(limit + 1).load(conn).await?)
}

/// Refused deliveries as they are counted: the hour's beginning, the address (of IPv6 its /64), how many.
pub type RefusalCount = (DateTime<Utc>, String, i64);

/// Counts of refused deliveries, newest hour first, up to one more than `limit`.
///
/// # Errors
/// Those of the database.
pub async fn list_refusals(
    conn: &mut Connection,
    after: Option<(DateTime<Utc>, String)>,
    limit: i64,
) -> Result<Vec<RefusalCount>> {
    let mut query = webhook_refusals::table.into_boxed();
    if let Some((hour, address)) = after {
        let same_hour = webhook_refusals::hour.eq(hour).and(webhook_refusals::address.lt(address));
        query = query.filter(webhook_refusals::hour.lt(hour).or(same_hour));
    }
    let newest_first = (webhook_refusals::hour.desc(), webhook_refusals::address.desc());
    Ok(query.order(newest_first).limit(limit + 1).load(conn).await?)
}

/// Deletes what is older than 30 days.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let old = webhook_attempts::table.filter(webhook_attempts::received_at.lt(now - KEPT));
    diesel::delete(old).execute(conn).await?;
    diesel::delete(webhook_refusals::table.filter(webhook_refusals::hour.lt(now - KEPT))).execute(conn).await?;
    Ok(())
}
