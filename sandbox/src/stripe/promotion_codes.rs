//! Promotion codes: the words buyers type for a coupon. Sessions here take coupons only.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::money;
use crate::object::{self, fresh_id, random_text};
use crate::params::Params;
use crate::state::Store;
use crate::stripe::{Call, coupons, listing};

const CREATE_PARAMS: &[&str] = &[
    "active",
    "code",
    "coupon",
    "customer",
    "customer_account",
    "expand",
    "expires_at",
    "max_redemptions",
    "metadata",
    "promotion",
    "restrictions",
];

/// `/v1/promotion_codes…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => list(store, call),
        ("GET", [id]) => known(store, id).map(|code| shown(store, code, call.cause.now)),
        ("POST", [id]) => update(store, call, id),
        _ => Err(call.unrecognized()),
    }
}

fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.promotion_codes.get(id).ok_or_else(|| StripeError::no_such("promotion code", id))
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(CREATE_PARAMS)?;
    let coupon = coupon_of(store, &params)?;
    let is_active = params.boolean("active")?.unwrap_or(true);
    let code = params.text("code")?.map_or_else(|| random_text(8).to_uppercase(), str::to_owned);
    check_code(&code)?;
    if is_active {
        check_unused(store, &code, "", call.cause.now)?;
    }
    let customer = params.text("customer")?;
    if let Some(id) = customer.filter(|id| store.customers.get(id).is_none()) {
        return Err(StripeError::dangling("customer", id, "customer"));
    }
    let expires_at = params.integer("expires_at")?;
    if expires_at.is_some_and(|at| at <= call.cause.now) {
        return Err(StripeError::invalid("The expires_at must be in the future.").param("expires_at"));
    }
    let promotion_code = json!({
        "id": fresh_id("promo"),
        "object": "promotion_code",
        "active": is_active,
        "code": code,
        "created": call.cause.now,
        "customer": customer,
        "customer_account": params.text("customer_account")?,
        "expires_at": expires_at,
        "livemode": false,
        "max_redemptions": params.at_least("max_redemptions", 1)?,
        "metadata": params.metadata()?,
        "promotion": {"coupon": coupon, "type": "coupon"},
        "restrictions": restrictions(&params)?,
        "times_redeemed": 0,
    });
    store.promotion_codes.insert(promotion_code.clone());
    store.emit_about("promotion_code.created", &promotion_code, &call.cause);
    Ok(promotion_code)
}

/// The coupon's id, from `promotion` or, as until 2025-09-30.clover and still in Stripe's CLI, from `coupon`.
fn coupon_of<'a>(store: &Store, params: &Params<'a>) -> Result<&'a str, StripeError> {
    let (id, param) = match (params.child("promotion")?, params.text("coupon")?) {
        (Some(_), Some(_)) => return Err(StripeError::exclusive(&["promotion", "coupon"])),
        (None, None) => return Err(StripeError::missing("promotion")),
        (None, Some(id)) => (id, "coupon".to_owned()),
        (Some(promotion), None) => {
            promotion.only(&["coupon", "type"])?;
            promotion.choice("type", &["coupon"])?.ok_or_else(|| StripeError::missing(&promotion.name("type")))?;
            (promotion.required_text("coupon")?, promotion.name("coupon"))
        }
    };
    if store.coupons.get(id).is_none() {
        return Err(StripeError::dangling("coupon", id, &param));
    }
    Ok(id)
}

fn check_code(code: &str) -> Result<(), StripeError> {
    if code.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        return Ok(());
    }
    Err(StripeError::invalid("Promotion codes may contain letters a-z and A-Z, digits and dashes only.").param("code"))
}

/// Refuses a code that another active promotion code has, whatever its case.
fn check_unused(store: &Store, code: &str, own_id: &str, now: i64) -> Result<(), StripeError> {
    let is_used = store
        .promotion_codes
        .newest_first()
        .any(|other| !object::is(other, "id", own_id) && is_code(other, code) && is_active(store, other, now));
    if is_used {
        return Err(StripeError::invalid(format!("An active promotion code with `code: {code}` already exists."))
            .code("resource_already_exists")
            .param("code"));
    }
    Ok(())
}

fn is_code(promotion_code: &Value, code: &str) -> bool {
    object::text(promotion_code, "code").is_some_and(|own| own.eq_ignore_ascii_case(code))
}

fn restrictions(params: &Params<'_>) -> Reply {
    let mut restrictions =
        json!({"first_time_transaction": false, "minimum_amount": null, "minimum_amount_currency": null});
    let Some(sent) = params.child("restrictions")? else { return Ok(restrictions) };
    sent.only(&["currency_options", "first_time_transaction", "minimum_amount", "minimum_amount_currency"])?;
    let amount = sent.at_least("minimum_amount", 1)?;
    let param = sent.name("minimum_amount_currency");
    let currency = sent.text("minimum_amount_currency")?.map(|code| money::currency(code, &param)).transpose()?;
    if amount.is_some() != currency.is_some() {
        return Err(StripeError::missing(&param));
    }
    object::merge(
        &mut restrictions,
        json!({
            "first_time_transaction": sent.boolean("first_time_transaction")?.unwrap_or(false),
            "minimum_amount": amount,
            "minimum_amount_currency": currency,
        }),
    );
    Ok(restrictions)
}

fn list(store: &Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&[
        "active",
        "code",
        "coupon",
        "created",
        "customer",
        "customer_account",
        "ending_before",
        "expand",
        "limit",
        "starting_after",
    ])?;
    let (code, coupon, customer) = (params.text("code")?, params.text("coupon")?, params.text("customer")?);
    let active = params.boolean("active")?;
    let rows: Vec<Value> = store.promotion_codes.newest_first().map(|row| shown(store, row, call.cause.now)).collect();
    listing::page(call, rows.iter(), |row| {
        code.is_none_or(|code| is_code(row, code))
            && coupon.is_none_or(|coupon| coupon_id(row) == coupon)
            && listing::allows(customer, row, "customer")
            && active.is_none_or(|active| row.get("active") == Some(&Value::Bool(active)))
    })
}

fn coupon_id(promotion_code: &Value) -> &str {
    promotion_code.pointer("/promotion/coupon").and_then(Value::as_str).unwrap_or_default()
}

fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    let code = object::owned(known(store, id)?, "code");
    let params = call.params();
    params.only(&["active", "expand", "metadata", "restrictions"])?;
    let (active, metadata) = (params.boolean("active")?, params.metadata()?);
    if active == Some(true) {
        check_unused(store, &code, id, call.cause.now)?;
    }
    if let Some(promotion_code) = store.promotion_codes.get_mut(id) {
        if let Some(active) = active {
            object::set(promotion_code, "active", active);
        }
        if let Some(present) = promotion_code.get_mut("metadata") {
            object::merge(present, metadata);
        }
    }
    let promotion_code = shown(store, known(store, id)?, call.cause.now);
    store.emit_about("promotion_code.updated", &promotion_code, &call.cause);
    Ok(promotion_code)
}

/// Takes the codes of a deleted coupon out of use.
pub(crate) fn coupon_deleted(store: &mut Store, coupon: &str) {
    let codes: Vec<String> = store
        .promotion_codes
        .oldest_first()
        .filter(|code| coupon_id(code) == coupon)
        .map(|code| object::owned(code, "id"))
        .collect();
    for id in codes {
        if let Some(code) = store.promotion_codes.get_mut(&id) {
            object::merge(code, json!({"active": false, "promotion": {"coupon": null, "type": "coupon"}}));
        }
    }
}

/// Switched on, not expired, and of a coupon that can be redeemed.
fn is_active(store: &Store, promotion_code: &Value, now: i64) -> bool {
    let is_on = promotion_code.get("active") == Some(&Value::Bool(true));
    let is_due = promotion_code.get("expires_at").and_then(Value::as_i64).is_none_or(|at| now < at);
    let coupon = store.coupons.get(coupon_id(promotion_code));
    is_on && is_due && coupon.is_some_and(|coupon| coupons::is_valid(coupon, now))
}

fn shown(store: &Store, promotion_code: &Value, now: i64) -> Value {
    let mut shown = promotion_code.clone();
    object::set(&mut shown, "active", is_active(store, promotion_code, now));
    shown
}
