//! Events as Stripe sends them, read by our own small structs: one never fails to parse because Stripe added a value.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::session::{Session, Standing};
use super::{ProviderError, RefundView, SessionView, Stripe, refund};

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
    /// Unix seconds.
    #[serde(default)]
    pub created: Option<i64>,
    data: EventData,
}

/// What we want to hear of; `merx stripe setup` and the listing of events name the same (AMENDMENTS 19, 20).
pub const EVENT_TYPES: [&str; 20] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "radar.early_fraud_warning.created",
    "review.opened",
    "review.closed",
];

/// How the types of events about what became of a payment begin.
const AFTERMATH: [&str; 4] = ["refund.", "charge.dispute.", "radar.early_fraud_warning.", "review."];

#[derive(Debug, Deserialize)]
struct EventData {
    object: serde_json::Value,
}

impl EventEnvelope {
    /// Reads an event. Its object is taken over as it is.
    ///
    /// # Errors
    /// When it is no event of Stripe's.
    pub fn read(mut said: Value) -> Result<Self, serde_json::Error> {
        let object = said.pointer_mut("/data/object").map(Value::take).unwrap_or_default();
        let mut event: Self = serde_json::from_value(said)?;
        event.data.object = object;
        Ok(event)
    }

    /// The session that the event is about, if it is about one; with the checkout id from its metadata.
    ///
    /// # Errors
    /// When the object is no session although the type says so.
    pub fn session(&self) -> Result<Option<(SessionView, Option<String>)>, serde_json::Error> {
        if !self.kind.starts_with("checkout.session.") {
            return Ok(None);
        }
        let session = Session::deserialize(&self.data.object)?;
        let checkout_id = session.checkout_id().map(str::to_owned);
        Ok(Some((session.view(), checkout_id)))
    }

    /// The session that the event says is paid, with the checkout id from its metadata.
    #[must_use]
    pub fn payment(&self) -> Option<(SessionView, Option<String>)> {
        self.session().ok().flatten().filter(|(session, _)| session.standing == Standing::Paid)
    }

    /// Whether its type is one that may have an effect: it is about a session, or about what became of a payment.
    #[must_use]
    pub fn may_matter(&self) -> bool {
        AFTERMATH.iter().chain(["checkout.session."].iter()).any(|kind| self.kind.starts_with(kind))
    }

    /// Whether its type is one that we want to hear of.
    #[must_use]
    pub fn is_of_a_known_type(&self) -> bool {
        EVENT_TYPES.contains(&self.kind.as_str())
    }

    /// The refund that the event is about, if it is about one.
    #[must_use]
    pub fn refund(&self) -> Option<RefundView> {
        if !self.kind.starts_with("refund.") {
            return None;
        }
        refund::from_json(&self.data.object)
    }

    /// The payment, when the event is about what became of one: a refund, a dispute, a warning.
    #[must_use]
    pub fn payment_of_aftermath(&self) -> Option<&str> {
        AFTERMATH.into_iter().find_map(|kind| self.text(kind, "payment_intent"))
    }

    /// The dispute that the event is about, if it is about one.
    #[must_use]
    pub fn dispute_id(&self) -> Option<&str> {
        self.text("charge.dispute.", "id")
    }

    /// The payment that the event warns of, and what to tell about it.
    #[must_use]
    pub fn fraud_warning(&self) -> Option<(&str, &'static str)> {
        let early = self.text("radar.early_fraud_warning.created", "payment_intent");
        let early = early.map(|intent| (intent, "The card network reports the payment as fraud."));
        let review = || self.text("review.opened", "payment_intent");
        early.or_else(|| review().map(|intent| (intent, "Stripe holds the payment for review.")))
    }

    /// A member of the object, for events of a kind.
    fn text(&self, kind: &str, member: &str) -> Option<&str> {
        let object = Some(&self.data.object).filter(|_| self.kind.starts_with(kind))?;
        object.get(member).and_then(serde_json::Value::as_str)
    }
}

#[derive(Debug, Serialize)]
struct Listing<'a> {
    types: &'a [&'a str],
    created: Since,
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Since {
    gte: i64,
}

impl Stripe {
    /// A page of the events since a time, newest first, and whether there are more. What cannot be read is left out.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn list_events(
        &self,
        since: DateTime<Utc>,
        after: Option<&str>,
    ) -> Result<(Vec<(EventEnvelope, Value)>, bool), ProviderError> {
        let listing = Listing {
            types: &EVENT_TYPES,
            created: Since { gte: since.timestamp() },
            limit: 100,
            starting_after: after,
        };
        let request = RequestBuilder::new(StripeMethod::Get, "/events").query(&listing);
        let answer = self.document(&request, None, None).await?;
        let events = answer.get("data").and_then(Value::as_array).into_iter().flatten();
        let events = events.filter_map(|event| Some((EventEnvelope::deserialize(event).ok()?, event.clone())));
        Ok((events.collect(), answer.get("has_more").and_then(Value::as_bool).unwrap_or_default()))
    }
}
