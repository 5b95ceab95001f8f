//! Personal data in a provider's document, masked: for staff who may see what happened, but not to whom.

use serde_json::Value;

/// What stands in the place of what is hidden.
const MASK: &str = "[masked]";

/// Members that hold nothing but what a person wrote about themselves; below them only these words stay.
const ABOUT_A_PERSON: [&str; 16] = [
    "address",
    "address_from",
    "address_to",
    "billing_details",
    "billing_details_snapshot",
    "collected_information",
    "customer_details",
    "custom_fields",
    "evidence",
    "ip_address_location",
    "location",
    "owner",
    "payment_method_details",
    "shipping",
    "shipping_address",
    "shipping_details",
];

/// Members below those that say nothing about who it is.
const HARMLESS: [&str; 10] =
    ["amount", "brand", "carrier", "country", "currency", "funding", "network", "object", "tax_exempt", "type"];

/// Members that are personal, or open something, wherever they stand.
const PERSONAL: [&str; 19] = [
    "billing_zip",
    "business_name",
    "client_secret",
    "customer_email",
    "customer_name",
    "customer_purchase_ip",
    "email",
    "fingerprint",
    "individual_name",
    "ip",
    "ip_address",
    "last4",
    "name",
    "phone",
    "receipt_email",
    "receipt_number",
    "tracking_number",
    "tracking_url_provider",
    "username",
];

/// Whether a member is an address in the web: whoever has it may see what is there.
fn is_link(name: &str) -> bool {
    name == "url" || name.ends_with("_url")
}

/// Masks e-mail addresses, names, postal addresses, telephone numbers and what leads to them.
pub(super) fn mask(document: &mut Value) {
    hide(document, false);
}

fn hide(value: &mut Value, is_personal: bool) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.as_str();
                let is_below = is_personal && !HARMLESS.contains(&name);
                let is_itself = ABOUT_A_PERSON.contains(&name) || PERSONAL.contains(&name) || is_link(name);
                hide(member, is_below || is_itself);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, is_personal)),
        // An e-mail address shows itself wherever somebody put it, as in metadata.
        Value::String(text) if is_personal && !text.is_empty() || text.contains('@') => MASK.clone_into(text),
        Value::Number(_) if is_personal => *value = Value::String(MASK.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_personal_is_masked_and_what_happened_stays() {
        let mut document = json!({
            "id": "evt_1", "type": "checkout.session.completed", "data": {"object": {
                "id": "cs_1", "object": "checkout.session", "amount_total": 2489, "currency": "eur", "payment_status": "paid",
                "customer_email": "ada@example.com", "url": "https://pay.example/x", "client_reference_id": "ord_1",
                "customer_details": {
                    "email": "ada@example.com", "name": "Ada", "phone": null, "tax_exempt": "none",
                    "address": {"city": "Berlin", "country": "DE", "line1": "Torstr. 1", "postal_code": "10119"},
                    "tax_ids": [{"type": "eu_vat", "value": "DE123"}],
                },
                "shipping_details": {"name": "Ada", "address": {"line1": "Torstr. 1", "country": "DE"}},
                "metadata": {"checkout_id": "chk_1", "note": "write to ada@example.com"},
            }},
        });
        mask(&mut document);
        let object = &document["data"]["object"];
        for kept in ["id", "object", "amount_total", "currency", "payment_status", "client_reference_id"] {
            assert_ne!(object[kept], MASK, "{kept}");
        }
        assert_eq!(
            object["customer_details"]["address"],
            json!({"city": MASK, "country": "DE", "line1": MASK, "postal_code": MASK})
        );
        assert_eq!(object["customer_details"]["tax_ids"], json!([{"type": "eu_vat", "value": MASK}]));
        assert_eq!(object["metadata"], json!({"checkout_id": "chk_1", "note": MASK}));
        let text = document.to_string();
        for personal in ["ada@", "Ada", "Torstr", "10119", "DE123", "pay.example", "Berlin"] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }

    #[test]
    fn what_carriers_tell_is_masked_as_well() {
        let place = json!({"city": "Berlin", "state": "BE", "zip": "10119", "country": "DE"});
        let mut document = json!({
            "event": "track_updated", "test": true, "data": {
                "object_id": "o_1", "carrier": "ups", "status": "SUCCESS", "metadata": "lbl_1", "tracking_number": "1Z999",
                "tracking_url_provider": "https://ups.example/1Z999", "label_url": "https://shippo.example/label.pdf",
                "address_from": place, "address_to": place, "billing_zip": "10119", "url": "https://shippo.example/o_1",
                "ip_address_location": {"country": "DE", "latitude": 52.5, "city": "Berlin"},
                "tracking_status": {"status": "DELIVERED", "status_date": "2026-01-02T03:04:05Z", "location": place},
            },
        });
        mask(&mut document);
        let data = &document["data"];
        for (kept, value) in [("object_id", "o_1"), ("carrier", "ups"), ("status", "SUCCESS"), ("metadata", "lbl_1")] {
            assert_eq!(data[kept], value, "{kept}");
        }
        assert_eq!(data["tracking_status"]["status"], "DELIVERED");
        assert_eq!(data["address_to"], json!({"city": MASK, "state": MASK, "zip": MASK, "country": "DE"}));
        assert_eq!(data["address_from"], data["address_to"]);
        assert_eq!(data["tracking_status"]["location"], data["address_to"]);
        assert_eq!(data["ip_address_location"], json!({"country": "DE", "latitude": MASK, "city": MASK}));
        for hidden in ["tracking_number", "tracking_url_provider", "label_url", "billing_zip", "url"] {
            assert_eq!(data[hidden], MASK, "{hidden}");
        }
    }
}
