//! Disputes: list, retrieve, answer with evidence, accept. The bank's side of them is in [`chargebacks`].

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, nulls};
use crate::params::Params;
use crate::state::{Cause, Store};
use crate::stripe::chargebacks::{self, Complaint};
use crate::stripe::{Call, listing};

/// How long the shop may answer, in seconds.
const RESPONSE_TIME: i64 = 7 * 24 * 60 * 60;

/// What a shop can say; each is a text or the id of a file.
const EVIDENCE: &[&str] = &[
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
];

/// `/v1/disputes…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(store, call),
        ("GET", [id]) => known(store, id).cloned(),
        ("POST", [id]) => update(store, call, id),
        ("POST", [id, "close"]) => {
            call.params().only(&["expand"])?;
            chargebacks::accept(store, id, &call.cause)
        }
        _ => Err(call.unrecognized()),
    }
}

/// The dispute, or Stripe's 404.
pub(crate) fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.disputes.get(id).ok_or_else(|| StripeError::no_such("dispute", id))
}

/// Whether the dispute is an inquiry, which takes no money; one that has ended is refused.
pub(crate) fn is_inquiry(dispute: &Value) -> Result<bool, StripeError> {
    match object::text(dispute, "status").unwrap_or_default() {
        "won" | "lost" | "warning_closed" => Err(StripeError::invalid("This dispute is already closed.")),
        status => Ok(status.starts_with("warning_")),
    }
}

/// Whether a dispute keeps the charge from being refunded.
pub(crate) fn bars_refund(store: &Store, charge_id: &str) -> bool {
    let bars = |dispute: &Value| dispute.get("is_charge_refundable") == Some(&Value::Bool(false));
    store.disputes.newest_first().any(|dispute| object::is(dispute, "charge", charge_id) && bars(dispute))
}

/// A new dispute that waits for the shop's answer; no money has moved yet.
pub(crate) fn blank(id: &str, charge: &Value, complaint: &Complaint, cause: &Cause) -> Value {
    let mut evidence = nulls(EVIDENCE);
    object::set(&mut evidence, "enhanced_evidence", json!({}));
    let reason = complaint.reason();
    let code = (reason == "fraudulent").then_some("10.4");
    json!({
        "id": id,
        "object": "dispute",
        "amount": complaint.amount_of(charge),
        "balance_transactions": [],
        "charge": charge.get("id"),
        "created": cause.now,
        "currency": charge.get("currency"),
        "enhanced_eligibility_types": [],
        "evidence": evidence,
        "evidence_details": {
            "due_by": cause.now.saturating_add(RESPONSE_TIME), "enhanced_eligibility": {}, "has_evidence": false,
            "past_due": false, "submission_count": 0, "submission_method": "not_submitted",
        },
        "intended_submission_method": null,
        "is_charge_refundable": complaint.inquiry,
        "livemode": false,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge.get("payment_intent"),
        "payment_method_details": {"type": "card", "card": {
            "brand": "visa", "case_type": if complaint.inquiry { "inquiry" } else { "chargeback" }, "network": "visa",
            "network_reason_code": code,
        }},
        "reason": reason,
        "status": if complaint.inquiry { "warning_needs_response" } else { "needs_response" },
    })
}

fn list(store: &Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&["charge", "created", "ending_before", "expand", "limit", "payment_intent", "starting_after"])?;
    let (charge, intent) = (params.text("charge")?, params.text("payment_intent")?);
    listing::page(call, store.disputes.newest_first(), |dispute| {
        listing::allows(charge, dispute, "charge") && listing::allows(intent, dispute, "payment_intent")
    })
}

fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    let present = known(store, id)?;
    let params = call.params();
    params.only(&["evidence", "expand", "metadata", "submit"])?;
    let (evidence, metadata) = (evidence(&params)?, params.metadata()?);
    // Evidence goes to the bank at once unless `submit` says otherwise; metadata alone sends nothing.
    let submits = params.boolean("submit")?.unwrap_or(evidence.is_some());
    if submits || evidence.is_some() {
        is_inquiry(present)?;
    }
    let dispute = store.disputes.get_mut(id).ok_or_else(|| StripeError::no_such("dispute", id))?;
    if let Some(kept) = dispute.get_mut("metadata") {
        object::merge(kept, metadata);
    }
    if let Some(evidence) = evidence {
        stage(dispute, evidence);
    }
    if submits {
        submit(dispute, call.cause.now);
    }
    let dispute = dispute.clone();
    store.emit("charge.dispute.updated", id, &call.cause);
    Ok(dispute)
}

/// The evidence that was sent; what was sent empty is null.
fn evidence(params: &Params<'_>) -> Result<Option<Value>, StripeError> {
    let Some(sent) = params.child("evidence")? else { return Ok(None) };
    sent.only(&[EVIDENCE, &["enhanced_evidence"]].concat())?;
    let mut evidence = json!({});
    for key in EVIDENCE.iter().filter(|key| sent.has(key)) {
        let unset = sent.raw(key).and_then(Value::as_str) == Some("");
        object::set(&mut evidence, key, if unset { None } else { sent.text(key)? });
    }
    if let Some(enhanced) = sent.child("enhanced_evidence")? {
        object::set(&mut evidence, "enhanced_evidence", enhanced.value().clone());
    }
    Ok(Some(evidence))
}

fn stage(dispute: &mut Value, evidence: Value) {
    if let Some(kept) = dispute.get_mut("evidence") {
        object::merge(kept, evidence);
    }
    if let Some(details) = dispute.get_mut("evidence_details") {
        object::set(details, "has_evidence", true);
    }
}

fn submit(dispute: &mut Value, now: i64) {
    let inquiry = object::text(dispute, "status").is_some_and(|status| status.starts_with("warning_"));
    object::set(dispute, "status", if inquiry { "warning_under_review" } else { "under_review" });
    if let Some(details) = dispute.get_mut("evidence_details") {
        let late = now > object::integer(details, "due_by");
        let count = object::integer(details, "submission_count").saturating_add(1);
        object::merge(details, json!({"past_due": late, "submission_count": count, "submission_method": "manual"}));
    }
}
