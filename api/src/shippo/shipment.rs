//! Shipments: what is asked, and what carriers offer.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Shippo, rates};
use crate::address::Address;
use crate::catalog::model::Dimensions;
use crate::money::Money;
use crate::outbound::ProviderError;
use crate::shipping::pack::Parcel;
use crate::shipping::question::{CustomsLine, ShipmentQuestion};

/// What Shippo finds of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressCheck {
    /// Whether it can be delivered to.
    pub is_valid: bool,
    /// What Shippo says about it.
    pub messages: Vec<String>,
}

/// What carriers offer for a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Shippo's shipment, to buy a label from later.
    pub shipment: String,
    /// One rate for each service, in the cart's currency.
    pub rates: Vec<rates::CarrierRate>,
    /// Why a carrier offers none.
    pub messages: Vec<String>,
    /// What Shippo finds of the recipient's address, if that could be judged.
    pub address: Option<AddressCheck>,
}

/// Countries between which no customs declaration is needed.
const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

/// Whether goods between two countries pass customs.
#[must_use]
pub fn crosses_border(from: &str, to: &str) -> bool {
    let in_eu = |country: &str| EU.split(' ').any(|member| member == country);
    from != to && !(in_eu(from) && in_eu(to))
}

impl Shippo {
    /// Asks for what carriers offer; a second question asks for the cart's currency when no rate is in it.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn rates(&self, question: &ShipmentQuestion, deadline: Instant) -> Result<Offer, ProviderError> {
        let body = body(question, &question.cart.to_string());
        let shipment =
            self.send(reqwest::Method::POST, "/shipments", "/shipments", Some(&body), Some(deadline)).await?;
        let text = |pointer: &str| shipment.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let id = text("/object_id").ok_or_else(|| ProviderError::unknown("a shipment without an id"))?;
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let offered = list(shipment.get("rates"));
        let mut found = rates::read(&offered, question.currency);
        if found.is_empty() && !offered.is_empty() {
            let path = format!("/shipments/{id}/rates/{}", question.currency);
            let answer = self.send(reqwest::Method::GET, &path, "/shipments/rates", None, Some(deadline)).await?;
            found = rates::read(&list(answer.get("results")), question.currency);
        }
        let messages = list(shipment.get("messages")).iter().filter_map(message).collect();
        Ok(Offer { shipment: id, rates: found, messages, address: check(shipment.get("address_to")) })
    }
}

pub(super) fn message(value: &Value) -> Option<String> {
    let text = value.get("text").and_then(Value::as_str)?;
    let source = value.get("source").and_then(Value::as_str).filter(|source| !source.is_empty());
    Some(source.map_or_else(|| text.to_owned(), |source| format!("{source}: {text}")))
}

fn check(address: Option<&Value>) -> Option<AddressCheck> {
    let results = address?.get("validation_results")?;
    let is_valid = results.get("is_valid")?.as_bool()?;
    let messages = results.get("messages").and_then(Value::as_array).into_iter().flatten();
    let messages = messages.filter_map(|message| message.get("text").and_then(Value::as_str).map(str::to_owned));
    Some(AddressCheck { is_valid, messages: messages.collect() })
}

pub(super) fn body(question: &ShipmentQuestion, metadata: &str) -> Value {
    let mut body = json!({
        "address_from": address(&question.origin, question.origin_email.as_deref()),
        "address_to": address(&question.destination, question.email.as_deref()),
        "parcels": question.parcels.iter().map(parcel).collect::<Vec<_>>(),
        "async": false,
        "metadata": metadata,
    });
    let is_whole = question.destination.line1.is_some() && question.destination.city.is_some();
    if let Some(to) = body.get_mut("address_to").and_then(Value::as_object_mut).filter(|_| is_whole) {
        to.insert("validate".to_owned(), json!(true));
    }
    if !question.customs.is_empty()
        && let Some(members) = body.as_object_mut()
    {
        members.insert("customs_declaration".to_owned(), declaration(question));
    }
    body
}

fn address(address: &Address, email: Option<&str>) -> Value {
    let mut members = json!({"country": address.country});
    let parts = [
        ("name", address.name.as_deref()),
        ("company", address.company.as_deref()),
        ("street1", address.line1.as_deref()),
        ("street2", address.line2.as_deref()),
        ("city", address.city.as_deref()),
        ("state", address.state.as_deref()),
        ("zip", address.postal_code.as_deref()),
        ("phone", address.phone.as_deref()),
        ("email", email),
    ];
    if let Some(members) = members.as_object_mut() {
        let given = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), json!(part?))));
        members.extend(given);
    }
    members
}

/// Millimetres as centimetres, grams as kilograms, without floats.
fn thousandths(value: i64, unit: i64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    let width = unit.to_string().len() - 1;
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:0width$}") }
}

fn parcel(parcel: &Parcel) -> Value {
    let Dimensions { length, width, height } = parcel.size;
    json!({
        "length": thousandths(length, 10),
        "width": thousandths(width, 10),
        "height": thousandths(height, 10),
        "distance_unit": "cm",
        "weight": thousandths(parcel.weight_grams, 1000),
        "mass_unit": "kg",
    })
}

fn declaration(question: &ShipmentQuestion) -> Value {
    let item = |line: &CustomsLine| {
        let value = Money::new(line.value, question.currency);
        let mut item = json!({
            "description": line.description,
            "quantity": line.quantity,
            "net_weight": thousandths(line.weight_grams.max(1), 1000),
            "mass_unit": "kg",
            "value_amount": value.decimal(),
            "value_currency": question.currency,
            "origin_country": line.origin_country,
            "sku_code": line.sku,
        });
        if let (Some(code), Some(members)) = (&line.hs_code, item.as_object_mut()) {
            members.insert("hs_code".to_owned(), json!(code));
        }
        item
    };
    let mut declaration = json!({
        "contents_type": "MERCHANDISE",
        "non_delivery_option": "RETURN",
        "certify": true,
        "certify_signer": question.origin.name.as_deref().or(question.origin.company.as_deref()).unwrap_or("Shipping"),
        "incoterm": "DDU",
        "items": question.customs.iter().map(item).collect::<Vec<_>>(),
    });
    if question.origin.country == "US"
        && let Some(members) = declaration.as_object_mut()
    {
        members.insert("eel_pfc".to_owned(), json!("NOEEI_30_37_a"));
    }
    declaration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!([thousandths(405, 10), thousandths(400, 10)], ["40.5", "40"]);
        assert_eq!([thousandths(1_005, 1000), thousandths(7, 1000)], ["1.005", "0.007"]);
    }

    #[test]
    fn the_eu_has_no_borders_inside() {
        assert!(!crosses_border("DE", "FR") && !crosses_border("US", "US"));
        assert!(crosses_border("DE", "CH") && crosses_border("GB", "FR"));
    }
}
