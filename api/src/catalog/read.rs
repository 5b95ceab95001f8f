//! Reading products: whole pages in three queries, whatever their size.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::{Inventory, Price, Product, ProductStatus, Variant};
use crate::db::Connection;
use crate::db::schema::{products, stock_levels, variant_prices, variants};
use crate::error::{Error, Result};
use crate::ids::{ProductId, VariantId};
use crate::metadata::Metadata;
use crate::money::{Currency, Money};

/// Who reads, and so what is shown.
#[derive(Debug, Clone, Copy)]
pub enum Audience {
    /// Active products, variants with a price in the currency.
    Shopper(Currency),
    /// Everything, with stock and all prices.
    Staff,
}

/// A row of `products`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = products)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct ProductRow {
    pub(super) id: ProductId,
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) status: ProductStatus,
    pub(super) options: Value,
    pub(super) metadata: Value,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = variants)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct VariantRow {
    id: VariantId,
    product_id: ProductId,
    sku: String,
    title: String,
    option_values: Value,
    weight_grams: Option<i64>,
    requires_shipping: bool,
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
        }
    }
}

/// Where a page starts: after this product, newest first.
pub type After = (DateTime<Utc>, ProductId);

/// One page of products and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    audience: Audience,
    status: Option<ProductStatus>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Product>> {
    let mut query = products::table.select(ProductRow::as_select()).into_boxed();
    if let Audience::Shopper(_) = audience {
        query = query.filter(products::status.eq(ProductStatus::Active));
    }
    if let Some(status) = status {
        query = query.filter(products::status.eq(status));
    }
    if let Some((created_at, id)) = after {
        query = query.filter(
            products::created_at.lt(created_at).or(products::created_at.eq(created_at).and(products::id.lt(id))),
        );
    }
    let rows = query.order((products::created_at.desc(), products::id.desc())).limit(limit + 1).load(conn).await?;
    assemble(conn, rows, audience).await
}

/// One product by id or slug.
///
/// # Errors
/// `not_found`, also for what shoppers may not see.
pub async fn find(conn: &mut Connection, id_or_slug: &str, audience: Audience) -> Result<Product> {
    let mut query = products::table.select(ProductRow::as_select()).into_boxed();
    query = match id_or_slug.parse::<ProductId>() {
        Ok(id) => query.filter(products::id.eq(id)),
        Err(_) if id_or_slug.contains('\0') => return Err(Error::not_found("product")),
        Err(_) => query.filter(products::slug.eq(id_or_slug)),
    };
    if let Audience::Shopper(_) = audience {
        query = query.filter(products::status.eq(ProductStatus::Active));
    }
    let row = query.first(conn).await.optional()?.ok_or_else(|| Error::not_found("product"))?;
    assemble(conn, vec![row], audience).await?.pop().ok_or_else(|| Error::not_found("product"))
}

/// One variant.
///
/// # Errors
/// `not_found`, also without a price in the shopper's currency.
pub async fn find_variant(conn: &mut Connection, id: VariantId, audience: Audience) -> Result<Variant> {
    let product_id: Option<ProductId> =
        variants::table.find(id).select(variants::product_id).first(conn).await.optional()?;
    let product_id = product_id.ok_or_else(|| Error::not_found("variant"))?;
    let product = find(conn, &product_id.to_string(), audience).await?;
    product.variants.into_iter().find(|variant| variant.id == id).ok_or_else(|| Error::not_found("variant"))
}

/// Adds variants, prices and stock to product rows.
async fn assemble(conn: &mut Connection, rows: Vec<ProductRow>, audience: Audience) -> Result<Vec<Product>> {
    let ids: Vec<ProductId> = rows.iter().map(|row| row.id).collect();
    let found: Vec<(VariantRow, StockRow)> = variants::table
        .inner_join(stock_levels::table.on(stock_levels::variant_id.eq(variants::id)))
        .filter(variants::product_id.eq_any(&ids))
        .filter(variants::archived_at.is_null())
        .order((variants::product_id, variants::position, variants::id))
        .select((VariantRow::as_select(), StockRow::as_select()))
        .load(conn)
        .await?;
    let variant_ids: Vec<VariantId> = found.iter().map(|(variant, _)| variant.id).collect();
    let prices: Vec<(VariantId, Currency, i64, Option<i64>)> = variant_prices::table
        .filter(variant_prices::variant_id.eq_any(&variant_ids))
        .order((variant_prices::variant_id, variant_prices::currency))
        .load(conn)
        .await?;
    let mut prices_of: HashMap<VariantId, Vec<Price>> = HashMap::new();
    for (variant, currency, amount, compare_at_amount) in prices {
        prices_of.entry(variant).or_default().push(Price { amount, currency, compare_at_amount });
    }
    let mut variants_of: HashMap<ProductId, Vec<Variant>> = HashMap::new();
    for (row, stock) in found {
        let product_id = row.product_id;
        let prices = prices_of.remove(&row.id).unwrap_or_default();
        variants_of.entry(product_id).or_default().extend(shown(row, stock.into(), prices, audience));
    }
    rows.into_iter().map(|row| product(row, &mut variants_of)).collect()
}

/// A variant as the audience sees it; `None` for shoppers without a price in their currency.
fn shown(row: VariantRow, stock: Inventory, prices: Vec<Price>, audience: Audience) -> Option<Variant> {
    let mut variant = Variant {
        id: row.id,
        product_id: row.product_id,
        sku: row.sku,
        title: row.title,
        option_values: serde_json::from_value(row.option_values).unwrap_or_else(|_| BTreeMap::new()),
        price: None,
        compare_at_price: None,
        availability: stock.availability(),
        weight_grams: row.weight_grams,
        requires_shipping: row.requires_shipping,
        inventory: None,
        prices: None,
    };
    match audience {
        Audience::Shopper(currency) => {
            let price = prices.iter().find(|price| price.currency == currency)?;
            variant.price = Some(Money::new(price.amount, currency));
            variant.compare_at_price = price.compare_at_amount.map(|amount| Money::new(amount, currency));
        }
        Audience::Staff => {
            variant.inventory = Some(stock);
            variant.prices = Some(prices);
        }
    }
    Some(variant)
}

fn product(row: ProductRow, variants: &mut HashMap<ProductId, Vec<Variant>>) -> Result<Product> {
    Ok(Product {
        variants: variants.remove(&row.id).unwrap_or_default(),
        id: row.id,
        slug: row.slug,
        title: row.title,
        description: row.description,
        status: row.status,
        options: serde_json::from_value(row.options)
            .map_err(|error| Error::Internal(format!("products.options: {error}")))?,
        metadata: Metadata::from_json(&row.metadata),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
