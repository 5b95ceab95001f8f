//! Tracks: Shippo's test numbers of the carrier `shippo`, and the numbers of labels bought here.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
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
    let history = depot.travels.get(number).cloned().unwrap_or_else(|| history(call, state));
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

/// What the control side orders to happen to a parcel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Travel {
    /// Shippo's word for the carrier.
    carrier: String,
    /// A state of parcels.
    status: String,
    /// When it happened; now when absent.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
    /// Whether it is told.
    #[serde(default = "yes")]
    pub(crate) tell: bool,
}

fn yes() -> bool {
    true
}

/// Lets something happen to a parcel; answers what Shippo tells of it, or nothing for a state that is none.
pub(crate) fn travel(depot: &mut Depot, call: &Call, number: &str, travel: &Travel) -> Option<Value> {
    let (status, text) = STATES.iter().find(|(status, _)| *status == travel.status)?;
    let mut happened = event(call, status, text);
    if let Some(at) = travel.at {
        object::set(&mut happened, "status_date", at.to_rfc3339_opts(SecondsFormat::Millis, true));
    }
    depot.travels.entry(number.to_owned()).or_default().push(happened);
    let track = read(depot, call, &travel.carrier, number).ok()?;
    Some(json!({"event": "track_updated", "test": true, "carrier": travel.carrier, "data": track}))
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
