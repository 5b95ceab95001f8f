//! What of the shop itself a cart's price depends on, asked in one statement.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Json};
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::address::Address;
use crate::db::Connection;
use crate::db::statement::Statement;
use crate::discounts::load as discounts;
use crate::error::{Error, Result};
use crate::settings;
use crate::shipping::table::{self, TableRate};

/// The rules of one moment.
#[derive(Debug)]
pub(super) struct Rules {
    /// The settings.
    pub(super) settings: settings::All,
    /// The discounts that apply by themselves.
    pub(super) automatic: Vec<discounts::Row>,
    /// The rates of the address's zone; none without an address.
    pub(super) rates: Vec<TableRate>,
}

#[derive(QueryableByName)]
struct Parts {
    #[diesel(sql_type = Array<Json>)]
    settings: Vec<Value>,
    #[diesel(sql_type = Array<Json>)]
    automatic: Vec<Value>,
    #[diesel(sql_type = Array<Json>)]
    rates: Vec<Value>,
}

/// Reads the rules for a cart that is sent to an address.
///
/// # Errors
/// Those of the database.
pub(super) async fn read(mut conn: &Connection, address: Option<&Address>, now: DateTime<Utc>) -> Result<Rules> {
    let mut all = Statement::constant("SELECT ");
    push(&mut all, settings::asked()).push(" AS settings, ");
    push(&mut all, discounts::automatic(now)).push(" AS automatic, ");
    match address {
        Some(address) => push(&mut all, table::rates_to(address)),
        None => all.push("ARRAY[]::json[]"),
    };
    all.push(" AS rates");
    let Parts { settings, automatic, rates } = RunQueryDsl::get_result(all, &mut conn).await?;
    Ok(Rules {
        settings: settings::All::from(rows::<settings::Row>(settings, "settings")?),
        automatic: rows(automatic, "discounts")?,
        rates: rows(rates, "shipping_rates")?,
    })
}

/// A statement's rows as an array of documents, in their order.
fn push(all: &mut Statement, part: Statement) -> &mut Statement {
    all.push("ARRAY(SELECT to_json(part) FROM (").append(part).push(") AS part)")
}

fn rows<T: DeserializeOwned>(documents: Vec<Value>, table: &str) -> Result<Vec<T>> {
    let rows = documents.into_iter().map(serde_json::from_value).collect::<Result<_, _>>();
    rows.map_err(|error| Error::Internal(format!("{table}: {error}")))
}
