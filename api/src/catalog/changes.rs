//! What of the catalogue changed: rows that are kept for minutes, written in the transaction of their cause, and read by
//! each process so that it drops what it keeps ready of it ([`super::ready`]).

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Connection;
use crate::db::schema::catalog_changes;
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};
use crate::ids::{ProductId, VariantId};

/// How long rows are kept. Who has not read for half of it drops everything.
const KEPT: TimeDelta = TimeDelta::minutes(10);

/// The most rows that are read at a time; more count as a change of everything.
const MOST: i64 = 5000;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Any product may show otherwise.
    Everything,
    /// One product, and with it lists that it is in, or now belongs in.
    Product(ProductId),
    /// Whether variants of a product can be bought, nothing else.
    Availability(ProductId),
}

/// Notes a change, in the transaction that makes it.
///
/// # Errors
/// Those of the database.
pub async fn record(conn: &mut Connection, change: Change, now: DateTime<Utc>) -> Result<()> {
    let (product, availability_only) = match change {
        Change::Everything => (None, false),
        Change::Product(product) => (Some(product), false),
        Change::Availability(product) => (Some(product), true),
    };
    diesel::insert_into(catalog_changes::table)
        .values((
            catalog_changes::product_id.eq(product),
            catalog_changes::availability_only.eq(availability_only),
            catalog_changes::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that the stock of variants changed so that they may show another availability.
///
/// # Errors
/// Those of the database.
pub async fn record_stock(conn: &mut Connection, variants: &[VariantId], now: DateTime<Utc>) -> Result<()> {
    Statement::constant(
        "INSERT INTO catalog_changes (product_id, availability_only, created_at) \
         SELECT DISTINCT product_id, true, $2::timestamptz FROM variants WHERE id = ANY($1)",
    )
    .with(Bind::Uuids(variants.iter().map(|variant| variant.0).collect()))
    .with(Bind::Time(now))
    .execute(conn)
    .await?;
    Ok(())
}

/// How far somebody has read: all rows of transactions before `xid`, and of later ones those at `positions`.
#[derive(Debug, Default)]
pub struct Reader {
    xid: Option<i64>,
    positions: HashSet<i64>,
    last: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    oldest: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    xid: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    position: Option<i64>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    product_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Bool>)]
    availability_only: Option<bool>,
}

/// What was committed since a transaction that was the oldest running; one row without a change when there is nothing.
const SINCE: &str = "
    SELECT oldest.xid AS oldest, change.xid, change.position, change.product_id, change.availability_only
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid) AS oldest
    LEFT JOIN (
        SELECT * FROM catalog_changes
        -- What a restored dump brought of transactions to come says nothing.
        WHERE xid >= $1 AND xid < pg_snapshot_xmax(pg_current_snapshot())::text::bigint LIMIT $2
    ) AS change ON true";

impl Reader {
    /// What was committed since the last time, in one statement; a first or very late reader is told that it was everything.
    ///
    /// # Errors
    /// Those of the database; then nothing counts as read.
    pub async fn read(&mut self, conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<Change>> {
        let rows: Vec<Row> = Statement::constant(SINCE)
            .with(Bind::Int(self.xid.unwrap_or(i64::MAX)))
            .with(Bind::Int(MOST))
            .load(conn)
            .await?;
        let oldest = rows.as_slice().first().map(|row| row.oldest);
        let oldest = oldest.ok_or_else(|| Error::Internal("a snapshot without a row".to_owned()))?;
        let is_late = self.last.is_none_or(|last| now - last > KEPT / 2);
        // A database that was restored may count its transactions from lower on.
        let is_back = self.xid.is_none_or(|xid| oldest < xid);
        let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= MOST);
        let mut changes = Vec::new();
        let mut later = HashSet::new();
        for row in rows {
            let (Some(xid), Some(position)) = (row.xid, row.position) else { continue };
            if xid >= oldest {
                later.insert(position);
            }
            if !self.positions.contains(&position) {
                changes.push(change(row.product_id, row.availability_only.unwrap_or_default()));
            }
        }
        if is_late || is_back || is_full {
            changes = vec![Change::Everything];
        }
        *self = Self { xid: Some(oldest), positions: later, last: Some(now) };
        Ok(changes)
    }
}

fn change(product: Option<Uuid>, availability_only: bool) -> Change {
    match product.map(ProductId) {
        None => Change::Everything,
        Some(product) if availability_only => Change::Availability(product),
        Some(product) => Change::Product(product),
    }
}

/// Deletes what is older than it is kept; not what nobody may have read yet, as a transaction before it still runs.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    Statement::constant(
        "DELETE FROM catalog_changes WHERE created_at < $1 \
         AND (xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
             OR xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)",
    )
    .with(Bind::Time(now - KEPT))
    .execute(conn)
    .await
}
