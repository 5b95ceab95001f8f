//! Whether a priced cart may be bought: complete, for no other total than the shopper saw, and to be had.

use std::collections::BTreeMap;

use super::stock::Shortages;
use crate::carts::complete;
use crate::carts::load::{Available, Snapshot};
use crate::carts::model::CartStatus;
use crate::carts::price::PricedCart;
use crate::error::{Code, Error, Result};
use crate::ids::VariantId;
use crate::money::Money;
use crate::pricing::Totals;

/// Whether the cart may be reserved for at this price. `seen` is what a quote came to that is not honoured any more.
///
/// # Errors
/// `cart_incomplete`, `price_changed`, `insufficient_stock`, or why the total cannot be charged.
pub(super) fn require(
    snapshot: &Snapshot,
    priced: &PricedCart<'_>,
    available: &Available,
    expected: Option<Money>,
    seen: Option<Option<Money>>,
) -> Result<()> {
    require_complete(snapshot, priced)?;
    require_expected(priced, expected)?;
    require_not_dearer(priced, seen)?;
    match snapshot.cart.status {
        // Its stock is held already.
        CartStatus::CheckingOut => Ok(()),
        CartStatus::Open | CartStatus::Abandoned | CartStatus::Completed => require_available(snapshot, available),
    }
}

/// Everything that an order needs, or each thing that is missing.
fn require_complete(snapshot: &Snapshot, priced: &PricedCart<'_>) -> Result<()> {
    let missing = complete::missing(snapshot, priced)?;
    if !missing.is_empty() {
        let detail = "The cart lacks what a checkout needs; `errors` names each thing.";
        return Err(Error::problem(Code::CartIncomplete, detail).with_errors(missing));
    }
    complete::chargeable(priced)
}

/// Another total than the shopper saw is not charged.
fn require_expected(priced: &PricedCart<'_>, expected: Option<Money>) -> Result<()> {
    match (expected, priced.priced.totals.total) {
        (Some(expected), Some(total)) if expected != total => {
            Err(price_changed(&priced.priced.totals, total, expected))
        }
        (Some(_), Some(_) | None) | (None, _) => Ok(()),
    }
}

/// A quote that is over, or of a cart that has changed since, was priced anew; what became dearer must be shown first.
fn require_not_dearer(priced: &PricedCart<'_>, quoted: Option<Option<Money>>) -> Result<()> {
    match (quoted, priced.priced.totals.total) {
        (Some(Some(quoted)), Some(total)) if quoted.currency == total.currency && total.amount <= quoted.amount => {
            Ok(())
        }
        (Some(quoted), Some(total)) => {
            let seen = quoted.unwrap_or(Money::zero(total.currency));
            Err(price_changed(&priced.priced.totals, total, seen))
        }
        (Some(_), None) | (None, _) => Ok(()),
    }
}

fn price_changed(totals: &Totals, total: Money, seen: Money) -> Error {
    let (now, before) = (total.decimal(), seen.decimal());
    let detail = format!("The total is {now} {}, not {before} {}.", total.currency, seen.currency);
    Error::problem(Code::PriceChanged, detail).with("totals", serde_json::to_value(totals).unwrap_or_default())
}

/// An early look at the stock: it spares the transaction when there is clearly too little.
fn require_available(snapshot: &Snapshot, available: &Available) -> Result<()> {
    let mut short: BTreeMap<VariantId, i64> = BTreeMap::new();
    for (line, available) in snapshot.lines.iter().zip(available) {
        if let Some(left) = available.filter(|left| *left < line.quantity) {
            short.insert(line.variant_id, left);
        }
    }
    if short.is_empty() { Ok(()) } else { Err(Shortages(short.into_iter().collect()).into()) }
}
