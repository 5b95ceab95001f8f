//! Products and prices, which the official tools make before a session.

use serde_json::{Value, json};

use crate::error::{Reply, StripeError};
use crate::money;
use crate::object::{self, fresh_id, nulls};
use crate::params::Params;
use crate::state::{Cause, Store};
use crate::stripe::{Call, listing};

/// `/v1/products…`
pub(crate) fn route_products(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => {
            let params = call.params();
            params.required_text("name")?;
            create_product(store, &params, &call.cause)
        }
        ("GET", []) => listing::page(call, store.products.newest_first(), |_| true),
        ("GET", [id]) => store.products.get(id).cloned().ok_or_else(|| StripeError::no_such("product", id)),
        _ => Err(call.unrecognized()),
    }
}

/// `/v1/prices…`
pub(crate) fn route_prices(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => {
            let params = call.params();
            params.only(&[
                "active",
                "billing_scheme",
                "currency",
                "expand",
                "lookup_key",
                "metadata",
                "nickname",
                "product",
                "product_data",
                "tax_behavior",
                "unit_amount",
                "unit_amount_decimal",
            ])?;
            create_price(store, &params, &call.cause)
        }
        ("GET", []) => listing::page(call, store.prices.newest_first(), |_| true),
        ("GET", [id]) => store.prices.get(id).cloned().ok_or_else(|| StripeError::no_such("price", id)),
        _ => Err(call.unrecognized()),
    }
}

/// The price of a `price_data` group.
pub(crate) fn inline_price(store: &mut Store, data: &Params<'_>, cause: &Cause) -> Reply {
    data.only(&[
        "currency",
        "product",
        "product_data",
        "recurring",
        "tax_behavior",
        "unit_amount",
        "unit_amount_decimal",
    ])?;
    create_price(store, data, cause)
}

fn create_price(store: &mut Store, params: &Params<'_>, cause: &Cause) -> Reply {
    let currency = money::currency(params.required_text("currency")?, &params.name("currency"))?;
    let amount = params.required_at_least("unit_amount", 0)?;
    money::check_step(amount, &currency, &params.name("unit_amount"))?;
    let product = match (params.text("product")?, params.child("product_data")?) {
        (Some(_), Some(_)) => return Err(StripeError::exclusive(&["product", "product_data"])),
        (Some(id), None) if store.products.get(id).is_some() => id.to_owned(),
        (Some(id), None) => return Err(StripeError::dangling("product", id, &params.name("product"))),
        (None, Some(data)) => {
            data.only(&["description", "images", "metadata", "name", "tax_code", "unit_label"])?;
            object::owned(&create_product(store, &data, cause)?, "id")
        }
        (None, None) => return Err(StripeError::missing(&params.name("product"))),
    };
    let mut price =
        nulls(&["custom_unit_amount", "lookup_key", "nickname", "recurring", "tiers_mode", "transform_quantity"]);
    object::merge(
        &mut price,
        json!({
            "id": fresh_id("price"),
            "object": "price",
            "active": true,
            "billing_scheme": "per_unit",
            "created": cause.now,
            "currency": currency,
            "livemode": false,
            "metadata": params.metadata()?,
            "product": product,
            "tax_behavior": params.text("tax_behavior")?.unwrap_or("unspecified"),
            "type": "one_time",
            "unit_amount": amount,
            "unit_amount_decimal": amount.to_string(),
        }),
    );
    store.prices.insert(price.clone());
    Ok(price)
}

fn create_product(store: &mut Store, params: &Params<'_>, cause: &Cause) -> Reply {
    let name = params.required_text("name")?;
    if name.chars().count() > 250 {
        return Err(
            StripeError::invalid("Product names can be at most 250 characters long.").param(&params.name("name"))
        );
    }
    let mut product = nulls(&[
        "default_price",
        "package_dimensions",
        "shippable",
        "statement_descriptor",
        "tax_code",
        "unit_label",
        "url",
    ]);
    object::merge(
        &mut product,
        json!({
            "id": fresh_id("prod"),
            "object": "product",
            "active": true,
            "created": cause.now,
            "description": params.text("description")?,
            "images": params.raw("images").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
            "livemode": false,
            "marketing_features": [],
            "metadata": params.metadata()?,
            "name": name,
            "type": "service",
            "updated": cause.now,
        }),
    );
    store.products.insert(product.clone());
    Ok(product)
}
