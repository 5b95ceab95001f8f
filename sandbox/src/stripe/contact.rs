//! Addresses and shipping details as Stripe shows them.

use serde_json::{Value, json};

/// An address with all its keys, whatever was sent.
pub(crate) fn address(sent: Option<&Value>) -> Value {
    let part = |key: &str| sent.and_then(|address| address.get(key)).cloned();
    json!({
        "city": part("city"),
        "country": part("country"),
        "line1": part("line1"),
        "line2": part("line2"),
        "postal_code": part("postal_code"),
        "state": part("state"),
    })
}

/// Shipping details, or null when none were sent.
pub(crate) fn shipping(sent: Option<&Value>) -> Value {
    let Some(sent) = sent.filter(|sent| sent.is_object()) else {
        return Value::Null;
    };
    json!({
        "address": address(sent.get("address")),
        "carrier": sent.get("carrier"),
        "name": sent.get("name"),
        "phone": sent.get("phone"),
        "tracking_number": sent.get("tracking_number"),
    })
}

/// Billing details with all their keys, whatever was sent.
pub(crate) fn billing(sent: Option<&Value>) -> Value {
    let part = |key: &str| sent.and_then(|details| details.get(key)).cloned();
    json!({
        "address": address(sent.and_then(|details| details.get("address"))),
        "email": part("email"),
        "name": part("name"),
        "phone": part("phone"),
        "tax_id": null,
    })
}
