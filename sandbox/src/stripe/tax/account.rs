//! The account's tax settings and registrations, which never change here.

use serde_json::{Value, json};

use crate::countries;
use crate::error::Reply;
use crate::stripe::tax::places;
use crate::stripe::{Call, listing};

/// Since when the account is registered everywhere.
const REGISTERED_SINCE: i64 = 1_704_067_200;

/// `GET /v1/tax/settings`
pub(super) fn settings() -> Value {
    json!({
        "object": "tax.settings",
        "defaults": {"provider": "stripe", "tax_behavior": "exclusive", "tax_code": places::DEFAULT_CODE},
        "head_office": {"address": {
            "city": "Berlin", "country": places::HOME, "line1": "Torstraße 1", "line2": null, "postal_code": "10119", "state": null,
        }},
        "livemode": false,
        "status": "active",
        "status_details": {"active": {}},
    })
}

/// `GET /v1/tax/registrations`: one per country of the rate table, and per state that has one.
pub(super) fn registrations(call: &Call) -> Reply {
    let params = call.params();
    params.only(&["ending_before", "expand", "limit", "starting_after", "status"])?;
    let status = params.choice("status", &["active", "all", "expired", "scheduled"])?.unwrap_or("all");
    let national = places::national_countries().map(|country| {
        let kind = if countries::in_european_union(country) {
            json!({"type": "standard", "standard": {"place_of_supply_scheme": "standard"}})
        } else {
            json!({"type": "standard"})
        };
        registration(country, "", kind)
    });
    let canadian = places::PROVINCES.iter().map(|province| {
        let kind = json!({"type": "province_standard", "province_standard": {"province": province}});
        registration("CA", province, kind)
    });
    let american = places::STATES
        .iter()
        .map(|state| registration("US", state, json!({"type": "state_sales_tax", "state": state})));
    let rows: Vec<Value> = national.chain(canadian).chain(american).collect();
    listing::page(call, rows.iter(), |_| matches!(status, "active" | "all"))
}

fn registration(country: &str, region: &str, kind: Value) -> Value {
    let key = country.to_lowercase();
    json!({
        "id": format!("taxreg_sandbox{key}{}", region.to_lowercase()),
        "object": "tax.registration",
        "active_from": REGISTERED_SINCE,
        "country": country,
        "country_options": {key: kind},
        "created": REGISTERED_SINCE,
        "expires_at": null,
        "livemode": false,
        "status": "active",
    })
}
