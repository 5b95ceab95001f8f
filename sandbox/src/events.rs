//! Recording events. Their payload is the object as it is at that moment, never expanded.

use serde_json::{Value, json};

use crate::object::fresh_id;
use crate::state::{Cause, Store};

/// The API version events are rendered in.
pub(crate) const API_VERSION: &str = "2026-09-30.endive";

impl Store {
    /// Records an event about the object `id` and queues its delivery.
    pub(crate) fn emit(&mut self, kind: &str, id: &str, cause: &Cause) {
        if let Some(object) = self.find(id).cloned() {
            self.emit_about(kind, object, cause);
        }
    }

    /// Records an event about an object whose id does not say what it is, or that is shown otherwise than it is kept.
    pub(crate) fn emit_about(&mut self, kind: &str, object: Value, cause: &Cause) {
        let event_id = fresh_id("evt");
        self.events.insert(json!({
            "id": event_id,
            "object": "event",
            "api_version": API_VERSION,
            "created": cause.now,
            "livemode": false,
            "pending_webhooks": if self.webhooks.has_endpoint() { 1 } else { 0 },
            "request": {"id": cause.request_id, "idempotency_key": cause.idempotency_key},
            "type": kind,
            "data": {"object": object},
        }));
        self.webhooks.queue(event_id);
    }
}
