//! Recording events. Their payload is the object as it is at that moment, never expanded.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::object::{self, fresh_id};
use crate::state::{Cause, Store};
use crate::stripe::listing::Listed;

/// The API version events are rendered in.
pub(crate) const API_VERSION: &str = "2026-09-30.endive";

/// An event in the shape in which it is shown. What it is about is kept as text: a payment has several events, each with its
/// whole object, which takes far more room as a tree.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    id: String,
    object: Cow<'static, str>,
    api_version: Cow<'static, str>,
    created: i64,
    livemode: bool,
    pending_webhooks: u32,
    request: Request,
    /// What happened, such as `checkout.session.completed`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    data: Data,
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    id: Option<String>,
    idempotency_key: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Data {
    object: Box<RawValue>,
}

impl Event {
    /// Whether it is about the object of that id.
    pub(crate) fn is_about(&self, id: &str) -> bool {
        #[derive(Deserialize)]
        struct Named {
            id: String,
        }
        serde_json::from_str(self.data.object.get()).is_ok_and(|named: Named| named.id == id)
    }

    /// Notes that no endpoint waits for it any more.
    pub(crate) fn delivered(&mut self) {
        self.pending_webhooks = 0;
    }
}

impl Listed for Event {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }

    fn shown(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Store {
    /// Records an event about the object `id` and queues its delivery.
    pub(crate) fn emit(&mut self, kind: &str, id: &str, cause: &Cause) {
        if let Some(object) = self.find(id).map(object::to_text) {
            self.record(kind, object, cause);
        }
    }

    /// Records an event about an object whose id does not say what it is, or that is shown otherwise than it is kept.
    pub(crate) fn emit_about(&mut self, kind: &str, object: &Value, cause: &Cause) {
        self.record(kind, object::to_text(object), cause);
    }

    fn record(&mut self, kind: &str, object: Box<RawValue>, cause: &Cause) {
        let id = fresh_id("evt");
        let event = Event {
            id: id.clone(),
            object: Cow::Borrowed("event"),
            api_version: Cow::Borrowed(API_VERSION),
            created: cause.now,
            livemode: false,
            pending_webhooks: u32::from(self.webhooks.has_endpoint()),
            request: Request { id: cause.request_id.clone(), idempotency_key: cause.idempotency_key.clone() },
            kind: kind.to_owned(),
            data: Data { object },
        };
        self.events.insert_as(id.clone(), event);
        self.webhooks.queue(id);
    }
}
