//! `expand[]`: replacing ids in an answer by the objects they name.

use serde_json::{Value, json};

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
    include(store, object, field);
    let Some(slot) = object.get_mut(*field) else {
        return Err(refused(path));
    };
    if let Some(id) = slot.as_str() {
        *slot = store.find(id).ok_or_else(|| refused(path))?.clone();
    }
    match slot {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| follow(store, item, rest, path)),
        Value::Object(_) => follow(store, slot, rest, path),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(refused(path)),
    }
}

/// Lists that are part of an object only when asked for.
fn include(store: &Store, object: &mut Value, field: &str) {
    if object.get(field).is_some() {
        return;
    }
    let id = object::owned(object, "id");
    if object::is(object, "object", "checkout.session") && field == "line_items" {
        let lines = store.session_details.get(&id).map(|details| details.lines.clone()).unwrap_or_default();
        let list = json!({
            "object": "list",
            "data": lines,
            "has_more": false,
            "url": format!("/v1/checkout/sessions/{id}/line_items"),
        });
        object::set(object, field, list);
    } else if object::is(object, "object", "charge") && field == "refunds" {
        let refunds: Vec<Value> =
            store.refunds.newest_first().filter(|refund| object::is(refund, "charge", &id)).cloned().collect();
        let list = listing::list(refunds, false, &format!("/v1/charges/{id}/refunds"));
        object::set(object, field, list);
    }
}

fn refused(path: &str) -> StripeError {
    StripeError::invalid(format!("This property cannot be expanded ({path})."))
}
