//! Events as Stripe sends them, read by our own small structs: one never fails to parse because Stripe added a value.

use std::collections::HashMap;

use serde::Deserialize;

use super::session::amount;
use super::{RefundView, SessionView, Standing, refund};

/// An event's envelope.
#[derive(Debug, Deserialize)]
pub struct EventEnvelope {
    /// `evt_…`
    pub id: String,
    /// Such as `checkout.session.completed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is real money.
    #[serde(default)]
    pub livemode: bool,
    data: EventData,
}

#[derive(Debug, Deserialize)]
struct EventData {
    object: serde_json::Value,
}

#[derive(Debug, Deserialize)]
struct EventSession {
    id: String,
    url: Option<String>,
    status: Option<String>,
    payment_status: Option<String>,
    amount_total: Option<i64>,
    currency: Option<String>,
    client_reference_id: Option<String>,
    payment_intent: Option<serde_json::Value>,
    #[serde(default)]
    metadata: Option<HashMap<String, String>>,
}

impl EventEnvelope {
    /// The session that the event is about, if it is about one; with the checkout id from its metadata.
    ///
    /// # Errors
    /// When the object is no session although the type says so.
    pub fn session(&self) -> Result<Option<(SessionView, Option<String>)>, serde_json::Error> {
        if !self.kind.starts_with("checkout.session.") {
            return Ok(None);
        }
        let session = EventSession::deserialize(&self.data.object)?;
        let standing = match (session.status.as_deref(), session.payment_status.as_deref()) {
            (Some("open"), _) => Standing::Open,
            (Some("expired"), _) => Standing::Expired,
            (Some("complete"), Some("paid" | "no_payment_required")) => Standing::Paid,
            _ => Standing::Undecided,
        };
        let checkout_id = session.metadata.and_then(|metadata| metadata.get("checkout_id").cloned());
        let view = SessionView {
            id: session.id,
            url: session.url,
            standing,
            amount: amount(session.amount_total, session.currency.as_deref()),
            client_reference_id: session.client_reference_id,
            payment_intent_id: session.payment_intent.and_then(|intent| intent.as_str().map(str::to_owned)),
        };
        Ok(Some((view, checkout_id)))
    }

    /// The refund that the event is about, if it is about one.
    #[must_use]
    pub fn refund(&self) -> Option<RefundView> {
        if !self.kind.starts_with("refund.") {
            return None;
        }
        refund::from_json(&self.data.object)
    }
}
