//! The rates of a shipment, and the messages of carriers that offer none.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::countries;
use crate::object;
use crate::shippo::carriers::{ACCOUNTS, Account};
use crate::shippo::parcels::{self, Measure};
use crate::shippo::tariffs::{self, Load, Service};
use crate::shippo::{Call, Depot, RatesMode, keep, message};

/// No carrier says anything about this postal code.
const SILENT_ZIP: &str = "00000";

/// Every carrier refuses this postal code.
const REFUSED_ZIP: &str = "99999";

/// The carrier that is late in [`RatesMode::OneCarrierTimeout`].
const LATE: &str = "UPS";

/// One offer before it is shown.
#[derive(Debug)]
struct Offer {
    account: &'static Account,
    service: &'static Service,
    cents: i64,
}

/// Fills in a shipment's rates and messages and marks it done.
pub(super) fn fill(depot: &mut Depot, mode: RatesMode, call: &Call, shipment: &mut Value) {
    let load = load_of(shipment);
    let mut offers = offers(shipment, &load);
    let messages = match refusal(shipment, &load, mode) {
        Some(Refused::Silently) => {
            offers.clear();
            Vec::new()
        }
        Some(Refused::Because(text)) => {
            let carriers: BTreeSet<&str> = offers.iter().map(|offer| offer.account.provider).collect();
            offers.clear();
            carriers.into_iter().map(|carrier| message(carrier, "", text)).collect()
        }
        None if mode == RatesMode::OneCarrierTimeout => {
            offers.retain(|offer| offer.account.provider != LATE);
            vec![message(LATE, "carrier_timeout", "UPS API did not respond. Please try again in a few minutes.")]
        }
        None => Vec::new(),
    };
    let rates: Vec<Value> = offers
        .iter()
        .enumerate()
        .map(|(index, offer)| offer.shown(call, shipment, &load, &marks(&offers, index)))
        .collect();
    for (rate, offer) in rates.iter().zip(&offers) {
        depot.prices.insert(object::owned(rate, "object_id"), offer.cents);
        keep(&mut depot.rates, rate);
    }
    object::merge(
        shipment,
        json!({"messages": messages, "object_updated": call.stamp(), "rates": rates, "status": "SUCCESS"}),
    );
    keep(&mut depot.shipments, shipment);
}

/// Why a shipment gets no rate at all.
#[derive(Debug)]
enum Refused {
    Silently,
    Because(&'static str),
}

fn refusal(shipment: &Value, load: &Load, mode: RatesMode) -> Option<Refused> {
    let zip = shipment.get("address_to").map(|address| object::owned(address, "zip")).unwrap_or_default();
    if mode == RatesMode::Empty || zip == SILENT_ZIP {
        return Some(Refused::Silently);
    }
    if mode == RatesMode::MessagesOnly || zip == REFUSED_ZIP {
        return Some(Refused::Because("The destination is not served."));
    }
    let has_declaration = shipment.get("customs_declaration").is_some_and(Value::is_object);
    if countries::border_between(&load.from, &load.to) && !has_declaration {
        return Some(Refused::Because("A customs declaration is required for international shipments."));
    }
    if measures(shipment).any(|measure| measure.is_too_large) {
        return Some(Refused::Because("A parcel may weigh 70 kg and be 270 cm long at most."));
    }
    None
}

fn measures(shipment: &Value) -> impl Iterator<Item = Measure> {
    let parcels = shipment.get("parcels").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    parcels.iter().map(parcels::measure)
}

fn load_of(shipment: &Value) -> Load {
    let country = |key: &str| shipment.get(key).map(|address| object::owned(address, "country")).unwrap_or_default();
    let mut load = Load { from: country("address_from"), to: country("address_to"), parcels: 0, grams: 0 };
    for measure in measures(shipment) {
        load.parcels += 1;
        load.grams = load.grams.saturating_add(measure.billed_grams);
    }
    load
}

fn offers(shipment: &Value, load: &Load) -> Vec<Offer> {
    let wanted = shipment.get("carrier_accounts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_wanted = |account: &Account| wanted.is_empty() || wanted.iter().any(|id| id.as_str() == Some(account.id));
    let mut offers = Vec::new();
    for account in ACCOUNTS.iter().filter(|account| is_wanted(account)) {
        for service in account.services() {
            if let Some(cents) = service.price(load, account.percent) {
                offers.push(Offer { account, service, cents });
            }
        }
    }
    offers
}

/// The attributes of one offer among all.
fn marks(offers: &[Offer], index: usize) -> Vec<&'static str> {
    let best = |by: fn(&Offer) -> (i64, i64)| {
        offers.iter().enumerate().min_by_key(|(_, offer)| by(offer)).is_some_and(|(place, _)| place == index)
    };
    let mut marks = Vec::new();
    if best(|offer| (offer.cents.saturating_mul(offer.service.days), offer.cents)) {
        marks.push("BESTVALUE");
    }
    if best(|offer| (offer.cents, offer.service.days)) {
        marks.push("CHEAPEST");
    }
    if best(|offer| (offer.service.days, offer.cents)) {
        marks.push("FASTEST");
    }
    marks
}

impl Offer {
    fn shown(&self, call: &Call, shipment: &Value, load: &Load, marks: &[&str]) -> Value {
        let (sender, recipient) = (countries::currency(&load.from), countries::currency(&load.to));
        let image = |size: u16| format!("https://cdn2.goshippo.com/providers/{size}/{}.png", self.account.carrier);
        let mut rate = call.fresh_object();
        object::merge(
            &mut rate,
            json!({
                "amount": tariffs::converted(self.cents, sender),
                "amount_local": tariffs::converted(self.cents, recipient),
                "arrives_by": null,
                "attributes": marks,
                "carrier_account": self.account.id,
                "currency": sender,
                "currency_local": recipient,
                "duration_terms": format!("Delivery within {} business days", self.service.days),
                "estimated_days": self.service.days,
                "included_insurance_price": null,
                "messages": [],
                "provider": self.account.provider,
                "provider_image_75": image(75),
                "provider_image_200": image(200),
                "servicelevel": {
                    "extended_token": self.service.token,
                    "name": self.service.name,
                    "parent_servicelevel": null,
                    "terms": "",
                    "token": self.service.token,
                },
                "shipment": shipment.get("object_id"),
                "zone": load.zone(),
            }),
        );
        rate
    }
}
