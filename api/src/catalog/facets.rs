//! Facets: how many products each further choice would leave. A facet ignores its own filter and keeps the others, so
//! that a shopper who chose M still sees how many there are in L.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use serde::Serialize;

use super::filter::{Except, Filter};
use super::model::{Availability, PriceRange};
use crate::db::Connection;
use crate::db::statement::Bind;
use crate::error::{Error, Result};
use crate::money::{Currency, Money};

/// The most facets of one request.
const MOST_FACETS: usize = 10;

/// The most values of one facet.
const MOST_VALUES: i64 = 100;

/// What a list can be narrowed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FacetName {
    /// The values of an option.
    Option(String),
    /// The collections.
    Collection,
    /// Whether it can be bought.
    Availability,
    /// The span of prices.
    Price,
}

impl FacetName {
    /// Reads `option.size,collection,availability,price`.
    ///
    /// # Errors
    /// `invalid_query` for another name.
    pub fn read(text: &str) -> Result<Vec<Self>> {
        let name = |name: &str| match name.trim() {
            "collection" => Ok(Self::Collection),
            "availability" => Ok(Self::Availability),
            "price" => Ok(Self::Price),
            other => match other.strip_prefix("option.").filter(|option| !option.is_empty()) {
                Some(option) => Ok(Self::Option(option.to_owned())),
                None => {
                    let detail =
                        format!("has no facet `{other}`; known are option.<name>, collection, availability, price");
                    Err(Error::invalid_query("facets", "choice", detail))
                }
            },
        };
        let mut names: Vec<Self> = Vec::new();
        for name in text.split(',').map(name) {
            let name = name?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.len() > MOST_FACETS {
            let detail = format!("may name at most {MOST_FACETS}");
            return Err(Error::invalid_query("facets", "length", detail));
        }
        Ok(names)
    }
}

/// One facet of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Facet {
    /// Its name, as it was asked for.
    #[schema(example = "option.size")]
    pub name: String,
    /// Its values with the most products first; sizes and the like in no other order.
    pub values: Vec<FacetValue>,
    /// From the lowest to the highest price; for the facet `price` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub price_range: Option<PriceRange>,
}

/// One value of a facet.
#[derive(Debug, Serialize, utoipa::ToSchema, QueryableByName)]
pub struct FacetValue {
    /// What the filter takes.
    #[schema(example = "M")]
    #[diesel(sql_type = Text)]
    pub value: String,
    /// What people read.
    #[schema(example = "M")]
    #[diesel(sql_type = Text)]
    pub label: String,
    /// How many products.
    #[schema(example = 12)]
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = Nullable<BigInt>)]
    min: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    max: Option<i64>,
}

/// Counts a facet under a filter.
///
/// # Errors
/// Those of the database.
pub async fn count(conn: &mut Connection, filter: &Filter, name: &FacetName, currency: Currency) -> Result<Facet> {
    let (text, values, price_range) = match name {
        FacetName::Option(option) => (format!("option.{option}"), of_option(conn, filter, option).await?, None),
        FacetName::Collection => ("collection".to_owned(), of_collections(conn, filter).await?, None),
        FacetName::Availability => ("availability".to_owned(), of_availability(conn, filter).await?, None),
        FacetName::Price => ("price".to_owned(), Vec::new(), of_price(conn, filter, currency).await?),
    };
    Ok(Facet { name: text, values, price_range })
}

async fn of_option(conn: &mut Connection, filter: &Filter, option: &str) -> Result<Vec<FacetValue>> {
    let except = Except::Option(option);
    let mut statement = filter.candidates();
    statement.push(
        "SELECT min(choice.value COLLATE \"C\") AS value, min(choice.value COLLATE \"C\") AS label, count(DISTINCT products.id) AS count ",
    );
    statement
        .append(filter.source())
        .push(" CROSS JOIN LATERAL (SELECT variants.option_values ")
        .append(filter.variants());
    statement
        .push(" WHERE variants.product_id = products.id")
        .append(filter.variant_condition(except))
        .push(") AS sold");
    statement.push(" CROSS JOIN LATERAL jsonb_each_text(sold.option_values) AS choice (key, value)");
    statement.append(filter.condition(except)).push(" AND lower(choice.key COLLATE \"C\") = ");
    statement.bind(Bind::Text(option.to_ascii_lowercase()));
    statement
        .push(" GROUP BY lower(choice.value COLLATE \"C\") ORDER BY count DESC, value LIMIT ")
        .bind(Bind::Int(MOST_VALUES));
    statement.load(conn).await
}

async fn of_collections(conn: &mut Connection, filter: &Filter) -> Result<Vec<FacetValue>> {
    let mut statement = filter.candidates();
    statement.push("SELECT grouped.slug AS value, grouped.title AS label, count(*) AS count ").append(filter.source());
    statement.push(
        " JOIN collection_products AS membership ON membership.product_id = products.id \
         JOIN collections AS grouped ON grouped.id = membership.collection_id AND grouped.status = 'active'",
    );
    statement.append(filter.condition(Except::Collections));
    statement.push(" GROUP BY grouped.id ORDER BY count DESC, value LIMIT ").bind(Bind::Int(MOST_VALUES));
    statement.load(conn).await
}

async fn of_availability(conn: &mut Connection, filter: &Filter) -> Result<Vec<FacetValue>> {
    let mut statement = filter.candidates();
    statement
        .push("SELECT best.value, best.value AS label, count(*) AS count FROM (SELECT min(")
        .push(AVAILABILITY)
        .push(") AS best ");
    statement.append(filter.source());
    statement.push(" CROSS JOIN LATERAL (SELECT stock_levels.* ").append(filter.variants());
    statement
        .push(" WHERE variants.product_id = products.id")
        .append(filter.variant_condition(Except::Availability))
        .push(") AS level");
    statement.append(filter.condition(Except::Availability)).push(" GROUP BY products.id) AS judged JOIN (VALUES ");
    let names = [Availability::InStock, Availability::LowStock, Availability::Backorder, Availability::OutOfStock];
    let rows: Vec<String> =
        names.iter().map(|name| format!("({}, '{name}')", super::read::best_first(*name))).collect();
    statement.push(&rows.join(", ")).push(
        ") AS best (place, value) ON best.place = judged.best GROUP BY best.place, best.value ORDER BY best.place",
    );
    statement.load(conn).await
}

/// [`super::model::Inventory::availability`] in SQL, as the place of [`super::read::best_first`].
const AVAILABILITY: &str = "CASE \
    WHEN NOT level.track_inventory OR level.on_hand - level.reserved > level.low_stock_threshold THEN 0 \
    WHEN level.on_hand > level.reserved THEN 1 \
    WHEN level.allow_backorder THEN 2 ELSE 3 END";

async fn of_price(conn: &mut Connection, filter: &Filter, currency: Currency) -> Result<Option<PriceRange>> {
    let mut statement = filter.candidates();
    statement.push("SELECT min(sold.amount) AS min, max(sold.amount) AS max ").append(filter.source());
    statement.push(" CROSS JOIN LATERAL (SELECT variant_prices.amount ").append(filter.variants());
    statement
        .push(" WHERE variants.product_id = products.id")
        .append(filter.variant_condition(Except::Price))
        .push(") AS sold");
    statement.append(filter.condition(Except::Price));
    let span = statement.load::<Span>(conn).await?.pop();
    Ok(span.and_then(|span| {
        Some(PriceRange { min: Money::new(span.min?, currency), max: Money::new(span.max?, currency) })
    }))
}
