//! What belongs to products: their variants with stock and prices, and their media, asked at once.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::{Inventory, Media};
use super::prices::AnyPrice;
use super::read::Audience;
use crate::db::Connection;
use crate::db::schema::{product_media, stock_levels, variants};
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{MediaId, ProductId, VariantId};
use crate::money::Currency;

/// A row of `variants`.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = variants)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(super) struct VariantRow {
    pub(super) id: VariantId,
    pub(super) product_id: ProductId,
    pub(super) sku: String,
    pub(super) barcode: Option<String>,
    pub(super) title: String,
    pub(super) option_values: Value,
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

#[derive(Debug, Clone, Copy, QueryableByName)]
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

/// A row of [`VARIANTS`].
#[derive(QueryableByName)]
struct FoundVariant {
    #[diesel(embed)]
    variant: VariantRow,
    #[diesel(embed)]
    stock: StockRow,
    #[diesel(embed)]
    prices: PriceColumns,
}

/// The prices of a variant, column by column in the same order, as PostgreSQL takes longest to make documents of them; `None`
/// without any.
#[derive(QueryableByName)]
struct PriceColumns {
    #[diesel(sql_type = Nullable<Array<Text>>)]
    currencies: Option<Vec<Currency>>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    amounts: Option<Vec<i64>>,
    #[diesel(sql_type = Nullable<Array<Nullable<BigInt>>>)]
    compare_at_amounts: Option<Vec<Option<i64>>>,
    #[diesel(sql_type = Nullable<Array<Nullable<Date>>>)]
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

/// The variants of products with stock and every price. Columns by name: one more must not change a prepared statement. The
/// values are hidden from the planner, which would else plan for each.
const VARIANTS: &str = "
    SELECT variants.id, variants.product_id, sku, barcode, title, option_values, weight_grams, length_mm, width_mm, height_mm,
        hs_code, origin_country, requires_shipping, taxable, max_per_order, unit_cost, unit_cost_currency, metadata, archived_at,
        on_hand, reserved, shortage, track_inventory, allow_backorder, low_stock_threshold, uses_default_threshold,
        currencies, amounts, compare_at_amounts, rate_dates
    FROM variants JOIN stock_levels ON stock_levels.variant_id = variants.id
    LEFT JOIN LATERAL (SELECT array_agg(currency) AS currencies, array_agg(amount) AS amounts,
            array_agg(compare_at_amount) AS compare_at_amounts, array_agg(rate_date) AS rate_dates
        FROM variant_prices WHERE variant_prices.variant_id = variants.id) AS priced ON true
    WHERE variants.product_id = ANY((SELECT $1)::uuid[]) AND (archived_at IS NULL OR (SELECT $2) = 'staff')
    ORDER BY variants.product_id, variants.position, variants.id";

/// A variant with its stock and every price.
pub(super) struct FullVariant {
    pub(super) row: VariantRow,
    pub(super) stock: Inventory,
    pub(super) prices: Vec<AnyPrice>,
}

/// What belongs to products, by product.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) variants: HashMap<ProductId, Vec<FullVariant>>,
    pub(super) media: HashMap<ProductId, Vec<Media>>,
}

/// What belongs to products, for an audience.
///
/// # Errors
/// Those of the database.
pub(super) async fn parts(conn: &Connection, ids: &[ProductId], audience: &Audience) -> Result<Parts> {
    // Asked at once: one round trip.
    let (found, media) = futures_util::try_join!(variants_of(conn, ids, audience), media_of(conn, ids))?;
    let mut parts = Parts { media, ..Parts::default() };
    for FoundVariant { variant: row, stock, prices } in found {
        let variant = FullVariant { row, stock: stock.into(), prices: prices.prices() };
        parts.variants.entry(variant.row.product_id).or_default().push(variant);
    }
    Ok(parts)
}

async fn variants_of(mut conn: &Connection, ids: &[ProductId], audience: &Audience) -> Result<Vec<FoundVariant>> {
    let reader = match audience {
        Audience::Shopper(..) => "shopper",
        Audience::Staff => "staff",
    };
    let statement = Statement::constant(VARIANTS)
        .with(Bind::Uuids(ids.iter().map(|id| id.0).collect()))
        .with(Bind::Text(reader.to_owned()));
    Ok(RunQueryDsl::load(statement, &mut conn).await?)
}

async fn media_of(mut conn: &Connection, ids: &[ProductId]) -> Result<HashMap<ProductId, Vec<Media>>> {
    type MediaRow = (MediaId, ProductId, i32, String, Option<String>, Option<i32>, Option<i32>, Vec<VariantId>);
    let rows: Vec<MediaRow> = product_media::table
        .filter(product_media::product_id.eq_any(ids))
        .order((product_media::product_id, product_media::position))
        .load(&mut conn)
        .await?;
    let mut media: HashMap<ProductId, Vec<Media>> = HashMap::new();
    for (id, product, position, url, alt, width, height, variant_ids) in rows {
        media.entry(product).or_default().push(Media { id, url, alt, width, height, position, variant_ids });
    }
    Ok(media)
}
