//! Disputes at Stripe, read as documents: their types carry far more than we need.

use chrono::{DateTime, Utc};
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::session::amount;
use super::{ProviderError, Stripe};
use crate::money::Money;

/// What Stripe says about a dispute.
#[derive(Debug, Clone)]
pub struct DisputeView {
    /// `du_…`
    pub id: String,
    /// `pi_…`
    pub payment_intent_id: Option<String>,
    /// In Stripe's words.
    pub status: String,
    /// In Stripe's words.
    pub reason: String,
    /// How much is disputed; `None` when it is no amount of ours.
    pub amount: Option<Money>,
    /// Whether the money is taken at present. Its transactions are in the account's own currency, so only their sign
    /// is read.
    pub is_withdrawn: bool,
    /// Until when evidence counts.
    pub evidence_due_at: Option<DateTime<Utc>>,
}

impl Stripe {
    /// Reads a dispute.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_dispute(&self, id: &str) -> Result<DisputeView, ProviderError> {
        let request = RequestBuilder::new(StripeMethod::Get, format!("/disputes/{id}"));
        let answer = self.document(&request, None, None).await?;
        view(&answer).ok_or_else(|| ProviderError::unknown("the dispute lacks what its documentation promises"))
    }
}

fn view(dispute: &Value) -> Option<DisputeView> {
    let text = |pointer: &str| dispute.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let number = |pointer: &str| dispute.pointer(pointer).and_then(Value::as_i64);
    let moved = dispute.get("balance_transactions").and_then(Value::as_array).into_iter().flatten();
    let balance: i64 = moved.filter_map(|each| each.get("amount").and_then(Value::as_i64)).sum();
    Some(DisputeView {
        id: text("/id")?,
        payment_intent_id: text("/payment_intent"),
        status: text("/status")?,
        reason: text("/reason")?,
        amount: amount(number("/amount"), text("/currency").as_deref()),
        is_withdrawn: balance < 0,
        evidence_due_at: number("/evidence_details/due_by").and_then(|at| DateTime::from_timestamp(at, 0)),
    })
}
