//! A cart's shape for clients. Pure.

use super::delivery::delivery_problem;
use super::load::{Available, Line, Snapshot};
use super::model::{Cart, CartLine, CartProblem, Severity};
use super::price::{self, address};
use crate::discounts::model::{CartDiscountCode, LineDiscount};
use crate::error::Result;
use crate::metadata::Metadata;
use crate::money::{Currency, Money};
use crate::pricing::LineTotals;
use crate::tax::model::Taxed;

/// The cart as clients see it.
///
/// # Errors
/// `amount_too_large`, or when the database holds what is no address.
pub fn shape(snapshot: &Snapshot, available: &Available) -> Result<Cart> {
    let cart = &snapshot.cart;
    let priced = price::price(snapshot)?;
    let is_taxed = priced.tax.known().is_some();
    let shipping_rate = priced.delivery.rate().cloned();
    let mut totals = priced.priced.lines.iter().zip(&priced.line_discounts).zip(&priced.line_taxes);
    let mut problems = Vec::new();
    let mut line_items = Vec::new();
    for (index, (line, available)) in snapshot.lines.iter().zip(available).enumerate() {
        let line_problems = line_problems(line, *available, index, cart.currency);
        problems.extend(line_problems.iter().cloned());
        let totals = line.unit_price.and_then(|_| totals.next());
        line_items.push(shape_line(line, totals, line_problems, (cart.currency, is_taxed)));
    }
    problems.extend(delivery_problem(&priced.delivery));
    problems.extend(priced.address_problems.iter().cloned());
    problems.extend(priced.tax.problem());
    problems.extend(priced.discount_codes.iter().enumerate().filter_map(code_problem));
    Ok(Cart {
        id: cart.id,
        status: cart.status,
        currency: cart.currency,
        email: cart.email.clone(),
        customer_id: cart.customer_id,
        line_items,
        shipping_address: address(cart.shipping_address.as_ref())?,
        billing_address: address(cart.billing_address.as_ref())?,
        locale: cart.locale.as_deref().and_then(|locale| locale.parse().ok()),
        shipping_rate,
        discount_codes: priced.discount_codes,
        tax: priced.tax.summary(snapshot)?,
        discounts: priced.discounts.into_iter().map(|(_, applied)| applied).collect(),
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

/// A code that takes nothing off; no hindrance, but worth telling.
fn code_problem((index, code): (usize, &CartDiscountCode)) -> Option<CartProblem> {
    let reason = code.reason?;
    Some(CartProblem {
        code: "discount_not_applied".to_owned(),
        severity: Severity::Notice,
        detail: format!("The code {} takes nothing off: {}.", code.code, reason.explanation()),
        pointer: format!("/discount_codes/{index}"),
    })
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

fn shape_line(
    line: &Line,
    priced: Option<((&LineTotals, &Vec<LineDiscount>), &Taxed)>,
    problems: Vec<CartProblem>,
    (currency, is_taxed): (Currency, bool),
) -> CartLine {
    let totals = priced.map(|((totals, _), _)| *totals);
    CartLine {
        id: line.id,
        variant_id: line.variant_id,
        product_id: line.product_id,
        sku: line.sku.clone(),
        title: line.title.clone(),
        variant_title: line.variant_title.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.map(|amount| Money::new(amount, currency)),
        price_origin: line.price_origin,
        subtotal: totals.map(|totals| totals.subtotal),
        discount: totals.map(|totals| totals.discount),
        discounts: priced.map(|((_, discounts), _)| discounts.clone()).unwrap_or_default(),
        tax_added: totals.filter(|_| is_taxed).map(|totals| totals.tax_added),
        tax_included: totals.filter(|_| is_taxed).map(|totals| totals.tax_included),
        tax_breakdown: priced.map(|(_, taxed)| taxed.breakdown.clone()).unwrap_or_default(),
        total: totals.map(|totals| totals.total),
        requires_shipping: line.requires_shipping,
        metadata: Metadata::from_json(&line.metadata),
        problems,
    }
}
