//! Sending a refund (PROTOCOL.md 18–20): one key for ever, and whoever is not the first to send looks first.

use scoped_futures::ScopedFutureExt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::RefundStatus;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::{orders, refunds};
use crate::db::{self, Connection};
use crate::error::{Error, Result};
use crate::ids::{OrderId, RefundId};
use crate::money::{Currency, Money};
use crate::orders::model::PaymentStatus;
use crate::orders::read;
use crate::orders::timeline::{self, EventKind};
use crate::payments::{ProviderError, RefundOutcome, RefundView};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refunds)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    order_id: OrderId,
    status: RefundStatus,
    amount: i64,
    currency: Currency,
    payment_intent_id: String,
    provider_refund_id: Option<String>,
}

/// Sends a pending refund, or finds out how it stands.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn send(app: &Arc<App>, id: RefundId) -> Result<()> {
    let (row, sends) = {
        let mut conn = app.connection().await?;
        // Counted before sending: a later sender then knows that it is not the first.
        let sends: Option<i32> =
            diesel::update(refunds::table.find(id).filter(refunds::status.eq(RefundStatus::Pending)))
                .set((refunds::sends.eq(refunds::sends + 1), refunds::updated_at.eq(app.clock.now())))
                .returning(refunds::sends)
                .get_result(&mut conn)
                .await
                .optional()?;
        let Some(sends) = sends else { return Ok(()) };
        let row: Row = refunds::table.find(id).select(Row::as_select()).first(&mut conn).await?;
        (row, sends)
    };
    let our_id = id.to_string();
    let found = if sends > 1 { app.stripe.find_refund(&our_id, &row.payment_intent_id).await? } else { None };
    let view = match found {
        Some(view) => view,
        None => {
            let amount = Money::new(row.amount, row.currency);
            match app.stripe.create_refund(&our_id, &row.payment_intent_id, amount).await {
                Ok(view) => {
                    app.faults.point("after_refund").await;
                    view
                }
                Err(ProviderError::Rejected { public_message, .. }) => {
                    let mut conn = app.connection().await?;
                    return refuse(&mut conn, id, &public_message, app.clock.now()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let mut conn = app.connection().await?;
    apply(&mut conn, id, &view, app.clock.now()).await?;
    if view.outcome == RefundOutcome::Pending {
        tracing::info!(refund.id = %id, "The refund is on its way; the reconciler asks again");
    }
    Ok(())
}

/// Applies what Stripe says about a refund; `failed` is final whatever comes later.
///
/// # Errors
/// Those of the database.
pub async fn apply(conn: &mut Connection, id: RefundId, view: &RefundView, now: DateTime<Utc>) -> Result<()> {
    match view.outcome {
        RefundOutcome::Pending => note(conn, id, &view.id, now).await,
        RefundOutcome::Succeeded => succeed(conn, id, &view.id, now).await,
        RefundOutcome::Failed | RefundOutcome::Cancelled => {
            let reason = view.failure_reason.as_deref().unwrap_or("cancelled at the provider");
            fail(conn, id, Some(&view.id), reason, now).await
        }
    }
}

async fn note(conn: &mut Connection, id: RefundId, provider_id: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(refunds::table.find(id).filter(refunds::provider_refund_id.is_null()))
        .set((refunds::provider_refund_id.eq(provider_id), refunds::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks the order first, then reads the refund.
async fn lock(conn: &mut Connection, id: RefundId) -> Result<Row> {
    let order: Option<OrderId> = refunds::table.find(id).select(refunds::order_id).first(conn).await.optional()?;
    read::row(conn, order.ok_or_else(|| Error::not_found("refund"))?, true).await?;
    Ok(refunds::table.find(id).select(Row::as_select()).for_no_key_update().first(conn).await?)
}

async fn succeed(conn: &mut Connection, id: RefundId, provider_id: &str, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let row = lock(conn, id).await?;
            if row.status != RefundStatus::Pending {
                return Ok(());
            }
            set(conn, id, RefundStatus::Succeeded, Some(provider_id), None, now).await?;
            derive_payment_status(conn, row.order_id, now).await?;
            let amount = Money::new(row.amount, row.currency);
            timeline::record(conn, row.order_id, EventKind::Refunded, json!({"refund_id": id, "amount": amount}), now)
                .await
        }
        .scope_boxed()
    })
    .await
}

/// Refused when it was sent: only what is still pending fails by that (PROTOCOL.md 19).
async fn refuse(conn: &mut Connection, id: RefundId, reason: &str, now: DateTime<Utc>) -> Result<()> {
    let status: RefundStatus = refunds::table.find(id).select(refunds::status).first(conn).await?;
    if status == RefundStatus::Pending { fail(conn, id, None, reason, now).await } else { Ok(()) }
}

async fn fail(
    conn: &mut Connection,
    id: RefundId,
    provider_id: Option<&str>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let row = lock(conn, id).await?;
            if matches!(row.status, RefundStatus::Failed | RefundStatus::Cancelled) {
                return Ok(());
            }
            let provider_id = provider_id.or(row.provider_refund_id.as_deref());
            set(conn, id, RefundStatus::Failed, provider_id, Some(reason), now).await?;
            derive_payment_status(conn, row.order_id, now).await?;
            timeline::record(
                conn,
                row.order_id,
                EventKind::RefundFailed,
                json!({"refund_id": id, "reason": reason}),
                now,
            )
            .await?;
            let detail = format!(
                "The refund {id} of order {} failed: {reason}. The customer still waits for the money.",
                row.order_id
            );
            alerts::raise(conn, AlertKind::RefundFailed, &id.to_string(), Some(row.order_id), &detail, now).await
        }
        .scope_boxed()
    })
    .await
}

async fn set(
    conn: &mut Connection,
    id: RefundId,
    status: RefundStatus,
    provider_id: Option<&str>,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(refunds::table.find(id))
        .set((
            refunds::status.eq(status),
            refunds::provider_refund_id.eq(provider_id),
            refunds::failure_reason.eq(reason),
            refunds::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn derive_payment_status(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    let refunded: Vec<i64> = refunds::table
        .filter(refunds::order_id.eq(order))
        .filter(refunds::status.eq(RefundStatus::Succeeded))
        .select(refunds::amount)
        .load(conn)
        .await?;
    let captured: i64 = orders::table.find(order).select(orders::captured).first(conn).await?;
    diesel::update(orders::table.find(order))
        .set((
            orders::payment_status.eq(PaymentStatus::of_ledger(captured, refunded.iter().sum())),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
