//! PaymentIntents: made by sessions, or by who calls the API directly, as Stripe's CLI does.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::money;
use crate::object::{self, fresh_id, nulls, random_text};
use crate::params::Params;
use crate::state::{Cause, Store};
use crate::stripe::payments::Purchase;
use crate::stripe::{Call, contact, listing, payment_methods, payments};

const CREATE_PARAMS: &[&str] = &[
    "amount",
    "automatic_payment_methods",
    "confirm",
    "currency",
    "customer",
    "description",
    "expand",
    "mandate_data",
    "metadata",
    "payment_method",
    "payment_method_types",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
];

/// What can be paid with here when the request does not say.
pub(crate) const METHOD_TYPES: [&str; 2] = ["card", "sepa_debit"];

/// `/v1/payment_intents…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => {
            let params = call.params();
            let customer = params.text("customer")?;
            listing::page(call, store.payment_intents.newest_first(), |intent| {
                listing::allows(customer, intent, "customer")
            })
        }
        ("GET", [id]) => known(store, id).cloned(),
        ("POST", [id, "confirm"]) => confirm(store, call, id),
        ("POST", [id, "cancel"]) => cancel(store, call, id),
        _ => Err(call.unrecognized()),
    }
}

fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.payment_intents.get(id).ok_or_else(|| StripeError::no_such("payment_intent", id))
}

/// A new PaymentIntent without a payment method; `about` has its amount, its currency and whatever else is known of it.
/// Answers its id.
pub(crate) fn open(store: &mut Store, about: Value, cause: &Cause) -> String {
    let id = fresh_id("pi");
    store.payment_intents.insert(document(&id, about, cause.now));
    store.emit("payment_intent.created", &id, cause);
    id
}

/// A PaymentIntent that nobody has paid yet.
pub(crate) fn document(id: &str, about: Value, now: i64) -> Value {
    let mut intent = nulls(&[
        "application",
        "application_fee_amount",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "customer_account",
        "excluded_payment_method_types",
        "last_payment_error",
        "latest_charge",
        "next_action",
        "on_behalf_of",
        "payment_method",
        "payment_method_configuration_details",
        "processing",
        "review",
        "setup_future_usage",
        "source",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ]);
    object::merge(
        &mut intent,
        json!({
            "id": id,
            "object": "payment_intent",
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "capture_method": "automatic_async",
            "client_secret": format!("{id}_secret_{}", random_text(25)),
            "confirmation_method": "automatic",
            "created": now,
            "livemode": false,
            "payment_method_options": {"card": {"installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "status": "requires_payment_method",
        }),
    );
    object::merge(&mut intent, about);
    intent
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(CREATE_PARAMS)?;
    let amount = params.required_at_least("amount", 1)?;
    let currency = money::currency(params.required_text("currency")?, "currency")?;
    money::check_total(amount, &currency, "amount")?;
    let customer = params.text("customer")?;
    if let Some(id) = customer.filter(|id| store.customers.get(id).is_none()) {
        return Err(StripeError::dangling("customer", id, "customer"));
    }
    let sent_types = params.words("payment_method_types");
    let about = json!({
        "amount": amount,
        "automatic_payment_methods": sent_types.is_empty().then(|| json!({"allow_redirects": "always", "enabled": true})),
        "currency": currency,
        "customer": customer,
        "description": params.text("description")?,
        "metadata": params.metadata()?,
        "payment_method_types": if sent_types.is_empty() { METHOD_TYPES.map(str::to_owned).to_vec() } else { sent_types },
        "receipt_email": params.text("receipt_email")?,
        "setup_future_usage": params.choice("setup_future_usage", &["off_session", "on_session"])?,
        "shipping": contact::shipping(params.raw("shipping")),
    });
    let is_confirmed = params.boolean("confirm")?.unwrap_or(false);
    let method = chosen_method(store, &params, &about, is_confirmed, call.cause.now)?;
    let id = open(store, about, &call.cause);
    if let Some(method) = method {
        payments::change(store, &id, json!({"payment_method": method, "status": "requires_confirmation"}));
    }
    if is_confirmed { pay(store, &id, &call.cause) } else { known(store, &id).cloned() }
}

fn confirm(store: &mut Store, call: &Call, id: &str) -> Reply {
    let intent = known(store, id)?.clone();
    let params = call.params();
    params.only(&["expand", "mandate_data", "payment_method", "return_url"])?;
    let status = object::owned(&intent, "status");
    if !matches!(status.as_str(), "requires_payment_method" | "requires_confirmation") {
        return Err(unexpected("confirm", &status));
    }
    if let Some(method) = chosen_method(store, &params, &intent, true, call.cause.now)? {
        payments::change(store, id, json!({"payment_method": method}));
    }
    pay(store, id, &call.cause)
}

/// The payment method of a request, held against what the PaymentIntent may be paid with. Who confirms needs one, and a
/// mandate for a debit.
fn chosen_method(
    store: &mut Store,
    params: &Params<'_>,
    intent: &Value,
    is_confirmed: bool,
    now: i64,
) -> Result<Option<String>, StripeError> {
    let sent = params.text("payment_method")?.or_else(|| object::text(intent, "payment_method"));
    let Some(sent) = sent else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
        let missing = StripeError::invalid(message).code("payment_intent_unexpected_state");
        return if is_confirmed { Err(missing) } else { Ok(None) };
    };
    let method = payment_methods::resolve(store, sent, now)?;
    let kind = store.payment_methods.get(&method).map(|method| object::owned(method, "type")).unwrap_or_default();
    let types = intent.get("payment_method_types").and_then(Value::as_array).into_iter().flatten();
    if !types.filter_map(Value::as_str).any(|allowed| allowed == kind) {
        let message = format!("The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent.");
        return Err(StripeError::invalid(message).param("payment_method"));
    }
    if is_confirmed && kind != "card" && !params.has("mandate_data") {
        return Err(StripeError::missing("mandate_data"));
    }
    Ok(Some(method))
}

fn pay(store: &mut Store, id: &str, cause: &Cause) -> Reply {
    let method = object::owned(known(store, id)?, "payment_method");
    let purchase = Purchase {
        outcome: payment_methods::outcome_of(store, &method)?,
        billing: store.payment_methods.get(&method).and_then(|method| method.get("billing_details")).cloned(),
        method: Some(method),
    };
    payments::confirm(store, id, &purchase, cause)?;
    payments::aftermath(store, id, &purchase.outcome, cause)?;
    known(store, id).cloned()
}

fn cancel(store: &mut Store, call: &Call, id: &str) -> Reply {
    let status = object::owned(known(store, id)?, "status");
    let params = call.params();
    params.only(&["cancellation_reason", "expand"])?;
    let reasons = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
    let reason = params.choice("cancellation_reason", &reasons)?;
    if store.sessions.newest_first().any(|session| object::is(session, "payment_intent", id)) {
        let message = "You cannot cancel the PaymentIntent of a Checkout Session. Expire the Checkout Session instead.";
        return Err(StripeError::invalid(message));
    }
    if !matches!(status.as_str(), "requires_payment_method" | "requires_confirmation") {
        return Err(unexpected("cancel", &status));
    }
    let now = call.cause.now;
    payments::change(store, id, json!({"status": "canceled", "canceled_at": now, "cancellation_reason": reason}));
    store.emit("payment_intent.canceled", id, &call.cause);
    known(store, id).cloned()
}

fn unexpected(what: &str, status: &str) -> StripeError {
    StripeError::invalid(format!("You cannot {what} this PaymentIntent because it has a status of {status}."))
        .code("payment_intent_unexpected_state")
}
