//! A cart's price and its shape for clients. Pure.

use serde_json::Value;

use super::load::{Available, Line, Shipping, Snapshot};
use super::model::{Cart, CartLine, CartProblem, Severity};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::money::{Currency, Money};
use crate::pricing::{self, Input, LineInput, LineTotals, Priced, Tax};
use crate::shipping::model::ShippingRate;
use crate::shipping::table::{self, Parcel};

/// A priced cart.
#[derive(Debug)]
pub struct PricedCart {
    /// Lines with a price, in the cart's order, and the totals.
    pub priced: Priced,
    /// The ways to send the goods that there are.
    pub shipping_rates: Vec<ShippingRate>,
    /// What became of shipping.
    pub delivery: Delivery,
}

/// How a cart's goods are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing is sent.
    NotNeeded,
    /// By this rate: the chosen one, or the only one.
    By(ShippingRate),
    /// It is not known where to.
    NoAddress,
    /// The shop does not send there, or not this much.
    Unavailable,
    /// One of the rates is to be chosen.
    NotChosen,
    /// What was chosen is no longer to be had.
    Gone,
}

impl PricedCart {
    /// The rate that the goods are sent by.
    #[must_use]
    pub fn shipping_rate(&self) -> Option<&ShippingRate> {
        match &self.delivery {
            Delivery::By(rate) => Some(rate),
            Delivery::NotNeeded
            | Delivery::NoAddress
            | Delivery::Unavailable
            | Delivery::NotChosen
            | Delivery::Gone => None,
        }
    }
}

/// Prices a cart; lines without a price count nothing.
///
/// # Errors
/// `amount_too_large`.
pub fn price(snapshot: &Snapshot) -> Result<PricedCart> {
    let (shipping_rates, delivery) = delivery(snapshot)?;
    let shipping = match &delivery {
        Delivery::By(rate) => Some(rate.price.amount),
        Delivery::NotNeeded => Some(0),
        Delivery::NoAddress | Delivery::Unavailable | Delivery::NotChosen | Delivery::Gone => None,
    };
    let lines = snapshot.lines.iter().filter_map(|line| {
        Some(LineInput { unit_price: line.unit_price?, quantity: line.quantity, tax: Tax::default() })
    });
    let priced = pricing::totals(&Input {
        currency: snapshot.cart.currency,
        lines: lines.collect(),
        discount: 0,
        shipping,
        shipping_discount: 0,
        shipping_tax: Tax::default(),
        tax_known: true,
    })?;
    Ok(PricedCart { priced, shipping_rates, delivery })
}

fn delivery(snapshot: &Snapshot) -> Result<(Vec<ShippingRate>, Delivery)> {
    let sent: Vec<&Line> = snapshot.lines.iter().filter(|line| line.requires_shipping).collect();
    if sent.is_empty() {
        return Ok((Vec::new(), Delivery::NotNeeded));
    }
    let rates = match &snapshot.shipping {
        Shipping::Quoted(rate) => {
            let rates: Vec<ShippingRate> = rate.iter().cloned().collect();
            return Ok((rates, rate.clone().map_or(Delivery::NotChosen, Delivery::By)));
        }
        Shipping::Table(rates) => rates,
    };
    if snapshot.cart.shipping_address.is_none() {
        return Ok((Vec::new(), Delivery::NoAddress));
    }
    let weight = |line: &&Line| line.weight_grams.unwrap_or_default().saturating_mul(line.quantity);
    let value = |line: &Line| line.unit_price.unwrap_or_default().saturating_mul(line.quantity);
    let rates = table::applicable(
        rates,
        Parcel {
            currency: snapshot.cart.currency,
            weight_grams: sent.iter().map(weight).fold(0, i64::saturating_add),
            subtotal: snapshot.lines.iter().map(value).fold(0, i64::saturating_add),
        },
    )?;
    let delivery = match (&snapshot.cart.shipping_rate_id, rates.as_slice()) {
        (_, []) => Delivery::Unavailable,
        (None, [only]) => Delivery::By(only.clone()),
        (None, _) => Delivery::NotChosen,
        (Some(chosen), rates) => {
            let chosen = rates.iter().find(|rate| rate.id == *chosen);
            chosen.map_or(Delivery::Gone, |rate| Delivery::By(rate.clone()))
        }
    };
    Ok((rates, delivery))
}

/// The cart as clients see it.
///
/// # Errors
/// `amount_too_large`, or when the database holds what is no address.
pub fn shape(snapshot: &Snapshot, available: &Available) -> Result<Cart> {
    let cart = &snapshot.cart;
    let priced = price(snapshot)?;
    let shipping_rate = priced.shipping_rate().cloned();
    let mut totals = priced.priced.lines.iter();
    let mut problems = Vec::new();
    let mut line_items = Vec::new();
    for (index, (line, available)) in snapshot.lines.iter().zip(available).enumerate() {
        let line_problems = line_problems(line, *available, index, cart.currency);
        problems.extend(line_problems.iter().cloned());
        let totals = line.unit_price.and_then(|_| totals.next().copied());
        line_items.push(shape_line(line, totals, line_problems, cart.currency));
    }
    problems.extend(delivery_problem(&priced.delivery));
    Ok(Cart {
        id: cart.id,
        status: cart.status,
        currency: cart.currency,
        email: cart.email.clone(),
        line_items,
        shipping_address: address(cart.shipping_address.as_ref())?,
        billing_address: address(cart.billing_address.as_ref())?,
        locale: cart.locale.as_deref().and_then(|locale| locale.parse().ok()),
        shipping_rate,
        totals: priced.priced.totals,
        problems,
        metadata: Metadata::from_json(&cart.metadata),
        version: cart.version,
        expires_at: cart.expires_at,
        created_at: cart.created_at,
        updated_at: cart.updated_at,
        cart_token: None,
    })
}

/// What is wrong with how the goods are sent. What is only missing yet is no problem.
#[must_use]
pub fn delivery_problem(delivery: &Delivery) -> Option<CartProblem> {
    let (code, pointer, detail) = match delivery {
        Delivery::NotNeeded | Delivery::By(_) | Delivery::NoAddress | Delivery::NotChosen => return None,
        Delivery::Unavailable => (
            "shipping_unavailable",
            "/shipping_address",
            "The shop does not send these goods there in this currency; change the address, the lines or the currency.",
        ),
        Delivery::Gone => (
            "shipping_rate_gone",
            "/shipping_rate",
            "The chosen shipping rate is no longer to be had; choose one of `GET …/shipping-rates`.",
        ),
    };
    Some(CartProblem {
        code: code.to_owned(),
        severity: Severity::Blocking,
        detail: detail.to_owned(),
        pointer: pointer.to_owned(),
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

/// What the shopper should know of a line, and what stands in the way of buying it.
#[must_use]
pub fn line_problems(line: &Line, available: Option<i64>, index: usize, currency: Currency) -> Vec<CartProblem> {
    let problem = |code: &str, severity: Severity, member: &str, detail: String| CartProblem {
        code: code.to_owned(),
        severity,
        detail,
        pointer: format!("/line_items/{index}{member}"),
    };
    let blocking = |code: &str, member: &str, detail: String| problem(code, Severity::Blocking, member, detail);
    let mut problems = Vec::new();
    match (line.unit_price, line.seen_unit_price) {
        _ if !line.for_sale => {
            problems.push(blocking("not_for_sale", "", "It is no longer sold; remove the line.".to_owned()));
        }
        (None, _) => {
            let detail = "It has no price in the cart's currency; remove the line.";
            problems.push(blocking("no_price", "/unit_price", detail.to_owned()));
        }
        (Some(now), Some(seen)) if now != seen => {
            let decimal = |amount| Money::new(amount, currency).decimal();
            let detail = format!("Its price is {} {currency} now; it was {}.", decimal(now), decimal(seen));
            problems.push(problem("price_changed", Severity::Notice, "/unit_price", detail));
        }
        (Some(_), _) => {}
    }
    if let Some(most) = line.max_per_order.filter(|most| *most < line.quantity) {
        let detail = format!("One order may hold at most {most} of it; lower the quantity.");
        problems.push(blocking("too_many", "/quantity", detail));
    }
    if let Some(available) = available.filter(|available| *available < line.quantity) {
        let detail = if available == 0 {
            "It is sold out; remove the line.".to_owned()
        } else {
            format!("Only {available} can be had; lower the quantity.")
        };
        problems.push(blocking("insufficient_stock", "/quantity", detail));
    }
    problems
}

fn shape_line(line: &Line, totals: Option<LineTotals>, problems: Vec<CartProblem>, currency: Currency) -> CartLine {
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
