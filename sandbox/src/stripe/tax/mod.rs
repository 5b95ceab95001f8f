//! Stripe Tax: calculations, the transactions that report them, and their reversals.

mod account;
mod assessment;
mod calculations;
mod customer;
mod places;
mod reversals;
mod summary;
mod transactions;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::error::Reply;
use crate::state::{Store, Table};
use crate::stripe::{Call, listing};

/// What can still be reversed of a line or of the shipping: net or gross amount as it was sent, and tax.
pub(crate) type Open = (i64, i64);

/// All that Stripe Tax remembers.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Books {
    /// Calculations.
    pub(crate) calculations: Table,
    /// Transactions and reversals.
    pub(crate) transactions: Table,
    /// Lines by the calculation or transaction they belong to, without their breakdown.
    pub(crate) lines: HashMap<String, Vec<Value>>,
    /// Tax breakdowns, shown when they are expanded: by line, and by calculation for the shipping.
    pub(crate) breakdowns: HashMap<String, Value>,
    /// The transaction a calculation was committed as.
    committed: HashMap<String, String>,
    /// References of all transactions.
    references: HashSet<String>,
    /// What can still be reversed, by line, and by transaction for the shipping.
    open: HashMap<String, Open>,
    /// The line or transaction that a reversal's line or shipping goes back to in `open`.
    roots: HashMap<String, String>,
    /// Reversals that were reversed themselves.
    lifted: HashSet<String>,
}

/// `/v1/tax/…`
pub(crate) fn route(store: &mut Store, call: &Call, rest: &[&str]) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", ["calculations"]) => calculations::create(store, call),
        ("GET", ["calculations", id]) => calculations::known(store, id).cloned(),
        ("GET", ["calculations", id, "line_items"]) => {
            calculations::known(store, id)?;
            line_items(store, call, id)
        }
        ("POST", ["transactions", "create_from_calculation"]) => transactions::from_calculation(store, call),
        ("POST", ["transactions", "create_reversal"]) => reversals::create(store, call),
        ("GET", ["transactions", id]) => transactions::known(store, id).cloned(),
        ("GET", ["transactions", id, "line_items"]) => {
            transactions::known(store, id)?;
            line_items(store, call, id)
        }
        ("GET", ["settings"]) => Ok(account::settings()),
        ("GET", ["registrations"]) => account::registrations(call),
        _ => Err(call.unrecognized()),
    }
}

fn line_items(store: &Store, call: &Call, id: &str) -> Reply {
    let lines = store.tax.lines.get(id).map(Vec::as_slice).unwrap_or_default();
    listing::page(call, lines.iter(), |_| true)
}
