//! What follows a sale: the parcel, and of a few orders a dispute.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use serde_json::json;

use super::orders::{Order, Writer};
use super::people::Person;
use super::refunds::Fate;
use crate::ids::{DisputeId, FulfillmentId, OrderId};

/// Sends the goods after a day or two, unless that is still to come. Answers when.
pub(super) fn ship(writer: &mut Writer, order: &mut Order, person: &Person) -> Option<DateTime<Utc>> {
    let age = writer.now - order.paid_at;
    let wait = TimeDelta::hours(writer.random.random_range(14..60));
    if age < wait {
        return None;
    }
    let (sent_at, travel) = (order.paid_at + wait, TimeDelta::hours(writer.random.random_range(22..96)));
    let arrived_at = (age > wait + travel).then_some(sent_at + travel);
    let id = writer.id(sent_at);
    let tracking = format!("JD{:018}", writer.random.random_range(0..1_000_000_000_000_000_u64));
    let status = if arrived_at.is_some() { "delivered" } else { "in_transit" };
    let row = json!({
        "id": id, "order_id": order.id, "carrier": "DHL", "tracking_number": tracking, "created_by": "demo", "created_at": sent_at,
        "status": status, "shipped_at": sent_at, "delivered_at": arrived_at,
    });
    writer.rows.push("fulfillments", row);
    for line in &mut order.lines {
        line.fulfilled = line.quantity;
        let row = json!({"fulfillment_id": id, "line_item_id": line.id, "quantity": line.quantity});
        writer.rows.push("fulfillment_line_items", row);
    }
    order.status = "completed";
    order.fulfillment_status = if arrived_at.is_some() { "delivered" } else { "fulfilled" };
    let name = FulfillmentId(id).to_string();
    writer.happened(order.id, "fulfilled", json!({"fulfillment_id": name, "by": "demo"}), sent_at);
    writer.mailed(order.id, "order_shipped", id, &person.email, sent_at);
    if let Some(arrived_at) = arrived_at {
        let detail = json!({"fulfillment_id": name, "status": "delivered"});
        writer.happened(order.id, "parcel_moved", detail, arrived_at);
        writer.mailed(order.id, "order_delivered", id, &person.email, arrived_at);
    }
    Some(sent_at)
}

/// Of a few the buyer's bank takes the money back.
pub(super) fn dispute(writer: &mut Writer, order: &mut Order, fate: Fate) {
    let age = writer.now - order.paid_at;
    if fate != Fate::Kept || age < TimeDelta::days(6) || !writer.random.random_ratio(1, 250) {
        return;
    }
    let at = order.paid_at + TimeDelta::days(5);
    let is_open = age < TimeDelta::days(26);
    let is_won = !is_open && writer.random.random_ratio(1, 2);
    let status = if is_open {
        "needs_response"
    } else if is_won {
        "won"
    } else {
        "lost"
    };
    order.disputed = if is_won { 0 } else { order.total };
    order.dispute_status = if is_open { "open" } else { status };
    let id = writer.id(at);
    let provider = format!("du_demo_{}", id.simple());
    let row = json!({
        "id": id, "order_id": order.id, "provider_dispute_id": provider, "status": status, "reason": "product_not_received",
        "amount": order.total, "withdrawn": order.disputed, "evidence_due_at": at + TimeDelta::days(21), "created_at": at, "updated_at": at,
    });
    writer.rows.push("disputes", row);
    let amount = json!({"amount": order.total, "currency": order.currency});
    let detail = json!({"dispute_id": DisputeId(id).to_string(), "status": order.dispute_status, "amount": amount});
    writer.happened(order.id, "disputed", detail, at);
    if is_open {
        writer.disputes.push((OrderId(order.id), provider));
    }
}
