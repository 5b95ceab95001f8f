//! Coupons: create, read, delete, and their redemption by a completed session.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::money;
use crate::object::{self, random_text};
use crate::state::Store;
use crate::stripe::{Call, listing};

/// `/v1/coupons…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => listing::page(call, store.coupons.newest_first(), |_| true),
        ("GET", [id]) => store.coupons.get(id).cloned().ok_or_else(|| StripeError::no_such("coupon", id)),
        ("DELETE", [id]) => match store.coupons.remove(id) {
            Some(_) => Ok(json!({"id": id, "object": "coupon", "deleted": true})),
            None => Err(StripeError::no_such("coupon", id)),
        },
        _ => Err(call.unrecognized()),
    }
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(&[
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
    ])?;
    let (amount_off, percent_off) = (params.at_least("amount_off", 1)?, params.at_least("percent_off", 1)?);
    let currency = params.text("currency")?.map(|code| money::currency(code, "currency")).transpose()?;
    match (amount_off, percent_off) {
        (Some(_), Some(_)) => return Err(StripeError::exclusive(&["amount_off", "percent_off"])),
        (None, None) => return Err(StripeError::invalid("Must provide percent_off or amount_off.")),
        (Some(_), None) if currency.is_none() => return Err(StripeError::missing("currency")),
        (Some(_), None) | (None, Some(_)) => {}
    }
    let id = params.text("id")?.map_or_else(|| random_text(8), str::to_owned);
    if store.coupons.get(&id).is_some() {
        return Err(StripeError::invalid(format!("Coupon already exists: {id}"))
            .code("resource_already_exists")
            .param("id"));
    }
    let coupon = json!({
        "id": id,
        "object": "coupon",
        "amount_off": amount_off,
        "created": call.cause.now,
        "currency": currency,
        "duration": params.choice("duration", &["forever", "once", "repeating"])?.unwrap_or("once"),
        "duration_in_months": params.at_least("duration_in_months", 1)?,
        "livemode": false,
        "max_redemptions": params.at_least("max_redemptions", 1)?,
        "metadata": params.metadata()?,
        "name": params.text("name")?,
        "percent_off": percent_off,
        "redeem_by": params.integer("redeem_by")?,
        "times_redeemed": 0,
        "valid": true,
    });
    store.coupons.insert(coupon.clone());
    Ok(coupon)
}

/// Counts a redemption; a coupon at its maximum is no longer valid.
pub(crate) fn redeem(store: &mut Store, id: &str) {
    let Some(coupon) = store.coupons.get_mut(id) else { return };
    let redeemed = object::integer(coupon, "times_redeemed").saturating_add(1);
    let used_up = coupon["max_redemptions"].as_i64().is_some_and(|most| redeemed >= most);
    object::merge(coupon, json!({"times_redeemed": redeemed, "valid": Value::from(!used_up)}));
}
