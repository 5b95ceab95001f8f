//! Writing events, in the transaction of their cause.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{DeliveryStatus, EndpointStatus, EventType};
use crate::db::Connection;
use crate::db::schema::{outbound_events, webhook_deliveries, webhook_endpoints};
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::fulfillments::model::ShipmentStatus;
use crate::ids::{OrderId, OutboundEventId};
use crate::jobs::JobKind;
use crate::orders::timeline::EventKind;

/// How long events, with their deliveries and tries, are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Tells of an entry of an order's timeline, under the order's lock.
///
/// # Errors
/// Those of the database.
pub async fn of_timeline(
    conn: &mut Connection,
    order: OrderId,
    kind: EventKind,
    detail: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    match telling("orders", order, kind, detail, now) {
        Some((parts, jobs)) => Statement::together(parts, jobs).execute(conn).await.map(|_| ()),
        None => Ok(()),
    }
}

/// A statement by its parts, for another to take it in: those with names, and the last.
pub type Parts = ([(&'static str, Statement); 4], Statement);

/// The statement of [`of_timeline`], which finds the order in a relation that has it as it is by then: `orders`, or what changes
/// it in the same statement. `None` for an entry that nobody is told of.
#[must_use]
pub fn telling(
    relation: &'static str,
    order: OrderId,
    kind: EventKind,
    detail: &Value,
    now: DateTime<Utc>,
) -> Option<Parts> {
    let (event_type, members) = told(kind, detail)?;
    let data = members.iter().filter_map(|(from, to)| Some(((*to).to_owned(), detail.get(from)?.clone())));
    Some(recording(relation, event_type, Some(order), Value::Object(data.collect::<Map<_, _>>()), now))
}

/// Which event an entry is, and what it says of the entry's detail, each member under which name.
fn told(kind: EventKind, detail: &Value) -> Option<(EventType, &'static [(&'static str, &'static str)])> {
    const REFUND: &[(&str, &str)] = &[("refund_id", "refund_id"), ("amount", "amount")];
    Some(match kind {
        EventKind::Paid => (EventType::OrderPaid, &[]),
        EventKind::PaymentProcessing => (EventType::OrderPaymentPending, &[]),
        EventKind::Cancelled if detail.get("reason").is_some_and(|reason| reason == "hold_expired") => {
            (EventType::CheckoutExpired, &[("checkout_id", "checkout_id")])
        }
        EventKind::Cancelled => (EventType::OrderCancelled, &[("reason", "reason")]),
        EventKind::Fulfilled => {
            (EventType::OrderFulfilled, &[("fulfillment_id", "fulfillment_id"), ("line_items", "line_items")])
        }
        EventKind::ParcelMoved => return moved(detail),
        EventKind::FulfillmentCancelled => {
            (EventType::FulfillmentCancelled, &[("fulfillment_id", "fulfillment_id"), ("line_items", "line_items")])
        }
        EventKind::Disputed => (
            EventType::OrderDisputed,
            &[
                ("provider_dispute_id", "provider_dispute_id"),
                ("status", "status"),
                ("reason", "reason"),
                ("withdrawn", "withdrawn"),
            ],
        ),
        EventKind::RefundRequested | EventKind::RefundImported => (EventType::RefundCreated, REFUND),
        EventKind::Refunded => (EventType::RefundSucceeded, REFUND),
        EventKind::RefundFailed => {
            (EventType::RefundFailed, &[("refund_id", "refund_id"), ("amount", "amount"), ("reason", "failure_reason")])
        }
        EventKind::Placed
        | EventKind::CheckoutOpened
        | EventKind::TaxRecorded
        | EventKind::PaymentFailed
        | EventKind::PaymentReview
        | EventKind::CancelRequested
        | EventKind::Restocked
        | EventKind::TaxReversed
        | EventKind::TaxReversalUndone
        | EventKind::RestCancelled
        | EventKind::TrackingChanged
        | EventKind::LabelPurchased
        | EventKind::LabelFailed
        | EventKind::LabelVoided
        | EventKind::LabelVoidRejected
        | EventKind::FraudWarning
        | EventKind::Claimed
        | EventKind::ReviewDecided
        | EventKind::Erased
        | EventKind::Tagged
        | EventKind::NoteAdded
        | EventKind::NoteDeleted => return None,
    })
}

/// Where a parcel is now.
fn moved(detail: &Value) -> Option<(EventType, &'static [(&'static str, &'static str)])> {
    const PARCEL: &[(&str, &str)] = &[
        ("fulfillment_id", "fulfillment_id"),
        ("at", "happened_at"),
        ("carrier", "carrier"),
        ("tracking_number", "tracking_number"),
        ("tracking_url", "tracking_url"),
    ];
    let event_type = match detail.get("status")?.as_str()?.parse::<ShipmentStatus>().ok()? {
        ShipmentStatus::InTransit => EventType::FulfillmentInTransit,
        ShipmentStatus::Delivered => EventType::FulfillmentDelivered,
        ShipmentStatus::Failed => EventType::FulfillmentFailed,
        ShipmentStatus::Returned => EventType::FulfillmentReturned,
        ShipmentStatus::Pending | ShipmentStatus::LabelPurchased | ShipmentStatus::Cancelled => return None,
    };
    Some((event_type, PARCEL))
}

/// Writes an event with its deliveries and the jobs that send them, unless no endpoint wants it. One statement, as
/// purchases wait for it; each delivery's job has a key of its own, so that no purchase waits for another.
///
/// An order that is paid and cancelled at once was never `order.paid`: nobody shall send its goods.
///
/// # Errors
/// Those of the database.
pub async fn record(
    conn: &mut Connection,
    event_type: EventType,
    order: Option<OrderId>,
    data: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let (parts, jobs) = recording("orders", event_type, order, data, now);
    Statement::together(parts, jobs).execute(conn).await.map(|_| ())
}

fn recording(
    relation: &'static str,
    event_type: EventType,
    order: Option<OrderId>,
    data: Value,
    now: DateTime<Utc>,
) -> Parts {
    let name = event_type.to_string();
    let id: Vec<Uuid> = order.map(|order| order.0).into_iter().collect();
    let wanting = Statement::constant(
        "SELECT id FROM webhook_endpoints WHERE status = 'enabled' AND event_types && ARRAY['*', $1]",
    );
    let mut about = Statement::constant(
        "SELECT status, jsonb_build_object('order', jsonb_build_object('id', $1, 'number', number, 'status', status, \
             'payment_status', payment_status, 'fulfillment_status', fulfillment_status, \
             'total', jsonb_build_object('amount', total, 'currency', currency))) AS facts FROM ",
    );
    about.push(relation).push(" WHERE id = ANY($2)");
    let event = Statement::constant(
        "INSERT INTO outbound_events (id, event_type, order_id, data, created_at) \
         SELECT $1, $2, ($3)[1], $4 || COALESCE((SELECT facts FROM about), '{}'), $5 \
         WHERE EXISTS (SELECT FROM wanting) \
             AND ($2 <> 'order.paid' OR EXISTS (SELECT FROM about WHERE status = 'confirmed')) \
         RETURNING id, order_id, position",
    );
    let delivery = Statement::constant(
        "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, order_id, position, status, attempts, \
             next_attempt_at, created_at) \
         SELECT gen_random_uuid(), wanting.id, event.id, event.order_id, event.position, 'pending', 0, $1, $1 \
         FROM event, wanting RETURNING id, endpoint_id",
    );
    let jobs = Statement::constant(
        "INSERT INTO jobs (id, kind, payload, dedupe_key, status, run_at, attempts, max_attempts, created_at) \
         SELECT gen_random_uuid(), $1, jsonb_build_object('id', endpoint_id), id::text, 'queued', $2, 0, $3, $2 \
         FROM delivery",
    );
    let order = order.map(|order| order.to_string()).unwrap_or_default();
    let parts = [
        ("wanting", wanting.with(Bind::Text(name.clone()))),
        ("about", about.with(Bind::Text(order)).with(Bind::Uuids(id.clone()))),
        (
            "event",
            event
                .with(Bind::Uuid(OutboundEventId::new().0))
                .with(Bind::Text(name))
                .with(Bind::Uuids(id))
                .with(Bind::json(&data))
                .with(Bind::Time(now)),
        ),
        ("delivery", delivery.with(Bind::Time(now))),
    ];
    let (kind, tries) = (JobKind::DeliverWebhooks, JobKind::DeliverWebhooks.max_attempts());
    (parts, jobs.with(Bind::Text(kind.to_string())).with(Bind::Time(now)).with(Bind::Int(tries.into())))
}

/// Deletes events that are older than they are kept, except those that an enabled endpoint is still to be sent.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    let waiting = webhook_deliveries::table
        .inner_join(webhook_endpoints::table.on(webhook_endpoints::id.eq(webhook_deliveries::endpoint_id)))
        .filter(webhook_deliveries::event_id.eq(outbound_events::id))
        .filter(webhook_deliveries::status.eq(DeliveryStatus::Pending))
        .filter(webhook_endpoints::status.eq(EndpointStatus::Enabled));
    let old = outbound_events::table
        .filter(outbound_events::created_at.lt(now - KEPT))
        .filter(diesel::dsl::not(diesel::dsl::exists(waiting)));
    Ok(diesel::delete(old).execute(conn).await?)
}
