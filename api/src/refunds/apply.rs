//! What the provider says about a refund becomes what the shop knows: one transaction under the order's lock, whoever
//! heard it (PROTOCOL.md 20–22). `failed` is final whatever comes later.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::model::{RefundSource, RefundStatus};
use crate::alerts::{self, AlertKind};
use crate::analytics::record;
use crate::db::schema::{order_line_items, orders, refund_line_items, refunds};
use crate::db::{self, Connection, Prepare};
use crate::error::{Error, Result};
use crate::ids::{LineItemId, OrderId, RefundId};
use crate::inventory;
use crate::invoices::issue;
use crate::jobs::{Job, queue};
use crate::mail;
use crate::money::{Currency, Money};
use crate::orders::model::PaymentStatus;
use crate::orders::read;
use crate::orders::timeline::{self, EventKind};
use crate::payments::{RefundOutcome, RefundView};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refunds)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    id: RefundId,
    order_id: OrderId,
    status: RefundStatus,
    source: RefundSource,
    amount: i64,
    currency: Currency,
    provider_refund_id: Option<String>,
    tax_reversal_id: Option<String>,
    sends: i32,
}

/// Applies what Stripe says about a refund.
///
/// # Errors
/// Those of the database.
pub async fn apply(conn: &mut Connection, id: RefundId, view: &RefundView, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let row = lock(conn, id).await?;
            note(conn, &row, view, now).await?;
            match (view.outcome, row.status) {
                (RefundOutcome::Succeeded, RefundStatus::Pending) => succeed(conn, &row, now).await,
                (RefundOutcome::Failed, RefundStatus::Pending | RefundStatus::Succeeded) => {
                    let reason = view.failure_reason.as_deref().unwrap_or("no reason given");
                    end(conn, &row, RefundStatus::Failed, reason, now).await
                }
                (RefundOutcome::Cancelled, RefundStatus::Pending | RefundStatus::Succeeded) => {
                    end(conn, &row, RefundStatus::Cancelled, "cancelled at the provider", now).await
                }
                (RefundOutcome::Pending, _)
                | (RefundOutcome::Succeeded, _)
                | (RefundOutcome::Failed | RefundOutcome::Cancelled, RefundStatus::Failed | RefundStatus::Cancelled) => {
                    Ok(())
                }
            }
        }
        .scope_boxed()
    })
    .await
}

/// Refused when it was sent: only what is still pending, and was not sent again since, fails by that (PROTOCOL.md 19).
///
/// # Errors
/// Those of the database.
pub(super) async fn refuse(
    conn: &mut Connection,
    id: RefundId,
    sends: i32,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let row = lock(conn, id).await?;
            match row.status {
                RefundStatus::Pending if row.sends != sends => Ok(()),
                RefundStatus::Pending => end(conn, &row, RefundStatus::Failed, reason, now).await,
                RefundStatus::Succeeded | RefundStatus::Failed | RefundStatus::Cancelled => Ok(()),
            }
        }
        .scope_boxed()
    })
    .await
}

/// Locks the order first, then reads the refund.
async fn lock(conn: &mut Connection, id: RefundId) -> Result<Row> {
    let order: Option<OrderId> = refunds::table.find(id).select(refunds::order_id).first(conn).await.optional()?;
    read::row(conn, order.ok_or_else(|| Error::not_found("refund"))?, true).await?;
    Ok(refunds::table.find(id).select(Row::as_select()).for_no_key_update().first(conn).await?)
}

/// Keeps the provider's id; another amount than was asked for is told.
async fn note(conn: &mut Connection, row: &Row, view: &RefundView, now: DateTime<Utc>) -> Result<()> {
    if row.provider_refund_id.is_some() {
        return Ok(());
    }
    diesel::update(refunds::table.find(row.id))
        .set((refunds::provider_refund_id.eq(&view.id), refunds::updated_at.eq(now)))
        .prepared()
        .execute(conn)
        .await?;
    let asked = Money::new(row.amount, row.currency);
    if view.amount == Some(asked) {
        return Ok(());
    }
    let got = view.amount.map_or_else(|| "an unreadable amount".to_owned(), |amount| amount.decimal());
    let detail = format!("The refund {} of {} {} came to {got} at Stripe.", row.id, asked.decimal(), asked.currency);
    alerts::raise(conn, AlertKind::RefundMismatch, &row.id.to_string(), Some(row.order_id), &detail, now).await
}

async fn succeed(conn: &mut Connection, row: &Row, now: DateTime<Utc>) -> Result<()> {
    set_status(conn, row.id, RefundStatus::Succeeded, None, now).await?;
    record::refund(conn, row.order_id, row.id).await?;
    derive_payment_status(conn, row.order_id, now).await?;
    let detail = json!({"refund_id": row.id, "amount": Money::new(row.amount, row.currency)});
    timeline::record(conn, row.order_id, EventKind::Refunded, detail, now).await?;
    mail::orders::refunded(conn, row.order_id, row.id, now).await?;
    queue::enqueue(conn, Job::ReverseTax(row.id), &row.id.to_string(), now, now).await?;
    let restock: Vec<(LineItemId, i64)> = refund_line_items::table
        .filter(refund_line_items::refund_id.eq(row.id))
        .filter(refund_line_items::restock.gt(0))
        .select((refund_line_items::line_item_id, refund_line_items::restock))
        .load(conn)
        .await?;
    inventory::restock::restock(conn, row.order_id, &restock, now).await?;
    issue::credit_note(conn, row.id, now).await
}

/// Money and tax are undone, and somebody is told; stock, uses and shipments stay as they physically are.
async fn end(conn: &mut Connection, row: &Row, status: RefundStatus, reason: &str, now: DateTime<Utc>) -> Result<()> {
    set_status(conn, row.id, status, Some(reason), now).await?;
    if row.status == RefundStatus::Succeeded {
        record::refund_undone(conn, row.order_id, row.id).await?;
    }
    free(conn, row, now).await?;
    derive_payment_status(conn, row.order_id, now).await?;
    if row.tax_reversal_id.is_some() {
        queue::enqueue(conn, Job::ReverseTax(row.id), &row.id.to_string(), now, now).await?;
    }
    let detail = json!({"refund_id": row.id, "amount": Money::new(row.amount, row.currency), "reason": reason});
    timeline::record(conn, row.order_id, EventKind::RefundFailed, detail, now).await?;
    let detail = format!(
        "The refund {} of order {} failed: {reason}. The customer still waits for the money.",
        row.id, row.order_id
    );
    alerts::raise(conn, AlertKind::RefundFailed, &row.id.to_string(), Some(row.order_id), &detail, now).await?;
    issue::reverse_credit_note(conn, row.id, now).await
}

/// What the refund claimed of the order and its lines may be refunded again. Units that it took off the order stay off:
/// they may be back on the shelf, or sold.
async fn free(conn: &mut Connection, row: &Row, now: DateTime<Utc>) -> Result<()> {
    let (own, imported) = match row.source {
        RefundSource::Merx => (row.amount, 0),
        RefundSource::Stripe => (0, row.amount),
    };
    diesel::update(orders::table.find(row.order_id))
        .set((
            orders::refund_claimed.eq(orders::refund_claimed - own),
            orders::refund_imported.eq(orders::refund_imported - imported),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    let lines: Vec<(LineItemId, i64, i64, i64)> = refund_line_items::table
        .filter(refund_line_items::refund_id.eq(row.id))
        .select((
            refund_line_items::line_item_id,
            refund_line_items::quantity,
            refund_line_items::amount,
            refund_line_items::tax,
        ))
        .load(conn)
        .await?;
    for (line, quantity, amount, tax) in lines {
        diesel::update(order_line_items::table.find(line))
            .set((
                order_line_items::refunded_quantity.eq(order_line_items::refunded_quantity - quantity),
                order_line_items::refunded_amount.eq(order_line_items::refunded_amount - amount),
                order_line_items::refunded_tax.eq(order_line_items::refunded_tax - tax),
            ))
            .prepared()
            .execute(conn)
            .await?;
    }
    Ok(())
}

async fn set_status(
    conn: &mut Connection,
    id: RefundId,
    status: RefundStatus,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(refunds::table.find(id))
        .set((
            refunds::status.eq(status),
            refunds::failure_reason.eq(reason),
            (status == RefundStatus::Succeeded).then_some(refunds::succeeded_at.eq(now)),
            refunds::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// What was given back of an order, in minor units.
///
/// # Errors
/// Those of the database.
pub async fn refunded(conn: &mut Connection, order: OrderId) -> Result<i64> {
    let amounts: Vec<i64> = refunds::table
        .filter(refunds::order_id.eq(order))
        .filter(refunds::status.eq(RefundStatus::Succeeded))
        .select(refunds::amount)
        .load(conn)
        .await?;
    Ok(amounts.iter().sum())
}

/// The payment status that the sums of captured and refunded money say. Until a payment is known here, there is none; what was
/// refunded of it before counts when it is.
async fn derive_payment_status(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    let refunded = refunded(conn, order).await?;
    let captured: i64 = orders::table.find(order).select(orders::captured).first(conn).await?;
    if captured == 0 {
        return Ok(());
    }
    diesel::update(orders::table.find(order))
        .set((
            orders::payment_status.eq(PaymentStatus::of_ledger(captured, refunded)),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}
