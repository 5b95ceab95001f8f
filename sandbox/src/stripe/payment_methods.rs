//! Payment methods: made by the buyer's side (the CLI, the pay page); they decide how a payment ends.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id};
use crate::state::{Outcome, Store};
use crate::stripe::{Call, contact};

/// `/v1/payment_methods…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", [id]) => {
            store.payment_methods.get(id).cloned().ok_or_else(|| StripeError::no_such("payment_method", id))
        }
        _ => Err(call.unrecognized()),
    }
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    let kind = params.required_text("type")?.to_owned();
    let (details, outcome) = match kind.as_str() {
        "card" => {
            let card = params.child("card")?.ok_or_else(|| StripeError::missing("card"))?;
            let given = match card.text("token")? {
                Some(token) => token.to_owned(),
                None => card.required_text("number")?.to_owned(),
            };
            (card_details(), card_outcome(&given)?)
        }
        "sepa_debit" | "us_bank_account" | "bacs_debit" => (json!({}), Outcome::Delayed),
        _ => return Err(StripeError::invalid(format!("The sandbox has no payment method type {kind}.")).param("type")),
    };
    let billing = contact::billing(params.raw("billing_details"));
    Ok(add(store, &kind, details, billing, outcome, call.cause.now))
}

/// Keeps a payment method of the buyer.
pub(crate) fn add(store: &mut Store, kind: &str, details: Value, billing: Value, outcome: Outcome, now: i64) -> Value {
    let mut method = json!({
        "id": fresh_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing,
        "created": now,
        "customer": null,
        "customer_account": null,
        "livemode": false,
        "metadata": {},
        "type": kind,
    });
    object::set(&mut method, kind, details);
    store.behaviours.insert(object::owned(&method, "id"), outcome);
    store.payment_methods.insert(method.clone());
    method
}

/// What the API shows of the test card.
pub(crate) fn card_details() -> Value {
    json!({
        "brand": "visa",
        "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
        "country": "US", "display_brand": "visa", "exp_month": 8, "exp_year": 2030, "fingerprint": "AOB934RVNwzk6xtn",
        "funding": "credit", "generated_from": null, "last4": "4242", "networks": {"available": ["visa"], "preferred": null},
        "regulated_status": null, "three_d_secure_usage": {"supported": true}, "wallet": null,
    })
}

/// Stripe's documented test tokens and numbers.
fn card_outcome(given: &str) -> Result<Outcome, StripeError> {
    match given.replace(' ', "").as_str() {
        "tok_visa" | "tok_mastercard" | "4242424242424242" | "5555555555554444" => Ok(Outcome::Paid),
        "tok_chargeDeclined" | "4000000000000002" => Ok(Outcome::Declined("generic_decline".to_owned())),
        "tok_chargeDeclinedInsufficientFunds" | "4000000000009995" => {
            Ok(Outcome::Declined("insufficient_funds".to_owned()))
        }
        "tok_createDispute" | "4000000000000259" => Ok(Outcome::Paid),
        other => Err(StripeError::invalid(format!("The sandbox does not know the test card {other}.")).param("card")),
    }
}
