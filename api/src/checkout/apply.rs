//! The one path from what Stripe says to what the shop knows: webhook, return page, reconciler and closer all
//! come here (PROTOCOL.md 11–15). Every change is a compare-and-set; what was applied already has no effect.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};

use super::model::{CheckoutRow, CheckoutStatus, CloseReason};
use super::stock;
use crate::alerts::{self, AlertKind};
use crate::analytics::record;
use crate::carts::model::CartStatus;
use crate::db::schema::{carts, checkouts, orders};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::discounts::uses;
use crate::error::{Error, Result};
use crate::ids::{CartId, CheckoutId, OrderId, TaxCalculationId};
use crate::invoices::issue;
use crate::jobs::{Job, queue};
use crate::mail;
use crate::money::Money;
use crate::orders::cancel::CancelReason;
use crate::orders::model::{OrderStatus, PaymentStatus};
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};
use crate::payments::{SessionView, Standing};
use crate::refunds::apply::derive_payment_status;
use crate::refunds::model::RefundReason;
use crate::refunds::request;
use crate::webhooks_out::events;

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
struct Locked {
    order: OrderRow,
    checkout: CheckoutRow,
}

async fn lock(conn: &mut Connection, id: CheckoutId) -> Result<Locked> {
    let cart = checkouts::table.find(id).select(checkouts::cart_id);
    carts::table.filter(carts::id.eq_any(cart)).select(carts::id).for_no_key_update().execute(conn).await?;
    // PostgreSQL locks the rows in the order of the tables.
    let rows = orders::table
        .inner_join(checkouts::table.on(checkouts::order_id.eq(orders::id)))
        .filter(checkouts::id.eq(id))
        .select((OrderRow::as_select(), CheckoutRow::as_select()))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let (order, checkout) = rows.ok_or_else(|| Error::not_found("checkout"))?;
    Ok(Locked { order, checkout })
}

/// Applies what Stripe says about a checkout's session, in one transaction.
///
/// # Errors
/// Those of the database; a defect when the session's standing was not read.
pub async fn apply(conn: &mut Connection, id: CheckoutId, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let rows = lock(conn, id).await?;
            match session.standing {
                Standing::Open => open(conn, &rows, session, now).await,
                Standing::Paid => paid(conn, &rows, session, now).await,
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
                confirm(conn, &rows, None, now).await
            } else {
                Ok(())
            }
        }
        .scope_boxed()
    })
    .await
}

async fn set_checkout(
    conn: &mut Connection,
    row: &CheckoutRow,
    status: CheckoutStatus,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Result<()> {
    checkout_update(row, status, session, now).execute(conn).await?;
    if status.is_live() { Ok(()) } else { delete_coupon(conn, row, now).await }
}

fn checkout_update(
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
async fn delete_coupon(conn: &mut Connection, row: &CheckoutRow, now: DateTime<Utc>) -> Result<()> {
    if row.coupon_body.is_none() {
        return Ok(());
    }
    queue::enqueue(conn, Job::DeleteCoupon(row.id), &row.id.to_string(), now, now).await
}

async fn open(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    // A page with another total is never given out (PROTOCOL.md 9); it stays to be expired.
    if session.amount == Some(Money::new(rows.order.total, rows.order.currency)) {
        super::open::open(conn, &rows.checkout, session, now).await?;
    }
    Ok(())
}

async fn paid(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    let order = &rows.order;
    if order.status == OrderStatus::Confirmed || order.status == OrderStatus::Completed || order.captured > 0 {
        return Ok(());
    }
    let total = Money::new(order.total, order.currency);
    if !rows.checkout.status.is_live() {
        return give_back(conn, rows, session, now).await;
    }
    if session.amount != Some(total) {
        return review(conn, rows, session, now).await;
    }
    if order.cancel_requested_at.is_some() {
        return cancel_paid(conn, rows, session, now).await;
    }
    confirm(conn, rows, Some(session), now).await
}

/// The order is paid: stock taken, number given, cart completed. `session` is `None` when nothing was to pay.
async fn confirm(
    conn: &mut Connection,
    rows: &Locked,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Result<()> {
    let payment = Payment { amount: rows.order.total, intent: intent_of(session) };
    capture(conn, &rows.order, &payment, OrderStatus::Confirmed, now).await?;
    complete(conn, rows, &payment, session, now).await
}

/// The checkout is completed with its order: cart, sale, stock.
async fn complete(
    conn: &mut Connection,
    rows: &Locked,
    payment: &Payment<'_>,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (order, kind, detail) = (rows.order.id, EventKind::Paid, payment.detail(&rows.order));
    let (email, job) = mail::orders::confirmation(order, now);
    let parts = [
        ("checkout", checkout_update(&rows.checkout, CheckoutStatus::Completed, session, now)),
        ("cart", cart_update(rows.checkout.cart_id, CartStatus::Completed, now)),
        ("entry", timeline::entry(order, kind, &detail, now)),
        ("told", timeline::tell(order, kind, &detail, now)?),
        ("sale", record::sale(order)),
        ("email", email),
    ];
    Statement::together(parts, &job).execute(conn).await?;
    events::of_timeline(conn, order, kind, &detail, now).await?;
    delete_coupon(conn, &rows.checkout, now).await?;
    if rows.order.tax_calculation_id.is_some() {
        queue::enqueue(conn, Job::RecordTax(rows.order.id), &rows.order.id.to_string(), now, now).await?;
    }
    stock::commit(conn, rows.order.id, now).await?;
    issue::invoice(conn, rows.order.id, now).await
}

/// Paid although the shopper asked to cancel meanwhile: give the money back at once and never ship.
async fn cancel_paid(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    let payment = Payment { amount: rows.order.total, intent: intent_of(Some(session)) };
    capture(conn, &rows.order, &payment, OrderStatus::Cancelled, now).await?;
    set_checkout(conn, &rows.checkout, CheckoutStatus::Cancelled, Some(session), now).await?;
    set_cart(conn, rows, CartStatus::Open, now).await?;
    let wish = rows.order.cancel_reason.as_deref();
    let reason = because(conn, rows.order.id, wish.unwrap_or("cancelled")).await?;
    timeline::record(conn, rows.order.id, EventKind::Paid, payment.detail(&rows.order), now).await?;
    timeline::record(conn, rows.order.id, EventKind::Cancelled, json!({"reason": reason}), now).await?;
    mail::orders::cancelled(conn, rows.order.id, false, now).await?;
    let asked: Option<CancelReason> = wish.and_then(|wish| wish.parse().ok());
    let of_refund = asked.map_or(RefundReason::Cancelled, CancelReason::of_refund);
    request::request_all(conn, rows.order.id, of_refund, now).await?;
    uses::release(conn, rows.order.id, now).await?;
    stock::release(conn, rows.order.id, now).await
}

/// Paid although closed: never revived, as the cart may have a new live order. All money goes back (PROTOCOL.md 15).
async fn give_back(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    let Some(paid) = session.amount.filter(|paid| paid.currency == rows.order.currency) else {
        return review(conn, rows, session, now).await;
    };
    let payment = Payment { amount: paid.amount, intent: intent_of(Some(session)) };
    capture(conn, &rows.order, &payment, rows.order.status, now).await?;
    timeline::record(conn, rows.order.id, EventKind::Paid, payment.detail(&rows.order), now).await?;
    request::request_all(conn, rows.order.id, RefundReason::PaidAfterClose, now).await?;
    let detail = format!("Order {} was paid after it was closed; its money is being refunded.", rows.order.id);
    alerts::raise(conn, AlertKind::PaidAfterClose, &rows.order.id.to_string(), Some(rows.order.id), &detail, now).await
}

/// The amount paid is not the order's: flagged for staff, the stock stays held.
async fn review(conn: &mut Connection, rows: &Locked, session: &SessionView, now: DateTime<Utc>) -> Result<()> {
    let order = &rows.order;
    if order.payment_review || order.review_amount.is_some() {
        // It waits for a decision, or was decided about.
        return Ok(());
    }
    diesel::update(orders::table.find(order.id))
        .set((
            orders::payment_review.eq(true),
            orders::review_amount.eq(session.amount.map(|amount| amount.amount)),
            orders::review_currency.eq(session.amount.map(|amount| amount.currency)),
            orders::payment_intent_id.eq(&session.payment_intent_id),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    let got = session.amount.map_or_else(
        || "an unreadable amount".to_owned(),
        |amount| format!("{} {}", amount.decimal(), amount.currency),
    );
    let expected = Money::new(order.total, order.currency);
    let detail = format!(
        "Order {} costs {} {}, but {got} was paid. Accept or refund it.",
        order.id,
        expected.decimal(),
        expected.currency
    );
    timeline::record(conn, order.id, EventKind::PaymentReview, json!({"paid": got}), now).await?;
    alerts::raise(conn, AlertKind::AmountMismatch, &order.id.to_string(), Some(order.id), &detail, now).await
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
async fn end_locked(conn: &mut Connection, rows: &Locked, ending: &Ending, now: DateTime<Utc>) -> Result<()> {
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

/// Money that came.
struct Payment<'a> {
    amount: i64,
    intent: Option<&'a str>,
}

impl Payment<'_> {
    /// For the timeline.
    fn detail(&self, order: &OrderRow) -> Value {
        json!({"amount": Money::new(self.amount, order.currency), "payment_intent_id": self.intent})
    }
}

fn intent_of(session: Option<&SessionView>) -> Option<&str> {
    session.and_then(|session| session.payment_intent_id.as_deref())
}

async fn capture(
    conn: &mut Connection,
    order: &OrderRow,
    payment: &Payment<'_>,
    status: OrderStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    let next_number = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Text>>(
        "COALESCE(number, nextval('order_number_seq')::text)",
    );
    // Only what is confirmed is a sale.
    let bought_before = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Bool>>(
        "EXISTS (SELECT FROM orders AS earlier WHERE lower(earlier.email) = lower(orders.email) \
         AND earlier.bought_before IS NOT NULL)",
    );
    diesel::update(orders::table.find(order.id))
        .set((
            orders::status.eq(status),
            (status == OrderStatus::Confirmed).then_some(orders::bought_before.eq(bought_before)),
            orders::payment_status.eq(PaymentStatus::of_ledger(payment.amount, 0)),
            orders::payment_review.eq(false),
            orders::number.eq(next_number),
            orders::captured.eq(payment.amount),
            orders::payment_intent_id.eq(payment.intent),
            orders::paid_at.eq(now),
            (status == OrderStatus::Cancelled && order.cancelled_at.is_none()).then_some(orders::cancelled_at.eq(now)),
            // No sale: nothing will be recorded, and the cart's next order may be taxed by the same calculation.
            (status == OrderStatus::Cancelled).then_some(orders::tax_calculation_id.eq(None::<TaxCalculationId>)),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

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
        capture(conn, &rows.order, &payment, OrderStatus::Confirmed, now).await?;
        complete(conn, &rows, &payment, None, now).await?;
    } else {
        capture(conn, &rows.order, &payment, OrderStatus::Cancelled, now).await?;
        set_checkout(conn, &rows.checkout, CheckoutStatus::Cancelled, None, now).await?;
        set_cart(conn, &rows, CartStatus::Open, now).await?;
        let reason = because(conn, order, reason.map_or("amount_mismatch", CancelReason::as_str)).await?;
        timeline::record(conn, order, EventKind::Cancelled, json!({"reason": reason}), now).await?;
        mail::orders::cancelled(conn, order, false, now).await?;
    }
    // Somebody may have refunded it at Stripe meanwhile.
    derive_payment_status(conn, order, now).await?;
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

/// Says why an order is cancelled.
async fn because<'reason>(conn: &mut Connection, order: OrderId, reason: &'reason str) -> Result<&'reason str> {
    diesel::update(orders::table.find(order)).set(orders::cancel_reason.eq(reason)).prepared().execute(conn).await?;
    Ok(reason)
}

/// Gives back what an order that was cancelled holds: its discounts' uses, then its stock.
///
/// # Errors
/// Those of the database.
pub async fn release(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    uses::release(conn, order, now).await?;
    stock::release(conn, order, now).await
}

async fn set_cart(conn: &mut Connection, rows: &Locked, status: CartStatus, now: DateTime<Utc>) -> Result<()> {
    cart_update(rows.checkout.cart_id, status, now).execute(conn).await.map(|_| ())
}

fn cart_update(cart: CartId, status: CartStatus, now: DateTime<Utc>) -> Statement {
    Statement::constant("UPDATE carts SET status = $2, version = version + 1, updated_at = $3 WHERE id = $1")
        .with(Bind::Uuid(cart.0))
        .with(Bind::Text(status.to_string()))
        .with(Bind::Time(now))
}
