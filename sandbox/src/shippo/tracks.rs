//! Tracks: Shippo's test numbers of the carrier `shippo`, and the numbers of labels bought here.

use serde_json::{Value, json};

use crate::object::{self, fresh_hex_id};
use crate::shippo::fields::Fields;
use crate::shippo::{Call, Depot, Outcome};

/// The states on the way to each state, and what is said about them.
const STATES: &[(&str, &str)] = &[
    ("PRE_TRANSIT", "The label has been made."),
    ("TRANSIT", "Your shipment is on its way."),
    ("DELIVERED", "Your shipment has been delivered."),
    ("RETURNED", "Your shipment goes back to the sender."),
    ("FAILURE", "Your shipment could not be delivered."),
];

/// `POST /tracks`
pub(super) fn register(depot: &mut Depot, call: &Call) -> Outcome {
    let mut fields = Fields::of(&call.body);
    let (carrier, number) = (fields.required("carrier"), fields.required("tracking_number"));
    let metadata = fields.metadata();
    fields.finish()?;
    depot.tracks.insert_as(key(carrier, number), json!({"metadata": metadata}));
    read(depot, call, carrier, number)
}

fn key(carrier: &str, number: &str) -> String {
    format!("{carrier}/{number}")
}

/// `GET /tracks/{carrier}/{number}`
pub(super) fn read(depot: &Depot, call: &Call, carrier: &str, number: &str) -> Outcome {
    let transaction = depot.tracking.get(number);
    let state = match number.strip_prefix("SHIPPO_") {
        Some(state) if carrier == "shippo" => state,
        _ if transaction.is_some() => "PRE_TRANSIT",
        _ => "UNKNOWN",
    };
    let history = history(call, state);
    let last = history.last().cloned().unwrap_or_else(|| event(call, "UNKNOWN", "Nothing is known about this number."));
    let registered = depot.tracks.get(&key(carrier, number));
    Ok(json!({
        "address_from": null,
        "address_to": null,
        "carrier": carrier,
        "eta": null,
        "messages": [],
        "metadata": registered.map(|track| object::owned(track, "metadata")).unwrap_or_default(),
        "original_eta": null,
        "servicelevel": null,
        "test": true,
        "tracking_history": history,
        "tracking_number": number,
        "tracking_status": last,
        "transaction": transaction,
    }))
}

/// What happened until `state`; nothing for a state that is none.
fn history(call: &Call, state: &str) -> Vec<Value> {
    let Some(reached) = STATES.iter().position(|(name, _)| *name == state) else {
        return Vec::new();
    };
    let is_before = |index: usize| index == reached || (index < reached && index < 2);
    STATES
        .iter()
        .enumerate()
        .filter(|(index, _)| is_before(*index))
        .map(|(_, (name, text))| event(call, name, text))
        .collect()
}

fn event(call: &Call, status: &str, details: &str) -> Value {
    json!({
        "location": null,
        "object_created": call.stamp(),
        "object_id": fresh_hex_id(),
        "object_updated": call.stamp(),
        "status": status,
        "status_date": call.stamp(),
        "status_details": details,
        "substatus": null,
    })
}
