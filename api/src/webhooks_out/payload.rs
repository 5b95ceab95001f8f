//! What events say: ids and small facts, as they were when it happened. Never a token, an e-mail or a postal address, nor
//! an alert's detail, which quotes what others wrote; receivers read the rest by the API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::EventType;
use crate::alerts::AlertKind;
use crate::error::{Error, Result};
use crate::fulfillments::model::FulfillmentLine;
use crate::ids::{AlertId, CheckoutId, FulfillmentId, OrderId, ProductId, RefundId, VariantId, WebhookEndpointId};
use crate::money::Money;
use crate::orders::model::{FulfillmentStatus, OrderStatus, PaymentStatus};

/// An order as it was when it happened.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderFacts {
    /// The order's id.
    pub id: OrderId,
    /// What people call it, once it is paid.
    pub number: Option<String>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where the money stands.
    pub payment_status: PaymentStatus,
    /// Where the goods stand.
    pub fulfillment_status: FulfillmentStatus,
    /// What it costs.
    pub total: Money,
}

/// `order.paid` and `order.payment_pending`.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderEvent {
    /// The order.
    pub order: OrderFacts,
}

/// `order.cancelled`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderCancelledEvent {
    /// The order.
    pub order: OrderFacts,
    /// Why.
    #[schema(example = "requested_by_customer")]
    pub reason: String,
}

/// `order.fulfilled`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderFulfilledEvent {
    /// The order.
    pub order: OrderFacts,
    /// The shipment.
    pub fulfillment_id: FulfillmentId,
    /// What is in it.
    pub line_items: Vec<FulfillmentLine>,
}

/// `fulfillment.in_transit`, `fulfillment.delivered`, `fulfillment.failed` and `fulfillment.returned`.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FulfillmentMovedEvent {
    /// The order.
    pub order: OrderFacts,
    /// The shipment.
    pub fulfillment_id: FulfillmentId,
    /// When it happened, as the carrier or staff say.
    pub happened_at: DateTime<Utc>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// How the carrier calls it.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
}

/// `fulfillment.cancelled`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FulfillmentCancelledEvent {
    /// The order.
    pub order: OrderFacts,
    /// The shipment.
    pub fulfillment_id: FulfillmentId,
    /// What is to be sent again.
    pub line_items: Vec<FulfillmentLine>,
}

/// `order.disputed`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrderDisputedEvent {
    /// The order.
    pub order: OrderFacts,
    /// Stripe's id of the dispute.
    #[schema(example = "du_1SqX…")]
    pub provider_dispute_id: String,
    /// In Stripe's words.
    #[schema(example = "needs_response")]
    pub status: String,
    /// Why, in Stripe's words.
    #[schema(example = "fraudulent")]
    pub reason: String,
    /// How much was taken and not given back.
    pub withdrawn: Money,
}

/// `refund.created`, `refund.succeeded` and `refund.failed`.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RefundEvent {
    /// The order.
    pub order: OrderFacts,
    /// The refund.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Money,
    /// Of a refund that failed: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
}

/// `checkout.expired`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckoutExpiredEvent {
    /// The order, which is cancelled.
    pub order: OrderFacts,
    /// The checkout.
    pub checkout_id: CheckoutId,
}

/// `inventory.low_stock`, `inventory.out_of_stock` and `inventory.restocked`.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InventoryEvent {
    /// The variant.
    pub variant_id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// Stock keeping unit.
    #[schema(example = "SHIRT-M")]
    pub sku: String,
    /// Units that are there.
    pub on_hand: i64,
    /// What of it is held for checkouts.
    pub reserved: i64,
    /// What can still be sold: on hand less reserved.
    pub available: i64,
    /// At or under this many on hand it counts as low; 0 is never.
    pub low_stock_threshold: i64,
}

/// `alert.raised`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertRaisedEvent {
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderFacts>,
    /// The alert; `GET /v1/admin/alerts` says what happened.
    pub alert_id: AlertId,
    /// What it is about; the runbook says what to do.
    pub kind: AlertKind,
}

/// `webhook.test`
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestEvent {
    /// The endpoint.
    pub endpoint_id: WebhookEndpointId,
}

/// The whole payload of an event, from what its row keeps; the same at each try.
///
/// # Errors
/// When the row's data is not that of its type, which is a defect.
pub fn payload(event_type: EventType, data: &Value, at: DateTime<Utc>) -> Result<Value> {
    let data = match event_type {
        EventType::OrderPaid | EventType::OrderPaymentPending => shape::<OrderEvent>(data),
        EventType::OrderCancelled => shape::<OrderCancelledEvent>(data),
        EventType::OrderFulfilled => shape::<OrderFulfilledEvent>(data),
        EventType::FulfillmentInTransit
        | EventType::FulfillmentDelivered
        | EventType::FulfillmentFailed
        | EventType::FulfillmentReturned => shape::<FulfillmentMovedEvent>(data),
        EventType::FulfillmentCancelled => shape::<FulfillmentCancelledEvent>(data),
        EventType::OrderDisputed => shape::<OrderDisputedEvent>(data),
        EventType::RefundCreated | EventType::RefundSucceeded | EventType::RefundFailed => shape::<RefundEvent>(data),
        EventType::CheckoutExpired => shape::<CheckoutExpiredEvent>(data),
        EventType::InventoryLowStock | EventType::InventoryOutOfStock | EventType::InventoryRestocked => {
            shape::<InventoryEvent>(data)
        }
        EventType::AlertRaised => shape::<AlertRaisedEvent>(data),
    };
    let data = data.map_err(|error| Error::Internal(format!("the data of an event {event_type}: {error}")))?;
    Ok(envelope(event_type.as_str(), &data, at))
}

/// What goes around each event's data.
#[must_use]
pub fn envelope(event_type: &str, data: &Value, at: DateTime<Utc>) -> Value {
    json!({"type": event_type, "timestamp": at, "data": data})
}

fn shape<T: Serialize + for<'de> Deserialize<'de>>(data: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(data)?)
}
