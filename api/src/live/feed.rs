//! Reading what happened, in the order of transactions, each row once.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz};
use serde_json::Value;

use super::{KEPT, LiveEvent, LiveTopic};
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};

/// How many rows are read at a time.
pub const BATCH: i64 = 500;

/// How old the time of a cursor may be before it is renewed; much less than a stream may be broken off.
const RENEWED: TimeDelta = TimeDelta::seconds(30);

/// Where a reader is: transaction and position of the newest row that it has, and since when there may be rows after it:
/// when that row was written, or when there was none after it yet.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    xid: i64,
    position: i64,
    written: i64,
}

impl PartialEq for Cursor {
    fn eq(&self, other: &Self) -> bool {
        (self.xid, self.position) == (other.xid, other.position)
    }
}

impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (self.xid, self.position).partial_cmp(&(other.xid, other.position))
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.xid, self.position, self.written)
    }
}

impl FromStr for Cursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('.').map(str::parse::<i64>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(xid)), Some(Ok(position)), Some(Ok(written)), None) => Ok(Self { xid, position, written }),
            _ => Err("is not the id of an event of this stream".to_owned()),
        }
    }
}

impl Cursor {
    /// Whether everything after it is surely still there.
    #[must_use]
    pub fn is_recent(&self, present: &Self, now: DateTime<Utc>) -> bool {
        // A database that was restored may count its transactions from lower on.
        self <= present && self.written > (now - KEPT / 2).timestamp()
    }

    /// Whether its time is to be renewed.
    #[must_use]
    pub fn is_aging(&self, now: DateTime<Utc>) -> bool {
        self.written < (now - RENEWED).timestamp()
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    xid: i64,
    #[diesel(sql_type = BigInt)]
    position: i64,
    #[diesel(sql_type = Text)]
    topic: LiveTopic,
    #[diesel(sql_type = Jsonb)]
    detail: Value,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct End {
    #[diesel(sql_type = BigInt)]
    xid: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    since: Option<DateTime<Utc>>,
}

/// The present end: whatever commits from now on comes after it, and whatever may not be read yet.
///
/// # Errors
/// Those of the database.
pub async fn end(conn: &mut Connection, now: DateTime<Utc>) -> Result<Cursor> {
    let end: Option<End> = Statement::constant(
        "SELECT oldest.xid, (SELECT min(created_at) FROM live_events WHERE live_events.xid >= oldest.xid) AS since \
         FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid) AS oldest",
    )
    .optional(conn)
    .await?;
    let end = end.ok_or_else(|| Error::Internal("a snapshot without a row".to_owned()))?;
    let written = end.since.map_or(now, |since| since.min(now));
    Ok(Cursor { xid: end.xid, position: 0, written: written.timestamp() })
}

/// What happened after a cursor, up to the oldest transaction that still runs; at most [`BATCH`].
///
/// # Errors
/// Those of the database.
pub async fn read(conn: &mut Connection, after: Cursor) -> Result<Vec<(Cursor, LiveEvent)>> {
    let rows: Vec<Row> = Statement::constant(
        "SELECT xid, position, topic, detail, created_at FROM live_events \
         WHERE (xid, position) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
         ORDER BY xid, position LIMIT $3",
    )
    .with(Bind::Int(after.xid))
    .with(Bind::Int(after.position))
    .with(Bind::Int(BATCH))
    .load(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let cursor = Cursor { xid: row.xid, position: row.position, written: row.created_at.timestamp() };
            let subject = serde_json::from_value(row.detail)
                .map_err(|error| Error::Internal(format!("the detail of a live event: {error}")))?;
            Ok((cursor, LiveEvent { topic: row.topic, at: row.created_at, subject }))
        })
        .collect()
}
