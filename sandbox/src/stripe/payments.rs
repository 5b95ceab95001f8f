//! The buyer's side: what happens to a session, its PaymentIntent and its charge when somebody pays.

use serde_json::{Value, json};

use crate::PastPayment;
use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id, nulls};
use crate::state::{Cause, Outcome, Store};
use crate::stripe::chargebacks::{self, Complaint};
use crate::stripe::{checkout, contact, payment_intents, payment_methods};

/// How a buyer pays a session.
#[derive(Debug)]
pub(crate) struct Purchase {
    /// What comes of it.
    pub(crate) outcome: Outcome,
    /// The payment method's id; without one a fitting one is made.
    pub(crate) method: Option<String>,
    /// The buyer's details.
    pub(crate) billing: Option<Value>,
}

/// Pays an open session, or fails to.
pub(crate) fn buy(store: &mut Store, session_id: &str, purchase: &Purchase, cause: &Cause) -> Reply {
    let session = checkout::known(store, session_id)?.clone();
    if !object::is(&session, "status", "open") {
        return Err(StripeError::invalid(format!(
            "This Checkout Session is {}; it can no longer be paid.",
            object::owned(&session, "status")
        ))
        .code("checkout_session_not_open"));
    }
    if object::integer(&session, "amount_total") == 0 {
        checkout::complete(store, session_id, "no_payment_required", purchase.billing.as_ref());
        store.emit("checkout.session.completed", session_id, cause);
        return checkout::known(store, session_id).cloned();
    }
    let intent_id = intent_of(store, &session, cause);
    let method = purchase.method.clone().unwrap_or_else(|| default_method(store, purchase, cause));
    change(store, &intent_id, json!({"payment_method": method}));
    let payment_status = confirm(store, &intent_id, purchase, cause)?;
    checkout::complete(store, session_id, payment_status, purchase.billing.as_ref());
    store.emit("checkout.session.completed", session_id, cause);
    aftermath(store, &intent_id, &purchase.outcome, cause)?;
    checkout::known(store, session_id).cloned()
}

/// Confirms a PaymentIntent that has its payment method: answers whether it is `paid` or still `unpaid`; a decline is
/// the error.
pub(crate) fn confirm(
    store: &mut Store,
    intent_id: &str,
    purchase: &Purchase,
    cause: &Cause,
) -> Result<&'static str, StripeError> {
    let billing = purchase.billing.as_ref();
    match &purchase.outcome {
        Outcome::Paid | Outcome::Disputed { .. } => {
            charge(store, intent_id, None, billing, cause);
            store.emit("payment_intent.succeeded", intent_id, cause);
            Ok("paid")
        }
        Outcome::Declined(code) => {
            let charge_id = charge(store, intent_id, Some(code.as_str()), billing, cause);
            store.emit("payment_intent.payment_failed", intent_id, cause);
            let intent = store.payment_intents.get(intent_id).cloned().unwrap_or(Value::Null);
            Err(StripeError::declined(code, Some(&charge_id), intent))
        }
        Outcome::Delayed | Outcome::Settled { .. } => {
            change(store, intent_id, json!({"status": "processing", "payment_method_types": ["sepa_debit"]}));
            if let Outcome::Settled { succeeds, after } = purchase.outcome {
                store.bank_answers.insert((cause.now.saturating_add(after), intent_id.to_owned(), succeeds));
            }
            store.emit("payment_intent.processing", intent_id, cause);
            Ok("unpaid")
        }
    }
}

/// What the buyer's bank does after the payment.
pub(crate) fn aftermath(
    store: &mut Store,
    intent_id: &str,
    outcome: &Outcome,
    cause: &Cause,
) -> Result<(), StripeError> {
    let Outcome::Disputed { reason, inquiry } = outcome else { return Ok(()) };
    chargebacks::open(store, intent_id, &Complaint::new(reason, *inquiry), cause).map(|_| ())
}

/// The bank's late answer to a session's delayed payment.
pub(crate) fn settle(store: &mut Store, session_id: &str, succeeds: bool, cause: &Cause) -> Reply {
    let intent_id = object::owned(checkout::known(store, session_id)?, "payment_intent");
    if !is_on_its_way(store, &intent_id) {
        return Err(StripeError::invalid("No delayed payment of this session is on its way."));
    }
    answer(store, &intent_id, succeeds, cause);
    checkout::known(store, session_id).cloned()
}

/// The answers of banks whose time has come.
pub(crate) fn answer_due(store: &mut Store, cause: &Cause) {
    while let Some((at, intent_id, succeeds)) = store.bank_answers.first().cloned() {
        if at > cause.now {
            break;
        }
        store.bank_answers.pop_first();
        if is_on_its_way(store, &intent_id) {
            answer(store, &intent_id, succeeds, cause);
        }
    }
}

fn is_on_its_way(store: &Store, intent_id: &str) -> bool {
    store.payment_intents.get(intent_id).is_some_and(|intent| object::is(intent, "status", "processing"))
}

fn answer(store: &mut Store, intent_id: &str, succeeds: bool, cause: &Cause) {
    let decline = (!succeeds).then_some("insufficient_funds");
    charge(store, intent_id, decline, None, cause);
    store.emit(if succeeds { "payment_intent.succeeded" } else { "payment_intent.payment_failed" }, intent_id, cause);
    let session = store.sessions.newest_first().find(|session| object::is(session, "payment_intent", intent_id));
    let Some(session_id) = session.map(|session| object::owned(session, "id")) else { return };
    if succeeds && let Some(session) = store.sessions.get_mut(&session_id) {
        object::set(session, "payment_status", "paid");
    }
    let outcome = if succeeds { "succeeded" } else { "failed" };
    store.emit(&format!("checkout.session.async_payment_{outcome}"), &session_id, cause);
}

/// The session's PaymentIntent, made at the first try to pay.
fn intent_of(store: &mut Store, session: &Value, cause: &Cause) -> String {
    if let Some(id) = object::text(session, "payment_intent") {
        return id.to_owned();
    }
    let session_id = object::owned(session, "id");
    let data = store
        .session_details
        .get(&session_id)
        .map(|details| details.payment_intent_data.clone())
        .unwrap_or(Value::Null);
    let about = json!({
        "amount": session.get("amount_total"),
        "currency": session.get("currency"),
        "customer": session.get("customer"),
        "description": data.get("description"),
        "metadata": data.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "receipt_email": data.get("receipt_email"),
        "setup_future_usage": data.get("setup_future_usage"),
        "shipping": contact::shipping(data.get("shipping")),
    });
    let id = payment_intents::open(store, about, cause);
    if let Some(session) = store.sessions.get_mut(&session_id) {
        object::set(session, "payment_intent", id.clone());
    }
    id
}

fn default_method(store: &mut Store, purchase: &Purchase, cause: &Cause) -> String {
    let billing = purchase.billing.clone().unwrap_or_else(|| contact::billing(None));
    let (kind, details) = match purchase.outcome {
        Outcome::Delayed | Outcome::Settled { .. } => ("sepa_debit", json!({})),
        Outcome::Paid | Outcome::Declined(_) | Outcome::Disputed { .. } => ("card", payment_methods::card_details()),
    };
    let method = payment_methods::add(store, kind, details, billing, purchase.outcome.clone(), cause.now);
    object::owned(&method, "id")
}

/// Charges the whole amount, or fails with a decline code; changes the PaymentIntent accordingly.
fn charge(store: &mut Store, intent_id: &str, decline: Option<&str>, billing: Option<&Value>, cause: &Cause) -> String {
    let Some(intent) = store.payment_intents.get(intent_id).cloned() else { return String::new() };
    let id = fresh_id("ch");
    let (amount, paid) = (object::integer(&intent, "amount"), decline.is_none());
    let charge = charge_document(&id, &intent, decline, billing, cause.now);
    store.charges.insert(charge);
    let error = decline.map(|code| {
        json!({"type": "card_error", "code": "card_declined", "decline_code": code,
        "message": "Your card was declined.", "charge": id})
    });
    change(
        store,
        intent_id,
        json!({
            "status": if paid { "succeeded" } else { "requires_payment_method" },
            "amount_received": if paid { amount } else { 0 },
            "latest_charge": id,
            "last_payment_error": error,
        }),
    );
    store.emit(if paid { "charge.succeeded" } else { "charge.failed" }, &id, cause);
    id
}

/// A charge of the whole amount, or a try that was declined.
#[expect(clippy::too_many_lines, reason = "one JSON document")]
fn charge_document(id: &str, intent: &Value, decline: Option<&str>, billing: Option<&Value>, now: i64) -> Value {
    let (amount, paid) = (object::integer(intent, "amount"), decline.is_none());
    let mut charge = nulls(&[
        "application",
        "application_fee",
        "application_fee_amount",
        "balance_transaction",
        "calculated_statement_descriptor",
        "failure_balance_transaction",
        "on_behalf_of",
        "receipt_email",
        "receipt_number",
        "receipt_url",
        "review",
        "source",
        "source_transfer",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ]);
    object::merge(
        &mut charge,
        json!({
            "id": id,
            "object": "charge",
            "amount": amount,
            "amount_captured": if paid { amount } else { 0 },
            "amount_refunded": 0,
            "billing_details": billing.cloned().unwrap_or_else(|| contact::billing(None)),
            "captured": paid,
            "created": now,
            "currency": intent.get("currency"),
            "customer": intent.get("customer"),
            "description": intent.get("description"),
            "disputed": false,
            "failure_code": decline.map(|_| "card_declined"),
            "failure_message": decline.map(|_| "Your card was declined."),
            "fraud_details": {},
            "livemode": false,
            "metadata": intent.get("metadata"),
            "outcome": {"advice_code": null, "network_advice_code": null, "network_decline_code": null,
                "network_status": if paid { "approved_by_network" } else { "declined_by_network" }, "reason": decline,
                "seller_message": if paid { "Payment complete." } else { "The bank refused." },
                "type": if paid { "authorized" } else { "issuer_declined" }},
            "paid": paid,
            "payment_intent": intent.get("id"),
            "payment_method": intent.get("payment_method"),
            "payment_method_details": payment_methods::details_of(store, &object::owned(&intent, "payment_method")),
            "refunded": false,
            "shipping": intent.get("shipping"),
            "status": if paid { "succeeded" } else { "failed" },
        }),
    );
    charge
}

/// Takes over a payment of before the sandbox was there, with its charge; nobody is told.
pub(crate) fn adopt(store: &mut Store, payment: &PastPayment) {
    let about = json!({"amount": payment.amount, "currency": payment.currency, "customer": null, "metadata": {}});
    let mut intent = payment_intents::document(&payment.intent, about, payment.paid_at);
    let charge_id = fresh_id("ch");
    let mut charge = charge_document(&charge_id, &intent, None, None, payment.paid_at);
    let is_gone = payment.refunded == payment.amount;
    object::merge(&mut charge, json!({"amount_refunded": payment.refunded, "refunded": is_gone}));
    let paid = json!({"status": "succeeded", "amount_received": payment.amount, "latest_charge": charge_id});
    object::merge(&mut intent, paid);
    store.charges.insert(charge);
    store.payment_intents.insert(intent);
    store.changes += 1;
}

/// Writes some members of a PaymentIntent.
pub(crate) fn change(store: &mut Store, intent_id: &str, changes: Value) {
    if let Some(intent) = store.payment_intents.get_mut(intent_id) {
        object::merge(intent, changes);
    }
}
