//! The one path from what Stripe says to what the shop knows: webhook, return page, reconciler and closer all
//! come here (PROTOCOL.md 11–15). Every change is a compare-and-set; what was applied already has no effect.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};

use super::model::{CheckoutRow, CheckoutStatus, CloseReason};
use super::{paid, stock};
use crate::carts::model::CartStatus;
use crate::db::schema::{carts, checkouts, orders, settings};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::discounts::uses;
use crate::error::{Error, Result};
use crate::ids::{CartId, CheckoutId, OrderId, TaxCalculationId};
use crate::jobs::{Job, queue};
use crate::mail;
use crate::money::Money;
use crate::orders::model::{OrderStatus, PaymentStatus};
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};
use crate::payments::{SessionView, Standing};
use crate::settings::SettingsKind;

/// How long a delayed payment's hold is shown to last: bank debits take days. At its end a person is told; the stock is
/// released by the payment's failure only.
const DELAYED_HOLD: TimeDelta = TimeDelta::days(14);

/// How a checkout ends without being paid.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    status: CheckoutStatus,
    reason: String,
    payment_failed: bool,
    is_cancellation: bool,
}

impl Ending {
    /// Closed for a reason of ours.
    pub(super) fn by(reason: CloseReason) -> Self {
        let is_cancellation = reason == CloseReason::Cancelled;
        Self { status: reason.outcome(), reason: reason.to_string(), payment_failed: false, is_cancellation }
    }

    /// Stripe refused.
    pub(super) fn failed(reason: &str) -> Self {
        let (status, reason) = (CheckoutStatus::Failed, reason.to_owned());
        Self { status, reason, payment_failed: false, is_cancellation: false }
    }

    fn payment_failed() -> Self {
        Self { payment_failed: true, ..Self::failed("payment_failed") }
    }
}

/// The locked rows of a checkout, in lock order: cart, order, checkout.
pub(super) struct Locked {
    pub(super) order: OrderRow,
    pub(super) checkout: CheckoutRow,
    /// How the shop issues invoices, if that was ever set.
    pub(super) invoicing: Option<Value>,
}

/// Locks the rows of a checkout.
///
/// # Errors
/// Those of the database.
pub(super) async fn lock(conn: &mut Connection, id: CheckoutId) -> Result<Locked> {
    let invoicing = settings::table.find(SettingsKind::Invoices).select(settings::body).single_value();
    // PostgreSQL locks the rows in the order of the tables, and answers each as it is under its lock.
    let rows = carts::table
        .inner_join(orders::table.on(orders::cart_id.eq(carts::id)))
        .inner_join(checkouts::table.on(checkouts::order_id.eq(orders::id)))
        .filter(checkouts::id.eq(id))
        .select((OrderRow::as_select(), CheckoutRow::as_select(), invoicing))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let (order, checkout, invoicing) = rows.ok_or_else(|| Error::not_found("checkout"))?;
    Ok(Locked { order, checkout, invoicing })
}

impl Locked {
    /// Whether it is the checkout's session: the one that we know, or that names the order before we know one.
    fn is_of(&self, session: &SessionView) -> bool {
        match &self.checkout.session_id {
            Some(known) => *known == session.id,
            None => session.client_reference_id.as_deref() == Some(self.order.id.to_string().as_str()),
        }
    }
}

/// Applies what Stripe says about a checkout's session, in one transaction. Answers `false`, without effect, when the session is
/// not the checkout's.
///
/// # Errors
/// Those of the database; `not_found`; a defect when the session's standing was not read.
pub async fn apply(conn: &mut Connection, id: CheckoutId, session: &SessionView, now: DateTime<Utc>) -> Result<bool> {
    db::transaction(conn, |conn| {
        async move {
            let rows = lock(conn, id).await?;
            if !rows.is_of(session) {
                return Ok(false);
            }
            match session.standing {
                Standing::Open => open(conn, &rows, session, now).await,
                Standing::Paid => paid::paid(conn, &rows, session, now).await,
                Standing::Processing => processing(conn, &rows, session, now).await,
                Standing::Failed => end_locked(conn, &rows, &Ending::payment_failed(), now).await,
                Standing::Expired => {
                    let reason = rows.checkout.close_reason.unwrap_or(CloseReason::HoldExpired);
                    end_locked(conn, &rows, &Ending::by(reason), now).await
                }
                Standing::Undecided => {
                    Err(Error::Internal("a session was applied without its PaymentIntent".to_owned()))
                }
            }
            .map(|()| true)
        }
        .scope_boxed()
    })
    .await
}

/// Ends a checkout that is certainly not payable, inside the caller's transaction.
///
/// # Errors
/// Those of the database.
pub(super) async fn end(conn: &mut Connection, id: CheckoutId, ending: &Ending, now: DateTime<Utc>) -> Result<()> {
    let rows = lock(conn, id).await?;
    end_locked(conn, &rows, ending, now).await
}

/// Completes a checkout that costs nothing, without Stripe.
///
/// # Errors
/// Those of the database.
pub(super) async fn free(conn: &mut Connection, id: CheckoutId, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let rows = lock(conn, id).await?;
            if rows.checkout.status.is_live() && rows.order.total == 0 {
                paid::confirm(conn, &rows, None, now).await
            } else {
                Ok(())
            }
        }
        .scope_boxed()
    })
    .await
}

/// Sets where the checkout stands.
///
/// # Errors
/// Those of the database.
pub(super) async fn set_checkout(
    conn: &mut Connection,
    row: &CheckoutRow,
    status: CheckoutStatus,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Result<()> {
    checkout_update(row, status, session, now).execute(conn).await?;
    if status.is_live() { Ok(()) } else { delete_coupon(conn, row, now).await }
}

pub(super) fn checkout_update(
    row: &CheckoutRow,
    status: CheckoutStatus,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Statement {
    Statement::constant(
        "UPDATE checkouts SET status = $2, session_id = COALESCE($3, session_id), url = COALESCE($4, url), updated_at = $5 \
         WHERE id = $1",
    )
    .with(Bind::Uuid(row.id.0))
    .with(Bind::Text(status.to_string()))
    .with(Bind::NullableText(session.map(|session| session.id.clone())))
    .with(Bind::NullableText(session.and_then(|session| session.url.clone())))
    .with(Bind::Time(now))
}

/// The coupon of a checkout that is over is of no more use.
///
/// # Errors
/// Those of the database.
pub(super) async fn delete_coupon(conn: &mut Connection, row: &CheckoutRow, now: DateTime<Utc>) -> Result<()> {
    if row.coupon_body.is_none() {
        return Ok(());
    }
    queue::enqueue(conn, Job::DeleteCoupon(row.id), &row.id.to_string(), now, now).await
}

async fn open(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    // A page with another total is never given out (PROTOCOL.md 9); it stays to be expired.
    if session.amount == Some(Money::new(rows.order.total, rows.order.currency)) {
        super::open::open(conn, &rows.checkout, session, None, now).await?;
    }
    Ok(())
}

/// The payment is on its way: the hold stays until its outcome.
async fn processing(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    if !rows.checkout.status.is_live() || rows.order.payment_status != PaymentStatus::Unpaid {
        return Ok(());
    }
    set_checkout(conn, &rows.checkout, CheckoutStatus::Open, Some(session), now).await?;
    diesel::update(checkouts::table.find(rows.checkout.id))
        .set(checkouts::hold_expires_at.eq(now + DELAYED_HOLD))
        .prepared()
        .execute(conn)
        .await?;
    diesel::update(orders::table.find(rows.order.id))
        .set((
            orders::payment_status.eq(PaymentStatus::Processing),
            orders::payment_intent_id.eq(&session.payment_intent_id),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    mail::orders::payment_pending(conn, rows.order.id, now).await?;
    timeline::record(conn, rows.order.id, EventKind::PaymentProcessing, json!({}), now).await
}

/// Closes a live checkout: order cancelled, cart open again, stock released.
///
/// # Errors
/// Those of the database.
pub(super) async fn end_locked(
    conn: &mut Connection,
    rows: &Locked,
    ending: &Ending,
    now: DateTime<Utc>,
) -> Result<()> {
    if !rows.checkout.status.is_live() {
        return Ok(());
    }
    set_checkout(conn, &rows.checkout, ending.status, None, now).await?;
    // A cancellation that was asked for has its own reason.
    let reason = rows.order.cancel_reason.as_deref().filter(|_| ending.is_cancellation).unwrap_or(&ending.reason);
    let payment_status = if ending.payment_failed { PaymentStatus::Failed } else { PaymentStatus::Unpaid };
    diesel::update(orders::table.find(rows.order.id))
        .set((
            orders::status.eq(OrderStatus::Cancelled),
            orders::payment_status.eq(payment_status),
            orders::cancel_reason.eq(reason),
            orders::cancelled_at.eq(now),
            // The cart's next order may be taxed by the same calculation, as nothing was recorded.
            orders::tax_calculation_id.eq(None::<TaxCalculationId>),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    set_cart(conn, rows, CartStatus::Open, now).await?;
    if ending.payment_failed {
        timeline::record(conn, rows.order.id, EventKind::PaymentFailed, json!({}), now).await?;
        mail::orders::payment_failed(conn, rows.order.id, now).await?;
    }
    let detail = json!({"reason": reason, "checkout_id": rows.checkout.id});
    timeline::record(conn, rows.order.id, EventKind::Cancelled, detail, now).await?;
    uses::release(conn, rows.order.id, now).await?;
    stock::release(conn, rows.order.id, now).await
}

/// Gives back what an order that was cancelled holds: its discounts' uses, then its stock.
///
/// # Errors
/// Those of the database.
pub async fn release(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    uses::release(conn, order, now).await?;
    stock::release(conn, order, now).await
}

/// Sets what the cart is doing.
///
/// # Errors
/// Those of the database.
pub(super) async fn set_cart(
    conn: &mut Connection,
    rows: &Locked,
    status: CartStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    cart_update(rows.checkout.cart_id, status, now).execute(conn).await.map(|_| ())
}

pub(super) fn cart_update(cart: CartId, status: CartStatus, now: DateTime<Utc>) -> Statement {
    Statement::constant("UPDATE carts SET status = $2, version = version + 1, updated_at = $3 WHERE id = $1")
        .with(Bind::Uuid(cart.0))
        .with(Bind::Text(status.to_string()))
        .with(Bind::Time(now))
}
