//! Addresses and their validation, which goes by words in the street.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::fields::Fields;
use crate::shippo::{Call, Depot, Outcome, Refusal, keep};

/// A street with this word is not found.
const NOWHERE: &str = "Nowhere";

/// A street with this word is found under another name.
const CORRECTED: &str = "Correctme";

/// Countries whose addresses need a state.
const STATES_NEEDED: &[&str] = &["AU", "CA", "US"];

const TEXTS: &[&str] =
    &["name", "company", "street1", "street2", "street3", "street_no", "city", "state", "zip", "phone", "email"];

/// Makes an address of what was sent.
pub(super) fn make(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    let mut fields = Fields::of(sent);
    let mut address = call.fresh_object();
    object::set(&mut address, "country", fields.country("country"));
    for key in TEXTS {
        object::set(&mut address, key, fields.text(key));
    }
    object::set(&mut address, "metadata", fields.metadata());
    let is_residential = fields.raw("is_residential").and_then(Value::as_bool);
    let validate = fields.raw("validate").and_then(Value::as_bool).unwrap_or(false);
    fields.finish()?;
    object::set(&mut address, "is_residential", is_residential);
    let (complete, results) = (is_complete(&address), if validate { validated(&address) } else { json!({}) });
    object::set(&mut address, "is_complete", complete);
    object::set(&mut address, "validation_results", results);
    keep(&mut depot.addresses, &address);
    Ok(address)
}

/// The address that an id names or an object describes.
pub(super) fn resolve(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    match sent.as_str() {
        None => make(depot, call, sent),
        Some(id) => depot.addresses.get(id).cloned().ok_or_else(|| {
            let text = format!("Address with supplied object_id {id} not found.");
            Refusal { status: 400, body: Value::from(text) }
        }),
    }
}

/// `GET /addresses/{id}/validate`
pub(super) fn validate(depot: &mut Depot, id: &str) -> Outcome {
    let address = depot.addresses.get_mut(id).ok_or_else(Refusal::not_found)?;
    let results = validated(address);
    object::set(address, "validation_results", results);
    Ok(address.clone())
}

fn needs_state(address: &Value) -> bool {
    STATES_NEEDED.contains(&object::owned(address, "country").as_str())
}

/// Whether a label can be bought to or from here.
fn is_complete(address: &Value) -> bool {
    let mut needed = vec!["name", "street1", "city", "zip"];
    if needs_state(address) {
        needed.push("state");
    }
    needed.iter().all(|key| !object::owned(address, key).trim().is_empty())
}

fn validated(address: &Value) -> Value {
    let street = object::owned(address, "street1");
    let lacks_state = object::is(address, "country", "US") && object::owned(address, "state").trim().is_empty();
    let (is_valid, messages) = if street.contains(NOWHERE) {
        (false, vec![verdict("Address Not Found", "address_error", "The address could not be found.")])
    } else if lacks_state {
        (false, vec![verdict("Invalid State", "address_error", "The state is missing or does not exist.")])
    } else if street.contains(CORRECTED) {
        (true, vec![verdict("street_name_change", "address_correction", "The street's name was corrected.")])
    } else {
        (true, Vec::new())
    };
    json!({"is_valid": is_valid, "messages": messages})
}

fn verdict(code: &str, kind: &str, text: &str) -> Value {
    json!({"source": "Shippo Address Validator", "code": code, "type": kind, "text": text})
}
