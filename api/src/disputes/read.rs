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

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = disputes)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: DisputeId,
    provider_dispute_id: String,
    status: String,
    reason: String,
    amount: i64,
    withdrawn: i64,
    tax_reversal_id: Option<String>,
    evidence_due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The disputes of an order, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn of_order(conn: &mut Connection, order: OrderId, currency: Currency) -> Result<Vec<Dispute>> {
    let rows: Vec<Row> = disputes::table
        .filter(disputes::order_id.eq(order))
        .order((disputes::created_at, disputes::id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Dispute {
            id: row.id,
            provider_dispute_id: row.provider_dispute_id,
            status: row.status,
            reason: row.reason,
            amount: Money::new(row.amount, currency),
            withdrawn: Money::new(row.withdrawn, currency),
            tax_reversal_id: row.tax_reversal_id,
            evidence_due_at: row.evidence_due_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
        .collect())
}
