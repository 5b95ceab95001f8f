//! Coupons: create, read, update, delete, and their redemption by a completed session.

use serde_json::{Map, Value, json};

use crate::arithmetic;
use crate::error::{Reply, StripeError};
use crate::money;
use crate::object::{self, random_text};
use crate::params::Params;
use crate::state::Store;
use crate::stripe::{Call, listing, promotion_codes};

/// Longest time a coupon can be redeemed: five years.
const LONGEST: i64 = 5 * 366 * 24 * 60 * 60;

const LONGEST_NAME: usize = 40;

const CREATE_PARAMS: &[&str] = &[
    "amount_off",
    "applies_to",
    "currency",
    "currency_options",
    "duration",
    "duration_in_months",
    "expand",
    "id",
    "max_redemptions",
    "metadata",
    "name",
    "percent_off",
    "redeem_by",
];

/// All of a price, in parts per million.
const WHOLE: i64 = 1_000_000;

/// `/v1/coupons…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    let now = call.cause.now;
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => {
            let rows: Vec<Value> = store.coupons.newest_first().map(|coupon| shown(coupon, now)).collect();
            listing::page(call, rows.iter(), |_| true)
        }
        ("GET", [id]) => known(store, id).map(|coupon| shown(coupon, now)),
        ("POST", [id]) => update(store, call, id),
        ("DELETE", [id]) => delete(store, call, id),
        _ => Err(call.unrecognized()),
    }
}

fn known<'a>(store: &'a Store, id: &str) -> Result<&'a Value, StripeError> {
    store.coupons.get(id).ok_or_else(|| StripeError::no_such("coupon", id))
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(CREATE_PARAMS)?;
    let (amount_off, percent_off) = (params.at_least("amount_off", 1)?, percent_off(&params)?);
    let currency = params.text("currency")?.map(|code| money::currency(code, "currency")).transpose()?;
    match (amount_off, &percent_off) {
        (Some(_), Some(_)) => return Err(StripeError::exclusive(&["amount_off", "percent_off"])),
        (None, None) => return Err(StripeError::invalid("Must provide percent_off or amount_off.")),
        (Some(_), None) if currency.is_none() => return Err(StripeError::missing("currency")),
        (Some(_), None) | (None, Some(_)) => {}
    }
    let duration = params.choice("duration", &["forever", "once", "repeating"])?.unwrap_or("once");
    let months = params.at_least("duration_in_months", 1)?;
    if duration == "repeating" && months.is_none() {
        return Err(StripeError::missing("duration_in_months"));
    }
    let id = params.text("id")?.map_or_else(|| random_text(8), str::to_owned);
    if store.coupons.get(&id).is_some() {
        return Err(StripeError::invalid(format!("Coupon already exists: {id}"))
            .code("resource_already_exists")
            .param("id"));
    }
    let extras = extras(&params)?;
    let coupon = json!({
        "id": id,
        "object": "coupon",
        "amount_off": amount_off,
        "created": call.cause.now,
        "currency": currency,
        "duration": duration,
        "duration_in_months": months,
        "livemode": false,
        "max_redemptions": params.at_least("max_redemptions", 1)?,
        "metadata": params.metadata()?,
        "name": name(&params)?,
        "percent_off": percent_off,
        "redeem_by": redeem_by(&params, call.cause.now)?,
        "times_redeemed": 0,
        "valid": true,
    });
    store.coupon_extras.insert(id, extras);
    store.coupons.insert(coupon.clone());
    store.emit_about("coupon.created", &coupon, &call.cause);
    Ok(coupon)
}

/// The percentage as the JSON number it was sent as.
fn percent_off(params: &Params<'_>) -> Result<Option<Value>, StripeError> {
    let Some(text) = params.text("percent_off")? else { return Ok(None) };
    let is_lawful = arithmetic::scaled(text, 4).is_some_and(|rate| rate > 0 && rate <= WHOLE);
    match serde_json::from_str(text).ok().filter(|_| is_lawful) {
        Some(number) => Ok(Some(number)),
        None => Err(StripeError::invalid("Invalid percent_off: must be greater than 0 and at most 100.")
            .code("parameter_invalid_integer")
            .param("percent_off")),
    }
}

fn name<'a>(params: &Params<'a>) -> Result<Option<&'a str>, StripeError> {
    match params.text("name")? {
        Some(name) if name.chars().count() > LONGEST_NAME => {
            Err(StripeError::invalid(format!("Coupon names can be at most {LONGEST_NAME} characters long."))
                .param("name"))
        }
        name => Ok(name),
    }
}

fn redeem_by(params: &Params<'_>, now: i64) -> Result<Option<i64>, StripeError> {
    match params.integer("redeem_by")? {
        Some(at) if at <= now || at > now.saturating_add(LONGEST) => {
            Err(StripeError::invalid("Invalid redeem_by: must be in the future and within five years.")
                .param("redeem_by"))
        }
        at => Ok(at),
    }
}

/// `applies_to` and `currency_options`, null when not sent.
fn extras(params: &Params<'_>) -> Reply {
    let applies_to = match params.child("applies_to")? {
        Some(sent) => {
            sent.only(&["products"])?;
            json!({"products": sent.words("products")})
        }
        None => Value::Null,
    };
    Ok(json!({"applies_to": applies_to, "currency_options": currency_options(params)?}))
}

fn currency_options(params: &Params<'_>) -> Reply {
    let Some(sent) = params.child("currency_options")? else { return Ok(Value::Null) };
    let mut options = Map::new();
    for code in sent.value().as_object().into_iter().flat_map(Map::keys) {
        let currency = money::currency(code, &sent.name(code))?;
        let Some(option) = sent.child(code)? else { continue };
        option.only(&["amount_off"])?;
        options.insert(currency, json!({"amount_off": option.required_at_least("amount_off", 1)?}));
    }
    Ok(Value::Object(options))
}

fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    known(store, id)?;
    let params = call.params();
    params.only(&["currency_options", "expand", "metadata", "name"])?;
    let (metadata, options) = (params.metadata()?, currency_options(&params)?);
    if options.is_object()
        && let Some(extras) = store.coupon_extras.get_mut(id)
    {
        object::set(extras, "currency_options", options);
    }
    let coupon = store.coupons.get_mut(id).ok_or_else(|| StripeError::no_such("coupon", id))?;
    if let Some(name) = name(&params)? {
        object::set(coupon, "name", name);
    }
    if let Some(present) = coupon.get_mut("metadata") {
        object::merge(present, metadata);
    }
    let coupon = shown(coupon, call.cause.now);
    store.emit_about("coupon.updated", &coupon, &call.cause);
    Ok(coupon)
}

/// Sessions that have the coupon already keep their discount.
fn delete(store: &mut Store, call: &Call, id: &str) -> Reply {
    let coupon = store.coupons.remove(id).ok_or_else(|| StripeError::no_such("coupon", id))?;
    store.emit_about("coupon.deleted", &coupon, &call.cause);
    store.coupon_extras.remove(id);
    promotion_codes::coupon_deleted(store, id);
    Ok(json!({"id": id, "object": "coupon", "deleted": true}))
}

/// Whether the coupon can be redeemed now.
pub(crate) fn is_valid(coupon: &Value, now: i64) -> bool {
    let is_due = coupon.get("redeem_by").and_then(Value::as_i64).is_none_or(|at| now < at);
    is_due && coupon.get("valid") == Some(&Value::Bool(true))
}

fn shown(coupon: &Value, now: i64) -> Value {
    let mut shown = coupon.clone();
    object::set(&mut shown, "valid", is_valid(coupon, now));
    shown
}

/// The products the coupon is restricted to; none restrict nothing.
pub(crate) fn products(store: &Store, id: &str) -> Vec<String> {
    let listed = store.coupon_extras.get(id).and_then(|extras| extras.pointer("/applies_to/products"));
    let listed = listed.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    listed.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What the coupon takes off `amount`; none when it has another currency.
pub(crate) fn amount_off(store: &Store, coupon: &Value, amount: i64, currency: &str) -> Option<i64> {
    let percent = coupon.get("percent_off").filter(|percent| percent.is_number()).map(Value::to_string);
    if let Some(rate) = percent.and_then(|percent| arithmetic::scaled(&percent, 4)) {
        let off = i128::from(amount) * i128::from(rate) / i128::from(WHOLE);
        return i64::try_from(off).ok();
    }
    if object::is(coupon, "currency", currency) {
        return Some(object::integer(coupon, "amount_off"));
    }
    let extras = store.coupon_extras.get(&object::owned(coupon, "id"))?;
    extras.get("currency_options")?.get(currency)?.get("amount_off")?.as_i64()
}

/// Counts a redemption; a coupon at its maximum is no longer valid.
pub(crate) fn redeem(store: &mut Store, id: &str) {
    let Some(coupon) = store.coupons.get_mut(id) else { return };
    let redeemed = object::integer(coupon, "times_redeemed").saturating_add(1);
    let used_up = coupon["max_redemptions"].as_i64().is_some_and(|most| redeemed >= most);
    object::merge(coupon, json!({"times_redeemed": redeemed, "valid": Value::from(!used_up)}));
}
