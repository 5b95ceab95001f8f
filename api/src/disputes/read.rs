//! Reading disputes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::Dispute;
use crate::db::Connection;
use crate::db::schema::disputes;
use crate::error::Result;
use crate::ids::{DisputeId, OrderId};
use crate::money::{Currency, Money};

type Columns = (DisputeId, String, String, String, i64, i64, Option<DateTime<Utc>>, DateTime<Utc>, DateTime<Utc>);

/// The disputes of an order, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn of_order(conn: &mut Connection, order: OrderId, currency: Currency) -> Result<Vec<Dispute>> {
    let rows: Vec<Columns> = disputes::table
        .filter(disputes::order_id.eq(order))
        .order((disputes::created_at, disputes::id))
        .select((
            disputes::id,
            disputes::provider_dispute_id,
            disputes::status,
            disputes::reason,
            disputes::amount,
            disputes::withdrawn,
            disputes::evidence_due_at,
            disputes::created_at,
            disputes::updated_at,
        ))
        .load(conn)
        .await?;
    let shape =
        |(id, provider_dispute_id, status, reason, amount, withdrawn, due, created_at, updated_at): Columns| Dispute {
            id,
            provider_dispute_id,
            status,
            reason,
            amount: Money::new(amount, currency),
            withdrawn: Money::new(withdrawn, currency),
            evidence_due_at: due,
            created_at,
            updated_at,
        };
    Ok(rows.into_iter().map(shape).collect())
}
