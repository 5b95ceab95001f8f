//! Tax by the shop's own rate table. Pure.
//!
//! Exclusive prices: each rate on its own, rounded half away from zero. Inclusive ones: what all rates together contain,
//! reckoned from the gross amount (R37), and split by largest remainder. Rounded per line (R35).

use super::model::{Assessment, TaxBehavior, TaxComponent, TaxExemption, Taxed};
use super::question::{Question, is_taxable};
use super::settings::TaxRate;
use crate::address::{Address, is_state, state_code};
use crate::money::{Money, Percentage, allocate};
use crate::payments::smallest_charge_step;

/// Whether the table has rates for the place of a question.
#[must_use]
pub fn covers(rates: &[TaxRate], question: &Question) -> bool {
    rates.iter().any(|rate| is_at(rate, &question.place.address))
}

/// Reckons the tax. A place without rates has none.
#[must_use]
pub fn assess(rates: &[TaxRate], question: &Question) -> Assessment {
    let lines = question.lines.iter().map(|line| {
        let rates = rates_for(rates, question, &line.tax_code, false);
        (line.reference.clone(), tax(question, &rates, line.amount, &line.tax_code))
    });
    let lines = lines.collect();
    let of_shipping = rates_for(rates, question, &question.shipping_tax_code, true);
    let shipping = match question.shipping {
        0 => Taxed::default(),
        amount => tax(question, &of_shipping, amount, &question.shipping_tax_code),
    };
    Assessment { lines, shipping }
}

/// Whether a rate is for an address: its country, and its state however it is written.
fn is_at(rate: &TaxRate, address: &Address) -> bool {
    let code = |state: Option<&str>| state_code(&rate.country, state.unwrap_or_default());
    rate.country == address.country
        && (rate.state.is_none() || code(rate.state.as_deref()) == code(address.state.as_deref()))
}

/// Whether the state of an address decides about its tax, but is not one that is known.
#[must_use]
pub fn needs_state(rates: &[TaxRate], address: &Address) -> bool {
    let by_state = rates.iter().any(|rate| rate.country == address.country && rate.state.is_some());
    by_state && !is_state(&address.country, address.state.as_deref().unwrap_or_default())
}

/// The rates of a place for a tax code: of one name, the one that names the code.
fn rates_for<'a>(rates: &'a [TaxRate], question: &Question, code: &str, is_shipping: bool) -> Vec<&'a TaxRate> {
    let place = &question.place.address;
    let here: Vec<&TaxRate> =
        rates.iter().filter(|rate| is_at(rate, place) && (!is_shipping || rate.on_shipping)).collect();
    let names_code = |rate: &TaxRate| rate.tax_codes.iter().any(|its| its == code);
    let is_taken = |rate: &&&TaxRate| {
        let same = |other: &&&TaxRate| other.name == rate.name && other.state == rate.state && names_code(other);
        names_code(rate) || rate.tax_codes.is_empty() && !here.iter().any(|other| same(&other))
    };
    here.iter().filter(is_taken).copied().collect()
}

fn tax(question: &Question, rates: &[&TaxRate], amount: i64, code: &str) -> Taxed {
    let untaxed = match question.exemption {
        _ if !is_taxable(code) => Some("product_exempt"),
        TaxExemption::Exempt => Some("customer_exempt"),
        TaxExemption::ReverseCharge => Some("reverse_charge"),
        TaxExemption::None => None,
    };
    let step = smallest_charge_step(question.currency);
    let included = question.behavior == TaxBehavior::Inclusive;
    let parts: Vec<i64> = match untaxed {
        Some(_) => rates.iter().map(|_| 0).collect(),
        None if included => {
            let all = rates.iter().fold(None, |sum: Option<Percentage>, rate| {
                Some(sum.map_or(rate.percentage, |sum| sum.plus(rate.percentage)))
            });
            let contained = all.map_or(0, |all| all.contained_in(amount, step));
            let weights: Vec<i64> = rates.iter().map(|rate| rate.percentage.millionths()).collect();
            allocate(contained / step, &weights).into_iter().map(|part| part * step).collect()
        }
        None => rates.iter().map(|rate| rate.percentage.of(amount, step)).collect(),
    };
    let money = |amount| Money::new(amount, question.currency);
    let sum: i64 = parts.iter().sum();
    let net = if included { amount - sum } else { amount };
    let breakdown = rates.iter().zip(&parts).map(|(rate, part)| TaxComponent {
        jurisdiction: rate.name.clone(),
        country: rate.country.clone(),
        state: rate.state.clone(),
        tax_type: None,
        percentage: Some(rate.percentage.to_string()),
        amount: money(*part),
        taxable_amount: money(if untaxed.is_some() { 0 } else { net }),
        included,
        reason: Some(untaxed.unwrap_or("standard_rated").to_owned()),
    });
    let breakdown = breakdown.collect();
    if included { Taxed { added: 0, included: sum, breakdown } } else { Taxed { added: sum, included: 0, breakdown } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::question::{AskedLine, Place};
    use super::*;
    use crate::money::Currency;

    fn address(country: &str, state: Option<&str>) -> Address {
        Address {
            name: None,
            company: None,
            line1: None,
            line2: None,
            city: None,
            state: state.map(str::to_owned),
            postal_code: None,
            country: country.to_owned(),
            phone: None,
        }
    }

    fn question(
        currency: &str,
        country: &str,
        state: Option<&str>,
        amounts: &[i64],
        behavior: TaxBehavior,
    ) -> Question {
        let line = |(index, amount): (usize, &i64)| AskedLine {
            reference: index.to_string(),
            amount: *amount,
            quantity: 1,
            tax_code: "txcd_99999999".to_owned(),
        };
        Question {
            currency: currency.parse().unwrap(),
            behavior,
            lines: amounts.iter().enumerate().map(line).collect(),
            shipping: 0,
            shipping_tax_code: "txcd_92010001".to_owned(),
            place: Place { is_shipping: true, address: address(country, state) },
            ship_from: None,
            tax_ids: Vec::new(),
            exemption: TaxExemption::None,
            settings_version: 1,
        }
    }

    fn rate(name: &str, country: &str, state: Option<&str>, percentage: &str) -> TaxRate {
        TaxRate {
            name: name.to_owned(),
            country: country.to_owned(),
            state: state.map(str::to_owned),
            percentage: percentage.parse().unwrap(),
            tax_codes: Vec::new(),
            on_shipping: true,
        }
    }

    fn taxes(rates: &[TaxRate], question: &Question) -> Vec<i64> {
        assess(rates, question).lines.iter().map(|(_, taxed)| taxed.added + taxed.included).collect()
    }

    /// Worked examples: EU VAT in and on top of prices, Washington's with its city, New York's three eighths, yen, dinars.
    #[test]
    fn worked_examples() {
        use TaxBehavior::{Exclusive, Inclusive};
        let rates = [
            rate("VAT", "DE", None, "19"),
            TaxRate { tax_codes: vec!["txcd_35060000".to_owned()], ..rate("VAT", "DE", None, "7") },
            rate("State", "US", Some("WA"), "6.5"),
            rate("City", "US", Some("WA"), "3.85"),
            rate("Sales tax", "US", Some("NY"), "8.875"),
            rate("Consumption tax", "JP", None, "10"),
            rate("VAT", "KW", None, "5"),
        ];
        let ask = |currency, country, state, amount, behavior| {
            taxes(&rates, &question(currency, country, state, &[amount], behavior))[0]
        };
        assert_eq!(ask("EUR", "DE", None, 11_900, Inclusive), 1900);
        assert_eq!(ask("EUR", "DE", None, 1999, Inclusive), 319);
        assert_eq!(ask("EUR", "DE", None, 10_000, Exclusive), 1900);
        assert_eq!(ask("USD", "US", Some("WA"), 10_000, Exclusive), 1035);
        assert_eq!(ask("USD", "US", Some("wa"), 999, Exclusive), 65 + 38);
        assert_eq!(ask("USD", "US", Some("NY"), 10_000, Exclusive), 888);
        assert_eq!(ask("USD", "US", Some("OR"), 10_000, Exclusive), 0);
        assert_eq!(ask("JPY", "JP", None, 1980, Inclusive), 180);
        assert_eq!(ask("JPY", "JP", None, 995, Exclusive), 100);
        assert_eq!(ask("KWD", "KW", None, 5120, Exclusive), 260);
        assert_eq!(ask("EUR", "FR", None, 10_000, Exclusive), 0);
        let mut book = question("EUR", "DE", None, &[1070, 1190], Inclusive);
        book.lines[0].tax_code = "txcd_35060000".to_owned();
        assert_eq!(taxes(&rates, &book), [70, 190]);
        book.lines[1].tax_code = "txcd_00000000".to_owned();
        assert_eq!(taxes(&rates, &book), [70, 0]);
        book.exemption = TaxExemption::ReverseCharge;
        assert_eq!(taxes(&rates, &book), [0, 0]);
    }

    #[test]
    fn shipping_is_taxed_where_its_rate_says_so() {
        let untaxed = TaxRate { on_shipping: false, ..rate("Sales tax", "US", Some("CA"), "7.25") };
        let mut question = question("USD", "US", Some("CA"), &[10_000], TaxBehavior::Exclusive);
        question.shipping = 1000;
        assert_eq!(assess(std::slice::from_ref(&untaxed), &question).shipping.added, 0);
        assert_eq!(assess(&[TaxRate { on_shipping: true, ..untaxed }], &question).shipping.added, 73);
    }

    proptest! {
        #[test]
        fn parts_sum_and_stay_within_the_amount(
            currency in proptest::sample::select(Currency::all().collect::<Vec<_>>()),
            amounts in proptest::collection::vec(1i64..1_000_000, 1..99),
            percentages in proptest::collection::vec(0u32..25, 1..4),
            inclusive: bool,
        ) {
            let step = smallest_charge_step(currency);
            let amounts: Vec<i64> = amounts.iter().map(|amount| amount * step).collect();
            let behavior = if inclusive { TaxBehavior::Inclusive } else { TaxBehavior::Exclusive };
            let rates: Vec<TaxRate> = percentages
                .iter()
                .enumerate()
                .map(|(index, part)| rate(&format!("R{index}"), "DE", None, &format!("{part}.375")))
                .collect();
            let asked = question(currency.code(), "DE", None, &amounts, behavior);
            for ((_, taxed), amount) in assess(&rates, &asked).lines.iter().zip(&amounts) {
                let parts: i64 = taxed.breakdown.iter().map(|part| part.amount.amount).sum();
                prop_assert_eq!(parts, taxed.added + taxed.included);
                prop_assert!((0..=*amount).contains(&parts) && parts % step == 0);
                prop_assert!(inclusive == (taxed.added == 0) || parts == 0);
            }
        }
    }
}
