//! Shippo's API as far as the shop and the official SDK need it: which path does what.
//!
//! Creates answer 201, as the SDK insists; only the registration of a track answers 200.

mod addresses;
mod carriers;
mod customs;
mod fields;
mod paging;
mod parcels;
mod rates;
mod refunds;
mod shipments;
mod tariffs;
mod tracks;
mod transactions;

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::object::{self, fresh_hex_id};
use crate::state::{Store, Table};

/// Everything Shippo remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Depot {
    addresses: Table,
    parcels: Table,
    customs_items: Table,
    customs_declarations: Table,
    /// Shipments.
    pub(crate) shipments: Table,
    rates: Table,
    /// What a rate costs in US cents, by rate.
    prices: HashMap<String, i64>,
    /// Bought labels.
    pub(crate) transactions: Table,
    refunds: Table,
    /// Registered tracks, by carrier and number.
    tracks: Table,
    /// The transaction of a tracking number.
    tracking: HashMap<String, String>,
    /// What happened to parcels, by number, oldest first: ordered by the control side.
    travels: HashMap<String, Vec<Value>>,
    /// How purchases are answered.
    pub(crate) labels_mode: LabelsMode,
    /// What becomes of labels that are to be voided.
    pub(crate) refunds_mode: RefundsMode,
}

/// How purchases are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LabelsMode {
    /// At once, where that is asked for.
    #[default]
    Normal,
    /// As queued, and done when they are read, whatever is asked for.
    Queued,
}

/// What becomes of labels that are to be voided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundsMode {
    /// They are void when somebody looks again.
    #[default]
    Normal,
    /// The carrier refuses when somebody looks again.
    Rejected,
}

pub(crate) use tracks::{Travel, travel};

/// What the carriers answer to new shipments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RatesMode {
    /// Rates, as the tariffs say.
    #[default]
    Normal,
    /// Nothing at all.
    Empty,
    /// A message of every carrier and no rate.
    MessagesOnly,
    /// UPS does not answer in time; the others do.
    OneCarrierTimeout,
}

/// One authorised request that executes.
#[derive(Debug)]
pub(crate) struct Call {
    /// HTTP method.
    pub(crate) method: String,
    /// Path below `/shippo/`.
    pub(crate) path: String,
    /// Parsed query.
    pub(crate) query: Value,
    /// JSON body, null without one.
    pub(crate) body: Value,
    /// The movable clock.
    pub(crate) now: DateTime<Utc>,
    /// Base of the labels' links.
    pub(crate) public_url: String,
}

/// An error document and its status.
#[derive(Debug)]
struct Refusal {
    status: u16,
    body: Value,
}

impl Refusal {
    /// 400 about one field.
    fn field(key: &str, text: &str) -> Self {
        Self { status: 400, body: json!({key: [text]}) }
    }

    fn not_found() -> Self {
        Self { status: 404, body: json!({"detail": "Not found."}) }
    }
}

/// What an endpoint answers.
type Outcome = Result<Value, Refusal>;

impl Call {
    /// What the control side does, which is no request.
    pub(crate) fn inside(now: DateTime<Utc>, public_url: String) -> Self {
        Self { method: String::new(), path: String::new(), query: Value::Null, body: Value::Null, now, public_url }
    }

    /// A time as Shippo writes it.
    fn stamp(&self) -> String {
        self.now.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// What every new object has.
    fn fresh_object(&self) -> Value {
        json!({
            "object_id": fresh_hex_id(),
            "object_owner": "sandbox@merx.example",
            "object_created": self.stamp(),
            "object_updated": self.stamp(),
            "test": true,
        })
    }

    /// Whether the answer may come before the work is done; Shippo's default.
    fn is_async(&self) -> bool {
        self.body.get("async").and_then(Value::as_bool).unwrap_or(true)
    }
}

/// Executes a request; answers status and body.
pub(crate) fn answer(store: &mut Store, call: &Call) -> (u16, Value) {
    let mode = store.shippo_rates;
    match route(&mut store.shippo, mode, call) {
        Ok(body) if call.method == "POST" && call.path != "tracks" => (201, body),
        Ok(body) => (200, body),
        Err(refusal) => (refusal.status, refusal.body),
    }
}

fn route(depot: &mut Depot, mode: RatesMode, call: &Call) -> Outcome {
    let segments: Vec<&str> = call.path.split('/').collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["addresses"]) => addresses::make(depot, call, &call.body),
        ("GET", ["addresses", id]) => known(&depot.addresses, id),
        ("GET", ["addresses", id, "validate"]) => addresses::validate(depot, id),
        ("POST", ["parcels"]) => parcels::make(depot, call, &call.body),
        ("GET", ["parcels", id]) => known(&depot.parcels, id),
        ("POST", ["customs", "items"]) => customs::make_item(depot, call, &call.body),
        ("GET", ["customs", "items", id]) => known(&depot.customs_items, id),
        ("POST", ["customs", "declarations"]) => customs::make_declaration(depot, call, &call.body),
        ("GET", ["customs", "declarations", id]) => known(&depot.customs_declarations, id),
        ("GET", ["carrier_accounts"]) => carriers::list(call),
        ("POST", ["shipments"]) => shipments::create(depot, mode, call),
        ("GET", ["shipments", id]) => shipments::read(depot, mode, call, id),
        ("GET", ["shipments", id, "rates"]) => shipments::rates(depot, mode, call, id),
        ("GET", ["shipments", id, "rates", currency]) => shipments::rates_in(depot, mode, call, (*id, *currency)),
        ("GET", ["rates", id]) => known(&depot.rates, id),
        ("POST", ["transactions"]) => transactions::create(depot, call),
        ("GET", ["transactions"]) => transactions::list(depot, call),
        ("GET", ["transactions", id]) => transactions::read(depot, id),
        ("POST", ["refunds"]) => refunds::create(depot, call),
        ("GET", ["refunds"]) => refunds::list(depot, call),
        ("GET", ["refunds", id]) => refunds::read(depot, id),
        ("POST", ["tracks"]) => tracks::register(depot, call),
        ("GET", ["tracks", carrier, number]) => tracks::read(depot, call, carrier, number),
        _ => Err(Refusal::not_found()),
    }
}

fn known(table: &Table, id: &str) -> Outcome {
    table.get(id).cloned().ok_or_else(Refusal::not_found)
}

/// Stores an object under its `object_id`.
fn keep(table: &mut Table, object: &Value) {
    table.insert_as(object::owned(object, "object_id"), object.clone());
}

/// A message of a carrier, as shipments and transactions show them.
fn message(source: &str, code: &str, text: &str) -> Value {
    json!({"source": source, "code": code, "text": text})
}

/// The smallest document that calls itself a PDF.
const LABEL: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
                     2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                     3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 288 432]>>endobj\n\
                     trailer<</Root 1 0 R>>\n%%EOF\n";

/// A bought label, by the last part of its address; anyone who has the address may see it.
pub(crate) fn label(name: &str) -> Answer {
    if name.ends_with(".pdf") {
        Answer::Text { status: 200, content_type: "application/pdf", body: LABEL.to_owned() }
    } else {
        Answer::Text { status: 404, content_type: "text/html", body: "<h1>Not found</h1>".to_owned() }
    }
}
