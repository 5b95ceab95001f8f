//! What a cart costs. Pure: amounts in, amounts out; no I/O, no floats.

use serde::Serialize;

use crate::error::Result;
use crate::money::{Currency, Money};

/// One line to be priced.
#[derive(Debug, Clone, Copy)]
pub struct LineInput {
    /// The price of one.
    pub unit_price: i64,
    /// How many.
    pub quantity: i64,
    /// The discount on the line; what exceeds its price is not given.
    pub discount: i64,
    /// Tax on the discounted line.
    pub tax: Tax,
}

/// Tax of a line or of the shipping, in minor units.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tax {
    /// On top of the price.
    pub added: i64,
    /// Contained in the price.
    pub included: i64,
}

/// Everything that a document's totals depend on, in minor units of one currency.
#[derive(Debug, Clone)]
pub struct Input {
    /// The currency of all amounts.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<LineInput>,
    /// The shipping price before discounts; `None` while unknown.
    pub shipping: Option<i64>,
    /// The discount on shipping; what exceeds the price is not given.
    pub shipping_discount: i64,
    /// Tax on the shipping.
    pub shipping_tax: Tax,
    /// Whether tax is known; while not, tax and total are `None`.
    pub tax_known: bool,
}

/// One priced line: `total = subtotal − discount + tax_added`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTotals {
    /// Unit price × quantity.
    pub subtotal: Money,
    /// Its share of the discount.
    pub discount: Money,
    /// Tax on top.
    pub tax_added: Money,
    /// Tax contained.
    pub tax_included: Money,
    /// What the line costs.
    pub total: Money,
}

/// The totals of a cart or an order: `subtotal − discount + shipping + tax_added = total`, and
/// `tax = tax_added + tax_included`. `null`, never 0, while unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// The lines before discounts.
    pub subtotal: Money,
    /// The discount on the lines.
    pub discount: Money,
    /// Shipping after its discount; `null` until it is known.
    pub shipping: Option<Money>,
    /// What shipping was reduced by; `null` until shipping is known.
    pub shipping_discount: Option<Money>,
    /// All tax; `null` until it is known.
    pub tax: Option<Money>,
    /// Tax on top of the prices.
    pub tax_added: Option<Money>,
    /// Tax contained in the prices.
    pub tax_included: Option<Money>,
    /// What is to be paid; `null` until shipping and tax are known.
    pub total: Option<Money>,
}

/// Lines and document priced together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// In the order of the input.
    pub lines: Vec<LineTotals>,
    /// The document's.
    pub totals: Totals,
}

/// Prices a document: every sum is exact, as every line is.
///
/// # Errors
/// `amount_too_large` when an amount overflows.
pub fn totals(input: &Input) -> Result<Priced> {
    let currency = input.currency;
    let money = |amount| Money::new(amount, currency);
    let zero = Money::zero(currency);
    let subtotals = input
        .lines
        .iter()
        .map(|line| money(line.unit_price).checked_mul(line.quantity))
        .collect::<Result<Vec<_>, _>>()?;
    let subtotal = subtotals.iter().try_fold(zero, |sum, line| sum.checked_add(*line))?;
    let lines = input
        .lines
        .iter()
        .zip(subtotals)
        .map(|(line, subtotal)| {
            let (discount, tax_added) = (money(line.discount.clamp(0, subtotal.amount.max(0))), money(line.tax.added));
            let total = subtotal.checked_sub(discount)?.checked_add(tax_added)?;
            Ok(LineTotals { subtotal, discount, tax_added, tax_included: money(line.tax.included), total })
        })
        .collect::<Result<Vec<_>>>()?;
    let discount = lines.iter().try_fold(zero, |sum, line| sum.checked_add(line.discount))?;
    let shipping_discount = input.shipping.map(|price| money(input.shipping_discount.clamp(0, price.max(0))));
    let shipping = match (input.shipping, shipping_discount) {
        (Some(price), Some(discount)) => Some(money(price).checked_sub(discount)?),
        (Some(_), None) | (None, _) => None,
    };
    let sum_tax = |part: fn(&Tax) -> i64| {
        input
            .lines
            .iter()
            .map(|line| part(&line.tax))
            .try_fold(money(part(&input.shipping_tax)), |sum, tax| sum.checked_add(money(tax)))
    };
    let (tax_added, tax_included) = (sum_tax(|tax| tax.added)?, sum_tax(|tax| tax.included)?);
    let total = match shipping {
        Some(shipping) if input.tax_known => {
            Some(subtotal.checked_sub(discount)?.checked_add(shipping)?.checked_add(tax_added)?)
        }
        Some(_) | None => None,
    };
    let known = |tax: Money| input.tax_known.then_some(tax);
    Ok(Priced {
        lines,
        totals: Totals {
            subtotal,
            discount,
            shipping,
            shipping_discount,
            tax: known(tax_added.checked_add(tax_included)?),
            tax_added: known(tax_added),
            tax_included: known(tax_included),
            total,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn input() -> impl Strategy<Value = Input> {
        let line = (0i64..100_000, 1i64..100, 0i64..10_000_000, 0i64..10_000, 0i64..10_000).prop_map(
            |(unit_price, quantity, discount, added, included)| LineInput {
                unit_price,
                quantity,
                discount,
                tax: Tax { added, included },
            },
        );
        let currency = proptest::sample::select(Currency::all().collect::<Vec<_>>());
        (currency, proptest::collection::vec(line, 1..100), 0i64..10_000, 0i64..20_000).prop_map(
            |(currency, lines, shipping, shipping_discount)| Input {
                currency,
                lines,
                shipping: Some(shipping),
                shipping_discount,
                shipping_tax: Tax { added: 7, included: 3 },
                tax_known: true,
            },
        )
    }

    proptest! {
        #[test]
        fn everything_sums(input in input()) {
            let Priced { lines, totals } = totals(&input).unwrap();
            let sum = |part: fn(&LineTotals) -> Money| lines.iter().map(|line| part(line).amount).sum::<i64>();
            prop_assert_eq!(sum(|line| line.subtotal), totals.subtotal.amount);
            prop_assert_eq!(sum(|line| line.discount), totals.discount.amount);
            prop_assert_eq!(sum(|line| line.tax_added) + input.shipping_tax.added, totals.tax_added.unwrap().amount);
            for line in &lines {
                prop_assert!(line.discount.amount >= 0 && line.discount.amount <= line.subtotal.amount);
                prop_assert_eq!(line.total.amount, line.subtotal.amount - line.discount.amount + line.tax_added.amount);
            }
            let shipping = totals.shipping.unwrap().amount;
            prop_assert!(shipping >= 0);
            prop_assert_eq!(shipping + totals.shipping_discount.unwrap().amount, input.shipping.unwrap());
            prop_assert_eq!(
                totals.total.unwrap().amount,
                totals.subtotal.amount - totals.discount.amount + shipping + totals.tax_added.unwrap().amount
            );
            prop_assert_eq!(totals.tax.unwrap().amount, totals.tax_added.unwrap().amount + totals.tax_included.unwrap().amount);
        }

        #[test]
        fn huge_amounts_are_an_error_not_a_panic(unit_price: i64, quantity: i64) {
            let line = LineInput { unit_price, quantity, discount: 0, tax: Tax::default() };
            let currency = "EUR".parse().unwrap();
            let _ = totals(&Input {
                currency, lines: vec![line, line], shipping: Some(i64::MAX),
                shipping_discount: 0, shipping_tax: Tax::default(), tax_known: true,
            });
        }
    }

    #[test]
    fn unknown_is_not_zero() {
        let line = LineInput { unit_price: 100, quantity: 2, discount: 0, tax: Tax::default() };
        let priced = totals(&Input {
            currency: "EUR".parse().unwrap(),
            lines: vec![line],
            shipping: None,
            shipping_discount: 0,
            shipping_tax: Tax::default(),
            tax_known: false,
        })
        .unwrap();
        assert_eq!(priced.totals.subtotal.amount, 200);
        assert_eq!((priced.totals.shipping, priced.totals.tax, priced.totals.total), (None, None, None));
    }
}
