//! Refunds that the checkout itself must make: money that came for a closed or cancelled order.

pub mod send;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use crate::db::schema::refunds;
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::ids::RefundId;
use crate::jobs::{Job, queue};
use crate::money::Money;
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};

text_enum! {
    /// How a refund stands.
    RefundStatus {
        /// To be sent, or on its way.
        Pending => "pending",
        /// Given back.
        Succeeded => "succeeded",
        /// It did not go through; final.
        Failed => "failed",
        /// Called off; final.
        Cancelled => "cancelled",
    }
}

/// Asks for all of an order's money to go back, under the order's lock; a job sends it after the commit.
///
/// # Errors
/// A defect when the payment is not known.
pub async fn request_all(
    conn: &mut Connection,
    order: &OrderRow,
    payment_intent: Option<&str>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let intent = payment_intent.ok_or_else(|| Error::Internal(format!("{} was paid without a payment", order.id)))?;
    let id = RefundId::new();
    diesel::insert_into(refunds::table)
        .values((
            refunds::id.eq(id),
            refunds::order_id.eq(order.id),
            refunds::status.eq(RefundStatus::Pending),
            refunds::amount.eq(order.total),
            refunds::currency.eq(order.currency),
            refunds::reason.eq(reason),
            refunds::payment_intent_id.eq(intent),
            refunds::sends.eq(0),
            refunds::created_at.eq(now),
            refunds::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let amount = Money::new(order.total, order.currency);
    timeline::record(
        conn,
        order.id,
        EventKind::RefundRequested,
        json!({"refund_id": id, "amount": amount, "reason": reason}),
        now,
    )
    .await?;
    queue::enqueue(conn, Job::SendRefund(id), &id.to_string(), now, now).await
}
