//! What staff decide about a payment of another amount.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::apply::{Ending, Locked, end_locked, lock, set_cart, set_checkout};
use super::model::{CheckoutStatus, CloseReason};
use super::paid::{Payment, because, capture, complete};
use crate::carts::model::CartStatus;
use crate::db::schema::{checkouts, orders};
use crate::db::{Connection, Prepare};
use crate::error::{Error, Result};
use crate::ids::{CheckoutId, OrderId};
use crate::mail;
use crate::money::Money;
use crate::orders::cancel::CancelReason;
use crate::orders::model::OrderStatus;
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};

/// What staff decided about a payment of another amount: the order is paid with it, or cancelled. Answers the order as
/// it was under the locks; nothing was changed unless that still waited for the decision.
///
/// # Errors
/// Those of the database.
pub async fn settle_review(
    conn: &mut Connection,
    order: OrderId,
    paid: Money,
    accepted: bool,
    reason: Option<CancelReason>,
    now: DateTime<Utc>,
) -> Result<OrderRow> {
    let rows = lock_of(conn, order).await?;
    if !rows.order.payment_review || !rows.checkout.status.is_live() {
        return Ok(rows.order);
    }
    let intent = rows.order.payment_intent_id.clone();
    let payment = Payment { amount: paid.amount, intent: intent.as_deref() };
    if accepted {
        complete(conn, &rows, &payment, None, now).await?;
    } else {
        capture(conn, &rows.order, &payment, OrderStatus::Cancelled, now).await?;
        set_checkout(conn, &rows.checkout, CheckoutStatus::Cancelled, None, now).await?;
        set_cart(conn, &rows, CartStatus::Open, now).await?;
        let reason = because(conn, order, reason.map_or("amount_mismatch", CancelReason::as_str)).await?;
        timeline::record(conn, order, EventKind::Cancelled, json!({"reason": reason}), now).await?;
        mail::orders::cancelled(conn, order, false, now).await?;
    }
    Ok(rows.order)
}

/// Ends an order that was paid in a way that cannot be refunded from here. Answers the order as it was under the locks;
/// nothing was changed unless that still waited for the decision.
///
/// # Errors
/// Those of the database.
pub async fn dismiss_review(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<OrderRow> {
    let rows = lock_of(conn, order).await?;
    if rows.order.payment_review {
        diesel::update(orders::table.find(order))
            .set((
                orders::payment_review.eq(false),
                orders::version.eq(orders::version + 1),
                orders::updated_at.eq(now),
            ))
            .prepared()
            .execute(conn)
            .await?;
        end_locked(conn, &rows, &Ending::by(CloseReason::Cancelled), now).await?;
    }
    Ok(rows.order)
}

async fn lock_of(conn: &mut Connection, order: OrderId) -> Result<Locked> {
    let checkout = checkouts::table.filter(checkouts::order_id.eq(order)).select(checkouts::id);
    let checkout: Option<CheckoutId> = checkout.first(conn).await.optional()?;
    lock(conn, checkout.ok_or_else(|| Error::not_found("order"))?).await
}
