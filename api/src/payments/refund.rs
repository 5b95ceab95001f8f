//! Refunds at Stripe: create, and find by our own id in the metadata.

use std::collections::HashMap;

use stripe_client_core::StripeRequest;
use stripe_core::refund::{CreateRefund, CreateRefundReason, ListRefund, RetrieveRefund};
use stripe_shared::Refund;

use super::client::idempotent;
use super::currency::to_stripe;
use super::session::amount;
use super::{ProviderError, Stripe};
use crate::money::Money;
use crate::refunds::model::RefundReason;

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOutcome {
    /// On its way.
    Pending,
    /// Given back.
    Succeeded,
    /// Did not arrive; the money is ours again.
    Failed,
    /// Called off.
    Cancelled,
}

/// What Stripe says about a refund.
#[derive(Debug, Clone)]
pub struct RefundView {
    /// `re_…`
    pub id: String,
    /// Our refund id, when we made it.
    pub our_id: Option<String>,
    /// How it stands.
    pub outcome: RefundOutcome,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// `pi_…`, of which payment it is.
    pub payment_intent_id: Option<String>,
    /// How much; `None` when it is no amount of ours.
    pub amount: Option<Money>,
    /// Why, in Stripe's words.
    pub reason: Option<String>,
}

impl Stripe {
    /// Refunds an amount of a payment, under a key that belongs to our refund for ever.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn create_refund(
        &self,
        our_id: &str,
        payment_intent: &str,
        amount: Money,
        reason: RefundReason,
    ) -> Result<RefundView, ProviderError> {
        let minor = to_stripe(amount).ok_or_else(|| ProviderError::Rejected {
            code: None,
            public_message: format!("{} {} cannot be refunded exactly", amount.decimal(), amount.currency),
        })?;
        let mut request = CreateRefund::new()
            .payment_intent(payment_intent)
            .amount(minor)
            .metadata(HashMap::from([("refund_id".to_owned(), our_id.to_owned())]));
        if let Some(reason) = stripes_reason(reason) {
            request = request.reason(reason);
        }
        let key = idempotent(&format!("refund:{our_id}"))?;
        request.customize().request_strategy(key).send(self).await.map(|refund| view(&refund))
    }

    /// Reads a refund.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn read_refund(&self, id: &str) -> Result<RefundView, ProviderError> {
        RetrieveRefund::new(id).customize().send(self).await.map(|refund| view(&refund))
    }

    /// Finds our refund among those of a payment.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn find_refund(&self, our_id: &str, payment_intent: &str) -> Result<Option<RefundView>, ProviderError> {
        let page = ListRefund::new().payment_intent(payment_intent).limit(100).customize().send(self).await?;
        Ok(page.data.iter().map(view).find(|refund| refund.our_id.as_deref() == Some(our_id)))
    }
}

fn outcome(status: Option<&str>) -> RefundOutcome {
    match status {
        Some("succeeded") => RefundOutcome::Succeeded,
        Some("failed") => RefundOutcome::Failed,
        Some("canceled") => RefundOutcome::Cancelled,
        Some(_) | None => RefundOutcome::Pending,
    }
}

/// Why, as far as Stripe knows the word; `fraudulent` also blocks the card.
fn stripes_reason(reason: RefundReason) -> Option<CreateRefundReason> {
    match reason {
        RefundReason::RequestedByCustomer | RefundReason::Returned | RefundReason::Cancelled => {
            Some(CreateRefundReason::RequestedByCustomer)
        }
        RefundReason::Duplicate => Some(CreateRefundReason::Duplicate),
        RefundReason::Fraudulent => Some(CreateRefundReason::Fraudulent),
        RefundReason::Damaged
        | RefundReason::NotReceived
        | RefundReason::Goodwill
        | RefundReason::OutOfStock
        | RefundReason::PaidAfterClose
        | RefundReason::AmountMismatch
        | RefundReason::Other => None,
    }
}

fn view(refund: &Refund) -> RefundView {
    RefundView {
        id: refund.id.to_string(),
        our_id: refund.metadata.as_ref().and_then(|metadata| metadata.get("refund_id").cloned()),
        outcome: outcome(refund.status.as_deref()),
        failure_reason: refund.failure_reason.clone(),
        payment_intent_id: refund.payment_intent.as_ref().map(|intent| intent.id().to_string()),
        amount: amount(Some(refund.amount), Some(refund.currency.to_string().as_str())),
        reason: refund.reason.as_ref().map(ToString::to_string),
    }
}

/// From an event's object.
pub(super) fn from_json(object: &serde_json::Value) -> Option<RefundView> {
    let text = |pointer: &str| object.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
    Some(RefundView {
        id: text("/id")?,
        our_id: text("/metadata/refund_id"),
        outcome: outcome(text("/status").as_deref()),
        failure_reason: text("/failure_reason"),
        payment_intent_id: text("/payment_intent"),
        amount: amount(object.get("amount").and_then(serde_json::Value::as_i64), text("/currency").as_deref()),
        reason: text("/reason"),
    })
}
