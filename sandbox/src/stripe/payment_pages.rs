//! The undocumented calls behind Stripe's hosted page, by which the official CLI plays the buyer.

use serde_json::json;

use crate::error::{Reply, StripeError};
use crate::object;
use crate::state::Store;
use crate::stripe::payments::Purchase;
use crate::stripe::{Call, checkout, payment_methods, payments};

/// `/v1/payment_pages/{session}` and `…/confirm`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("GET", [id]) => page(store, id),
        ("POST", [id, "confirm"]) => confirm(store, call, id),
        _ => Err(call.unrecognized()),
    }
}

fn page(store: &Store, id: &str) -> Reply {
    let session = checkout::known(store, id)?;
    Ok(json!({
        "id": id.replacen("cs_", "ppage_", 1),
        "object": "checkout.session",
        "session_id": id,
        "amount_total": session.get("amount_total"),
        "currency": session.get("currency"),
        "livemode": false,
        "mode": "payment",
        "payment_status": session.get("payment_status"),
        "state": if object::is(session, "status", "open") { "active" } else { "inactive" },
        "status": session.get("status"),
    }))
}

fn confirm(store: &mut Store, call: &Call, id: &str) -> Reply {
    let params = call.params();
    let session = checkout::known(store, id)?;
    if let Some(expected) = params.integer("expected_amount")?
        && expected != object::integer(session, "amount_total")
    {
        return Err(StripeError::invalid("The amount of the session is not the expected one.")
            .code("checkout_amount_mismatch")
            .param("expected_amount"));
    }
    let method = params.required_text("payment_method")?;
    let outcome = payment_methods::outcome_of(store, method)?;
    let billing = store.payment_methods.get(method).and_then(|method| method.get("billing_details")).cloned();
    payments::buy(store, id, &Purchase { outcome, method: Some(method.to_owned()), billing }, &call.cause)
}
