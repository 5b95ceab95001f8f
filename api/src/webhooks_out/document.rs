//! The `webhooks` of the OpenAPI document: what receivers are sent.

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, Paths, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::payload::{
    AlertRaisedEvent, CheckoutExpiredEvent, FulfillmentCancelledEvent, FulfillmentMovedEvent, InventoryEvent,
    OrderCancelledEvent, OrderDisputedEvent, OrderEvent, OrderFulfilledEvent, RefundEvent, TestEvent,
};
use super::{EventType, TEST_TYPE};

/// The schemas that the webhooks name.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    OrderEvent,
    OrderCancelledEvent,
    OrderFulfilledEvent,
    FulfillmentMovedEvent,
    FulfillmentCancelledEvent,
    OrderDisputedEvent,
    RefundEvent,
    CheckoutExpiredEvent,
    InventoryEvent,
    AlertRaisedEvent,
    TestEvent,
)))]
pub struct Schemas;

/// The schema of an event's data.
fn schema(event_type: EventType) -> std::borrow::Cow<'static, str> {
    match event_type {
        EventType::OrderPaid | EventType::OrderPaymentPending => OrderEvent::name(),
        EventType::OrderCancelled => OrderCancelledEvent::name(),
        EventType::OrderFulfilled => OrderFulfilledEvent::name(),
        EventType::FulfillmentInTransit
        | EventType::FulfillmentDelivered
        | EventType::FulfillmentFailed
        | EventType::FulfillmentReturned => FulfillmentMovedEvent::name(),
        EventType::FulfillmentCancelled => FulfillmentCancelledEvent::name(),
        EventType::OrderDisputed => OrderDisputedEvent::name(),
        EventType::RefundCreated | EventType::RefundSucceeded | EventType::RefundFailed => RefundEvent::name(),
        EventType::CheckoutExpired => CheckoutExpiredEvent::name(),
        EventType::InventoryLowStock | EventType::InventoryOutOfStock | EventType::InventoryRestocked => {
            InventoryEvent::name()
        }
        EventType::AlertRaised => AlertRaisedEvent::name(),
    }
}

/// What an event tells.
const fn told(event_type: EventType) -> &'static str {
    match event_type {
        EventType::OrderPaid => "An order is paid and confirmed: it may be sent.",
        EventType::OrderPaymentPending => "A delayed payment, such as a bank debit, is on its way.",
        EventType::OrderCancelled => {
            "An order is cancelled, paid or not. One whose hold ended is told as `checkout.expired` instead."
        }
        EventType::OrderFulfilled => {
            "Staff recorded a shipment of an order; it may not have left yet, and may still be called off."
        }
        EventType::FulfillmentInTransit => "The carrier has a shipment, or it moves again after a failure.",
        EventType::FulfillmentDelivered => "A shipment arrived.",
        EventType::FulfillmentFailed => "A shipment could not be delivered; carriers try again.",
        EventType::FulfillmentReturned => "A shipment goes back, or is back.",
        EventType::FulfillmentCancelled => {
            "A shipment that was told as `order.fulfilled` was called off before it left: its units are to be sent again."
        }
        EventType::OrderDisputed => "The payment of an order is disputed, or its dispute moved on.",
        EventType::RefundCreated => "A refund was asked for, or one made at the payment provider was taken over.",
        EventType::RefundSucceeded => "Money was given back.",
        EventType::RefundFailed => "Money could not be given back, perhaps days after it seemed to be.",
        EventType::CheckoutExpired => "Nobody paid in time; the stock is free again.",
        EventType::InventoryLowStock => {
            "As few units of a variant are on hand as its `low_stock_threshold`; told once until more were there."
        }
        EventType::InventoryOutOfStock => {
            "No unit of a tracked variant is on hand any more; told once until some were there."
        }
        EventType::InventoryRestocked => {
            "A variant is no longer low or out of stock: units came, or its threshold was lowered. One that was out of \
             stock may still be low; the numbers say."
        }
        EventType::AlertRaised => "A person must look at something.",
    }
}

/// One webhook for each type of event.
#[must_use]
pub fn webhooks() -> Paths {
    let mut paths = PathsBuilder::new();
    for event_type in EventType::ALL {
        let webhook = webhook(event_type.as_str(), &schema(event_type), told(event_type));
        paths = paths.path(event_type.as_str(), webhook);
    }
    let told = "What `POST /v1/admin/webhook-endpoints/{id}/test` sends; nobody subscribes to it.";
    paths.path(TEST_TYPE, webhook(TEST_TYPE, &TestEvent::name(), told)).build()
}

fn webhook(event_type: &str, data: &str, told: &str) -> PathItem {
    let header = |name: &str, description: &str| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(String::schema()))
            .build()
    };
    let text = |value: Value| -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).enum_values(Some([value])).into()
    };
    let timestamp = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let body = ObjectBuilder::new()
        .property("type", text(json!(event_type)))
        .property("timestamp", timestamp)
        .property("data", Ref::from_schema_name(data))
        .required("type")
        .required("timestamp")
        .required("data");
    let content = ContentBuilder::new().schema(Some(RefOr::<Schema>::from(body))).build();
    let operation = OperationBuilder::new()
        .operation_id(Some(format!("on_{}", event_type.replace('.', "_"))))
        .summary(Some(told))
        .tag("events")
        .parameter(header("webhook-id", "The event's id, the same at each try: what was seen is not done again"))
        .parameter(header("webhook-timestamp", "When it was sent, in seconds; refuse what is minutes old"))
        .parameter(header("webhook-signature", "`v1,` and a signature in base64; several while a secret is rotated"))
        .request_body(Some(
            RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build(),
        ))
        .response(
            "2XX",
            ResponseBuilder::new().description("Taken. Anything else, or nothing within 15 s, is tried again"),
        )
        .response("410", ResponseBuilder::new().description("The endpoint wants nothing any more, and is disabled"));
    PathItem::new(HttpMethod::Post, operation)
}
