//! The bank's side after a payment: it opens disputes, takes the money, decides, and warns of fraud.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id};
use crate::state::{Cause, Store};
use crate::stripe::disputes;

/// What Stripe keeps for a dispute, in minor units of any currency; winning does not bring it back.
const FEE: i64 = 1500;

const REASONS: &[&str] = &[
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
];

/// What the buyer's bank complains of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Complaint {
    amount: Option<i64>,
    reason: Option<String>,
    /// Whether the bank only asks, and takes no money.
    pub(crate) inquiry: bool,
}

impl Complaint {
    /// About the whole charge.
    pub(crate) fn new(reason: &str, inquiry: bool) -> Self {
        Self { amount: None, reason: Some(reason.to_owned()), inquiry }
    }

    /// The disputed amount: what was captured, unless another is named. As with Stripe it may exceed the charge.
    pub(crate) fn amount_of(&self, charge: &Value) -> i64 {
        self.amount.unwrap_or_else(|| object::integer(charge, "amount_captured"))
    }

    /// Stripe's word for the reason.
    pub(crate) fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or("fraudulent")
    }

    fn check(&self) -> Result<(), StripeError> {
        if self.amount.is_some_and(|amount| amount < 1) {
            return Err(StripeError::invalid("amount must be at least 1").param("amount"));
        }
        if !REASONS.contains(&self.reason()) {
            return Err(StripeError::invalid(format!("reason must be one of {}", REASONS.join(", "))).param("reason"));
        }
        Ok(())
    }
}

/// Where the bank moves a dispute.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It looks at the evidence.
    UnderReview,
    /// The shop is right: the money comes back.
    Won,
    /// The buyer is right: the money stays away.
    Lost,
    /// An inquiry ends without becoming a chargeback.
    WarningClosed,
}

impl Verdict {
    /// The status it leads to.
    fn status(self, inquiry: bool) -> Result<&'static str, StripeError> {
        match (self, inquiry) {
            (Self::UnderReview, false) => Ok("under_review"),
            (Self::UnderReview, true) => Ok("warning_under_review"),
            (Self::Won, false) => Ok("won"),
            (Self::Lost, false) => Ok("lost"),
            (Self::WarningClosed, true) => Ok("warning_closed"),
            (Self::Won | Self::Lost, true) => Err(StripeError::invalid(
                "An inquiry is neither won nor lost: no money was taken. It ends with warning_closed.",
            )
            .param("status")),
            (Self::WarningClosed, false) => {
                Err(StripeError::invalid("Only an inquiry ends with warning_closed.").param("status"))
            }
        }
    }
}

/// Opens a dispute about the PaymentIntent's charge and, unless the bank only asks, takes the money.
pub(crate) fn open(store: &mut Store, intent_id: &str, complaint: &Complaint, cause: &Cause) -> Reply {
    complaint.check()?;
    let charge = charged(store, intent_id)?;
    let charge_id = object::owned(&charge, "id");
    let is_open = |dispute: &Value| object::is(dispute, "charge", &charge_id) && disputes::is_inquiry(dispute).is_ok();
    if store.disputes.newest_first().any(is_open) {
        return Err(StripeError::invalid(format!("Charge {charge_id} has an open dispute.")));
    }
    let id = fresh_id("du");
    store.disputes.insert(disputes::blank(&id, &charge, complaint, cause));
    if let Some(charge) = store.charges.get_mut(&charge_id) {
        object::set(charge, "disputed", true);
    }
    store.emit("charge.dispute.created", &id, cause);
    if !complaint.inquiry {
        book(store, &id, -complaint.amount_of(&charge), cause);
        store.emit("charge.dispute.funds_withdrawn", &id, cause);
    }
    disputes::known(store, &id).cloned()
}

/// The shop gives up: a chargeback is lost, an inquiry closed.
pub(crate) fn accept(store: &mut Store, id: &str, cause: &Cause) -> Reply {
    let inquiry = disputes::is_inquiry(disputes::known(store, id)?)?;
    decide(store, id, if inquiry { Verdict::WarningClosed } else { Verdict::Lost }, cause)
}

/// Moves a dispute on; what has ended stays as it is.
pub(crate) fn decide(store: &mut Store, id: &str, verdict: Verdict, cause: &Cause) -> Reply {
    let dispute = disputes::known(store, id)?;
    let (status, amount) = (verdict.status(disputes::is_inquiry(dispute)?)?, object::integer(dispute, "amount"));
    if let Some(dispute) = store.disputes.get_mut(id) {
        object::set(dispute, "status", status);
    }
    match verdict {
        Verdict::UnderReview => store.emit("charge.dispute.updated", id, cause),
        Verdict::Lost | Verdict::WarningClosed => store.emit("charge.dispute.closed", id, cause),
        Verdict::Won => {
            if let Some(dispute) = store.disputes.get_mut(id) {
                object::set(dispute, "is_charge_refundable", true);
            }
            book(store, id, amount, cause);
            store.emit("charge.dispute.funds_reinstated", id, cause);
            store.emit("charge.dispute.closed", id, cause);
        }
    }
    disputes::known(store, id).cloned()
}

/// The card network warns that a payment looks fraudulent; a dispute often follows.
pub(crate) fn warn(store: &mut Store, intent_id: &str, cause: &Cause) -> Reply {
    let charge = charged(store, intent_id)?;
    let holds = |key: &str| charge.get(key) == Some(&Value::Bool(true));
    let id = fresh_id("issfr");
    let warning = json!({
        "id": id,
        "object": "radar.early_fraud_warning",
        "actionable": !holds("disputed") && !holds("refunded"),
        "charge": charge.get("id"),
        "created": cause.now,
        "fraud_type": "misc",
        "livemode": false,
        "payment_intent": intent_id,
    });
    store.fraud_warnings.insert(warning.clone());
    store.emit("radar.early_fraud_warning.created", &id, cause);
    Ok(warning)
}

/// The charge that paid the PaymentIntent.
fn charged(store: &Store, intent_id: &str) -> Reply {
    let intent =
        store.payment_intents.get(intent_id).ok_or_else(|| StripeError::no_such("payment_intent", intent_id))?;
    let charge = store.charges.get(&object::owned(intent, "latest_charge"));
    charge
        .filter(|charge| object::is(charge, "status", "succeeded"))
        .cloned()
        .ok_or_else(|| StripeError::invalid("This PaymentIntent does not have a successful charge."))
}

/// Writes what the dispute takes from the balance (negative) or brings back (positive) into the dispute.
fn book(store: &mut Store, id: &str, amount: i64, cause: &Cause) {
    let Some(dispute) = store.disputes.get_mut(id) else { return };
    let charge = object::owned(dispute, "charge");
    let currency = dispute.get("currency").cloned();
    let (fee, category, act) =
        if amount < 0 { (FEE, "dispute", "withdrawal") } else { (0, "dispute_reversal", "reversal") };
    let fee_details = (fee > 0).then(|| {
        json!({"amount": fee, "application": null, "currency": currency, "description": "Dispute fee",
            "type": "stripe_fee"})
    });
    let entry = json!({
        "id": fresh_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": cause.now,
        "balance_type": "payments",
        "created": cause.now,
        "currency": currency,
        "description": format!("Chargeback {act} for {charge}"),
        "exchange_rate": null,
        "fee": fee,
        "fee_details": fee_details.into_iter().collect::<Vec<_>>(),
        "net": amount.saturating_sub(fee),
        "reporting_category": category,
        "source": id,
        "status": "available",
        "type": "adjustment",
    });
    if let Some(entries) = dispute.get_mut("balance_transactions").and_then(Value::as_array_mut) {
        entries.push(entry);
    }
}
