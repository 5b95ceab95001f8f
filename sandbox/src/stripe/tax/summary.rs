//! `tax_breakdown` of a whole calculation: one entry per country, state, type, rate and reason.

use serde_json::{Value, json};

use crate::stripe::tax::assessment::{self, Assessed};
use crate::stripe::tax::places::Item;

/// The sums of a calculation while its items are added.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Of all items, as they were sent.
    pub(super) amount: i64,
    /// Tax on top.
    pub(super) exclusive: i64,
    /// Tax inside.
    pub(super) inclusive: i64,
    entries: Vec<Entry>,
}

/// Jurisdictions of one state count as one, as Stripe does: 6.5 % and 3.85 % are 10.35 %.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    state: Option<String>,
    tax_type: &'static str,
    rate: i64,
    reason: &'static str,
    is_inclusive: bool,
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    taxable: i64,
    amount: i64,
}

impl Summary {
    /// Adds an item and its tax.
    pub(super) fn add(&mut self, item: &Item, assessed: &Assessed) {
        self.amount = self.amount.saturating_add(item.amount);
        let side = if item.is_inclusive { &mut self.inclusive } else { &mut self.exclusive };
        *side = side.saturating_add(assessed.tax);
        for entry in of_item(item, assessed) {
            match self.entries.iter_mut().find(|known| known.kind == entry.kind) {
                Some(known) => {
                    known.taxable = known.taxable.saturating_add(entry.taxable);
                    known.amount = known.amount.saturating_add(entry.amount);
                }
                None => self.entries.push(entry),
            }
        }
    }

    /// What the buyer pays.
    pub(super) fn total(&self) -> i64 {
        self.amount.saturating_add(self.exclusive)
    }

    /// As the API shows it.
    pub(super) fn shown(&self, country: &str) -> Value {
        self.entries.iter().map(|entry| entry.shown(country)).collect()
    }
}

fn of_item(item: &Item, assessed: &Assessed) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for levy in &assessed.levies {
        let (state, tax_type) = (&levy.component.state, levy.component.kind);
        let same = |entry: &&mut Entry| entry.kind.state == *state && entry.kind.tax_type == tax_type;
        match entries.iter_mut().find(same) {
            Some(entry) => {
                entry.kind.rate += levy.component.rate;
                entry.amount = entry.amount.saturating_add(levy.amount);
            }
            None => entries.push(Entry {
                kind: Kind {
                    state: state.clone(),
                    tax_type,
                    rate: levy.component.rate,
                    reason: levy.reason,
                    is_inclusive: item.is_inclusive,
                },
                taxable: levy.taxable,
                amount: levy.amount,
            }),
        }
    }
    entries
}

impl Entry {
    fn shown(&self, country: &str) -> Value {
        json!({
            "amount": self.amount,
            "inclusive": self.kind.is_inclusive,
            "tax_rate_details": {
                "country": country,
                "flat_amount": null,
                "percentage_decimal": assessment::percentage(self.kind.rate),
                "rate_type": "percentage",
                "state": self.kind.state,
                "tax_type": self.kind.tax_type,
            },
            "taxability_reason": self.kind.reason,
            "taxable_amount": self.taxable,
        })
    }
}
