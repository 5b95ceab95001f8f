//! Payment methods: made by the buyer's side (the CLI, the pay page); they decide how a payment ends.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id};
use crate::state::{Outcome, Store};
use crate::stripe::{Call, contact};

/// How long banks take to answer, in seconds.
const SOON: i64 = 5;
const LATER: i64 = 3 * 60;

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
        "sepa_debit" => {
            let debit = params.child("sepa_debit")?.ok_or_else(|| StripeError::missing("sepa_debit"))?;
            let iban = debit.required_text("iban")?.replace(' ', "");
            (debit_details(&iban), debit_outcome(&iban))
        }
        "us_bank_account" | "bacs_debit" => (json!({}), Outcome::Delayed),
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

/// A payment method by its id, or a new one by one of Stripe's names for test cards (`pm_card_visa`).
pub(crate) fn resolve(store: &mut Store, given: &str, now: i64) -> Result<String, StripeError> {
    if store.payment_methods.get(given).is_some() {
        return Ok(given.to_owned());
    }
    let name = given.strip_prefix("pm_card_").map(|name| name.strip_prefix("visa_").unwrap_or(name));
    let outcome = name.and_then(|name| card_outcome(&format!("tok_{name}")).ok());
    let outcome = outcome.ok_or_else(|| StripeError::dangling("PaymentMethod", given, "payment_method"))?;
    let method = add(store, "card", card_details(), contact::billing(None), outcome, now);
    Ok(object::owned(&method, "id"))
}

/// How a payment with a payment method ends.
pub(crate) fn outcome_of(store: &Store, id: &str) -> Result<Outcome, StripeError> {
    let outcome = store.behaviours.get(id).cloned();
    outcome.ok_or_else(|| StripeError::dangling("PaymentMethod", id, "payment_method"))
}

/// What a charge shows of the payment method.
pub(crate) fn details_of(store: &Store, id: &str) -> Value {
    let Some(method) = store.payment_methods.get(id) else { return Value::Null };
    let kind = object::owned(method, "type");
    let mut details = json!({"type": kind});
    object::set(&mut details, &kind, method.get(&kind).cloned().unwrap_or_else(|| json!({})));
    details
}

/// What the API shows of an account that may be debited.
fn debit_details(iban: &str) -> Value {
    let part = |from: usize, to: usize| iban.get(from..to.min(iban.len())).unwrap_or_default();
    json!({
        "bank_code": part(4, 9), "branch_code": "", "country": part(0, 2), "fingerprint": "9optXvqV14bXh1Bv",
        "generated_from": {"charge": null, "setup_attempt": null}, "last4": part(iban.len().saturating_sub(4), iban.len()),
    })
}

/// Stripe's documented test accounts; any other waits for the control side.
fn debit_outcome(iban: &str) -> Outcome {
    let settled = |succeeds, after| Outcome::Settled { succeeds, after };
    match iban {
        "AT611904300234573201" | "DE89370400440532013000" => settled(true, SOON),
        "AT321904300235473204" | "DE08370400440532013003" => settled(true, LATER),
        "AT861904300235473202" | "DE62370400440532013001" | "IT60X0542811101000000123456" => settled(false, SOON),
        _ => Outcome::Delayed,
    }
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
    let disputed = |reason: &str, inquiry| Outcome::Disputed { reason: reason.to_owned(), inquiry };
    match given.replace(' ', "").as_str() {
        "tok_visa" | "tok_mastercard" | "4242424242424242" | "5555555555554444" => Ok(Outcome::Paid),
        "tok_chargeDeclined" | "4000000000000002" => Ok(Outcome::Declined("generic_decline".to_owned())),
        "tok_chargeDeclinedInsufficientFunds" | "4000000000009995" => {
            Ok(Outcome::Declined("insufficient_funds".to_owned()))
        }
        "tok_createDispute" | "4000000000000259" => Ok(disputed("fraudulent", false)),
        "tok_createDisputeProductNotReceived" | "4000000000002685" => Ok(disputed("product_not_received", false)),
        "tok_createDisputeInquiry" | "4000000000001976" => Ok(disputed("general", true)),
        other => Err(StripeError::invalid(format!("The sandbox does not know the test card {other}.")).param("card")),
    }
}
