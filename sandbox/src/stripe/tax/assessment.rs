//! The tax on one item: each component on its own, rounded half up, in integers.

use serde_json::{Value, json};

use crate::arithmetic;
use crate::stripe::tax::places::{self, Component, Item, Place, Verdict};

/// Parts per million.
const MILLION: i64 = 1_000_000;

/// What is the same for all items of a calculation.
#[derive(Debug)]
pub(super) struct Situation {
    /// Where the buyer is.
    pub(super) place: Place,
    /// Why the buyer pays no tax at all.
    pub(super) relief: Option<&'static str>,
    /// Smallest amount of the currency, in minor units.
    pub(super) step: i64,
}

/// One component's part of an item's tax.
#[derive(Debug)]
pub(super) struct Levy {
    /// Who levies what.
    pub(super) component: Component,
    /// Why so much.
    pub(super) reason: &'static str,
    /// What the rate was applied to.
    pub(super) taxable: i64,
    /// The tax.
    pub(super) amount: i64,
}

/// The tax on an item: on top of an exclusive amount, inside of an inclusive one.
#[derive(Debug)]
pub(super) struct Assessed {
    /// The sum.
    pub(super) tax: i64,
    /// Its parts, never none.
    pub(super) levies: Vec<Levy>,
}

/// Assesses an item.
pub(super) fn assess(situation: &Situation, item: &Item) -> Assessed {
    let verdict = match situation.relief {
        Some(reason) if !places::never_taxed(item) => Verdict::Untaxed(reason),
        _ => places::verdict(&situation.place, item),
    };
    match verdict {
        Verdict::Untaxed(reason) => {
            let component = places::untaxed_component(&situation.place);
            Assessed { tax: 0, levies: vec![Levy { component, reason, taxable: 0, amount: 0 }] }
        }
        Verdict::Taxed(components, reason) if item.is_inclusive => contained(components, reason, item, situation.step),
        Verdict::Taxed(components, reason) => added(components, reason, item, situation.step),
    }
}

fn added(components: Vec<Component>, reason: &'static str, item: &Item, step: i64) -> Assessed {
    let levies: Vec<Levy> = components
        .into_iter()
        .map(|component| {
            let exact = i128::from(item.amount) * i128::from(component.rate);
            let amount = arithmetic::half_up(exact, i128::from(MILLION) * i128::from(step)).saturating_mul(step);
            Levy { component, reason, taxable: item.amount, amount }
        })
        .collect();
    Assessed { tax: levies.iter().map(|levy| levy.amount).sum(), levies }
}

fn contained(components: Vec<Component>, reason: &'static str, item: &Item, step: i64) -> Assessed {
    let rates: Vec<i64> = components.iter().map(|component| component.rate).collect();
    let whole = i128::from(MILLION) + rates.iter().copied().map(i128::from).sum::<i128>();
    let exact = i128::from(item.amount) * i128::from(MILLION);
    let net = arithmetic::half_up(exact, whole * i128::from(step)).saturating_mul(step);
    let tax = item.amount - net;
    let shares = arithmetic::allocate(tax / step, &rates);
    let levies = components
        .into_iter()
        .zip(shares)
        .map(|(component, share)| Levy { component, reason, taxable: net, amount: share.saturating_mul(step) })
        .collect();
    Assessed { tax, levies }
}

impl Assessed {
    /// `tax_breakdown` of a line or of the shipping.
    pub(super) fn breakdown(&self, country: &str) -> Value {
        self.levies.iter().map(|levy| levy.shown(country)).collect()
    }
}

impl Levy {
    fn shown(&self, country: &str) -> Value {
        let component = &self.component;
        let details = (component.rate > 0).then(|| {
            json!({
                "display_name": component.name,
                "percentage_decimal": percentage(component.rate),
                "tax_type": component.kind,
            })
        });
        json!({
            "amount": self.amount,
            "jurisdiction": {
                "country": country,
                "display_name": component.jurisdiction,
                "level": component.level,
                "state": component.state,
            },
            "sourcing": "destination",
            "tax_rate_details": details,
            "taxability_reason": self.reason,
            "taxable_amount": self.taxable,
        })
    }
}

/// A rate as Stripe prints it: `19.0`, `9.975`.
pub(super) fn percentage(rate: i64) -> String {
    let text = arithmetic::shown(rate, 4);
    let text = text.trim_end_matches('0');
    if text.ends_with('.') { format!("{text}0") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Assessed, Situation, assess, percentage};
    use crate::stripe::tax::places::{Item, Place};

    fn tax(address: serde_json::Value, item: &Item) -> Assessed {
        assess(&Situation { place: Place::of(&address), relief: None, step: 1 }, item)
    }

    fn item(amount: i64, is_inclusive: bool) -> Item {
        Item { code: "txcd_99999999".to_owned(), amount, quantity: 1, is_inclusive, is_shipping: false }
    }

    #[test]
    fn components_round_on_their_own() {
        let assessed = tax(json!({"country": "US", "postal_code": "10001"}), &item(999, false));
        let parts: Vec<i64> = assessed.levies.iter().map(|levy| levy.amount).collect();
        assert_eq!((parts, assessed.tax), (vec![40, 45, 4], 89));
    }

    #[test]
    fn inclusive_tax_is_contained_to_the_last_cent() {
        let assessed = tax(json!({"country": "CA", "state": "QC"}), &item(1000, true));
        let parts: Vec<i64> = assessed.levies.iter().map(|levy| levy.amount).collect();
        assert_eq!((parts, assessed.tax), (vec![43, 87], 130));
        assert_eq!(tax(json!({"country": "DE"}), &item(11_900, true)).tax, 1900);
    }

    #[test]
    fn percentages_are_printed_as_stripe_does() {
        assert_eq!([percentage(190_000), percentage(99_750), percentage(0)], ["19.0", "9.975", "0.0"]);
    }
}
