//! What a cart costs. Pure.

use serde_json::Value;

use super::delivery::{self, Delivery, Ways};
use super::load::{Line, Snapshot};
use super::model::CartProblem;
use super::tax::{self, TaxState};
use crate::address::Address;
use crate::discounts::apply::{self, Basket, Candidate, Given};
use crate::discounts::model::{AppliedDiscount, CartDiscountCode, DiscountReason, LineDiscount};
use crate::error::{Error, Result};
use crate::money::Money;
use crate::payments::smallest_charge_step;
use crate::pricing::{self, Input, LineInput, Priced, Tax};
use crate::shipping::model::ShippingRate;
use crate::tax::model::Taxed;

/// A priced cart.
#[derive(Debug)]
pub struct PricedCart<'a> {
    /// Lines with a price, in the cart's order, and the totals.
    pub priced: Priced,
    /// What each of these lines is reduced by.
    pub line_discounts: Vec<Vec<LineDiscount>>,
    /// The tax on each of these lines.
    pub line_taxes: Vec<Taxed>,
    /// The discounts that are given.
    pub discounts: Vec<(&'a Candidate, AppliedDiscount)>,
    /// What became of each of the cart's discounts, in their order.
    pub verdicts: apply::Verdicts,
    /// What became of the codes.
    pub discount_codes: Vec<CartDiscountCode>,
    /// The ways to send the goods that there are.
    pub shipping_rates: Vec<ShippingRate>,
    /// What became of shipping.
    pub delivery: Delivery,
    /// What is wrong with the address.
    pub address_problems: Vec<CartProblem>,
    /// What is known of the tax.
    pub tax: TaxState,
}

/// Prices a cart; lines without a price count nothing.
///
/// # Errors
/// `amount_too_large`.
pub fn price(snapshot: &Snapshot) -> Result<PricedCart<'_>> {
    let Ways { rates: shipping_rates, delivery, problems: address_problems } = delivery::ways(snapshot)?;
    let lines: Vec<(&Line, i64)> = snapshot.lines.iter().filter_map(|line| Some((line, line.unit_price?))).collect();
    let verdicts = verdicts(snapshot, &lines, &delivery);
    let given: Vec<(&Candidate, &Given)> = snapshot
        .discounts
        .iter()
        .zip(&verdicts)
        .filter_map(|(candidate, verdict)| Some((candidate, verdict.as_ref().ok()?)))
        .collect();
    let off_line = |index: usize| given.iter().filter_map(|(_, given)| given.lines.get(index)).sum::<i64>();
    let off_shipping: i64 = given.iter().map(|(_, given)| given.shipping).sum();
    let net = lines.iter().enumerate().map(|(index, (line, unit_price))| {
        (*line, unit_price.saturating_mul(line.quantity).saturating_sub(off_line(index)))
    });
    let net: Vec<(&Line, i64)> = net.collect();
    let net_shipping = delivery.price().map(|price| price.saturating_sub(off_shipping));
    let tax = tax::state(snapshot, &net, &delivery, net_shipping)?;
    let line_taxes: Vec<Taxed> = lines.iter().map(|(line, _)| tax.of_line(line)).collect();
    let inputs = lines.iter().zip(&line_taxes).enumerate().map(|(index, ((line, unit_price), taxed))| LineInput {
        unit_price: *unit_price,
        quantity: line.quantity,
        discount: off_line(index),
        tax: Tax { added: taxed.added, included: taxed.included },
    });
    let on_shipping = tax.of_shipping();
    let priced = pricing::totals(&Input {
        currency: snapshot.cart.currency,
        lines: inputs.collect(),
        shipping: delivery.price(),
        shipping_discount: off_shipping,
        shipping_tax: Tax { added: on_shipping.added, included: on_shipping.included },
        tax_known: tax.known().is_some(),
    })?;
    let line_discounts = (0..lines.len()).map(|index| line_discounts(snapshot, &given, index)).collect();
    let is_known = delivery.price().is_some();
    let discounts = given.iter().map(|(candidate, given)| (*candidate, applied(snapshot, candidate, given, is_known)));
    let discounts: Vec<_> = discounts.collect();
    let discount_codes = codes(snapshot, &verdicts);
    Ok(PricedCart {
        priced,
        line_discounts,
        line_taxes,
        discounts,
        verdicts,
        discount_codes,
        shipping_rates,
        delivery,
        address_problems,
        tax,
    })
}

fn verdicts(snapshot: &Snapshot, lines: &[(&Line, i64)], delivery: &Delivery) -> apply::Verdicts {
    let lines = lines.iter().map(|(line, unit_price)| apply::Line {
        variant: line.variant_id,
        product: line.product_id,
        collections: &line.collections,
        unit_price: *unit_price,
        quantity: line.quantity,
    });
    let basket = Basket {
        currency: snapshot.cart.currency,
        step: smallest_charge_step(snapshot.cart.currency),
        lines: lines.collect(),
        shipping: delivery.price(),
        is_sent: *delivery != Delivery::NotNeeded,
    };
    apply::apply(&basket, &snapshot.discounts)
}

fn line_discounts(snapshot: &Snapshot, given: &[(&Candidate, &Given)], index: usize) -> Vec<LineDiscount> {
    let off = given.iter().filter_map(|(candidate, given)| {
        let amount = given.lines.get(index).copied().filter(|amount| *amount > 0)?;
        Some(LineDiscount { discount_id: candidate.id, amount: Money::new(amount, snapshot.cart.currency) })
    });
    off.collect()
}

fn applied(snapshot: &Snapshot, candidate: &Candidate, given: &Given, is_shipping_known: bool) -> AppliedDiscount {
    let money = |amount| Money::new(amount, snapshot.cart.currency);
    AppliedDiscount {
        discount_id: candidate.id,
        title: candidate.title.clone(),
        code: candidate.code.as_ref().map(|code| code.code.clone()),
        r#type: candidate.terms.kind,
        amount: money(given.lines.iter().sum()),
        shipping_amount: is_shipping_known.then(|| money(given.shipping)),
    }
}

fn codes(snapshot: &Snapshot, verdicts: &apply::Verdicts) -> Vec<CartDiscountCode> {
    let verdict_of = |code: &String| {
        let of = |candidate: &Candidate| candidate.code.as_ref().is_some_and(|its| its.code == *code);
        snapshot.discounts.iter().zip(verdicts).find(|(candidate, _)| of(candidate)).map(|(_, verdict)| verdict)
    };
    let entered = snapshot.cart.discount_codes.iter().map(|code| {
        let reason = match verdict_of(code) {
            Some(Ok(_)) => None,
            Some(Err(reason)) => Some(*reason),
            None => Some(DiscountReason::NotFound),
        };
        CartDiscountCode { code: code.clone(), applied: reason.is_none(), reason }
    });
    entered.collect()
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
