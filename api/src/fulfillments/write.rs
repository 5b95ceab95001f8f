//! Recording what is sent, under the order's lock: what was cancelled or sent meanwhile is not sent again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::change::Tracking;
use super::model::{FulfillmentLine, NewFulfillment, ShipmentStatus};
use super::tracker;
use crate::db::schema::{fulfillment_line_items, fulfillments, order_line_items};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::ids::{FulfillmentId, LineItemId, OrderId};
use crate::mail;
use crate::orders::fulfillment_status;
use crate::orders::model::{DisputeStatus, OrderStatus, PaymentStatus};
use crate::orders::read::OrderRow;
use crate::orders::timeline::{self, EventKind};
use crate::refunds::ledger;
use crate::refunds::plan::Line;
use crate::refunds::request::AT_ONCE;

/// Records a shipment.
///
/// # Errors
/// `order_not_fulfillable`, `duplicate_request`, `charge_disputed`, `precondition_failed`, `validation_failed`.
pub async fn create(
    conn: &mut Connection,
    id: OrderId,
    new: &NewFulfillment,
    expected: &Expected,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<FulfillmentId> {
    let (order, ledger) = ledger::load(conn, id, true).await?;
    expected.check(order.version)?;
    require_paid(&order, new.force)?;
    let lines = lines(new, &ledger.lines)?;
    if !expected.is_given() {
        require_new(conn, id, &lines, actor, now).await?;
    }
    let tracking = Tracking::of(new.carrier.clone(), new.tracking_number.clone(), new.tracking_url.clone());
    let fulfillment = FulfillmentId::new();
    diesel::insert_into(fulfillments::table)
        .values((
            fulfillments::id.eq(fulfillment),
            fulfillments::order_id.eq(id),
            fulfillments::status.eq(ShipmentStatus::Pending),
            &tracking,
            fulfillments::created_by.eq(actor),
            fulfillments::created_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    for line in &lines {
        diesel::insert_into(fulfillment_line_items::table)
            .values((
                fulfillment_line_items::fulfillment_id.eq(fulfillment),
                fulfillment_line_items::line_item_id.eq(line.line_item_id),
                fulfillment_line_items::quantity.eq(line.quantity),
            ))
            .prepared()
            .execute(conn)
            .await?;
        diesel::update(order_line_items::table.find(line.line_item_id))
            .set(order_line_items::fulfilled_quantity.eq(order_line_items::fulfilled_quantity + line.quantity))
            .prepared()
            .execute(conn)
            .await?;
    }
    if tracking.can_be_asked_for() {
        tracker::enqueue(conn, fulfillment, now).await?;
    }
    fulfillment_status::derive(conn, id, now).await?;
    crate::orders::read::touch(conn, id, now).await?;
    let detail = json!({"fulfillment_id": fulfillment, "line_items": lines, "by": actor});
    timeline::record(conn, id, EventKind::Fulfilled, detail, now).await?;
    // Else there is nothing to tell before it leaves.
    if new.carrier.is_some() || new.tracking_number.is_some() {
        mail::orders::shipped(conn, id, fulfillment, now).await?;
    }
    Ok(fulfillment)
}

/// Two people who send the same at once mean one parcel.
async fn require_new(
    conn: &mut Connection,
    id: OrderId,
    lines: &[FulfillmentLine],
    actor: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let recent: Vec<FulfillmentId> = fulfillments::table
        .filter(fulfillments::order_id.eq(id))
        .filter(fulfillments::created_by.ne(actor))
        .filter(fulfillments::created_at.gt(now - AT_ONCE))
        .filter(fulfillments::status.ne(ShipmentStatus::Cancelled))
        .select(fulfillments::id)
        .load(conn)
        .await?;
    let mut wanted: Vec<(LineItemId, i64)> = lines.iter().map(|line| (line.line_item_id, line.quantity)).collect();
    wanted.sort_unstable();
    for fulfillment in recent {
        let mut sent: Vec<(LineItemId, i64)> = fulfillment_line_items::table
            .filter(fulfillment_line_items::fulfillment_id.eq(fulfillment))
            .select((fulfillment_line_items::line_item_id, fulfillment_line_items::quantity))
            .load(conn)
            .await?;
        sent.sort_unstable();
        if sent == wanted {
            let detail = "Somebody else recorded the same units as sent a moment ago.";
            return Err(Error::problem(Code::DuplicateRequest, detail).with("fulfillment_id", fulfillment.to_string()));
        }
    }
    Ok(())
}

fn require_paid(order: &OrderRow, force: bool) -> Result<()> {
    let refuse = |detail: &str| Err(Error::problem(Code::OrderNotFulfillable, detail));
    match order.status {
        OrderStatus::Pending => return refuse("The order is not paid yet."),
        OrderStatus::Cancelled => return refuse("The order is cancelled."),
        OrderStatus::Completed => return refuse("Everything was sent already."),
        OrderStatus::Confirmed => {}
    }
    if matches!(order.dispute_status, DisputeStatus::Open | DisputeStatus::Lost) && !force {
        let detail = "The payment is disputed: goods that are sent now may never be paid for.";
        return Err(Error::problem(Code::ChargeDisputed, detail));
    }
    if order.payment_status == PaymentStatus::Refunded && !force {
        return refuse("All its money was given back. Send `force: true` if it is to be sent all the same.");
    }
    Ok(())
}

/// What is to be sent: as asked for, or everything that is left.
fn lines(new: &NewFulfillment, known: &[Line]) -> Result<Vec<FulfillmentLine>> {
    let Some(asked) = &new.line_items else {
        let left = known.iter().filter(|line| line.unsent() > 0);
        let all: Vec<FulfillmentLine> =
            left.map(|line| FulfillmentLine { line_item_id: line.id, quantity: line.unsent() }).collect();
        return match all.is_empty() {
            true => Err(Error::problem(Code::OrderNotFulfillable, "Nothing of the order is left to be sent.")),
            false => Ok(all),
        };
    };
    for (position, line) in asked.iter().enumerate() {
        let pointer = |member: &str| format!("/line_items/{position}/{member}");
        let is_twice = asked.iter().take(position).any(|other| other.line_item_id == line.line_item_id);
        let Some(found) = known.iter().find(|known| known.id == line.line_item_id && !is_twice) else {
            let detail = "must be a line of this order, named once";
            return Err(Error::invalid(pointer("line_item_id"), "unknown", detail));
        };
        if line.quantity > found.unsent() {
            let detail = format!("may be at most {}", found.unsent());
            let message = format!("`{}` {detail}.", pointer("quantity"));
            return Err(Error::problem(Code::OrderNotFulfillable, message).with_errors(vec![FieldError::new(
                pointer("quantity"),
                "range",
                detail,
            )]));
        }
    }
    Ok(asked.clone())
}
