//! Customs items and declarations.

use serde_json::{Value, json};

use crate::object;
use crate::shippo::fields::Fields;
use crate::shippo::parcels::MASS_NAMES;
use crate::shippo::{Call, Depot, Outcome, Refusal, keep};

const CONTENTS: &[&str] =
    &["DOCUMENTS", "GIFT", "SAMPLE", "MERCHANDISE", "HUMANITARIAN_DONATION", "RETURN_MERCHANDISE", "OTHER"];

const INCOTERMS: &[&str] = &["DDP", "DDU", "FCA", "DAP", "eDAP"];

const ITEM_TEXTS: &[&str] = &["eccn_ear99", "hs_code", "sku_code", "tariff_number"];

const DECLARATION_TEXTS: &[&str] = &[
    "aes_itn",
    "b13a_filing_option",
    "b13a_number",
    "certificate",
    "contents_explanation",
    "disclaimer",
    "eel_pfc",
    "exporter_reference",
    "importer_reference",
    "incoterm",
    "invoice",
    "license",
    "notes",
];

/// Makes a customs item of what was sent.
pub(super) fn make_item(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    let mut fields = Fields::of(sent);
    let mut item = call.fresh_object();
    object::set(&mut item, "description", fields.required("description"));
    object::set(&mut item, "net_weight", fields.decimal("net_weight"));
    object::set(&mut item, "mass_unit", fields.choice("mass_unit", MASS_NAMES));
    object::set(&mut item, "value_amount", fields.decimal("value_amount"));
    object::set(&mut item, "value_currency", fields.required("value_currency"));
    object::set(&mut item, "origin_country", fields.country("origin_country"));
    match fields.raw("quantity") {
        None => fields.blame("quantity", "This field is required."),
        Some(quantity) if quantity.as_i64().is_none_or(|quantity| quantity < 1) => {
            fields.blame("quantity", "A valid integer is required.");
        }
        Some(quantity) => object::set(&mut item, "quantity", quantity.clone()),
    }
    for key in ITEM_TEXTS {
        object::set(&mut item, key, fields.text(key));
    }
    object::set(&mut item, "metadata", fields.metadata());
    object::set(&mut item, "object_state", "VALID");
    fields.finish()?;
    keep(&mut depot.customs_items, &item);
    Ok(item)
}

/// Makes a declaration of what was sent; its items are shown as ids.
pub(super) fn make_declaration(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    let mut fields = Fields::of(sent);
    let mut declaration = call.fresh_object();
    object::set(&mut declaration, "certify_signer", fields.required("certify_signer"));
    let contents = fields.choice("contents_type", CONTENTS);
    object::set(&mut declaration, "contents_type", contents);
    object::set(&mut declaration, "non_delivery_option", fields.choice("non_delivery_option", &["ABANDON", "RETURN"]));
    if fields.raw("certify").and_then(Value::as_bool) != Some(true) {
        fields.blame("certify", "This field must be true.");
    }
    for key in DECLARATION_TEXTS {
        let text = fields.text(key);
        object::set(&mut declaration, key, if text.is_empty() { Value::Null } else { text.into() });
    }
    if contents == "OTHER" && fields.text("contents_explanation").is_empty() {
        fields.blame("contents_explanation", "This field is required.");
    }
    let incoterm = fields.text("incoterm");
    if !incoterm.is_empty() && !INCOTERMS.contains(&incoterm) {
        fields.blame("incoterm", &format!("\"{incoterm}\" is not a valid choice."));
    }
    let items = fields.nested_list("items", |sent| resolve_item(depot, call, sent));
    object::merge(&mut declaration, json!({"certify": true, "items": items, "object_state": "VALID"}));
    object::set(&mut declaration, "metadata", fields.metadata());
    fields.finish()?;
    keep(&mut depot.customs_declarations, &declaration);
    Ok(declaration)
}

fn resolve_item(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    let item = match sent.as_str() {
        None => make_item(depot, call, sent)?,
        Some(id) => depot.customs_items.get(id).cloned().ok_or_else(|| missing("Customs item", id))?,
    };
    Ok(item.get("object_id").cloned().unwrap_or_default())
}

/// The declaration that an id names or an object describes.
pub(super) fn resolve(depot: &mut Depot, call: &Call, sent: &Value) -> Outcome {
    match sent.as_str() {
        None => make_declaration(depot, call, sent),
        Some(id) => depot.customs_declarations.get(id).cloned().ok_or_else(|| missing("Customs declaration", id)),
    }
}

fn missing(kind: &str, id: &str) -> Refusal {
    Refusal { status: 400, body: Value::from(format!("{kind} with supplied object_id {id} not found.")) }
}
