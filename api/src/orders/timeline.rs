//! What happened to an order, for staff: written in the transaction of the change.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::db::schema::order_events;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::Result;
use crate::ids::{OrderEventId, OrderId};
use crate::live::{self, LiveSubject, LiveTopic};
use crate::webhooks_out::events;

text_enum! {
    /// What happened.
    EventKind {
        /// The order was made and its stock reserved.
        Placed => "placed",
        /// The payment page is open.
        CheckoutOpened => "checkout_opened",
        /// A delayed payment is on its way.
        PaymentProcessing => "payment_processing",
        /// Paid; the stock is taken.
        Paid => "paid",
        /// The sale is recorded with the tax provider.
        TaxRecorded => "tax_recorded",
        /// A delayed payment failed.
        PaymentFailed => "payment_failed",
        /// The amount paid is not the order's.
        PaymentReview => "payment_review",
        /// Cancelled; the stock is free again.
        Cancelled => "cancelled",
        /// The shopper wants to cancel while the payment is on its way.
        CancelRequested => "cancel_requested",
        /// Money is to be given back.
        RefundRequested => "refund_requested",
        /// Money was given back.
        Refunded => "refunded",
        /// Money could not be given back.
        RefundFailed => "refund_failed",
        /// A refund that somebody made at the provider was taken over.
        RefundImported => "refund_imported",
        /// Units were put back on the shelf.
        Restocked => "restocked",
        /// A refund's tax was reversed with the tax provider.
        TaxReversed => "tax_reversed",
        /// A failed refund's tax reversal was itself reversed.
        TaxReversalUndone => "tax_reversal_undone",
        /// What was not sent yet of a partly sent order was cancelled.
        RestCancelled => "rest_cancelled",
        /// Goods were sent.
        Fulfilled => "fulfilled",
        /// The carrier or the tracking number of a shipment changed.
        TrackingChanged => "tracking_changed",
        /// A parcel moved on.
        ParcelMoved => "parcel_moved",
        /// A shipment that never left was called off.
        FulfillmentCancelled => "fulfillment_cancelled",
        /// A label was bought.
        LabelPurchased => "label_purchased",
        /// A label could not be bought.
        LabelFailed => "label_failed",
        /// A label is void.
        LabelVoided => "label_voided",
        /// A label could not be voided.
        LabelVoidRejected => "label_void_rejected",
        /// The customer disputes the payment, or the dispute moved on.
        Disputed => "disputed",
        /// The card network or Stripe warns of fraud.
        FraudWarning => "fraud_warning",
        /// Bought as a guest; its buyer logged in.
        Claimed => "claimed",
        /// Staff decided about an odd payment.
        ReviewDecided => "review_decided",
        /// The data of whoever bought it was erased.
        Erased => "erased",
        /// Staff changed its tags.
        Tagged => "tagged",
        /// Staff wrote a note.
        NoteAdded => "note_added",
        /// Staff deleted a note.
        NoteDeleted => "note_deleted",
    }
}

/// Records that something happened, under the order's lock, and tells open screens and other systems.
///
/// # Errors
/// Those of the database.
pub async fn record(
    conn: &mut Connection,
    order: OrderId,
    kind: EventKind,
    detail: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let (entry, told) = (entry(order, kind, &detail, now), tell(order, kind, &detail, now)?);
    Statement::together([("entry", entry)], told).execute(conn).await?;
    events::of_timeline(conn, order, kind, &detail, now).await
}

/// The timeline's entry, for what is written [together](Statement::together) with its cause. Other systems are told of
/// kinds that [`record`] knows.
#[must_use]
pub fn entry(order: OrderId, kind: EventKind, detail: &Value, now: DateTime<Utc>) -> Statement {
    Statement::constant("INSERT INTO order_events (id, order_id, kind, detail, created_at) SELECT $1, $2, $3, $4, $5")
        .with(Bind::Uuid(OrderEventId::new().0))
        .with(Bind::Uuid(order.0))
        .with(Bind::Text(kind.to_string()))
        .with(Bind::json(detail))
        .with(Bind::Time(now))
}

/// What open screens are told of an entry.
///
/// # Errors
/// When it cannot be JSON, which is a defect.
pub fn tell(order: OrderId, kind: EventKind, detail: &Value, now: DateTime<Utc>) -> Result<Statement> {
    let subject = LiveSubject {
        order_id: Some(order),
        entry: Some(kind.to_string()),
        refund_id: detail.get("refund_id").and_then(|id| id.as_str()?.parse().ok()),
        ..LiveSubject::default()
    };
    Ok(Statement::constant("INSERT INTO live_events (topic, detail, created_at) SELECT $1, $2, $3")
        .with(Bind::Text(LiveTopic::of_entry(kind, detail).to_string()))
        .with(Bind::json(&live::detail(&subject)?))
        .with(Bind::Time(now)))
}

/// Whether somebody did this to an order.
///
/// # Errors
/// Those of the database.
pub async fn did(conn: &mut Connection, order: OrderId, kind: EventKind, actor: &str) -> Result<bool> {
    let done = order_events::table
        .filter(order_events::order_id.eq(order))
        .filter(order_events::kind.eq(kind))
        .filter(order_events::detail.retrieve_as_text("by").eq(actor));
    Ok(diesel::select(diesel::dsl::exists(done)).get_result(conn).await?)
}

/// How many entries of a kind tell of an event of the provider.
///
/// # Errors
/// Those of the database.
pub async fn count(conn: &mut Connection, order: OrderId, kind: EventKind, event: &str) -> Result<i64> {
    Ok(order_events::table
        .filter(order_events::order_id.eq(order))
        .filter(order_events::kind.eq(kind))
        .filter(order_events::detail.retrieve_as_text("event").eq(event))
        .count()
        .get_result(conn)
        .await?)
}
