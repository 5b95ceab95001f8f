//! Lists of products: filters, sorts, keyset pages. One statement finds the rows; [`super::read`] adds what belongs
//! to them.

use chrono::{DateTime, Datelike, Utc};
use diesel::QueryableByName;
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::filter::{Except, Filter};
use super::model::{Product, ProductSummary};
use super::read::{self, DESCRIBED, NOT_DESCRIBED, PRODUCT_COLUMNS, ProductRow};
use super::search::{self, MOST_CANDIDATES};
use crate::db::statement::Bind;
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::http::pagination::{self, Page};
use crate::ids::ProductId;
use crate::locale::Locale;
use crate::money::Currency;

text_enum! {
    /// The order of a list.
    Sort {
        /// The best match first; with `q` only.
        Relevance => "relevance",
        /// The newest first.
        Newest => "-created_at",
        /// The oldest first.
        Oldest => "created_at",
        /// The cheapest first.
        Cheapest => "price",
        /// The dearest first.
        Dearest => "-price",
        /// By title, A to Z.
        Title => "title",
    }
}

/// The columns of a row, and what it is sorted by.
type Columns = (SqlTypeOf<AsSelect<ProductRow, Pg>>, Text);

/// Where a page goes on: after this key and product, in this order.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor(Sort, String, ProductId);

/// A page of rows in order.
struct Rows {
    rows: Vec<ProductRow>,
    page: Page,
}

/// A page for shoppers.
///
/// # Errors
/// `invalid_query` for a cursor of another list.
pub async fn page(
    conn: &mut Connection,
    filter: &Filter,
    (currency, locale): (Currency, &Locale),
    sort: Sort,
    (cursor, limit): (Option<&str>, i64),
    expand: bool,
) -> Result<(Vec<ProductSummary>, Page)> {
    let Rows { rows, page } = rows(conn, filter, sort, (cursor, limit), NOT_DESCRIBED).await?;
    Ok((read::summarize(conn, rows, currency, locale, expand).await?, page))
}

/// A page for staff.
///
/// # Errors
/// `invalid_query` for a cursor of another list.
pub async fn staff_page(
    conn: &mut Connection,
    filter: &Filter,
    sort: Sort,
    cursor: Option<&str>,
    limit: i64,
) -> Result<(Vec<Product>, Page)> {
    let Rows { rows, page } = rows(conn, filter, sort, (cursor, limit), DESCRIBED).await?;
    Ok((read::assemble(conn, rows).await?, page))
}

async fn rows(
    conn: &mut Connection,
    filter: &Filter,
    sort: Sort,
    (cursor, limit): (Option<&str>, i64),
    description: &str,
) -> Result<Rows> {
    // The key's index ends with its own column for the product.
    let tie = match sort {
        Sort::Cheapest | Sort::Dearest if filter.currency.is_some() => "product_prices.product_id",
        Sort::Relevance | Sort::Newest | Sort::Oldest | Sort::Cheapest | Sort::Dearest | Sort::Title => "products.id",
    };
    let (key, order, kind) = match sort {
        Sort::Relevance => ("candidates.rank", "DESC", "bigint"),
        Sort::Newest => ("products.created_at", "DESC", "timestamptz"),
        Sort::Oldest => ("products.created_at", "ASC", "timestamptz"),
        Sort::Cheapest => ("product_prices.min_amount", "ASC", "bigint"),
        Sort::Dearest => ("product_prices.min_amount", "DESC", "bigint"),
        Sort::Title => ("products.sort_title", "ASC", "text"),
    };
    let mut statement = filter.candidates();
    statement.push("SELECT ").push(PRODUCT_COLUMNS).push(description).push(", ");
    // Times keep their microseconds whatever the session's settings are.
    statement.push(match kind {
        "timestamptz" => "to_char(products.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        _ => key,
    });
    statement.push("::text AS sort_key ").append(filter.source()).append(filter.condition(Except::Nothing));
    if let Some(Cursor(_, after, id)) = cursor.map(|cursor| decode(cursor, sort)).transpose()? {
        let compare = if order == "ASC" { ">" } else { "<" };
        statement.push(&format!(" AND ({key}, {tie}) {compare} ("));
        match kind {
            "bigint" => statement.bind(Bind::Int(after.parse().ok().ok_or_else(not_ours)?)),
            "timestamptz" => statement.bind(Bind::Time(time(&after)?)),
            _ => statement.bind(Bind::Text(after)).push(" COLLATE \"C\""),
        };
        statement.push(", ").bind(Bind::Uuid(id.0)).push(")");
    }
    statement.push(&format!(" ORDER BY {key} {order}, {tie} {order} LIMIT ")).bind(Bind::Int(limit + 1));
    let statement = if filter.is_plain() { statement.prepared() } else { statement };
    let mut found: Vec<(ProductRow, String)> = RunQueryDsl::load(statement.by_place::<Columns>(), conn).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found
        .last()
        .filter(|_| has_more)
        .map(|(last, sort_key)| pagination::encode(&Cursor(sort, sort_key.clone(), last.id)));
    Ok(Rows { rows: found.into_iter().map(|(product, _)| product).collect(), page: Page { next_cursor, has_more } })
}

fn not_ours() -> Error {
    let detail = "is not a cursor of this list; send `next_cursor` of the page before, with the same `sort`";
    Error::invalid_query("cursor", "invalid", detail)
}

fn decode(cursor: &str, sort: Sort) -> Result<Cursor> {
    let cursor: Option<Cursor> = pagination::decode_key(Some(cursor))?;
    cursor.filter(|Cursor(of, key, _)| *of == sort && !key.contains('\0')).ok_or_else(not_ours)
}

fn time(text: &str) -> Result<DateTime<Utc>> {
    let time = text.parse::<DateTime<Utc>>().ok();
    // PostgreSQL knows fewer years than chrono.
    time.filter(|time| (1970..=9999).contains(&time.year())).ok_or_else(not_ours)
}

/// How many items a filter holds, counted up to a bound.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TotalCount {
    /// The number, or a lower bound.
    #[schema(example = 42)]
    pub value: i64,
    /// Whether the number is exact.
    pub relation: Relation,
}

impl TotalCount {
    /// Of what was counted up to one more than [`MOST_COUNTED`].
    #[must_use]
    pub fn of(count: i64) -> Self {
        let relation = if count > MOST_COUNTED { Relation::AtLeast } else { Relation::Equal };
        Self { value: count.min(MOST_COUNTED), relation }
    }
}

text_enum! {
    /// How a count relates to the truth.
    Relation {
        /// It is exact.
        Equal => "eq",
        /// There are at least so many.
        AtLeast => "gte",
    }
}

/// The most items that are counted.
pub const MOST_COUNTED: i64 = 10_000;

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    candidates: i64,
}

/// Counts what a filter holds.
///
/// # Errors
/// Those of the database.
pub async fn total_count(conn: &mut Connection, filter: &Filter) -> Result<TotalCount> {
    let mut statement = filter.candidates();
    statement
        .push("SELECT (SELECT count(*) FROM (SELECT 1 ")
        .append(filter.source())
        .append(filter.condition(Except::Nothing));
    statement.push(" LIMIT ").bind(Bind::Int(MOST_COUNTED + 1)).push(") AS bounded) AS count, ");
    statement.push(if filter.query.is_some() {
        "(SELECT count(*) FROM candidates) AS candidates"
    } else {
        "0::bigint AS candidates"
    });
    let counted = statement.load::<Counted>(conn).await?.pop();
    let Counted { count, candidates } = counted.ok_or_else(|| Error::Internal("a count without a row".to_owned()))?;
    let is_bound = count > MOST_COUNTED || candidates >= MOST_CANDIDATES;
    Ok(TotalCount {
        value: count.min(MOST_COUNTED),
        relation: if is_bound { Relation::AtLeast } else { Relation::Equal },
    })
}

/// Reads the searched words into the filter; a search for nothing finds nothing.
///
/// # Errors
/// Those of the database.
pub async fn search(conn: &mut Connection, filter: &mut Filter, words: &str, locale: &Locale) -> Result<bool> {
    filter.query = search::parse(conn, words, locale).await?;
    Ok(filter.query.is_some())
}
