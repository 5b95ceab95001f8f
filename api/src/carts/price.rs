//! A cart's price and its shape for clients. Pure.

use serde_json::Value;

use super::load::{Available, Line, Snapshot};
use super::model::{Cart, CartLine, CartProblem};
use crate::address::Address;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::money::Money;
use crate::pricing::{self, Input, LineInput, LineTotals, Priced, Tax};
use crate::shipping::{self, ShippingRate};

/// A priced cart.
#[derive(Debug)]
pub struct PricedCart {
    /// Lines with a price, in the cart's order, and the totals.
    pub priced: Priced,
    /// How the goods are sent.
    pub shipping_rate: Option<ShippingRate>,
    /// Whether a rate is needed and there is none.
    pub lacks_shipping: bool,
}

/// Prices a cart; lines without a price count nothing.
///
/// # Errors
/// `amount_too_large`.
pub fn price(snapshot: &Snapshot, config: &Config) -> Result<PricedCart> {
    let currency = snapshot.cart.currency;
    let needs_shipping = snapshot.lines.iter().any(|line| line.requires_shipping);
    let shipping_rate = shipping::flat_rate(config, currency).filter(|_| needs_shipping);
    let shipping = match &shipping_rate {
        Some(rate) => Some(rate.price.amount),
        None if needs_shipping => None,
        None => Some(0),
    };
    let lines = snapshot
        .lines
        .iter()
        .filter_map(|line| {
            Some(LineInput { unit_price: line.unit_price?, quantity: line.quantity, tax: Tax::default() })
        })
        .collect();
    let priced = pricing::totals(&Input {
        currency,
        lines,
        discount: 0,
        shipping,
        shipping_discount: 0,
        shipping_tax: Tax::default(),
        tax_known: true,
    })?;
    Ok(PricedCart { priced, lacks_shipping: needs_shipping && shipping_rate.is_none(), shipping_rate })
}

/// The cart as clients see it.
///
/// # Errors
/// `amount_too_large`, or when the database holds what is no address.
pub fn shape(snapshot: &Snapshot, available: &Available, config: &Config) -> Result<Cart> {
    let cart = &snapshot.cart;
    let PricedCart { priced, shipping_rate, lacks_shipping } = price(snapshot, config)?;
    let mut totals = priced.lines.into_iter();
    let mut problems = Vec::new();
    let mut line_items = Vec::new();
    for (index, (line, available)) in snapshot.lines.iter().zip(available).enumerate() {
        let line_problems = line_problems(line, *available, index);
        problems.extend(line_problems.iter().cloned());
        let totals = line.unit_price.and_then(|_| totals.next());
        line_items.push(shape_line(line, totals, line_problems, cart.currency));
    }
    if lacks_shipping {
        problems.push(CartProblem {
            code: "shipping_unavailable".to_owned(),
            detail: format!("The shop has no shipping rate in {}; choose another currency.", cart.currency),
            pointer: "/shipping_rate".to_owned(),
        });
    }
    Ok(Cart {
        id: cart.id,
        status: cart.status,
        currency: cart.currency,
        email: cart.email.clone(),
        line_items,
        shipping_address: address(cart.shipping_address.as_ref())?,
        billing_address: address(cart.billing_address.as_ref())?,
        shipping_rate,
        totals: priced.totals,
        problems,
        metadata: Metadata::from_json(&cart.metadata),
        version: cart.version,
        expires_at: cart.expires_at,
        created_at: cart.created_at,
        updated_at: cart.updated_at,
        cart_token: None,
    })
}

/// An address from its column.
///
/// # Errors
/// When the database holds what is none, which is a defect.
pub fn address(column: Option<&Value>) -> Result<Option<Address>> {
    column
        .map(|value| {
            serde_json::from_value(value.clone()).map_err(|error| Error::Internal(format!("an address: {error}")))
        })
        .transpose()
}

/// What stands in the way of buying a line.
#[must_use]
pub fn line_problems(line: &Line, available: Option<i64>, index: usize) -> Vec<CartProblem> {
    let problem = |code: &str, member: &str, detail: String| CartProblem {
        code: code.to_owned(),
        detail,
        pointer: format!("/line_items/{index}{member}"),
    };
    let mut problems = Vec::new();
    if !line.for_sale {
        problems.push(problem("not_for_sale", "", "It is no longer sold; remove the line.".to_owned()));
    } else if line.unit_price.is_none() {
        problems.push(problem(
            "no_price",
            "/unit_price",
            "It has no price in the cart's currency; remove the line.".to_owned(),
        ));
    }
    if let Some(available) = available.filter(|available| *available < line.quantity) {
        let detail = if available == 0 {
            "It is sold out; remove the line.".to_owned()
        } else {
            format!("Only {available} can be had; lower the quantity.")
        };
        problems.push(problem("insufficient_stock", "/quantity", detail));
    }
    problems
}

fn shape_line(
    line: &Line,
    totals: Option<LineTotals>,
    problems: Vec<CartProblem>,
    currency: crate::money::Currency,
) -> CartLine {
    CartLine {
        id: line.id,
        variant_id: line.variant_id,
        product_id: line.product_id,
        sku: line.sku.clone(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.map(|amount| Money::new(amount, currency)),
        subtotal: totals.map(|totals| totals.subtotal),
        discount: totals.map(|totals| totals.discount),
        total: totals.map(|totals| totals.total),
        requires_shipping: line.requires_shipping,
        metadata: Metadata::from_json(&line.metadata),
        problems,
    }
}
