//! What a cart lacks to become an order.

use super::delivery::{Delivery, delivery_problem};
use super::load::Snapshot;
use super::model::Severity;
use super::price::{self, PricedCart};
use super::shape;
use crate::error::{Code, Error, FieldError, Result};
use crate::money::{MAX_AMOUNT, Money};
use crate::payments::minimum_charge;

/// Everything that a checkout would miss, as pointers into the cart; empty when it could start. Stock is looked at
/// elsewhere, as only the reserve transaction can tell.
///
/// # Errors
/// When the database holds what is no address.
pub fn missing(snapshot: &Snapshot, priced: &PricedCart<'_>) -> Result<Vec<FieldError>> {
    let cart = &snapshot.cart;
    let mut missing = Vec::new();
    if snapshot.lines.is_empty() {
        missing.push(FieldError::new("/line_items", "required", "is empty; add something to buy"));
    }
    if cart.email.is_none() {
        missing.push(FieldError::new("/email", "required", "is needed for the receipt"));
    }
    for (index, line) in snapshot.lines.iter().enumerate() {
        let problems = shape::line_problems(line, None, index, cart.currency);
        let blocking = problems.into_iter().filter(|problem| problem.severity == Severity::Blocking);
        missing.extend(blocking.map(|problem| FieldError::new(problem.pointer, problem.code, problem.detail)));
    }
    if snapshot.lines.iter().any(|line| line.requires_shipping) {
        match price::address(cart.shipping_address.as_ref())? {
            Some(address) => missing.extend(address.missing_parts("/shipping_address")),
            None => missing.push(FieldError::new("/shipping_address", "required", "is needed to send the goods")),
        }
    }
    if let Delivery::Missing(pointer) = priced.delivery
        && cart.shipping_address.is_some()
        && !missing.iter().any(|error| error.pointer == pointer)
    {
        missing.push(FieldError::new(pointer, "required", "is needed to ask carriers"));
    }
    let faults = priced.address_problems.iter().filter(|problem| problem.severity == Severity::Blocking);
    missing.extend(faults.map(|fault| FieldError::new(&fault.pointer, &fault.code, &fault.detail)));
    if priced.delivery == Delivery::NotChosen {
        let names: Vec<&str> = priced.shipping_rates.iter().map(|rate| rate.name.as_str()).collect();
        let detail = format!("is to be chosen by `PUT …/shipping-rate`: {}", names.join(", "));
        missing.push(FieldError::new("/shipping_rate", "required", detail));
    }
    missing.extend(priced.tax.missing());
    let problem = delivery_problem(&priced.delivery);
    missing.extend(problem.map(|problem| FieldError::new(problem.pointer, problem.code, problem.detail)));
    Ok(missing)
}

/// Whether a complete cart's total can be charged.
///
/// # Errors
/// `amount_too_large`, `amount_too_small`; `provider_unavailable` when only the tax is not known.
pub fn chargeable(priced: &PricedCart<'_>) -> Result<()> {
    let Some(total) = priced.priced.totals.total else {
        let detail = "The tax provider cannot be asked just now, and this shop sells nothing untaxed. Try again.";
        return Err(Error::problem(Code::ProviderUnavailable, detail).retry_after(30));
    };
    if total.amount > MAX_AMOUNT {
        return Err(Error::problem(
            Code::AmountTooLarge,
            format!("{} {} is more than can be charged at once.", total.decimal(), total.currency),
        ));
    }
    let least = minimum_charge(total.currency);
    if total.amount > 0 && total.amount < least {
        let least = Money::new(least, total.currency);
        let detail =
            format!("{} {} is less than the smallest charge, {}.", total.decimal(), total.currency, least.decimal());
        return Err(Error::problem(Code::AmountTooSmall, detail));
    }
    Ok(())
}
