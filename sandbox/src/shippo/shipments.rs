//! Shipments: made at once or, as is Shippo's default, done when they are read.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::carriers::ACCOUNTS;
use crate::shippo::fields::Fields;
use crate::shippo::{Call, Depot, Outcome, RatesMode, Refusal, addresses, customs, known, paging, parcels, tariffs};
use crate::shippo::{keep, rates as quotes};

/// `POST /shipments`
pub(super) fn create(depot: &mut Depot, mode: RatesMode, call: &Call) -> Outcome {
    let mut fields = Fields::of(&call.body);
    let address_from = fields.nested("address_from", |sent| addresses::resolve(depot, call, sent));
    let address_to = fields.nested("address_to", |sent| addresses::resolve(depot, call, sent));
    let address_return = match fields.raw("address_return") {
        Some(_) => fields.nested("address_return", |sent| addresses::resolve(depot, call, sent)),
        None => address_from.clone(),
    };
    let parcels = fields.nested_list("parcels", |sent| parcels::resolve(depot, call, sent));
    let declaration = match fields.raw("customs_declaration") {
        Some(_) => fields.nested("customs_declaration", |sent| customs::resolve(depot, call, sent)),
        None => Value::Null,
    };
    let accounts = fields.raw("carrier_accounts").cloned().unwrap_or_else(|| json!([]));
    if !all_known(&accounts) {
        fields.blame("carrier_accounts", "Carrier account not found.");
    }
    let metadata = fields.metadata();
    let shipment_date = fields.text("shipment_date");
    let extra = fields.raw("extra").cloned().unwrap_or_else(|| json!({}));
    fields.finish()?;
    let mut shipment = call.fresh_object();
    object::merge(
        &mut shipment,
        json!({
            "address_from": address_from,
            "address_return": address_return,
            "address_to": address_to,
            "carrier_accounts": accounts,
            "customs_declaration": declaration,
            "extra": extra,
            "messages": [],
            "metadata": metadata,
            "parcels": parcels,
            "rates": [],
            "shipment_date": if shipment_date.is_empty() { call.stamp() } else { shipment_date.to_owned() },
            "status": "QUEUED",
        }),
    );
    if call.is_async() {
        keep(&mut depot.shipments, &shipment);
    } else {
        quotes::fill(depot, mode, call, &mut shipment);
    }
    Ok(shipment)
}

fn all_known(accounts: &Value) -> bool {
    let is_known = |id: &Value| ACCOUNTS.iter().any(|account| id.as_str() == Some(account.id));
    accounts.as_array().is_some_and(|accounts| accounts.iter().all(is_known))
}

/// `GET /shipments/{id}`; by the time a shipment is read it is done.
pub(super) fn read(depot: &mut Depot, mode: RatesMode, call: &Call, id: &str) -> Outcome {
    let mut shipment = known(&depot.shipments, id)?;
    if object::is(&shipment, "status", "QUEUED") {
        quotes::fill(depot, mode, call, &mut shipment);
    }
    Ok(shipment)
}

fn rates_of(shipment: &Value) -> Vec<Value> {
    shipment.get("rates").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// `GET /shipments/{id}/rates`
pub(super) fn rates(depot: &mut Depot, mode: RatesMode, call: &Call, id: &str) -> Outcome {
    let shipment = read(depot, mode, call, id)?;
    paging::page(call, rates_of(&shipment))
}

/// `GET /shipments/{id}/rates/{currency}`: the same rates, `amount_local` in that currency.
pub(super) fn rates_in(depot: &mut Depot, mode: RatesMode, call: &Call, (id, currency): (&str, &str)) -> Outcome {
    let shipment = read(depot, mode, call, id)?;
    let currency = currency.to_uppercase();
    let mut rates = rates_of(&shipment);
    for rate in &mut rates {
        let cents = depot.prices.get(&object::owned(rate, "object_id")).copied().unwrap_or_default();
        let Some(amount) = tariffs::converted(cents, &currency) else {
            return Err(Refusal {
                status: 400,
                body: json!({"detail": format!("The currency {currency} is not supported.")}),
            });
        };
        object::merge(rate, json!({"amount_local": amount, "currency_local": currency}));
    }
    paging::page(call, rates)
}
