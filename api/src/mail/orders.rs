//! E-mails about orders, to the order's address in the order's language. Each is caused where the order changes, in that
//! transaction.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::EmailKind;
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{AccountRequestId, EmailId, FulfillmentId, OrderId, RefundId};
use crate::jobs::{Job, queue};

/// The order is paid: what writes its e-mail, as `email`, and the job that sends it, for what is written
/// [together](Statement::together) with the payment.
#[must_use]
pub fn confirmation(order: OrderId, now: DateTime<Utc>) -> (Statement, Statement) {
    statements(EmailKind::OrderConfirmation, order, order.0, json!({}), now)
}

/// Its delayed payment is on its way.
///
/// # Errors
/// Those of the database.
pub async fn payment_pending(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    cause(conn, EmailKind::PaymentPending, order, order.0, json!({}), now).await
}

/// Its delayed payment failed.
///
/// # Errors
/// Those of the database.
pub async fn payment_failed(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    cause(conn, EmailKind::PaymentFailed, order, order.0, json!({}), now).await
}

/// It was cancelled after it was paid; `is_rest` when a part of it was sent before.
///
/// # Errors
/// Those of the database.
pub async fn cancelled(conn: &mut Connection, order: OrderId, is_rest: bool, now: DateTime<Utc>) -> Result<()> {
    cause(conn, EmailKind::OrderCancelled, order, order.0, json!({"is_rest": is_rest}), now).await
}

/// A refund of it succeeded.
///
/// # Errors
/// Those of the database.
pub async fn refunded(conn: &mut Connection, order: OrderId, refund: RefundId, now: DateTime<Utc>) -> Result<()> {
    cause(conn, EmailKind::OrderRefunded, order, refund.0, json!({}), now).await
}

/// Goods of it were sent.
///
/// # Errors
/// Those of the database.
pub async fn shipped(
    conn: &mut Connection,
    order: OrderId,
    fulfillment: FulfillmentId,
    now: DateTime<Utc>,
) -> Result<()> {
    cause(conn, EmailKind::OrderShipped, order, fulfillment.0, json!({}), now).await
}

/// Goods that were sent arrived.
///
/// # Errors
/// Those of the database.
pub async fn delivered(
    conn: &mut Connection,
    order: OrderId,
    fulfillment: FulfillmentId,
    now: DateTime<Utc>,
) -> Result<()> {
    cause(conn, EmailKind::OrderDelivered, order, fulfillment.0, json!({}), now).await
}

/// Somebody who knows its number and address asked for a link to it.
///
/// # Errors
/// Those of the database.
pub async fn link(conn: &mut Connection, order: OrderId, request: AccountRequestId, now: DateTime<Utc>) -> Result<()> {
    cause(conn, EmailKind::OrderLink, order, request.0, json!({}), now).await
}

async fn cause(
    conn: &mut Connection,
    kind: EmailKind,
    order: OrderId,
    subject: Uuid,
    data: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let (email, job) = statements(kind, order, subject, data, now);
    Statement::together([("email", email)], job).execute(conn).await.map(|_| ())
}

/// What writes an e-mail, as `email`, and its job.
fn statements(
    kind: EmailKind,
    order: OrderId,
    subject: Uuid,
    data: Value,
    now: DateTime<Utc>,
) -> (Statement, Statement) {
    let id = EmailId::new();
    let email = Statement::constant(
        "INSERT INTO emails (id, kind, recipient, locale, subject_id, data, status, created_at, order_id) \
         SELECT $1, $2, email, locale, $3, $4, 'queued', $5, id FROM orders WHERE id = $6 \
         ON CONFLICT (kind, subject_id, recipient) WHERE resend_of IS NULL DO NOTHING RETURNING id",
    )
    .with(Bind::Uuid(id.0))
    .with(Bind::Text(kind.to_string()))
    .with(Bind::Uuid(subject))
    .with(Bind::json(&data))
    .with(Bind::Time(now))
    .with(Bind::Uuid(order.0));
    (email, queue::queued_if("EXISTS (SELECT FROM email)", Job::SendEmail(id), &id.to_string(), now, now))
}
