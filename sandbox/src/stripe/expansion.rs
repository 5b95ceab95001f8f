//! `expand[]`: replacing ids in an answer by the objects they name.

use serde_json::Value;

use crate::error::{Reply, StripeError};
use crate::object;
use crate::params::Params;
use crate::state::Store;
use crate::stripe::listing;

/// Deepest path Stripe follows.
const MAX_DEPTH: usize = 4;

/// Expands every path the request asks for.
pub(crate) fn expand(store: &Store, mut answer: Value, params: &Params<'_>) -> Reply {
    for path in params.words("expand") {
        let segments: Vec<&str> = path.split('.').collect();
        if segments.len() > MAX_DEPTH {
            return Err(StripeError::invalid(format!(
                "You cannot expand more than {MAX_DEPTH} levels of a property ({path})."
            )));
        }
        follow(store, &mut answer, &segments, &path)?;
    }
    Ok(answer)
}

fn follow(store: &Store, object: &mut Value, segments: &[&str], path: &str) -> Result<(), StripeError> {
    let Some((field, rest)) = segments.split_first() else {
        return Ok(());
    };
    include(store, object, field, rest);
    let Some(slot) = object.get_mut(*field) else {
        return Err(refused(path));
    };
    if let Some(id) = slot.as_str() {
        // Coupons have ids of any form, so they are known by their place.
        let named = if *field == "coupon" { store.coupons.get(id) } else { store.find(id) };
        *slot = named.ok_or_else(|| refused(path))?.clone();
    }
    match slot {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| follow(store, item, rest, path)),
        Value::Object(_) => follow(store, slot, rest, path),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(refused(path)),
    }
}

/// What is part of an object only when asked for.
fn include(store: &Store, object: &mut Value, field: &str, rest: &[&str]) {
    let id = object::owned(object, "id");
    let kind = object::owned(object, "object");
    // The shipping cost has no id of its own: its breakdown is kept under the calculation's.
    if field == "shipping_cost" && rest.first() == Some(&"tax_breakdown") {
        if let (Some(cost), Some(breakdown)) = (object.get_mut(field), store.tax.breakdowns.get(&id)) {
            object::set(cost, "tax_breakdown", breakdown.clone());
        }
        return;
    }
    if object.get(field).is_some() {
        return;
    }
    let list = |lines: Vec<Value>, url: String| Some(listing::list(lines, false, &url));
    let included = match (kind.as_str(), field) {
        ("checkout.session", "line_items") => {
            let lines = store.session_details.get(&id).map(|details| details.lines.clone()).unwrap_or_default();
            list(lines, format!("/v1/checkout/sessions/{id}/line_items"))
        }
        ("charge", "refunds") => {
            let refunds = store.refunds.newest_first().filter(|refund| object::is(refund, "charge", &id));
            list(refunds.cloned().collect(), format!("/v1/charges/{id}/refunds"))
        }
        ("tax.calculation", "line_items") => {
            let lines = store.tax.lines.get(&id).cloned().unwrap_or_default();
            list(lines, format!("/v1/tax/calculations/{id}/line_items"))
        }
        ("tax.calculation_line_item", "tax_breakdown") => store.tax.breakdowns.get(&id).cloned(),
        ("coupon", "applies_to" | "currency_options") => {
            store.coupon_extras.get(&id).and_then(|extras| extras.get(field)).cloned().or(Some(Value::Null))
        }
        _ => None,
    };
    if let Some(included) = included {
        object::set(object, field, included);
    }
}

fn refused(path: &str) -> StripeError {
    StripeError::invalid(format!("This property cannot be expanded ({path})."))
}
