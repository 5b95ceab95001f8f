//! Customers: create, read, update, delete.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::object::{self, fresh_id, nulls, random_text};
use crate::params::Params;
use crate::state::Store;
use crate::stripe::{Call, contact, listing};

const PARAMS: &[&str] = &[
    "address",
    "balance",
    "description",
    "email",
    "expand",
    "metadata",
    "name",
    "payment_method",
    "phone",
    "preferred_locales",
    "shipping",
    "source",
    "tax_exempt",
];

/// `/v1/customers…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(store, call),
        ("GET", []) => {
            let params = call.params();
            params.only(&["created", "email", "ending_before", "expand", "limit", "starting_after", "test_clock"])?;
            let email = params.text("email")?;
            listing::page(call, store.customers.newest_first(), |customer| listing::allows(email, customer, "email"))
        }
        ("GET", [id]) => store.customers.get(id).cloned().ok_or_else(|| StripeError::no_such("customer", id)),
        ("POST", [id]) => update(store, call, id),
        ("DELETE", [id]) => match store.customers.remove(id) {
            Some(_) => Ok(json!({"id": id, "object": "customer", "deleted": true})),
            None => Err(StripeError::no_such("customer", id)),
        },
        _ => Err(call.unrecognized()),
    }
}

fn create(store: &mut Store, call: &Call) -> Reply {
    let params = call.params();
    params.only(PARAMS)?;
    let mut customer = nulls(&[
        "address",
        "currency",
        "default_source",
        "description",
        "discount",
        "email",
        "name",
        "phone",
        "shipping",
        "test_clock",
    ]);
    object::merge(
        &mut customer,
        json!({
            "id": fresh_id("cus"),
            "object": "customer",
            "balance": 0,
            "created": call.cause.now,
            "delinquent": false,
            "invoice_prefix": random_text(8).to_uppercase(),
            "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null},
            "livemode": false,
            "next_invoice_sequence": 1,
            "preferred_locales": [],
            "tax_exempt": "none",
        }),
    );
    object::merge(&mut customer, sent(&params)?);
    object::set(&mut customer, "metadata", params.metadata()?);
    let id = object::owned(&customer, "id");
    store.customers.insert(customer.clone());
    store.emit("customer.created", &id, &call.cause);
    Ok(customer)
}

fn update(store: &mut Store, call: &Call, id: &str) -> Reply {
    let params = call.params();
    params.only(PARAMS)?;
    let (changes, metadata) = (sent(&params)?, params.metadata()?);
    let customer = store.customers.get_mut(id).ok_or_else(|| StripeError::no_such("customer", id))?;
    object::merge(customer, changes);
    if let Some(present) = customer.get_mut("metadata") {
        object::merge(present, metadata);
    }
    let customer = customer.clone();
    store.emit("customer.updated", id, &call.cause);
    Ok(customer)
}

/// The members that were sent.
fn sent(params: &Params<'_>) -> Reply {
    let mut changes = json!({});
    for key in ["description", "email", "name", "phone", "tax_exempt"] {
        if let Some(text) = params.text(key)? {
            object::set(&mut changes, key, text);
        }
    }
    if let Some(address) = params.raw("address").filter(|value| value.is_object()) {
        object::set(&mut changes, "address", contact::address(Some(address)));
    }
    if params.raw("shipping").is_some_and(Value::is_object) {
        object::set(&mut changes, "shipping", contact::shipping(params.raw("shipping")));
    }
    Ok(changes)
}
