//! Changing products, for staff.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::model::{Price, ProductStatus};
use super::requests::{NewProduct, NewVariant, ProductPatch, VariantPatch};
use crate::db::schema::{products, stock_levels, variant_prices, variants};
use crate::db::{Connection, OnConstraint};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::{ProductId, VariantId};
use crate::inventory::{self, Reason};

/// Creates a product with its variants, prices and first stock.
///
/// # Errors
/// `duplicate` for a taken slug or SKU, `validation_failed` for option values that do not fit the options.
pub async fn create(conn: &mut Connection, new: &NewProduct, now: DateTime<Utc>) -> Result<ProductId> {
    check_options(new)?;
    let id = ProductId::new();
    let slug = new.slug.clone().unwrap_or_else(|| slug_of(&new.title, id));
    diesel::insert_into(products::table)
        .values((
            products::id.eq(id),
            products::slug.eq(&slug),
            products::title.eq(&new.title),
            products::description.eq(&new.description),
            products::status.eq(new.status.unwrap_or(ProductStatus::Draft)),
            products::options.eq(json!(new.options)),
            products::metadata.eq(new.metadata.to_json()),
            products::version.eq(1),
            products::created_at.eq(now),
            products::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("products_slug_key", || duplicate("/slug", &slug))?;
    for (position, variant) in new.variants.iter().enumerate() {
        create_variant(conn, id, position, variant, now).await?;
    }
    Ok(id)
}

async fn create_variant(
    conn: &mut Connection,
    product: ProductId,
    position: usize,
    new: &NewVariant,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = VariantId::new();
    let values: Vec<&str> = new.option_values.values().map(String::as_str).collect();
    let title =
        new.title.clone().unwrap_or_else(|| if values.is_empty() { "Default".to_owned() } else { values.join(" / ") });
    diesel::insert_into(variants::table)
        .values((
            variants::id.eq(id),
            variants::product_id.eq(product),
            variants::sku.eq(&new.sku),
            variants::title.eq(title),
            variants::option_values.eq(json!(new.option_values)),
            variants::position.eq(i32::try_from(position).unwrap_or(i32::MAX)),
            variants::weight_grams.eq(new.weight_grams),
            variants::requires_shipping.eq(new.requires_shipping),
            variants::version.eq(1),
            variants::created_at.eq(now),
            variants::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("variants_sku_key", || duplicate(&format!("/variants/{position}/sku"), &new.sku))?;
    insert_prices(conn, id, &new.prices).await?;
    diesel::insert_into(stock_levels::table)
        .values((
            stock_levels::variant_id.eq(id),
            stock_levels::on_hand.eq(new.on_hand),
            stock_levels::reserved.eq(0),
            stock_levels::shortage.eq(0),
            stock_levels::track_inventory.eq(new.track_inventory),
            stock_levels::allow_backorder.eq(new.allow_backorder),
            stock_levels::low_stock_threshold.eq(new.low_stock_threshold),
        ))
        .execute(conn)
        .await?;
    if new.on_hand > 0 {
        inventory::record_movement(conn, id, new.on_hand, new.on_hand, Reason::Initial, None, now).await?;
    }
    Ok(())
}

async fn insert_prices(conn: &mut Connection, variant: VariantId, prices: &[Price]) -> Result<()> {
    let rows: Vec<_> = prices
        .iter()
        .map(|price| {
            (
                variant_prices::variant_id.eq(variant),
                variant_prices::currency.eq(price.currency),
                variant_prices::amount.eq(price.amount),
                variant_prices::compare_at_amount.eq(price.compare_at_amount),
            )
        })
        .collect();
    diesel::insert_into(variant_prices::table).values(rows).execute(conn).await?;
    Ok(())
}

/// Changes a product under its lock.
///
/// # Errors
/// `not_found`, `precondition_failed`, `duplicate`.
pub async fn update(
    conn: &mut Connection,
    id: ProductId,
    patch: &ProductPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<()> {
    let version: Option<i64> =
        products::table.find(id).select(products::version).for_no_key_update().first(conn).await.optional()?;
    expected.check(version.ok_or_else(|| Error::not_found("product"))?)?;
    diesel::update(products::table.find(id))
        .set((
            patch.title.as_ref().map(|title| products::title.eq(title)),
            patch.slug.as_ref().map(|slug| products::slug.eq(slug)),
            patch.description.as_ref().map(|text| products::description.eq(text)),
            patch.status.map(|status| products::status.eq(status)),
            patch.metadata.as_ref().map(|metadata| products::metadata.eq(metadata.to_json())),
            products::version.eq(products::version + 1),
            products::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("products_slug_key", || duplicate("/slug", patch.slug.as_deref().unwrap_or_default()))?;
    Ok(())
}

/// Changes a variant and raises its product's version.
///
/// # Errors
/// `not_found`, `precondition_failed` against the product's version.
pub async fn update_variant(
    conn: &mut Connection,
    id: VariantId,
    patch: &VariantPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<()> {
    let product: Option<ProductId> =
        variants::table.find(id).select(variants::product_id).first(conn).await.optional()?;
    let product = product.ok_or_else(|| Error::not_found("variant"))?;
    let version: i64 = products::table.find(product).select(products::version).for_no_key_update().first(conn).await?;
    expected.check(version)?;
    let weight = match &patch.weight_grams {
        Patch::Absent => None,
        Patch::Null => Some(None),
        Patch::Value(grams) if (0..=10_000_000).contains(grams) => Some(Some(*grams)),
        Patch::Value(_) => return Err(Error::invalid("/weight_grams", "range", "must be between 0 and 10000000")),
    };
    diesel::update(variants::table.find(id))
        .set((
            patch.title.as_ref().map(|title| variants::title.eq(title)),
            weight.map(|grams| variants::weight_grams.eq(grams)),
            patch.requires_shipping.map(|needed| variants::requires_shipping.eq(needed)),
            variants::version.eq(variants::version + 1),
            variants::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if let Some(prices) = &patch.prices {
        diesel::delete(variant_prices::table.filter(variant_prices::variant_id.eq(id))).execute(conn).await?;
        insert_prices(conn, id, prices).await?;
    }
    if let Some(threshold) = patch.low_stock_threshold {
        diesel::update(stock_levels::table.find(id))
            .set(stock_levels::low_stock_threshold.eq(threshold))
            .execute(conn)
            .await?;
    }
    diesel::update(products::table.find(product))
        .set((products::version.eq(products::version + 1), products::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

fn duplicate(pointer: &str, value: &str) -> Error {
    let detail = format!("`{value}` is taken; choose another");
    Error::problem(Code::Duplicate, format!("`{pointer}` {detail}.")).with_errors(vec![FieldError::new(
        pointer,
        "duplicate",
        detail,
    )])
}

/// Every variant names a known value of every option, and no two the same combination.
fn check_options(new: &NewProduct) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, variant) in new.variants.iter().enumerate() {
        let pointer = format!("/variants/{index}/option_values");
        let names: BTreeSet<&String> = new.options.iter().map(|option| &option.name).collect();
        if variant.option_values.keys().collect::<BTreeSet<_>>() != names {
            return Err(Error::invalid(pointer, "options", "must have one value for each option of the product"));
        }
        for option in &new.options {
            if variant.option_values.get(&option.name).is_none_or(|value| !option.values.contains(value)) {
                return Err(Error::invalid(
                    format!("{pointer}/{}", option.name),
                    "options",
                    "is not a value of this option",
                ));
            }
        }
        if !seen.insert(&variant.option_values) {
            return Err(Error::invalid(pointer, "duplicate", "is the same combination as another variant's"));
        }
    }
    Ok(())
}

/// A slug from a title, with a piece of the id when nothing readable is left.
fn slug_of(title: &str, id: ProductId) -> String {
    let mut slug = String::new();
    for letter in title.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-').chars().take(180).collect::<String>();
    if slug.is_empty() { id.to_string().replace('_', "-") } else { slug }
}
