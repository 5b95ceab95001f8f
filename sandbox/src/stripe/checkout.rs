//! Checkout Sessions: create, retrieve, list, list line items, expire.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, nulls, random_text};
use crate::params::Params;
use crate::state::{Cause, SessionDetails, Store};
use crate::stripe::session_lines::{self, Lines};
use crate::stripe::{Call, contact, listing, payment_intents};
use crate::{money, stripe};

/// Sessions live between half an hour and a day.
const SHORTEST: i64 = 30 * 60;
const LONGEST: i64 = 24 * 60 * 60;

const CREATE_PARAMS: &[&str] = &[
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "automatic_tax",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "excluded_payment_method_types",
    "expand",
    "expires_at",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "origin_context",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_options",
    "payment_method_types",
    "permissions",
    "phone_number_collection",
    "return_url",
    "saved_payment_method_options",
    "shipping_address_collection",
    "shipping_options",
    "submit_type",
    "success_url",
    "tax_id_collection",
    "ui_mode",
];

const PAYMENT_INTENT_PARAMS: &[&str] = &[
    "application_fee_amount",
    "capture_method",
    "description",
    "metadata",
    "on_behalf_of",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
];

/// `/v1/checkout/sessions…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => list(store, call),
        ("GET", [id]) => known(store, id).cloned(),
        ("POST", [id]) => update(store, call, id),
        ("GET", [id, "line_items"]) => line_items(store, call, id),
        ("POST", [id, "expire"]) => expire(store, call, id),
        _ => Err(call.unrecognized()),
    }
}

/// The session, or Stripe's 404.
pub(crate) fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.sessions.get(id).ok_or_else(|| StripeError::no_such("checkout.session", id))
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(CREATE_PARAMS)?;
    check_choices(&params)?;
    let expires_at = expiry(&params, call.cause.now)?;
    let (customer, email) = buyer(store, &params)?;
    let known_email = email.clone().or_else(|| customer_email(store, customer.as_deref()));
    let intent_data = params.child("payment_intent_data")?;
    if let Some(data) = &intent_data {
        data.only(PAYMENT_INTENT_PARAMS)?;
        data.metadata()?;
    }
    let lines = session_lines::read(store, &params, &call.cause)?;
    let discount = session_lines::discount(store, &params, &lines, call.cause.now)?;
    let shipping = session_lines::shipping(&params, &lines.currency)?;
    let total =
        lines.subtotal.saturating_sub(discount.amount).saturating_add(shipping.amount) + i64::from(call.wrong_total);
    money::check_total(total, &lines.currency, "line_items")?;
    let id = format!("cs_test_{}", random_text(58));
    let mut session = blank(&id, call, &params)?;
    object::merge(
        &mut session,
        json!({
            "amount_subtotal": lines.subtotal,
            "amount_total": total,
            "currency": lines.currency,
            "customer": customer,
            "customer_email": email,
            "customer_details": known_email.map(|email| json!({
                "address": null, "email": email, "name": null, "phone": null, "tax_exempt": "none", "tax_ids": null,
                "business_name": null, "individual_name": null,
            })),
            "discounts": discount.coupon.iter().map(|coupon| json!({"coupon": coupon, "promotion_code": null})).collect::<Vec<_>>(),
            "expires_at": expires_at,
            "shipping_cost": shipping.cost(),
            "shipping_options": shipping.options,
            "total_details": {"amount_discount": discount.amount, "amount_shipping": shipping.amount, "amount_tax": 0},
        }),
    );
    let Lines { items, .. } = discount.spread(lines);
    let details = SessionDetails {
        lines: items,
        payment_intent_data: intent_data.map_or(json!({}), |data| data.value().clone()),
        coupon: discount.coupon,
    };
    store.session_details.insert(id.clone(), details);
    store.open_sessions.insert((expires_at, id));
    store.sessions.insert(session.clone());
    Ok(session)
}

fn check_choices(params: &Params<'_>) -> Result<(), StripeError> {
    match params.choice("mode", &["payment", "setup", "subscription"])? {
        Some("payment") => {}
        Some(other) => {
            return Err(
                StripeError::invalid(format!("The sandbox knows mode=payment only, not {other}.")).param("mode")
            );
        }
        None => return Err(StripeError::missing("mode")),
    }
    // `hosted`, `embedded` and `custom` are refused since 2026-03-25.dahlia.
    let ui_mode =
        params.choice("ui_mode", &["hosted_page", "embedded_page", "elements", "form"])?.unwrap_or("hosted_page");
    if ui_mode == "hosted_page" {
        params.required_text("success_url")?;
    }
    params.choice("submit_type", &["auto", "pay", "book", "donate", "subscribe"])?;
    if params.has("allow_promotion_codes") && params.has("discounts") {
        return Err(StripeError::exclusive(&["allow_promotion_codes", "discounts"]));
    }
    for switch in ["automatic_tax", "adaptive_pricing"] {
        if let Some(child) = params.child(switch)? {
            child.boolean("enabled")?;
        }
    }
    params.text("client_reference_id")?;
    params.metadata().map(|_| ())
}

fn expiry(params: &Params<'_>, now: i64) -> Result<i64, StripeError> {
    let Some(at) = params.integer("expires_at")? else { return Ok(now.saturating_add(LONGEST)) };
    if at < now.saturating_add(SHORTEST) {
        return Err(StripeError::invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
        )
        .param("expires_at"));
    }
    if at > now.saturating_add(LONGEST) {
        return Err(StripeError::invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
        )
        .param("expires_at"));
    }
    Ok(at)
}

fn buyer(store: &Store, params: &Params<'_>) -> Result<(Option<String>, Option<String>), StripeError> {
    let (customer, email) = (params.text("customer")?, params.text("customer_email")?);
    if customer.is_some() && email.is_some() {
        return Err(StripeError::exclusive(&["customer", "customer_email"]));
    }
    if let Some(id) = customer.filter(|id| store.customers.get(id).is_none()) {
        return Err(StripeError::dangling("customer", id, "customer"));
    }
    if email.is_some_and(|email| !email.contains('@')) {
        return Err(StripeError::invalid(format!("Invalid email address: {}", email.unwrap_or_default()))
            .code("email_invalid")
            .param("customer_email"));
    }
    Ok((customer.map(str::to_owned), email.map(str::to_owned)))
}

/// The address of a session's customer, when there is one.
fn customer_email(store: &Store, customer: Option<&str>) -> Option<String> {
    object::text(store.customers.get(customer?)?, "email").map(str::to_owned)
}

/// A new open session without its amounts.
fn blank(id: &str, call: &Call, params: &Params<'_>) -> Reply {
    let mut session = nulls(&[
        "after_expiration",
        "allow_promotion_codes",
        "billing_address_collection",
        "client_secret",
        "collected_information",
        "consent",
        "consent_collection",
        "currency_conversion",
        "customer_account",
        "customer_creation",
        "invoice",
        "origin_context",
        "payment_intent",
        "payment_link",
        "payment_method_configuration_details",
        "permissions",
        "recovered_from",
        "saved_payment_method_options",
        "setup_intent",
        "shipping_address_collection",
        "subscription",
        "wallet_options",
    ]);
    let text = |key: &str| params.text(key).map(|value| value.map(str::to_owned));
    let sent_types = params.words("payment_method_types");
    let any_type = || payment_intents::METHOD_TYPES.map(str::to_owned).to_vec();
    object::merge(
        &mut session,
        json!({
            "id": id,
            "object": "checkout.session",
            "adaptive_pricing": {"enabled": false},
            "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
            "cancel_url": text("cancel_url")?,
            "client_reference_id": text("client_reference_id")?,
            "created": call.cause.now,
            "custom_fields": [],
            "custom_text": {"after_submit": null, "shipping_address": null, "submit": null, "terms_of_service_acceptance": null},
            "invoice_creation": {"enabled": false, "invoice_data": {"account_tax_ids": null, "custom_fields": null, "description": null,
                "footer": null, "issuer": null, "metadata": {}, "rendering_options": null}},
            "livemode": false,
            "locale": text("locale")?,
            "metadata": params.metadata()?,
            "mode": "payment",
            "payment_method_collection": "if_required",
            "payment_method_options": {},
            "payment_method_types": if sent_types.is_empty() { any_type() } else { sent_types },
            "payment_status": "unpaid",
            "phone_number_collection": {"enabled": false},
            "status": "open",
            "submit_type": text("submit_type")?,
            "success_url": text("success_url")?,
            "ui_mode": text("ui_mode")?.unwrap_or_else(|| "hosted_page".to_owned()),
            "url": format!("{}/pay/{id}", call.public_url),
        }),
    );
    Ok(session)
}

fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    known(store, id)?;
    let params = call.params();
    params.only(&["metadata", "expand", "collected_information", "line_items", "shipping_options"])?;
    let metadata = params.metadata()?;
    let session = store.sessions.get_mut(id).ok_or_else(|| StripeError::no_such("checkout.session", id))?;
    if let Some(present) = session.get_mut("metadata") {
        object::merge(present, metadata);
    }
    Ok(session.clone())
}

fn list(store: &Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&[
        "created",
        "customer",
        "customer_details",
        "ending_before",
        "expand",
        "limit",
        "payment_intent",
        "payment_link",
        "starting_after",
        "status",
        "subscription",
    ])?;
    let (customer, intent) = (params.text("customer")?, params.text("payment_intent")?);
    let status = params.choice("status", &["open", "complete", "expired"])?;
    let email = match params.child("customer_details")? {
        Some(details) => Some(details.required_text("email")?),
        None => None,
    };
    listing::page(call, store.sessions.newest_first(), |session| {
        listing::allows(customer, session, "customer")
            && listing::allows(intent, session, "payment_intent")
            && listing::allows(status, session, "status")
            && email.is_none_or(|email| object::is(&session["customer_details"], "email", email))
    })
}

fn line_items(store: &Store, call: &Call, id: &str) -> Reply {
    known(store, id)?;
    let lines = store.session_details.get(id).map(|details| details.lines.clone()).unwrap_or_default();
    // Lines keep the order of the request, so they are handed to the pager as they are.
    listing::page(call, lines.iter(), |_| true)
}

fn expire(store: &mut Store, call: &Call, id: &str) -> Reply {
    let status = object::owned(known(store, id)?, "status");
    if status != "open" {
        return Err(StripeError::invalid(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {status}."
        )));
    }
    close(store, id, &call.cause);
    known(store, id).cloned()
}

/// Expires every open session whose time is up.
pub(crate) fn expire_due(store: &mut Store, cause: &Cause) {
    while let Some((at, id)) = store.open_sessions.first().cloned() {
        if at > cause.now {
            break;
        }
        store.open_sessions.pop_first();
        if store.sessions.get(&id).is_some_and(|session| object::is(session, "status", "open")) {
            close(store, &id, cause);
        }
    }
}

fn close(store: &mut Store, id: &str, cause: &Cause) {
    if let Some(session) = store.sessions.get_mut(id) {
        object::merge(session, json!({"status": "expired", "url": null}));
        let at = object::integer(session, "expires_at");
        store.open_sessions.remove(&(at, id.to_owned()));
    }
    store.emit("checkout.session.expired", id, cause);
}

/// Marks a session complete; `paid` says whether the money is there.
pub(crate) fn complete(store: &mut Store, id: &str, payment_status: &str, billing: Option<&Value>) {
    let coupon = store.session_details.get(id).and_then(|details| details.coupon.clone());
    if let Some(coupon) = coupon {
        stripe::coupons::redeem(store, &coupon);
    }
    let customer = store.sessions.get(id).and_then(|session| object::text(session, "customer"));
    let customer_email = customer_email(store, customer);
    let Some(session) = store.sessions.get_mut(id) else { return };
    let at = object::integer(session, "expires_at");
    let given = |key: &str| billing.and_then(|details| details.get(key)).cloned().unwrap_or(Value::Null);
    let email = match object::text(session, "customer_email") {
        Some(email) => Value::from(email),
        None => customer_email.map_or_else(|| given("email"), Value::from),
    };
    let details = json!({
        "address": contact::address(billing.and_then(|details| details.get("address"))),
        "email": email, "name": given("name"), "phone": given("phone"), "tax_exempt": "none", "tax_ids": [],
        "business_name": null, "individual_name": null,
    });
    object::merge(
        session,
        json!({"status": "complete", "payment_status": payment_status, "url": null, "customer_details": details}),
    );
    store.open_sessions.remove(&(at, id.to_owned()));
}
