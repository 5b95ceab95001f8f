//! What belongs to products: their variants with stock and prices, and their media, asked at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::{Inventory, Media};
use super::prices::AnyPrice;
use super::read::Audience;
use crate::db::Connection;
use crate::db::json::Json;
use crate::db::schema::{product_media, stock_levels, variants};
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{MediaId, ProductId, VariantId};
use crate::money::Currency;

/// A row of `variants`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = variants)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(super) struct VariantRow {
    pub(super) id: VariantId,
    pub(super) product_id: ProductId,
    pub(super) sku: String,
    pub(super) barcode: Option<String>,
    pub(super) title: String,
    pub(super) option_values: Json<BTreeMap<String, String>>,
    pub(super) weight_grams: Option<i64>,
    pub(super) length_mm: Option<i64>,
    pub(super) width_mm: Option<i64>,
    pub(super) height_mm: Option<i64>,
    pub(super) hs_code: Option<String>,
    pub(super) origin_country: Option<String>,
    pub(super) requires_shipping: bool,
    pub(super) taxable: bool,
    pub(super) max_per_order: Option<i64>,
    pub(super) unit_cost: Option<i64>,
    pub(super) unit_cost_currency: Option<Currency>,
    pub(super) metadata: Value,
    pub(super) archived_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = stock_levels)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct StockRow {
    on_hand: i64,
    reserved: i64,
    shortage: i64,
    track_inventory: bool,
    allow_backorder: bool,
    low_stock_threshold: i64,
    uses_default_threshold: bool,
}

impl From<StockRow> for Inventory {
    fn from(row: StockRow) -> Self {
        Self {
            on_hand: row.on_hand,
            reserved: row.reserved,
            available: row.on_hand - row.reserved,
            shortage: row.shortage,
            track_inventory: row.track_inventory,
            allow_backorder: row.allow_backorder,
            low_stock_threshold: row.low_stock_threshold,
            uses_default_threshold: row.uses_default_threshold,
        }
    }
}

/// The prices of a variant, column by column in the same order, as PostgreSQL takes longest to make documents of them; `None`
/// without any.
#[derive(Queryable)]
struct PriceColumns {
    currencies: Option<Vec<Currency>>,
    amounts: Option<Vec<i64>>,
    compare_at_amounts: Option<Vec<Option<i64>>>,
    rate_dates: Option<Vec<Option<NaiveDate>>>,
}

impl PriceColumns {
    /// By currency.
    fn prices(self) -> Vec<AnyPrice> {
        let (currencies, amounts) = (self.currencies.unwrap_or_default(), self.amounts.unwrap_or_default());
        let more = self.compare_at_amounts.unwrap_or_default().into_iter().zip(self.rate_dates.unwrap_or_default());
        let price = |((currency, amount), (compare_at_amount, rate_date))| AnyPrice {
            currency,
            amount,
            compare_at_amount,
            rate_date,
        };
        let mut prices: Vec<AnyPrice> = currencies.into_iter().zip(amounts).zip(more).map(price).collect();
        prices.sort_unstable_by_key(|price| price.currency);
        prices
    }
}

/// The price of a variant in a shopper's currency.
#[derive(Queryable)]
struct PriceOnSale {
    /// Those that its product has a price in.
    currencies: Option<Vec<Currency>>,
    amount: Option<i64>,
    compare_at_amount: Option<i64>,
    rate_date: Option<NaiveDate>,
}

/// The columns of a [`VariantRow`] and a [`StockRow`] in their order, and what follows.
type Columns<Prices> = (SqlTypeOf<AsSelect<VariantRow, Pg>>, SqlTypeOf<AsSelect<StockRow, Pg>>, Prices);

/// Those columns by name: one more must not change a prepared statement.
const COLUMNS: &str = "SELECT variants.id, variants.product_id, sku, barcode, title, option_values, weight_grams, \
    length_mm, width_mm, height_mm, hs_code, origin_country, requires_shipping, taxable, max_per_order, unit_cost, \
    unit_cost_currency, metadata, archived_at, on_hand, reserved, shortage, track_inventory, allow_backorder, \
    low_stock_threshold, uses_default_threshold, ";

/// The variants of products with stock and every price, those off sale included. The values are hidden from the planner, which
/// would else plan for each, here and in what follows: the more products there are, the dearer it takes a plan for any to be. By
/// `OFFSET 0` variants are found product by product, where all of some thousands would be read.
const ALL: &str = "currencies, amounts, compare_at_amounts, rate_dates
    FROM unnest((SELECT $1)::uuid[]) AS asked (id)
    CROSS JOIN LATERAL (SELECT * FROM variants WHERE product_id = asked.id OFFSET 0) AS variants
    JOIN stock_levels ON stock_levels.variant_id = variants.id
    LEFT JOIN LATERAL (SELECT array_agg(currency) AS currencies, array_agg(amount) AS amounts,
            array_agg(compare_at_amount) AS compare_at_amounts, array_agg(rate_date) AS rate_dates
        FROM variant_prices WHERE variant_prices.variant_id = variants.id) AS priced ON true
    ORDER BY variants.product_id, variants.position, variants.id";

/// What [`ALL`] adds to the [`Columns`].
type AllPrices = (
    Nullable<Array<Text>>,
    Nullable<Array<BigInt>>,
    Nullable<Array<Nullable<BigInt>>>,
    Nullable<Array<Nullable<Date>>>,
);

/// The variants on sale with stock and the price in a currency.
const ON_SALE: &str = "currencies, amount, compare_at_amount, rate_date
    FROM unnest((SELECT $1)::uuid[]) AS asked (id)
    CROSS JOIN LATERAL (SELECT array_agg(currency) AS currencies FROM product_prices WHERE product_id = asked.id) AS priced
    CROSS JOIN LATERAL (SELECT * FROM variants WHERE product_id = asked.id AND archived_at IS NULL OFFSET 0) AS variants
    JOIN stock_levels ON stock_levels.variant_id = variants.id
    LEFT JOIN variant_prices ON variant_prices.variant_id = variants.id AND variant_prices.currency = $2
    ORDER BY variants.product_id, variants.position, variants.id";

/// What [`ON_SALE`] adds to them.
type OnePrice = (Nullable<Array<Text>>, Nullable<BigInt>, Nullable<BigInt>, Nullable<Date>);

/// A variant with its stock and its prices: all of them, or that in a shopper's currency.
pub(super) struct FullVariant {
    pub(super) row: VariantRow,
    pub(super) stock: Inventory,
    pub(super) prices: Vec<AnyPrice>,
}

/// What belongs to products, by product.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) variants: HashMap<ProductId, Vec<FullVariant>>,
    /// Those that any variant on sale has a price in.
    pub(super) currencies: HashMap<ProductId, BTreeSet<Currency>>,
    pub(super) media: HashMap<ProductId, Vec<Media>>,
}

impl Parts {
    fn add(&mut self, variant: FullVariant, currencies: impl IntoIterator<Item = Currency>) {
        let product = variant.row.product_id;
        self.currencies.entry(product).or_default().extend(currencies);
        self.variants.entry(product).or_default().push(variant);
    }
}

/// What belongs to products, for an audience.
///
/// # Errors
/// Those of the database.
pub(super) async fn parts(conn: &Connection, ids: &[ProductId], audience: &Audience) -> Result<Parts> {
    // Asked at once: one round trip.
    let variants = async {
        match audience {
            Audience::Shopper(currency, _) => on_sale(conn, ids, *currency).await,
            Audience::Staff => all(conn, ids).await,
        }
    };
    let (parts, media) = futures_util::try_join!(variants, media_of(conn, ids))?;
    Ok(Parts { media, ..parts })
}

fn asking(which: &str, ids: &[ProductId]) -> Statement {
    let mut statement = Statement::constant(COLUMNS);
    statement.push(which);
    statement.with(uuids(ids))
}

/// The keys of products, for a statement.
pub(super) fn uuids(ids: &[ProductId]) -> Bind {
    Bind::Uuids(ids.iter().map(|id| id.0).collect())
}

async fn all(mut conn: &Connection, ids: &[ProductId]) -> Result<Parts> {
    let statement = asking(ALL, ids).by_place::<Columns<AllPrices>>();
    let found: Vec<(VariantRow, StockRow, PriceColumns)> = RunQueryDsl::load(statement, &mut conn).await?;
    let mut parts = Parts::default();
    for (row, stock, prices) in found {
        let variant = FullVariant { row, stock: stock.into(), prices: prices.prices() };
        let is_on_sale = variant.row.archived_at.is_none();
        let currencies: Vec<Currency> = variant.prices.iter().map(|price| price.currency).collect();
        parts.add(variant, currencies.into_iter().filter(|_| is_on_sale));
    }
    Ok(parts)
}

async fn on_sale(mut conn: &Connection, ids: &[ProductId], currency: Currency) -> Result<Parts> {
    let statement = asking(ON_SALE, ids).with(Bind::Text(currency.to_string())).by_place::<Columns<OnePrice>>();
    let found: Vec<(VariantRow, StockRow, PriceOnSale)> = RunQueryDsl::load(statement, &mut conn).await?;
    let mut parts = Parts::default();
    for (row, stock, PriceOnSale { currencies, amount, compare_at_amount, rate_date }) in found {
        let price = amount.map(|amount| AnyPrice { currency, amount, compare_at_amount, rate_date });
        let variant = FullVariant { row, stock: stock.into(), prices: price.into_iter().collect() };
        parts.add(variant, currencies.unwrap_or_default());
    }
    Ok(parts)
}

/// The pictures of products, found as their variants are.
const MEDIA: &str = "SELECT media.id, product_id, position, url, alt, width, height, variant_ids
    FROM unnest((SELECT $1)::uuid[]) AS asked (id)
    CROSS JOIN LATERAL (SELECT * FROM product_media WHERE product_id = asked.id OFFSET 0) AS media
    ORDER BY product_id, position";

async fn media_of(mut conn: &Connection, ids: &[ProductId]) -> Result<HashMap<ProductId, Vec<Media>>> {
    type MediaRow = (MediaId, ProductId, i32, String, Option<String>, Option<i32>, Option<i32>, Vec<VariantId>);
    let statement = Statement::constant(MEDIA).with(uuids(ids)).by_place::<product_media::SqlType>();
    let rows: Vec<MediaRow> = RunQueryDsl::load(statement, &mut conn).await?;
    let mut media: HashMap<ProductId, Vec<Media>> = HashMap::new();
    for (id, product, position, url, alt, width, height, variant_ids) in rows {
        media.entry(product).or_default().push(Media { id, url, alt, width, height, position, variant_ids });
    }
    Ok(media)
}

#[cfg(test)]
mod tests {
    use diesel::query_builder::QueryFragment;

    use super::super::read::{DESCRIBED, PRODUCT_COLUMNS, ProductRow};
    use super::*;
    use crate::db::schema::products;

    /// The names of the columns that a text holds, without those of their tables.
    fn names(columns: &str) -> Vec<String> {
        let name = |column: &str| column.rsplit('.').next().unwrap_or_default().replace('"', "").trim().to_owned();
        columns.split(',').map(name).filter(|name| !name.is_empty()).collect()
    }

    fn selected(query: &impl QueryFragment<Pg>) -> Vec<String> {
        let sql = diesel::debug_query::<Pg, _>(query).to_string();
        names(sql.split_once("SELECT ").unwrap().1.split_once(" FROM ").unwrap().0)
    }

    #[test]
    fn columns_that_are_read_by_place_stand_in_their_places() {
        let (row, stock) = (variants::table.select(VariantRow::as_select()), StockRow::as_select());
        let row = [selected(&row), selected(&stock_levels::table.select(stock))].concat();
        assert_eq!(names(COLUMNS.strip_prefix("SELECT ").unwrap()), row);
        let product = products::table.select(ProductRow::as_select());
        assert_eq!(names(&[PRODUCT_COLUMNS, DESCRIBED].concat()), selected(&product));
    }
}
