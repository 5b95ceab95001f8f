//! The buyer of a calculation: where, with which tax ids, and whether relieved of tax.

use serde_json::{Value, json};

use crate::countries;
use crate::error::StripeError;
use crate::object;
use crate::params::Params;
use crate::state::Store;
use crate::stripe::contact;
use crate::stripe::tax::places::{self, Place};

const ADDRESS_PARAMS: &[&str] = &["city", "country", "line1", "line2", "postal_code", "state"];

/// The buyer.
#[derive(Debug)]
pub(super) struct Customer {
    /// The customer's id, when one was named.
    pub(super) id: Option<String>,
    /// `customer_details` as the API shows them.
    pub(super) details: Value,
    /// Where tax is due.
    pub(super) place: Place,
}

/// Reads `customer_details`, or the address of `customer`.
pub(super) fn read(store: &Store, params: &Params<'_>) -> Result<Customer, StripeError> {
    let id = params.text("customer")?;
    match (id, params.child("customer_details")?) {
        (Some(_), Some(_)) => Err(StripeError::exclusive(&["customer", "customer_details"])),
        (None, None) => Err(StripeError::missing("customer_details")),
        (Some(id), None) => {
            let customer = store.customers.get(id).ok_or_else(|| StripeError::dangling("customer", id, "customer"))?;
            let shipping = customer.get("shipping").and_then(|shipping| shipping.get("address"));
            let (address, source) = match shipping.filter(|address| address.is_object()) {
                Some(address) => (Some(address), "shipping"),
                None => (customer.get("address"), "billing"),
            };
            let (address, place) = located(address, "customer")?;
            let details = json!({
                "address": address, "address_source": source, "ip_address": null, "tax_ids": [], "taxability_override": "none",
            });
            Ok(Customer { id: Some(id.to_owned()), details, place })
        }
        (None, Some(details)) => read_details(&details),
    }
}

fn read_details(sent: &Params<'_>) -> Result<Customer, StripeError> {
    sent.only(&["address", "address_source", "ip_address", "tax_ids", "taxability_override"])?;
    let mut tax_ids = Vec::new();
    for tax_id in sent.children("tax_ids")? {
        tax_id.only(&["type", "value"])?;
        tax_ids.push(json!({"type": tax_id.required_text("type")?, "value": tax_id.required_text("value")?}));
    }
    let param = sent.name("address");
    let Some(address) = sent.child("address")? else {
        return Err(unlocatable("The sandbox cannot locate a customer without an address.", &param));
    };
    address.only(ADDRESS_PARAMS)?;
    let (address, place) = located(Some(address.value()), &param)?;
    let taxability = sent.choice("taxability_override", &["customer_exempt", "none", "reverse_charge"])?;
    let details = json!({
        "address": address,
        "address_source": sent.choice("address_source", &["billing", "shipping"])?,
        "ip_address": sent.text("ip_address")?,
        "tax_ids": tax_ids,
        "taxability_override": taxability.unwrap_or("none"),
    });
    Ok(Customer { id: None, details, place })
}

/// The address in full and where it is.
fn located(sent: Option<&Value>, param: &str) -> Result<(Value, Place), StripeError> {
    let address = contact::address(sent);
    if !countries::is_code(&object::owned(&address, "country")) {
        return Err(unlocatable("The customer's address needs a country: two capital letters.", param));
    }
    let place = Place::of(&address);
    let needs_region = matches!(place.country.as_str(), "US" | "CA");
    let has_region = ["postal_code", "state"].iter().any(|key| !object::owned(&address, key).trim().is_empty());
    if needs_region && !has_region {
        return Err(unlocatable("The customer's address needs a postal code or a state.", param));
    }
    Ok((address, place))
}

fn unlocatable(why: &str, param: &str) -> StripeError {
    StripeError::invalid(format!("We could not determine the customer's tax location. {why}"))
        .code("customer_tax_location_invalid")
        .param(param)
}

/// Reads `ship_from_details`; null when not sent.
pub(super) fn ship_from(params: &Params<'_>) -> Result<Value, StripeError> {
    let Some(details) = params.child("ship_from_details")? else { return Ok(Value::Null) };
    details.only(&["address"])?;
    let address = details.child("address")?.ok_or_else(|| StripeError::missing(&details.name("address")))?;
    address.only(ADDRESS_PARAMS)?;
    let country = address.required_text("country")?;
    if !countries::is_code(country) {
        return Err(StripeError::invalid(format!("Invalid country: {country}")).param(&address.name("country")));
    }
    Ok(json!({"address": contact::address(Some(address.value()))}))
}

impl Customer {
    /// Why the customer pays no tax at all on what is sent from `ship_from`.
    pub(super) fn relief(&self, ship_from: &Value) -> Option<&'static str> {
        match object::text(&self.details, "taxability_override") {
            Some("customer_exempt") => return Some("customer_exempt"),
            Some("reverse_charge") => return Some("reverse_charge"),
            _ => {}
        }
        let home = ship_from.get("address").and_then(|address| object::text(address, "country"));
        let home = home.unwrap_or(places::HOME);
        let country = self.place.country.as_str();
        let is_abroad = countries::in_european_union(country) && country != home;
        let tax_ids = self.details.get("tax_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let has_number =
            tax_ids.iter().any(|tax_id| object::is(tax_id, "type", "eu_vat") && issued_abroad(tax_id, home));
        (is_abroad && has_number).then_some("reverse_charge")
    }
}

fn issued_abroad(tax_id: &Value, home: &str) -> bool {
    let prefix = object::text(tax_id, "value").and_then(|value| value.get(..2)).unwrap_or_default().to_uppercase();
    // Greece's numbers begin with EL.
    let country = if prefix == "EL" { "GR" } else { prefix.as_str() };
    countries::in_european_union(country) && country != home
}
