//! Which products a list holds, as SQL: put together from constant text, with all values bound.

use std::collections::BTreeMap;

use super::model::ProductStatus;
use super::search::{MOST_CANDIDATES, Query};
use crate::db::statement::{Bind, Statement};
use crate::ids::CollectionId;
use crate::money::Currency;

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

    /// Whether it asks for nothing but words, prices and stock. Such filters make, with each order and cursor, few different
    /// statements, which are worth to be kept prepared.
    pub(super) fn is_plain(&self) -> bool {
        self.collections.is_empty()
            && self.options.is_empty()
            && self.vendors.is_empty()
            && self.product_types.is_empty()
            && self.tags.is_empty()
    }

    /// The common table expression of the ranked candidates, when something is searched for.
    pub(super) fn candidates(&self) -> Statement {
        let mut statement = Statement::default();
        let Some(Query(query)) = &self.query else { return statement };
        // Read once, not for each document, as a plan for any words would.
        statement.push("WITH asked AS MATERIALIZED (SELECT to_tsquery('simple', ").bind(Bind::Text(query.clone()));
        statement.push(
            ") AS query), candidates AS MATERIALIZED (\
             SELECT found.product_id AS id, (ts_rank_cd(found.document, asked.query, 1) * 1000000)::bigint AS rank \
             FROM asked JOIN product_search AS found ON found.document @@ asked.query",
        );
        if let Some(status) = self.status {
            statement.push(" WHERE found.status = ").bind(Bind::Text(status.to_string()));
        }
        statement.push(" LIMIT ").bind(Bind::Int(MOST_CANDIDATES)).push(") ");
        statement
    }

    /// `FROM products …` with everything to join. What was searched for comes the best first, so that of a page by relevance
    /// the rest is never joined.
    pub(super) fn source(&self) -> Statement {
        let mut statement = Statement::default();
        statement.push(match self.query {
            None => "FROM products",
            Some(_) => {
                "FROM (SELECT id, rank FROM candidates ORDER BY rank DESC, id DESC OFFSET 0) AS candidates \
                 JOIN products ON products.id = candidates.id"
            }
        });
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
        statement.append(self.span_condition(except));
        if self.asks_for_variants(except) {
            statement.append(self.any_variant(except));
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
        let one_by_one = self.is_plain() && self.query.is_none() && self.currency.is_some();
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
        statement.append(self.variants()).push(" WHERE variants.product_id = products.id");
        statement.append(self.variant_condition(except)).push(if one_by_one { " LIMIT 1))" } else { ")" });
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
