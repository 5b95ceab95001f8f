//! Transactions: labels bought with a rate. Shippo has no idempotency key, so buying twice buys twice.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::countries;
use crate::object;
use crate::shippo::fields::Fields;
use crate::shippo::{Call, Depot, LabelsMode, Outcome, Refusal, keep, known, message, paging, refunds};

/// How long a rate can be bought.
const RATE_DAYS: i64 = 7;

const LABEL_TYPES: &[&str] =
    &["PNG", "PNG_2.3x7.5", "PDF", "PDF_2.3x7.5", "PDF_4x6", "PDF_4x8", "PDF_A4", "PDF_A5", "PDF_A6", "ZPLII"];

/// `POST /transactions`
pub(super) fn create(depot: &mut Depot, call: &Call) -> Outcome {
    let mut fields = Fields::of(&call.body);
    let rate_id = fields.required("rate");
    let label_type =
        if fields.raw("label_file_type").is_some() { fields.choice("label_file_type", LABEL_TYPES) } else { "PDF_4x6" };
    let metadata = fields.metadata();
    fields.finish()?;
    let rate = depot
        .rates
        .get(rate_id)
        .cloned()
        .ok_or_else(|| Refusal::field("rate", &format!("Rate with supplied object_id {rate_id} not found.")))?;
    let shipment = depot.shipments.get(&object::owned(&rate, "shipment")).cloned().unwrap_or_default();
    let problems = problems(call, &rate, &shipment);
    let mut transaction = call.fresh_object();
    object::merge(
        &mut transaction,
        json!({
            "commercial_invoice_url": null,
            "created_by": null,
            "eta": null,
            "label_file_type": label_type,
            "label_url": null,
            "messages": problems,
            "metadata": metadata,
            "object_state": "VALID",
            "parcel": shipment.pointer("/parcels/0/object_id"),
            "qr_code_url": null,
            "rate": rate_id,
            "status": "ERROR",
            "tracking_number": null,
            "tracking_status": "UNKNOWN",
            "tracking_url_provider": null,
        }),
    );
    let queued = transaction.clone();
    if problems.is_empty() {
        buy(depot, call, &mut transaction, (&rate, &shipment));
    }
    keep(&mut depot.transactions, &transaction);
    if problems.is_empty() && (call.is_async() || depot.labels_mode == LabelsMode::Queued) {
        // Whoever reads it finds it done.
        let mut queued = queued;
        object::set(&mut queued, "status", "QUEUED");
        return Ok(queued);
    }
    Ok(transaction)
}

fn buy(depot: &mut Depot, call: &Call, transaction: &mut Value, (rate, shipment): (&Value, &Value)) {
    let id = object::owned(transaction, "object_id");
    let (number, url) = tracking(&object::owned(rate, "provider"));
    let link = |name: &str| format!("{}/shippo/labels/{id}{name}.pdf", call.public_url);
    object::merge(
        transaction,
        json!({
            "commercial_invoice_url": crosses_border(shipment).then(|| link("-invoice")),
            "label_url": link(""),
            "status": "SUCCESS",
            "tracking_number": number,
            "tracking_url_provider": url,
        }),
    );
    depot.tracking.insert(number, id);
}

/// A new number and where the carrier shows it.
fn tracking(provider: &str) -> (String, String) {
    let random = rand::random::<u64>();
    match provider {
        "USPS" => {
            let number = format!("9205{:018}", random % 1_000_000_000_000_000_000);
            let url = format!("https://tools.usps.com/go/TrackConfirmAction_input?origTrackNum={number}");
            (number, url)
        }
        "UPS" => {
            let number = format!("1Z{random:016X}");
            let url = format!("https://www.ups.com/track?tracknum={number}");
            (number, url)
        }
        _ => {
            let number = format!("{:010}", random % 10_000_000_000);
            let url = format!("https://www.dhl.com/en/express/tracking.html?AWB={number}");
            (number, url)
        }
    }
}

fn crosses_border(shipment: &Value) -> bool {
    let country = |path: &str| shipment.pointer(path).and_then(Value::as_str).unwrap_or_default();
    countries::border_between(country("/address_from/country"), country("/address_to/country"))
}

/// What keeps the carrier from making the label.
fn problems(call: &Call, rate: &Value, shipment: &Value) -> Vec<Value> {
    let provider = object::owned(rate, "provider");
    let mut problems = Vec::new();
    let mut say = |text: &str| problems.push(message(&provider, "", text));
    let made = DateTime::parse_from_rfc3339(&object::owned(rate, "object_created")).ok();
    let limit = call.now.checked_sub_signed(TimeDelta::days(RATE_DAYS)).unwrap_or(call.now);
    if made.is_none_or(|made| made.with_timezone(&Utc) < limit) {
        say("The rate has expired. Please create a new shipment.");
    }
    for key in ["address_from", "address_to"] {
        let Some(address) = shipment.get(key) else { continue };
        if address.get("is_complete") != Some(&Value::Bool(true)) {
            say(&format!(
                "The {key} is incomplete: a label needs name, street1, city, zip and, where there are any, state."
            ));
        }
        let lacks_contact = ["phone", "email"].iter().any(|key| object::owned(address, key).is_empty());
        if crosses_border(shipment) && lacks_contact {
            say(&format!("The {key} needs a phone number and an e-mail address."));
        }
    }
    problems
}

/// `GET /transactions/{id}`; by the time one that is to be voided is read, that is decided.
pub(super) fn read(depot: &mut Depot, id: &str) -> Outcome {
    if depot.transactions.get(id).is_some_and(|transaction| object::is(transaction, "status", "REFUNDPENDING")) {
        refunds::decide(depot, id);
    }
    known(&depot.transactions, id)
}

/// `GET /transactions`, newest first, of one rate or status if asked.
pub(super) fn list(depot: &Depot, call: &Call) -> Outcome {
    let filter = |key: &str| object::text(&call.query, key);
    let (rate, status, tracking) = (filter("rate"), filter("object_status"), filter("tracking_status"));
    let is_wanted = |transaction: &&Value| {
        [(rate, "rate"), (status, "status"), (tracking, "tracking_status")]
            .iter()
            .all(|(wanted, key)| wanted.is_none_or(|wanted| object::is(transaction, key, wanted)))
    };
    paging::page(call, depot.transactions.newest_first().filter(is_wanted).cloned().collect())
}
