//! Lists of products: filters, sorts, keyset pages. One statement finds the rows; [`super::read`] adds what belongs
//! to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use serde::{Deserialize, Serialize};

use super::model::{Product, ProductStatus, ProductSummary};
use super::read::{self, PRODUCT_COLUMNS, ProductRow};
use super::search::{self, MOST_CANDIDATES, Query};
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::http::pagination::{self, Page};
use crate::ids::{CollectionId, ProductId};
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

/// Which products a list holds.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The currency of prices; products without any price in it are left out. `None` for staff.
    pub currency: Option<Currency>,
    /// Only of this status.
    pub status: Option<ProductStatus>,
    /// What was searched for.
    pub query: Option<Query>,
    /// In any of these collections, by slug or id.
    pub collections: Vec<String>,
    /// With any of the values, for each option.
    pub options: BTreeMap<String, Vec<String>>,
    /// At least this many minor units.
    pub min_price: Option<i64>,
    /// At most this many minor units.
    pub max_price: Option<i64>,
    /// That can be bought now.
    pub in_stock: bool,
    /// Of any of these makers.
    pub vendors: Vec<String>,
    /// Of any of these kinds.
    pub product_types: Vec<String>,
    /// With any of these tags.
    pub tags: Vec<String>,
}

/// A part of a filter that its own facet ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Except<'a> {
    /// Nothing is ignored.
    Nothing,
    /// The values of this option.
    Option(&'a str),
    /// The collections.
    Collections,
    /// The prices.
    Price,
    /// Whether it can be bought.
    Availability,
}

impl Except<'_> {
    fn is_option(self, name: &str) -> bool {
        matches!(self, Self::Option(except) if except.eq_ignore_ascii_case(name))
    }
}

/// An option's value, as `variants.facets` holds it. ASCII only is folded, as SQL does it under `COLLATE "C"`.
#[must_use]
pub fn facet(name: &str, value: &str) -> String {
    format!("{}={}", name.to_ascii_lowercase(), value.to_ascii_lowercase())
}

impl Filter {
    /// Every product, as staff see them.
    #[must_use]
    pub const fn everything() -> Self {
        Self {
            currency: None,
            status: None,
            query: None,
            collections: Vec::new(),
            options: BTreeMap::new(),
            min_price: None,
            max_price: None,
            in_stock: false,
            vendors: Vec::new(),
            product_types: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Whether it asks for nothing but prices and stock: with each order and cursor that makes few different statements.
    fn is_common(&self) -> bool {
        self.query.is_none()
            && self.collections.is_empty()
            && self.options.is_empty()
            && self.vendors.is_empty()
            && self.product_types.is_empty()
            && self.tags.is_empty()
    }

    /// The common table expression of the ranked candidates, when something is searched for.
    pub(super) fn candidates(&self) -> Statement {
        let mut statement = Statement::default();
        let Some(query) = &self.query else { return statement };
        let mut matches = Statement::default();
        for (index, (word, stem)) in query.words.iter().zip(&query.stems).enumerate() {
            matches.push(if index == 0 { "(" } else { " && (" });
            matches.push("to_tsquery('simple', ").bind(Bind::Text(word.clone()));
            matches
                .push(&format!(") || plainto_tsquery('{}', ", query.config))
                .bind(Bind::Text(stem.clone()))
                .push("))");
        }
        statement.push("WITH asked AS (SELECT ").append(&matches).push(" AS query), candidates AS MATERIALIZED (");
        statement.push(
            "SELECT found.product_id AS id, (ts_rank_cd(found.document, asked.query, 1) * 1000000)::bigint AS rank ",
        );
        statement.push("FROM asked JOIN product_search AS found ON found.document @@ asked.query ");
        statement.push("JOIN products AS searched ON searched.id = found.product_id");
        if let Some(status) = self.status {
            statement.push(" WHERE searched.status = ").bind(Bind::Text(status.to_string()));
        }
        statement.push(" LIMIT ").bind(Bind::Int(MOST_CANDIDATES)).push(") ");
        statement
    }

    /// `FROM products …` with everything to join.
    pub(super) fn source(&self) -> Statement {
        let mut statement = Statement::default();
        statement.push("FROM products");
        if self.query.is_some() {
            statement.push(" JOIN candidates ON candidates.id = products.id");
        }
        if let Some(currency) = self.currency {
            statement
                .push(" JOIN product_prices ON product_prices.product_id = products.id AND product_prices.currency = ");
            statement.bind(Bind::Text(currency.to_string()));
        }
        statement
    }

    /// `WHERE …` over a product.
    pub(super) fn condition(&self, except: Except<'_>) -> Statement {
        let mut statement = Statement::default();
        statement.push(" WHERE true");
        if let Some(status) = self.status {
            statement.push(" AND products.status = ").bind(Bind::Text(status.to_string()));
        }
        let lists = [("products.vendor", &self.vendors), ("products.product_type", &self.product_types)];
        for (column, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
            statement.push(&format!(" AND {column} = ANY(")).bind(Bind::Texts(values.clone())).push(")");
        }
        if !self.tags.is_empty() {
            statement.push(" AND products.tags && ").bind(Bind::Texts(self.tags.clone()));
        }
        if !self.collections.is_empty() && except != Except::Collections {
            let ids = self.collections.iter().filter_map(|name| name.parse::<CollectionId>().ok());
            let ids = ids.map(|id| id.0).collect();
            statement.push(
                " AND EXISTS (SELECT FROM collection_products AS member JOIN collections ON collections.id = member.collection_id \
                 WHERE member.product_id = products.id",
            );
            // Staff see what is in a draft, too.
            if self.currency.is_some() {
                statement.push(" AND collections.status = 'active'");
            }
            statement.push(" AND (collections.slug = ANY(");
            statement.bind(Bind::Texts(self.collections.clone())).push(") OR collections.id = ANY(");
            statement.bind(Bind::Uuids(ids)).push(")))");
        }
        statement.append(&self.span_condition(except));
        if self.asks_for_variants(except) {
            statement.append(&self.any_variant(except));
        }
        statement
    }

    /// What a product's span of prices must be for any of its variants to have a price that is asked for.
    fn span_condition(&self, except: Except<'_>) -> Statement {
        let mut statement = Statement::default();
        if self.currency.is_some() && except != Except::Price {
            if let Some(least) = self.min_price {
                statement.push(" AND product_prices.max_amount >= ").bind(Bind::Int(least));
            }
            if let Some(most) = self.max_price {
                statement.push(" AND product_prices.min_amount <= ").bind(Bind::Int(most));
            }
        }
        statement
    }

    /// That one variant is all that is asked for at once.
    ///
    /// Where only prices and stock are asked for, products are looked at one by one in the list's order, as hardly any is
    /// left out: PostgreSQL would begin with all variants of a price whenever it plans without knowing which, and so
    /// plans anew at each run, which takes longer than the list.
    fn any_variant(&self, except: Except<'_>) -> Statement {
        let mut statement = Statement::default();
        let one_by_one = self.is_common() && self.currency.is_some();
        match (one_by_one, self.min_price.filter(|_| !self.in_stock), self.max_price) {
            (true, Some(least), Some(most)) => {
                statement.push(" AND (product_prices.min_amount >= ").bind(Bind::Int(least));
                statement.push(" OR product_prices.max_amount <= ").bind(Bind::Int(most)).push(" OR (SELECT true ");
            }
            (true, ..) => {
                statement.push(" AND ((SELECT true ");
            }
            (false, ..) => {
                statement.push(" AND EXISTS (SELECT ");
            }
        }
        statement.append(&self.variants()).push(" WHERE variants.product_id = products.id");
        statement.append(&self.variant_condition(except)).push(if one_by_one { " LIMIT 1))" } else { ")" });
        statement
    }

    fn asks_for_variants(&self, except: Except<'_>) -> bool {
        let options = self.options.keys().any(|name| !except.is_option(name));
        // With one bound only, the span of a product's prices says it all.
        let bounds = [self.min_price, self.max_price].iter().flatten().count();
        let is_span_enough = bounds < 2 && self.currency.is_some();
        let price = bounds > 0 && !is_span_enough && except != Except::Price;
        options || price || self.in_stock && except != Except::Availability
    }

    /// `FROM variants …` with price and stock.
    pub(super) fn variants(&self) -> Statement {
        let mut statement = Statement::default();
        statement.push("FROM variants JOIN stock_levels ON stock_levels.variant_id = variants.id");
        if let Some(currency) = self.currency {
            statement
                .push(" JOIN variant_prices ON variant_prices.variant_id = variants.id AND variant_prices.currency = ");
            statement.bind(Bind::Text(currency.to_string()));
        }
        statement
    }

    /// What one variant must be, all at once: in that size, at that price, in stock.
    pub(super) fn variant_condition(&self, except: Except<'_>) -> Statement {
        let mut statement = Statement::default();
        statement.push(" AND variants.archived_at IS NULL");
        for (name, values) in self.options.iter().filter(|(name, _)| !except.is_option(name)) {
            let wanted = values.iter().map(|value| facet(name, value)).collect();
            statement.push(" AND variants.facets && ").bind(Bind::Texts(wanted));
        }
        if self.currency.is_some() && except != Except::Price {
            if let Some(least) = self.min_price {
                statement.push(" AND variant_prices.amount >= ").bind(Bind::Int(least));
            }
            if let Some(most) = self.max_price {
                statement.push(" AND variant_prices.amount <= ").bind(Bind::Int(most));
            }
        }
        if self.in_stock && except != Except::Availability {
            statement.push(
                " AND (NOT stock_levels.track_inventory OR stock_levels.allow_backorder OR stock_levels.on_hand > stock_levels.reserved)",
            );
        }
        statement
    }
}

/// A row and what it is sorted by.
#[derive(QueryableByName)]
struct Found {
    #[diesel(embed)]
    product: ProductRow,
    #[diesel(sql_type = Text)]
    sort_key: String,
}

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
    let Rows { rows, page } = rows(conn, filter, sort, cursor, limit).await?;
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
    let Rows { rows, page } = rows(conn, filter, sort, cursor, limit).await?;
    Ok((read::assemble(conn, rows).await?, page))
}

async fn rows(conn: &mut Connection, filter: &Filter, sort: Sort, cursor: Option<&str>, limit: i64) -> Result<Rows> {
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
    statement.push("SELECT ").push(PRODUCT_COLUMNS).push(", ");
    // Times keep their microseconds whatever the session's settings are.
    statement.push(match kind {
        "timestamptz" => "to_char(products.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        _ => key,
    });
    statement.push("::text AS sort_key ").append(&filter.source()).append(&filter.condition(Except::Nothing));
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
    let statement = if filter.is_common() { statement.prepared() } else { statement };
    let mut found: Vec<Found> = statement.load(conn).await?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found
        .last()
        .filter(|_| has_more)
        .map(|last| pagination::encode(&Cursor(sort, last.sort_key.clone(), last.product.id)));
    Ok(Rows { rows: found.into_iter().map(|found| found.product).collect(), page: Page { next_cursor, has_more } })
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
        .append(&filter.source())
        .append(&filter.condition(Except::Nothing));
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
