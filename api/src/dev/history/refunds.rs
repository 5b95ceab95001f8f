//! What was given back: of orders that were cancelled, of goods that came back, for goodwill.

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::json;

use super::orders::{Order, Writer};
use super::people::Person;
use crate::ids::RefundId;

/// What becomes of a paid order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays sold.
    Kept,
    /// It is cancelled before it is sent, and all goes back.
    Cancelled,
    /// A unit comes back.
    PartReturned,
    /// All comes back, and the shipping is given back as well.
    Returned,
    /// Somebody gave a little back at the provider.
    Goodwill,
}

impl Fate {
    pub(super) fn draw(random: &mut StdRng, age: TimeDelta) -> Self {
        match random.random_range(0..1000) {
            0..12 if age > TimeDelta::hours(5) => Self::Cancelled,
            12..52 if age > TimeDelta::days(16) => Self::PartReturned,
            52..72 if age > TimeDelta::days(16) => Self::Returned,
            72..78 if age > TimeDelta::days(16) => Self::Goodwill,
            _ => Self::Kept,
        }
    }

    pub(super) const fn is_cancelled(self) -> bool {
        matches!(self, Self::Cancelled)
    }
}

/// What a refund is of each line: units and their worth.
struct Part {
    line: usize,
    quantity: i64,
    amount: i64,
    tax: i64,
}

/// Gives back what the fate says, and notes it all over.
pub(super) fn follow(
    writer: &mut Writer,
    order: &mut Order,
    person: &Person,
    fate: Fate,
    sent_at: Option<DateTime<Utc>>,
) {
    let at = match (fate, sent_at) {
        (Fate::Kept, _) => return,
        (Fate::Cancelled, _) => order.paid_at + TimeDelta::minutes(writer.random.random_range(10..280)),
        (Fate::PartReturned | Fate::Returned | Fate::Goodwill, Some(sent_at)) => {
            sent_at + TimeDelta::hours(writer.random.random_range(5 * 24..12 * 24))
        }
        (Fate::PartReturned | Fate::Returned | Fate::Goodwill, None) => return,
    };
    let at = at.min(writer.now - TimeDelta::minutes(1));
    if fate == Fate::Goodwill {
        return goodwill(writer, order, at);
    }
    let parts: Vec<Part> = match fate {
        Fate::PartReturned => order.lines.iter().take(1).map(one_unit).collect(),
        Fate::Kept | Fate::Cancelled | Fate::Returned | Fate::Goodwill => {
            let whole = |(line, of): (usize, &super::orders::Line)| Part {
                line,
                quantity: of.quantity,
                amount: of.total,
                tax: of.tax,
            };
            order.lines.iter().enumerate().map(whole).collect()
        }
    };
    let shipping = if fate == Fate::PartReturned { 0 } else { order.shipping };
    let shipping_tax = if fate == Fate::PartReturned { 0 } else { order.shipping_tax };
    let amount = parts.iter().map(|part| part.amount).sum::<i64>() + shipping;
    if amount == 0 {
        return;
    }
    if fate.is_cancelled() {
        order.status = "cancelled";
        order.cancelled_at = Some(at);
        writer.happened(order.id, "cancelled", json!({"reason": "requested_by_customer", "by": "demo"}), at);
        writer.mailed(order.id, "order_cancelled", order.id, &person.email, at);
    }
    let tax = parts.iter().map(|part| part.tax).sum::<i64>() + shipping_tax;
    let id = writer.id(at);
    let reason = if fate.is_cancelled() { "cancelled" } else { "returned" };
    let succeeded_at = at + TimeDelta::seconds(20);
    writer.rows.push("refunds", json!({
        "id": id, "order_id": order.id, "status": "succeeded", "amount": amount, "currency": order.currency, "reason": reason,
        "payment_intent_id": order.payment, "provider_refund_id": format!("re_demo_{}", id.simple()), "sends": 1, "created_at": at,
        "updated_at": succeeded_at, "source": "merx", "shipping": shipping, "tax": tax, "requested_by": "demo", "tax_mode": "lines",
        "succeeded_at": succeeded_at,
    }));
    for part in &parts {
        apply(writer, order, (fate, id), part, succeeded_at);
    }
    order.claimed = amount;
    order.payment_status = if amount < order.total { "partially_refunded" } else { "refunded" };
    let name = RefundId(id).to_string();
    let money = json!({"amount": amount, "currency": order.currency});
    let detail = json!({"refund_id": name, "amount": money, "reason": reason, "by": "demo"});
    writer.happened(order.id, "refund_requested", detail, at);
    writer.happened(order.id, "refunded", json!({"refund_id": name, "amount": money}), succeeded_at);
    writer.mailed(order.id, "order_refunded", id, &person.email, succeeded_at);
    let object = json!({"id": format!("re_demo_{}", id.simple()), "object": "refund", "status": "succeeded", "payment_intent": order.payment, "amount": amount});
    writer.told("refund.updated", &object, succeeded_at);
}

fn one_unit(line: &super::orders::Line) -> Part {
    let amount = line.total / line.quantity;
    let tax = if line.quantity == 1 { line.tax } else { line.tax * amount / line.total.max(1) };
    Part { line: 0, quantity: 1, amount, tax }
}

/// Notes a refund's part at its line; what is refunded goes back on the shelf.
fn apply(writer: &mut Writer, order: &mut Order, (fate, refund): (Fate, uuid::Uuid), part: &Part, at: DateTime<Utc>) {
    let order_id = order.id;
    let Some(line) = order.lines.get_mut(part.line) else { return };
    let removed = if fate.is_cancelled() { part.quantity } else { 0 };
    let restock = if line.offer.is_tracked() { part.quantity } else { 0 };
    writer.rows.push("refund_line_items", json!({
        "refund_id": refund, "line_item_id": line.id, "quantity": part.quantity, "amount": part.amount, "tax": part.tax,
        "removed": removed, "restock": restock,
    }));
    line.refunded = part.quantity;
    line.refunded_amount = part.amount;
    line.refunded_tax = part.tax;
    line.restocked = restock;
    line.removed = removed;
    if restock > 0 {
        writer.goods.moved(line.offer.variant_id, at, restock, "restock", order_id);
    }
}

/// Five units of money at the provider, for a scratch.
fn goodwill(writer: &mut Writer, order: &mut Order, at: DateTime<Utc>) {
    let amount = order.total.min(500);
    let id = writer.id(at);
    writer.rows.push("refunds", json!({
        "id": id, "order_id": order.id, "status": "succeeded", "amount": amount, "currency": order.currency, "reason": "goodwill",
        "payment_intent_id": order.payment, "provider_refund_id": format!("re_demo_{}", id.simple()), "sends": 1, "created_at": at,
        "updated_at": at, "source": "stripe", "shipping": 0, "tax": order.tax() * amount / order.total.max(1), "requested_by": "stripe",
        "tax_mode": "flat", "succeeded_at": at,
    }));
    order.imported = amount;
    order.payment_status = if amount < order.total { "partially_refunded" } else { "refunded" };
    let money = json!({"amount": amount, "currency": order.currency});
    let detail = json!({"refund_id": RefundId(id).to_string(), "amount": money, "provider_refund_id": format!("re_demo_{}", id.simple())});
    writer.happened(order.id, "refund_imported", detail.clone(), at);
    writer.happened(order.id, "refunded", detail, at);
}
