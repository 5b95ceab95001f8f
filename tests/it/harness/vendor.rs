//! Holds every body that the service sent to a provider against the vendor's own data (`../shared/contracts`), which is
//! not part of the project: where it is absent, that is said once and nothing is checked.

use std::path::PathBuf;
use std::sync::{LazyLock, Once};

use serde_json::Value;

struct Contracts {
    stripe: Value,
    shippo: Value,
}

static CONTRACTS: LazyLock<Option<Contracts>> = LazyLock::new(|| {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/contracts");
    let read = |path: &str| Some(serde_json::from_str(&std::fs::read_to_string(root.join(path)).ok()?).unwrap());
    Some(Contracts { stripe: read("stripe/sdk-params.json")?, shippo: read("shippo/sdk-contract.json")? })
});

/// What the vendors would not have understood in these entries of the sandbox's log.
pub(super) fn faults(log: &Value) -> Vec<String> {
    let Some(contracts) = &*CONTRACTS else {
        static SAID: Once = Once::new();
        SAID.call_once(|| eprintln!("SKIPPED: the vendors' contract data is not here; bodies are not held against it"));
        return Vec::new();
    };
    let mut faults = Vec::new();
    for call in log["data"].as_array().unwrap() {
        let (method, path) = (call["method"].as_str().unwrap(), call["path"].as_str().unwrap());
        if method != "POST" || call["body"].is_null() {
            continue;
        }
        let endpoint = format!("{method} {path}");
        if let Some(path) = path.strip_prefix("/shippo") {
            let of = match path {
                "/shipments" => "ShipmentCreateRequest",
                "/transactions" => "TransactionCreateRequest",
                "/refunds" => "RefundRequestBody",
                "/tracks" => "TracksRequest",
                _ => continue,
            };
            shippo(&contracts.shippo, of, &call["body"], &endpoint, &mut faults);
        } else if let Some((_, spec)) =
            contracts.stripe.as_object().unwrap().iter().find(|(name, _)| fits(name, &endpoint))
        {
            stripe(spec, &call["body"], &endpoint, &mut faults);
        }
    }
    faults
}

/// Whether an endpoint with `{id}` is this one; the more exact ones come first in the vendor's data by their words.
fn fits(template: &str, endpoint: &str) -> bool {
    let (wanted, given): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), endpoint.split('/').collect());
    wanted.len() == given.len() && wanted.iter().zip(&given).all(|(wanted, given)| wanted == given || *wanted == "{id}")
}

fn stripe(spec: &Value, body: &Value, at: &str, faults: &mut Vec<String>) {
    let (Some(spec), Some(body)) = (spec.as_object(), body.as_object()) else { return };
    for (name, value) in body {
        let at = format!("{at} {name}");
        match spec.get(name) {
            None => faults.push(format!("{at}: unknown")),
            Some(known) => {
                let items = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
                for item in items {
                    if let Some(fields) = known.get("fields") {
                        stripe(fields, item, &at, faults);
                    }
                    if known["type"] == "int" && item.as_str().is_none_or(|text| text.parse::<i64>().is_err()) {
                        faults.push(format!("{at}: no integer"));
                    }
                }
            }
        }
    }
    let missing = spec.iter().filter(|(name, known)| known["required"] == true && !body.contains_key(*name));
    faults.extend(missing.map(|(name, _)| format!("{at}: {name} is missing")));
}

/// Which component describes a member's value.
fn component(name: &str) -> Option<&'static str> {
    Some(match name {
        "address_from" | "address_to" => "AddressCreateRequest",
        "parcels" => "ParcelCreateRequest",
        "customs_declaration" => "CustomsDeclarationCreateRequest",
        "items" => "CustomsItemCreateRequest",
        _ => return None,
    })
}

fn shippo(contract: &Value, of: &str, body: &Value, at: &str, faults: &mut Vec<String>) {
    let spec = contract["components"][of].as_object().unwrap_or_else(|| panic!("{of} is not in the contract"));
    let body = body.as_object().unwrap();
    for (name, value) in body {
        let at = format!("{at} {name}");
        let Some(known) = spec.get(name).or_else(|| spec.get(&format!("{name}_"))) else {
            faults.push(format!("{at}: unknown"));
            continue;
        };
        let is_text = known["type"] == "str" || known["type"] == "Optional[str]";
        if is_text && !value.is_string() {
            faults.push(format!("{at}: no text"));
        }
        if let Some(of) = component(name) {
            let items = value.as_array().map_or_else(|| vec![value], |items| items.iter().collect());
            items.into_iter().for_each(|item| shippo(contract, of, item, &at, faults));
        }
    }
    let missing = spec.iter().filter(|(name, known)| known["required"] == "yes" && !body.contains_key(*name));
    faults.extend(missing.map(|(name, _)| format!("{at}: {name} is missing")));
}

#[test]
fn what_a_vendor_does_not_know_is_found() {
    if CONTRACTS.is_none() {
        return;
    }
    let log = serde_json::json!({"data": [
        {"method": "POST", "path": "/v1/coupons", "body": {"amount_off": "5.5", "colour": "red"}},
        {"method": "POST", "path": "/v1/tax/calculations", "body": {"currency": "eur", "line_items": [{"amount": "1", "sku": "x"}]}},
        {"method": "POST", "path": "/shippo/shipments", "body": {"address_from": {"country": "DE"}, "address_to": {"country": "DE", "zip": 1}, "parcels": [{"weight": "1"}]}},
    ]});
    let found = faults(&log).join("\n");
    for fault in [
        "coupons colour: unknown",
        "amount_off: no integer",
        "line_items sku: unknown",
        "zip: no text",
        "parcels: mass_unit is missing",
    ] {
        assert!(found.contains(fault), "{fault} is not in\n{found}");
    }
}
