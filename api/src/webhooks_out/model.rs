//! The shapes of endpoints and deliveries.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

use super::{DeliveryStatus, DisabledReason, EndpointStatus, EventType};
use crate::http::pagination::{self, Page};
use crate::http::patch::Patch;
use crate::ids::{OrderId, OutboundEventId, WebhookDeliveryId, WebhookEndpointId};

/// What an endpoint wants: a type of event, or `*` for every type there is and will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedEvent(Option<EventType>);

impl fmt::Display for WantedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("*", EventType::as_str))
    }
}

impl FromStr for WantedEvent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self(None)),
            text => text.parse().map(|event_type| Self(Some(event_type))).map_err(|error| format!("{error}, `*`")),
        }
    }
}

impl Serialize for WantedEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WantedEvent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for WantedEvent {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let types = EventType::ALL.into_iter().map(EventType::as_str);
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .enum_values(Some(["*"].into_iter().chain(types)))
            .examples([json!("order.paid")])
            .into()
    }
}

impl utoipa::ToSchema for WantedEvent {}

/// An endpoint to be created.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    /// Where events are sent: `https`, a public address.
    #[schema(example = "https://erp.example.com/merx")]
    #[validate(length(min = 1, max = 2000))]
    pub url: String,
    /// Which events it wants.
    #[validate(length(min = 1, max = 50))]
    pub event_types: Vec<WantedEvent>,
    /// What it is for.
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    pub description: Option<String>,
    /// Enabled when absent.
    #[serde(default)]
    pub status: Option<EndpointStatus>,
}

/// A change of an endpoint; what is absent stays, `null` clears `description`.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WebhookEndpointPatch {
    /// Where events are sent.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    #[validate(length(min = 1, max = 2000))]
    pub url: Patch<String>,
    /// Which events it wants; replaced as a whole.
    #[serde(default)]
    #[validate(length(min = 1, max = 50))]
    pub event_types: Option<Vec<WantedEvent>>,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 500))]
    pub description: Patch<String>,
    /// Once it is enabled again, what waited is sent at once, with all its tries before it.
    #[serde(default)]
    pub status: Option<EndpointStatus>,
}

/// Where events are sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookEndpoint {
    /// The endpoint's id.
    pub id: WebhookEndpointId,
    /// Where events are sent.
    #[schema(example = "https://erp.example.com/merx")]
    pub url: String,
    /// Which events it wants.
    pub event_types: Vec<WantedEvent>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is sent anything.
    pub status: EndpointStatus,
    /// Why it is disabled.
    pub disabled_reason: Option<DisabledReason>,
    /// Since when nothing has succeeded; `null` when the last try did.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when events are signed with former secrets as well, at most two, after a rotation.
    pub former_secret_until: Option<DateTime<Utc>>,
    /// Raised by each change; the `ETag`.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// An endpoint with its secret.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookEndpointWithSecret {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: WebhookEndpoint,
    /// What events are signed with; it is not shown again.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    pub secret: String,
}

/// All endpoints, oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WebhookEndpointList {
    /// The endpoints.
    pub data: Vec<WebhookEndpoint>,
}

/// What came of a test.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookTest {
    /// Whether it was answered with 2xx.
    pub succeeded: bool,
    /// The status of the answer.
    pub http_status: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// Why there is no answer.
    pub error: Option<String>,
    /// The first 1024 bytes of the answer's body.
    pub response_body: Option<String>,
}

/// Which deliveries are to be sent once more.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookReplay {
    /// Of events from then on; they are kept for 30 days.
    #[validate(custom(function = "pagination::check_time"))]
    pub since: DateTime<Utc>,
    /// Of events until before then; before now when absent.
    #[serde(default)]
    #[validate(custom(function = "pagination::check_time"))]
    pub until: Option<DateTime<Utc>>,
    /// Also what succeeded; else what is dead only.
    #[serde(default)]
    pub include_succeeded: bool,
}

/// What came of a replay.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookReplay {
    /// How many deliveries are sent once more.
    pub replayed: usize,
}

/// An event on its way to an endpoint.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookDelivery {
    /// The delivery's id.
    pub id: WebhookDeliveryId,
    /// Where it goes.
    pub endpoint_id: WebhookEndpointId,
    /// The event; sent as `webhook-id`.
    pub event_id: OutboundEventId,
    /// What the event tells.
    pub event_type: EventType,
    /// The order it is about.
    pub order_id: Option<OrderId>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// How often it was tried since it was caused or last replayed.
    pub attempts: i32,
    /// When it is tried next, unless an earlier event of its order is still pending.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The status of the last answer.
    pub last_http_status: Option<i32>,
    /// Why the last try has no answer.
    pub last_error: Option<String>,
    /// When it was caused.
    pub created_at: DateTime<Utc>,
    /// When it succeeded, or was given up.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Deliveries, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WebhookDeliveryList {
    /// The deliveries.
    pub data: Vec<WebhookDelivery>,
    /// Where the list goes on.
    pub page: Page,
}

/// One try to send an event.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookAttempt {
    /// When the answer came, or was given up.
    pub attempted_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub latency_ms: i64,
    /// The status of the answer.
    pub http_status: Option<i32>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// The first 1024 bytes of the answer's body.
    pub response_body: Option<String>,
}

/// A delivery with what is sent and its tries.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookDeliveryDetail {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: WebhookDelivery,
    /// What is sent.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// Its tries, oldest first; the newest hundred.
    pub tries: Vec<WebhookAttempt>,
}
