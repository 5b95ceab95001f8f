//! What follows from a payment: the order is confirmed, or its money goes back, or staff look at it (PROTOCOL.md 11, 15).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::apply::{Locked, cart_update, checkout_update, delete_coupon, set_cart, set_checkout};
use super::model::CheckoutStatus;
use super::stock;
use crate::alerts::{self, AlertKind};
use crate::analytics::record;
use crate::carts::model::CartStatus;
use crate::db::schema::orders;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, Prepare};
use crate::discounts::uses;
use crate::error::Result;
use crate::ids::OrderId;
use crate::invoices::issue;
use crate::jobs::{Job, queue};
use crate::mail;
use crate::money::Money;
use crate::orders::cancel::CancelReason;
use crate::orders::model::{OrderStatus, PaymentStatus};
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};
use crate::payments::SessionView;
use crate::refunds::apply::refunded;
use crate::refunds::model::RefundReason;
use crate::refunds::request;
use crate::settings;
use crate::webhooks_out::events;

/// The session is paid.
///
/// # Errors
/// Those of the database.
pub(super) async fn paid(
    conn: &mut Connection,
    rows: &Locked,
    session: &SessionView,
    now: DateTime<Utc>,
) -> Result<()> {
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

/// The order is paid. `session` is `None` when nothing was to pay.
///
/// # Errors
/// Those of the database.
pub(super) async fn confirm(
    conn: &mut Connection,
    rows: &Locked,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Result<()> {
    let payment = Payment { amount: rows.order.total, intent: intent_of(session) };
    complete(conn, rows, &payment, session, now).await
}

/// The order is confirmed by a payment: number given, checkout and cart completed, sale noted, stock taken.
///
/// # Errors
/// Those of the database.
pub(super) async fn complete(
    conn: &mut Connection,
    rows: &Locked,
    payment: &Payment<'_>,
    session: Option<&SessionView>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (order, kind, detail) = (rows.order.id, EventKind::Paid, payment.detail(&rows.order));
    let (email, job) = mail::orders::confirmation(order, now);
    let refunded = refunded_before(conn, &rows.order).await?;
    let parts = [
        ("captured", captured(&rows.order, payment, refunded, OrderStatus::Confirmed, now)),
        ("checkout", checkout_update(&rows.checkout, CheckoutStatus::Completed, session, now)),
        ("cart", cart_update(rows.checkout.cart_id, CartStatus::Completed, now)),
        ("entry", timeline::entry(order, kind, &detail, now)),
        ("told", timeline::tell(order, kind, &detail, now)?),
        ("sale", record::sale(order)),
        ("email", email),
    ];
    let webhooks = events::telling("captured", order, kind, &detail, now)
        .into_iter()
        .flat_map(|(parts, jobs)| parts.into_iter().chain([("webhooks", jobs)]));
    Statement::together(parts.into_iter().chain(webhooks), job).execute(conn).await?;
    delete_coupon(conn, &rows.checkout, now).await?;
    if rows.order.tax_calculation_id.is_some() {
        queue::enqueue(conn, Job::RecordTax(rows.order.id), &rows.order.id.to_string(), now, now).await?;
    }
    stock::commit(conn, rows.order.id, now).await?;
    issue::invoice(conn, rows.order.id, settings::of_document(rows.invoicing.as_ref())?, now).await
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

/// Money that came.
pub(super) struct Payment<'a> {
    pub(super) amount: i64,
    pub(super) intent: Option<&'a str>,
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

/// Notes the money, and what an order becomes by it that is not confirmed.
///
/// # Errors
/// Those of the database.
pub(super) async fn capture(
    conn: &mut Connection,
    order: &OrderRow,
    payment: &Payment<'_>,
    status: OrderStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    let refunded = refunded_before(conn, order).await?;
    captured(order, payment, refunded, status, now).execute(conn).await.map(|_| ())
}

/// What somebody gave back at Stripe before the payment was known here.
async fn refunded_before(conn: &mut Connection, order: &OrderRow) -> Result<i64> {
    if order.refund_imported == 0 { Ok(0) } else { refunded(conn, order.id).await }
}

/// Only what is confirmed is a sale. Of what is cancelled nothing will be recorded, and the cart's next order may be taxed by the
/// same calculation.
const CAPTURE: &str = "
    UPDATE orders SET status = $2, payment_status = $3, payment_review = false, captured = $4, payment_intent_id = $5,
        number = COALESCE(number, nextval('order_number_seq')::text),
        bought_before = CASE WHEN $2 = 'confirmed' THEN EXISTS (SELECT FROM orders AS earlier
            WHERE lower(earlier.email) = lower(orders.email) AND earlier.bought_before IS NOT NULL) ELSE bought_before END,
        cancelled_at = CASE WHEN $2 = 'cancelled' THEN COALESCE(cancelled_at, $6) ELSE cancelled_at END,
        tax_calculation_id = CASE WHEN $2 = 'cancelled' THEN NULL ELSE tax_calculation_id END,
        paid_at = $6, updated_at = $6, version = version + 1
    WHERE id = $1
    RETURNING id, number, status, payment_status, fulfillment_status, total, currency";

fn captured(
    order: &OrderRow,
    payment: &Payment<'_>,
    refunded: i64,
    status: OrderStatus,
    now: DateTime<Utc>,
) -> Statement {
    Statement::constant(CAPTURE)
        .with(Bind::Uuid(order.id.0))
        .with(Bind::Text(status.to_string()))
        .with(Bind::Text(PaymentStatus::of_ledger(payment.amount, refunded).to_string()))
        .with(Bind::Int(payment.amount))
        .with(Bind::NullableText(payment.intent.map(str::to_owned)))
        .with(Bind::Time(now))
}

/// Says why an order is cancelled.
///
/// # Errors
/// Those of the database.
pub(super) async fn because<'reason>(
    conn: &mut Connection,
    order: OrderId,
    reason: &'reason str,
) -> Result<&'reason str> {
    diesel::update(orders::table.find(order)).set(orders::cancel_reason.eq(reason)).prepared().execute(conn).await?;
    Ok(reason)
}
