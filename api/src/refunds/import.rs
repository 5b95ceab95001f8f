//! Refunds that somebody made at Stripe: facts, never refused, taken over as rows of their own (PROTOCOL.md 24).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::apply;
use super::ledger;
use super::model::{RefundReason, RefundSource, RefundStatus};
use super::plan::Ledger;
use crate::alerts::{self, AlertKind};
use crate::db::schema::{orders, refunds};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{OrderId, RefundId};
use crate::jobs::{Job, queue};
use crate::money::Money;
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};
use crate::payments::{RefundOutcome, RefundView};

/// Takes over what Stripe says about a refund, ours or not; answers whether it is of an order of ours.
///
/// # Errors
/// Those of the database.
pub async fn take_over(conn: &mut Connection, view: &RefundView, now: DateTime<Utc>) -> Result<bool> {
    if let Some(id) = find(conn, view).await? {
        apply::apply(conn, id, view, now).await?;
        return Ok(true);
    }
    let Some(intent) = &view.payment_intent_id else { return Ok(false) };
    let order: Option<OrderId> =
        orders::table.filter(orders::payment_intent_id.eq(intent)).select(orders::id).first(conn).await.optional()?;
    let (Some(order), Some(amount)) = (order, view.amount) else { return Ok(false) };
    let id = insert(conn, order, view, amount, now).await?;
    if let Some(id) = id {
        apply::apply(conn, id, view, now).await?;
    }
    Ok(true)
}

/// By Stripe's id, or, before we know that, by ours in its metadata.
async fn find(conn: &mut Connection, view: &RefundView) -> Result<Option<RefundId>> {
    let by_provider = refunds::table.filter(refunds::provider_refund_id.eq(&view.id)).select(refunds::id);
    if let Some(id) = by_provider.first(conn).await.optional()? {
        return Ok(Some(id));
    }
    let Some(id) = view.our_id.as_deref().and_then(|id| id.parse::<RefundId>().ok()) else { return Ok(None) };
    // Whoever copies our metadata into another payment's refund does not make it ours.
    let of_payment = refunds::table.find(id).filter(refunds::provider_refund_id.is_null());
    let of_payment = of_payment.filter(refunds::payment_intent_id.nullable().eq(&view.payment_intent_id));
    Ok(of_payment.select(refunds::id).first(conn).await.optional()?)
}

/// Writes the row, pending, unless another worker just did.
async fn insert(
    conn: &mut Connection,
    order: OrderId,
    view: &RefundView,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<Option<RefundId>> {
    db::transaction(conn, |conn| {
        async move {
            let (order, ledger) = ledger::load(conn, order, true).await?;
            if let Some(known) = find(conn, view).await? {
                return Ok(Some(known));
            }
            if amount.currency != order.currency || amount.amount <= 0 {
                let detail = format!("The refund {} of order {} is in {}.", view.id, order.id, amount.currency);
                alerts::raise(conn, AlertKind::RefundMismatch, &view.id, Some(order.id), &detail, now).await?;
                return Ok(None);
            }
            let id = RefundId::new();
            insert_row(conn, id, &order, &ledger, view, amount, now).await?;
            let detail = json!({"refund_id": id, "amount": amount, "provider_refund_id": view.id});
            timeline::record(conn, order.id, EventKind::RefundImported, detail, now).await?;
            if view.outcome == RefundOutcome::Pending {
                queue::enqueue(conn, Job::SendRefund(id), &id.to_string(), now, now).await?;
            }
            Ok(Some(id))
        }
        .scope_boxed()
    })
    .await
}

async fn insert_row(
    conn: &mut Connection,
    id: RefundId,
    order: &OrderRow,
    ledger: &Ledger,
    view: &RefundView,
    amount: Money,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(refunds::table)
        .values((
            refunds::id.eq(id),
            refunds::order_id.eq(order.id),
            refunds::status.eq(RefundStatus::Pending),
            refunds::source.eq(RefundSource::Stripe),
            refunds::amount.eq(amount.amount),
            refunds::shipping.eq(0),
            refunds::tax.eq(ledger.tax_in(amount.amount)),
            refunds::currency.eq(order.currency),
            refunds::reason.eq(reason(view.reason.as_deref())),
            refunds::requested_by.eq("stripe"),
            refunds::tax_mode.eq("flat"),
            refunds::payment_intent_id.eq(order.payment_intent_id.as_deref().unwrap_or_default()),
            refunds::provider_refund_id.eq(&view.id),
            refunds::sends.eq(1),
            refunds::created_at.eq(now),
            refunds::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    diesel::update(orders::table.find(order.id))
        .set((
            orders::refund_imported.eq(orders::refund_imported + amount.amount),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

fn reason(stripes: Option<&str>) -> RefundReason {
    match stripes {
        Some("duplicate") => RefundReason::Duplicate,
        Some("fraudulent") => RefundReason::Fraudulent,
        Some("requested_by_customer") => RefundReason::RequestedByCustomer,
        Some(_) | None => RefundReason::Other,
    }
}
