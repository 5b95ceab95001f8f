//! Asking for a refund: bounds are checked and everything is written under the order's lock; a job sends it after the
//! commit (PROTOCOL.md 18).

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::ledger;
use super::model::{NewRefund, RefundReason, RefundSource, RefundStatus};
use super::plan::{self, Ask, Ledger, Plan, Refusal};
use crate::db::schema::{order_line_items, orders, refund_line_items, refunds};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::ids::{OrderId, RefundId};
use crate::jobs::{Job, queue};
use crate::money::Money;
use crate::orders::fulfillment_status;
use crate::orders::model::DisputeStatus;
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};

/// Who asks for a refund, and why.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// Why.
    pub reason: RefundReason,
    /// For the shop's own use.
    pub note: Option<&'a str>,
    /// A key's id, `shopper` or `system`.
    pub actor: &'a str,
}

/// For how long the same by somebody else, who does not say that they have seen the first, counts as meant once.
pub const AT_ONCE: TimeDelta = TimeDelta::minutes(10);

/// Writes the refund that staff ask for.
///
/// # Errors
/// `order_not_refundable`, `duplicate_request`, `refund_exceeds_remaining`, `charge_disputed`, `precondition_failed`, `validation_failed`.
pub async fn create(
    conn: &mut Connection,
    id: OrderId,
    new: &NewRefund,
    expected: &Expected,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<RefundId> {
    let (order, ledger) = ledger::load(conn, id, true).await?;
    expected.check(order.version)?;
    let plan = planned(&order, &ledger, new)?;
    if !expected.is_given() {
        require_new(conn, &order, plan.amount, actor, now).await?;
    }
    let cause = Cause { reason: new.reason, note: new.note.as_deref(), actor };
    write(conn, &order, &plan, cause, now).await
}

/// Two people who give the same back at once mean one refund.
async fn require_new(
    conn: &mut Connection,
    order: &OrderRow,
    amount: i64,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let same: Option<RefundId> = refunds::table
        .filter(refunds::order_id.eq(order.id))
        .filter(refunds::source.eq(RefundSource::Merx))
        .filter(refunds::status.eq_any([RefundStatus::Pending, RefundStatus::Succeeded]))
        .filter(refunds::amount.eq(amount))
        .filter(refunds::requested_by.ne(actor))
        .filter(refunds::created_at.gt(now - AT_ONCE))
        .select(refunds::id)
        .first(conn)
        .await
        .optional()?;
    let Some(same) = same else { return Ok(()) };
    let amount = Money::new(amount, order.currency);
    let detail = format!("Somebody else asked for a refund of {} {} a moment ago.", amount.decimal(), amount.currency);
    Err(Error::problem(Code::DuplicateRequest, detail).with("refund_id", same.to_string()))
}

/// What the refund that staff ask for comes to.
///
/// # Errors
/// Those of [`create`].
pub fn planned(order: &OrderRow, ledger: &Ledger, new: &NewRefund) -> Result<Plan> {
    let ask = new.ask(order.currency)?;
    if ledger.captured == 0 {
        let detail = "Nothing was paid for this order, or the payment is still on its way.";
        return Err(Error::problem(Code::OrderNotRefundable, detail));
    }
    require_undisputed(order, new.force)?;
    if ledger.remaining() == 0 {
        let detail = "Everything that was paid for this order was given back, or is on its way.";
        return Err(Error::problem(Code::OrderNotRefundable, detail)
            .with("remaining_refundable", json!(Money::zero(order.currency))));
    }
    plan::plan(ledger, &ask).map_err(|refusal| refused(order, ledger, &ask, &refusal))
}

/// Refuses while a dispute may take the same money, or took it.
///
/// # Errors
/// `charge_disputed`.
pub fn require_undisputed(order: &OrderRow, force: bool) -> Result<()> {
    match order.dispute_status {
        DisputeStatus::Open | DisputeStatus::Lost if !force => {
            let detail = format!(
                "The payment's dispute is {}; what it takes must not be given back twice.",
                order.dispute_status
            );
            Err(Error::problem(Code::ChargeDisputed, detail).with("dispute_status", order.dispute_status.as_str()))
        }
        DisputeStatus::None
        | DisputeStatus::Warning
        | DisputeStatus::Open
        | DisputeStatus::Won
        | DisputeStatus::Lost => Ok(()),
    }
}

fn refused(order: &OrderRow, ledger: &Ledger, ask: &Ask, refusal: &Refusal) -> Error {
    let money = |amount| Money::new(amount, order.currency);
    let said = |amount| format!("{} {}", money(amount).decimal(), order.currency);
    let too_much = |pointer: String, detail: String| {
        let message = format!("`{pointer}` {detail}.");
        Error::problem(Code::RefundExceedsRemaining, message)
            .with_errors(vec![FieldError::new(pointer, "range", detail)])
            .with("remaining_refundable", json!(money(ledger.remaining())))
    };
    let is_amount = matches!(ask, Ask::Amount(_));
    match refusal {
        Refusal::UnknownLine(position) => {
            let pointer = format!("/line_items/{position}/line_item_id");
            Error::invalid(pointer, "unknown", "must be a line of this order, named once")
        }
        Refusal::TooManyUnits(position, left) => {
            too_much(format!("/line_items/{position}/quantity"), format!("may be at most {left}"))
        }
        Refusal::TooMuchShipping(left) => {
            too_much("/shipping/amount".to_owned(), format!("must be between nothing and {}", said(*left)))
        }
        Refusal::TooMuch(left) => {
            let pointer = if is_amount { "/amount/amount" } else { "/line_items" };
            too_much(pointer.to_owned(), format!("must come to at most the {} that are left", said(*left)))
        }
        Refusal::OffStep(step) => {
            let detail = format!("must be a multiple of {step}: {} is charged in such steps", order.currency);
            Error::invalid("/amount/amount", "step", detail)
        }
        Refusal::Nothing => {
            let pointer = if is_amount { "/amount" } else { "/line_items" };
            Error::invalid(pointer, "nothing", "comes to nothing: there is no money to give back for it")
        }
    }
}

/// Asks for everything that was paid for an order to go back, if anything is left.
///
/// # Errors
/// Those of the database.
pub async fn request_all(
    conn: &mut Connection,
    id: OrderId,
    reason: RefundReason,
    now: DateTime<Utc>,
) -> Result<Option<RefundId>> {
    let (order, ledger) = ledger::load(conn, id, true).await?;
    let cause = Cause { reason, note: None, actor: "system" };
    let total = ledger.lines.iter().map(|line| line.total).sum::<i64>() + ledger.shipping;
    let ask = if ledger.captured == total {
        ledger::rest(&ledger, Some(false))
    } else {
        // Another amount than the order's was paid: it is of no line.
        Ask::Amount(ledger.remaining())
    };
    match plan::plan(&ledger, &ask) {
        Ok(plan) => write(conn, &order, &plan, cause, now).await.map(Some),
        Err(Refusal::Nothing) => Ok(None),
        Err(refusal) => Err(Error::Internal(format!("all of {id} cannot be refunded: {refusal:?}"))),
    }
}

/// Writes a planned refund, in the caller's transaction and under the order's lock.
///
/// # Errors
/// A defect when the payment is not known.
pub async fn write(
    conn: &mut Connection,
    order: &OrderRow,
    plan: &Plan,
    cause: Cause<'_>,
    now: DateTime<Utc>,
) -> Result<RefundId> {
    let intent = order.payment_intent_id.as_deref();
    let intent = intent.ok_or_else(|| Error::Internal(format!("{} was paid without a payment", order.id)))?;
    let id = RefundId::new();
    diesel::insert_into(refunds::table)
        .values((
            refunds::id.eq(id),
            refunds::order_id.eq(order.id),
            refunds::status.eq(RefundStatus::Pending),
            refunds::source.eq(RefundSource::Merx),
            refunds::amount.eq(plan.amount),
            refunds::shipping.eq(plan.shipping),
            refunds::tax.eq(plan.tax),
            refunds::currency.eq(order.currency),
            refunds::reason.eq(cause.reason),
            refunds::note.eq(cause.note),
            refunds::requested_by.eq(cause.actor),
            refunds::tax_mode.eq(if plan.by_line { "lines" } else { "flat" }),
            refunds::payment_intent_id.eq(intent),
            refunds::sends.eq(0),
            refunds::created_at.eq(now),
            refunds::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    diesel::update(orders::table.find(order.id))
        .set((
            orders::refund_claimed.eq(orders::refund_claimed + plan.amount),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    write_lines(conn, id, plan).await?;
    fulfillment_status::derive(conn, order.id, now).await?;
    let amount = Money::new(plan.amount, order.currency);
    let detail = json!({"refund_id": id, "amount": amount, "reason": cause.reason, "by": cause.actor});
    timeline::record(conn, order.id, EventKind::RefundRequested, detail, now).await?;
    queue::enqueue(conn, Job::SendRefund(id), &id.to_string(), now, now).await?;
    Ok(id)
}

async fn write_lines(conn: &mut Connection, id: RefundId, plan: &Plan) -> Result<()> {
    let rows: Vec<_> = plan
        .lines
        .iter()
        .map(|line| {
            (
                refund_line_items::refund_id.eq(id),
                refund_line_items::line_item_id.eq(line.id),
                refund_line_items::quantity.eq(line.quantity),
                refund_line_items::amount.eq(line.amount),
                refund_line_items::tax.eq(line.tax),
                refund_line_items::removed.eq(line.removed),
                refund_line_items::restock.eq(line.restock),
            )
        })
        .collect();
    diesel::insert_into(refund_line_items::table).values(rows).execute(conn).await?;
    for line in &plan.lines {
        diesel::update(order_line_items::table.find(line.id))
            .set((
                order_line_items::refunded_quantity.eq(order_line_items::refunded_quantity + line.quantity),
                order_line_items::refunded_amount.eq(order_line_items::refunded_amount + line.amount),
                order_line_items::refunded_tax.eq(order_line_items::refunded_tax + line.tax),
                order_line_items::removed_quantity.eq(order_line_items::removed_quantity + line.newly_removed),
            ))
            .prepared()
            .execute(conn)
            .await?;
    }
    Ok(())
}
