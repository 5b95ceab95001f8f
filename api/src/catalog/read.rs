//! Reading products: a page in a handful of queries, whatever its size.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Jsonb, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::html;
use super::model::{
    Availability, CollectionRef, Dimensions, PriceRange, Product, ProductStatus, ProductSummary, Seo, ShownOption,
    Variant,
};
use super::parts::{FullVariant, Parts, parts, uuids};
use super::requests::ProductOption;
use super::slug::Slug;
use super::translate::{self, Translations};
use crate::db::Connection;
use crate::db::json::Json;
use crate::db::schema::{products, variants};
use crate::db::statement::Statement;
use crate::error::{Error, Result};
use crate::ids::{CollectionId, ProductId, VariantId};
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::{Currency, Money};

/// Who reads, and so what is shown.
#[derive(Debug, Clone)]
pub enum Audience {
    /// Active products, variants with a price in the currency, texts in the language.
    Shopper(Currency, Locale),
    /// Everything, with stock, all prices and all languages.
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
    pub(super) status: ProductStatus,
    pub(super) vendor: Option<String>,
    pub(super) product_type: Option<String>,
    pub(super) category: Option<String>,
    pub(super) tags: Vec<String>,
    /// As the shop wrote them.
    pub(super) options: Json<Vec<ProductOption>>,
    pub(super) tax_code: Option<String>,
    pub(super) seo_title: Option<String>,
    pub(super) seo_description: Option<String>,
    pub(super) translations: Value,
    pub(super) metadata: Value,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) description: String,
    pub(super) description_html: String,
}

/// The columns of a [`ProductRow`] in their order but its description, by name: one more must not change a prepared statement.
pub(super) const PRODUCT_COLUMNS: &str = "products.id, products.slug, products.title, products.status, products.vendor, \
    products.product_type, products.category, products.tags, products.options, products.tax_code, products.seo_title, \
    products.seo_description, products.translations, products.metadata, products.version, products.created_at, \
    products.updated_at";

/// What follows them with the description.
pub(super) const DESCRIBED: &str = ", products.description, products.description_html";

/// What follows them for a [`ProductSummary`], which has none.
pub(super) const NOT_DESCRIBED: &str = ", '' AS description, '' AS description_html";

/// One product by id or slug.
///
/// # Errors
/// `not_found`, also for what shoppers may not see.
pub async fn find(conn: &mut Connection, id_or_slug: &str, audience: &Audience) -> Result<Product> {
    let missing = || Error::not_found("product");
    let mut query = products::table.select(ProductRow::as_select()).into_boxed();
    query = match id_or_slug.parse::<ProductId>() {
        Ok(id) => query.filter(products::id.eq(id)),
        Err(_) if !Slug::is_lawful(id_or_slug) => return Err(missing()),
        Err(_) => query.filter(products::slug.eq(id_or_slug)),
    };
    if let Audience::Shopper(..) = audience {
        query = query.filter(products::status.eq(ProductStatus::Active));
    }
    let row = query.first(conn).await.optional()?.ok_or_else(missing)?;
    let (asked, ids): (&Connection, _) = (conn, [row.id]);
    let (mut in_collections, parts) =
        futures_util::try_join!(collections_of(asked, &ids, audience), parts(asked, &ids, audience))?;
    let in_collections = in_collections.remove(&row.id).unwrap_or_default();
    let mut product = full(vec![row], parts, audience)?.pop().ok_or_else(missing)?;
    product.collections = in_collections;
    Ok(product)
}

/// One variant, and its product's version.
///
/// # Errors
/// `not_found`, also without a price in the shopper's currency.
pub async fn find_variant(conn: &mut Connection, id: VariantId, audience: &Audience) -> Result<(Variant, i64)> {
    let product_id: Option<ProductId> =
        variants::table.find(id).select(variants::product_id).first(conn).await.optional()?;
    let missing = || Error::not_found("variant");
    let product = match find(conn, &product_id.ok_or_else(missing)?.to_string(), audience).await {
        Err(error) if error.code() == Some(crate::error::Code::NotFound) => return Err(missing()),
        product => product?,
    };
    let variant = product.variants.into_iter().find(|variant| variant.id == id).ok_or_else(missing)?;
    Ok((variant, product.version))
}

/// Whole products for staff, in the order of the rows.
pub(super) async fn assemble(conn: &mut Connection, rows: Vec<ProductRow>) -> Result<Vec<Product>> {
    let ids: Vec<ProductId> = rows.iter().map(|row| row.id).collect();
    let asked: &Connection = conn;
    let (mut in_collections, parts) =
        futures_util::try_join!(collections_of(asked, &ids, &Audience::Staff), parts(asked, &ids, &Audience::Staff))?;
    let mut whole = full(rows, parts, &Audience::Staff)?;
    for product in &mut whole {
        product.collections = in_collections.remove(&product.id).unwrap_or_default();
    }
    Ok(whole)
}

/// Summaries for shoppers, in the order of the rows; with their variants when `expand` is set.
pub(super) async fn summarize(
    conn: &mut Connection,
    rows: Vec<ProductRow>,
    currency: Currency,
    locale: &Locale,
    expand: bool,
) -> Result<Vec<ProductSummary>> {
    let ids: Vec<ProductId> = rows.iter().map(|row| row.id).collect();
    let audience = Audience::Shopper(currency, locale.clone());
    let parts = parts(conn, &ids, &audience).await?;
    let whole = full(rows, parts, &audience)?;
    Ok(whole.into_iter().filter_map(|product| summary(product, expand)).collect())
}

/// The collections of products; the value is hidden from the planner as in [`parts`].
const COLLECTIONS: &str = "SELECT product_id, collections.id, slug, title, translations
    FROM unnest((SELECT $1)::uuid[]) AS asked (id)
    CROSS JOIN LATERAL (SELECT * FROM collection_products WHERE product_id = asked.id OFFSET 0) AS member
    JOIN collections ON collections.id = collection_id";

async fn collections_of(
    mut conn: &Connection,
    ids: &[ProductId],
    audience: &Audience,
) -> Result<HashMap<ProductId, Vec<CollectionRef>>> {
    let mut statement = Statement::constant(COLLECTIONS).with(uuids(ids));
    if let Audience::Shopper(..) = audience {
        statement.push(" WHERE status = 'active'");
    }
    statement.push(" ORDER BY title, collections.id");
    let statement = statement.by_place::<(SqlUuid, SqlUuid, Text, Text, Jsonb)>();
    let rows: Vec<(ProductId, CollectionId, String, String, Value)> = RunQueryDsl::load(statement, &mut conn).await?;
    let mut found: HashMap<ProductId, Vec<CollectionRef>> = HashMap::new();
    for (product, id, slug, title, translations) in rows {
        let translated = match audience {
            Audience::Shopper(_, locale) => {
                Translations::from_json(translations).of(locale).and_then(|texts| texts.title.clone())
            }
            Audience::Staff => None,
        };
        found.entry(product).or_default().push(CollectionRef { id, slug, title: translated.unwrap_or(title) });
    }
    Ok(found)
}

/// Puts products together, without their collections.
fn full(rows: Vec<ProductRow>, mut parts: Parts, audience: &Audience) -> Result<Vec<Product>> {
    let mut whole = Vec::new();
    for row in rows {
        let variants = parts.variants.remove(&row.id).unwrap_or_default();
        let currencies = parts.currencies.remove(&row.id).unwrap_or_default();
        let media = parts.media.remove(&row.id).unwrap_or_default();
        let currencies = currencies.into_iter().collect();
        whole.push(Product { currencies, media, ..product(row, variants, audience)? });
    }
    Ok(whole)
}

/// Without its currencies, pictures and collections.
fn product(row: ProductRow, variants: Vec<FullVariant>, audience: &Audience) -> Result<Product> {
    let translations = Translations::from_json(row.translations);
    let texts = match audience {
        Audience::Shopper(_, locale) => translations.of(locale),
        Audience::Staff => None,
    };
    let options = translate::shown_options(row.options.0, texts);
    let text = |pick: fn(&translate::Translation) -> &Option<String>, own: Option<String>| {
        texts.and_then(|texts| pick(texts).clone()).or(own)
    };
    let (description, description_html) = match texts.and_then(|texts| texts.description_html.clone()) {
        Some(translated) => (html::plain_text(&translated), translated),
        None => (row.description, row.description_html),
    };
    Ok(Product {
        id: row.id,
        slug: row.slug,
        title: text(|texts| &texts.title, Some(row.title)).unwrap_or_default(),
        description,
        description_html,
        status: row.status,
        vendor: row.vendor,
        product_type: row.product_type,
        category: row.category,
        tags: row.tags,
        variants: variants.into_iter().filter_map(|variant| shown(variant, &options, audience)).collect(),
        options,
        media: Vec::new(),
        collections: Vec::new(),
        currencies: Vec::new(),
        tax_code: row.tax_code,
        seo: Seo {
            title: text(|texts| &texts.seo_title, row.seo_title),
            description: text(|texts| &texts.seo_description, row.seo_description),
        },
        translations: matches!(audience, Audience::Staff).then_some(translations.clone()),
        metadata: Metadata::from_json(&row.metadata),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// A variant as the audience sees it; `None` for shoppers without a price in their currency.
fn shown(variant: FullVariant, options: &[ShownOption], audience: &Audience) -> Option<Variant> {
    let FullVariant { row, stock, prices } = variant;
    let Json(option_values) = row.option_values;
    let dimensions = row.length_mm.zip(row.width_mm).zip(row.height_mm);
    let mut variant = Variant {
        id: row.id,
        product_id: row.product_id,
        sku: row.sku,
        barcode: row.barcode,
        title: translate::variant_title(row.title, &option_values, options),
        option_values,
        price: None,
        compare_at_price: None,
        availability: stock.availability(),
        weight_grams: row.weight_grams,
        dimensions_mm: dimensions.map(|((length, width), height)| Dimensions { length, width, height }),
        hs_code: row.hs_code,
        origin_country: row.origin_country,
        requires_shipping: row.requires_shipping,
        taxable: row.taxable,
        max_per_order: row.max_per_order,
        metadata: Metadata::from_json(&row.metadata),
        inventory: None,
        price_origin: None,
        prices: None,
        derived_prices: None,
        unit_cost: None,
        archived_at: None,
    };
    match audience {
        Audience::Shopper(currency, _) => {
            let price = prices.iter().find(|price| price.currency == *currency)?;
            variant.price = Some(Money::new(price.amount, *currency));
            variant.price_origin = Some(price.origin());
            variant.compare_at_price = price.compare_at_amount.map(|amount| Money::new(amount, *currency));
        }
        Audience::Staff => {
            variant.inventory = Some(stock);
            variant.prices = Some(prices.iter().filter_map(|price| price.given()).collect());
            variant.derived_prices = Some(prices.iter().filter_map(|price| price.derived()).collect());
            variant.unit_cost =
                row.unit_cost.zip(row.unit_cost_currency).map(|(amount, currency)| Money::new(amount, currency));
            variant.archived_at = row.archived_at;
        }
    }
    Some(variant)
}

/// A product as lists show it; `None` when nothing of it has a price in the currency.
fn summary(product: Product, expand: bool) -> Option<ProductSummary> {
    let price_range = range(product.variants.iter().filter_map(|variant| variant.price))?;
    Some(ProductSummary {
        id: product.id,
        slug: product.slug,
        title: product.title,
        vendor: product.vendor,
        product_type: product.product_type,
        tags: product.tags,
        options: product.options,
        price_range,
        compare_at_range: range(product.variants.iter().filter_map(|variant| variant.compare_at_price)),
        availability: product.variants.iter().map(|variant| variant.availability).min_by_key(|one| best_first(*one))?,
        variant_count: product.variants.len(),
        featured_media: product.media.into_iter().next(),
        currencies: product.currencies,
        variants: expand.then_some(product.variants),
        created_at: product.created_at,
        updated_at: product.updated_at,
    })
}

fn range(amounts: impl Iterator<Item = Money> + Clone) -> Option<PriceRange> {
    let by_amount = |money: &Money| money.amount;
    Some(PriceRange { min: amounts.clone().min_by_key(by_amount)?, max: amounts.max_by_key(by_amount)? })
}

/// The order in which a product's availability is that of its best variant.
pub(super) const fn best_first(availability: Availability) -> u8 {
    match availability {
        Availability::InStock => 0,
        Availability::LowStock => 1,
        Availability::Backorder => 2,
        Availability::OutOfStock => 3,
    }
}
