//! Creating and changing products, for staff. Each change locks the product's row, so changes of one product and its
//! variants come one after the other, each with its own version.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::changes::{self, Change};
use super::model::{Product, ProductStatus};
use super::patches::ProductPatch;
use super::read::{Audience, ProductRow};
use super::requests::{NewProduct, NewVariant, ProductOption};
use super::search::{self, Texts};
use super::slug::{self, Slug};
use super::translate::Translations;
use super::{html, media, read, variants};
use crate::db::schema::{collection_products, collections, products};
use crate::db::{Connection, OnConstraint};
use crate::error::{Code, Error, FieldError, Result};
use crate::fx::derive;
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::{CollectionId, ProductId};
use crate::locale::Locale;
use crate::metadata::Metadata;

/// Creates a product with its variants, prices, pictures and first stock; answers it.
///
/// # Errors
/// `duplicate` for a taken slug or SKU, `validation_failed` for option values that do not fit the options.
pub async fn create(conn: &mut Connection, new: &NewProduct, locale: &Locale, now: DateTime<Utc>) -> Result<Product> {
    check_options(&new.options, &new.variants)?;
    let id = ProductId::new();
    let slug = free_slug(conn, new, id).await?;
    let safe_html = html::sanitize(&new.description_html);
    let texts = (
        products::title.eq(&new.title),
        products::sort_title.eq(search::fold(&new.title)),
        products::description.eq(html::plain_text(&safe_html)),
        products::description_html.eq(&safe_html),
        products::seo_title.eq(&new.seo.title),
        products::seo_description.eq(&new.seo.description),
        products::translations.eq(json!(new.translations.clone().sanitized())),
    );
    diesel::insert_into(products::table)
        .values((
            products::id.eq(id),
            products::slug.eq(&slug),
            texts,
            products::status.eq(new.status.unwrap_or(ProductStatus::Draft)),
            products::vendor.eq(&new.vendor),
            products::product_type.eq(&new.product_type),
            products::category.eq(&new.category),
            products::tags.eq(&new.tags),
            products::options.eq(json!(new.options)),
            products::tax_code.eq(&new.tax_code),
            products::metadata.eq(new.metadata.to_json()),
            products::version.eq(1),
            products::created_at.eq(now),
            products::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("products_slug_key", || duplicate("/slug", &slug))?;
    let mut skus = Vec::new();
    for (position, variant) in new.variants.iter().enumerate() {
        let pointer = format!("/variants/{position}");
        let made = variants::insert(conn, id, &new.options, position, variant, &pointer, now).await?;
        variants::stock(conn, made, variant, now).await?;
        skus.push((variant.sku.clone(), made));
    }
    media::insert(conn, id, &new.media, &[], &skus).await?;
    add_to_collections(conn, id, &new.collections).await?;
    let derivations = derive::present(conn, now).await?;
    // A new product has no derived prices that could have lost their rule.
    if !derivations.is_empty() {
        derive::prices(conn, &[id], &derivations).await?;
    }
    describe(conn, id, locale, now).await
}

/// The wished slug, or one from the title with a number when that is taken.
async fn free_slug(conn: &mut Connection, new: &NewProduct, id: ProductId) -> Result<String> {
    if let Some(slug) = &new.slug {
        slug::forget_product(conn, &slug.0).await?;
        return Ok(slug.0.clone());
    }
    let base = Slug::of(&new.title).map_or_else(|| id.to_string().replace('_', "-"), |slug| slug.0);
    let taken: Vec<String> =
        products::table.filter(products::slug.like(format!("{base}%"))).select(products::slug).load(conn).await?;
    let mut candidates = [base.clone()].into_iter().chain((2..).map(|number| format!("{base}-{number}")));
    let free = candidates.find(|slug| !taken.contains(slug)).unwrap_or(base);
    slug::forget_product(conn, &free).await?;
    Ok(free)
}

/// Locks a product and compares its version.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub(crate) async fn lock(conn: &mut Connection, id: ProductId, expected: &Expected) -> Result<ProductRow> {
    let row =
        products::table.find(id).select(ProductRow::as_select()).for_no_key_update().first(conn).await.optional()?;
    let row: ProductRow = row.ok_or_else(|| Error::not_found("product"))?;
    expected.check(row.version)?;
    Ok(row)
}

/// Raises a locked product's version, and brings up to date what is derived from it: prices and search. Answers the
/// product as it is then.
///
/// # Errors
/// Those of the database.
pub(crate) async fn changed(
    conn: &mut Connection,
    id: ProductId,
    locale: &Locale,
    now: DateTime<Utc>,
) -> Result<Product> {
    diesel::update(products::table.find(id))
        .set((products::version.eq(products::version + 1), products::updated_at.eq(now)))
        .execute(conn)
        .await?;
    refresh(conn, id, locale, now).await
}

/// Derives a product's other prices, their spans and its search document from what it is now, and notes that it changed;
/// answers it.
///
/// # Errors
/// Those of the database.
pub async fn refresh(conn: &mut Connection, id: ProductId, locale: &Locale, now: DateTime<Utc>) -> Result<Product> {
    let derivations = derive::present(conn, now).await?;
    derive::prices(conn, &[id], &derivations).await?;
    describe(conn, id, locale, now).await
}

/// The part of [`refresh`] that is to follow once the derived prices are there.
async fn describe(conn: &mut Connection, id: ProductId, locale: &Locale, now: DateTime<Utc>) -> Result<Product> {
    derive::spans(conn, &[id]).await?;
    let product = read::find(conn, &id.to_string(), &Audience::Staff).await?;
    let values = product.options.iter().flat_map(|option| option.values.iter().map(String::as_str));
    let groups = [&product.vendor, &product.product_type].into_iter().filter_map(|text| text.as_deref());
    let texts = Texts {
        title: &product.title,
        description_html: &product.description_html,
        groups: groups.chain(product.tags.iter().map(String::as_str)).chain(values).collect(),
        codes: product
            .variants
            .iter()
            .flat_map(|one| [Some(one.sku.as_str()), one.barcode.as_deref()])
            .flatten()
            .collect(),
    };
    search::index(conn, id, &texts, &product.translations.clone().unwrap_or_default(), locale).await?;
    changes::record(conn, Change::Product(id), now).await?;
    Ok(product)
}

/// Tells PostgreSQL's planner what the catalogue looks like now, after many products came at once; until it knows, lists
/// are read as if there were four.
pub async fn analyze(conn: &mut Connection) {
    if let Err(error) = diesel::sql_query("SELECT analyze_catalog()").execute(conn).await {
        tracing::warn!(error = %error, "The catalogue's statistics could not be made");
    }
}

/// Derives every product's anew; answers how many there are.
///
/// # Errors
/// Those of the database.
pub async fn refresh_all(conn: &mut Connection, locale: &Locale, now: DateTime<Utc>) -> Result<usize> {
    let ids: Vec<ProductId> = products::table.select(products::id).load(conn).await?;
    for id in &ids {
        let id = *id;
        crate::db::transaction(conn, |conn| {
            async move {
                let there =
                    products::table.find(id).select(products::id).for_no_key_update().first::<ProductId>(conn).await;
                if there.optional()?.is_none() {
                    return Ok(());
                }
                refresh_keys(conn, id).await?;
                refresh(conn, id, locale, now).await.map(drop)
            }
            .scope_boxed()
        })
        .await?;
    }
    Ok(ids.len())
}

/// What products are sorted and filtered by, made anew as this version makes it.
async fn refresh_keys(conn: &mut Connection, id: ProductId) -> Result<()> {
    let product = read::find(conn, &id.to_string(), &Audience::Staff).await?;
    let sort_title = search::fold(&product.title);
    diesel::update(products::table.find(id)).set(products::sort_title.eq(sort_title)).execute(conn).await?;
    for variant in &product.variants {
        variants::refresh_facets(conn, variant.id, &variant.option_values).await?;
    }
    Ok(())
}

/// Changes a product under its lock; answers what it was and what it is.
///
/// # Errors
/// `not_found`, `precondition_failed`, `duplicate`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    id: ProductId,
    patch: &ProductPatch,
    expected: &Expected,
    locale: &Locale,
    now: DateTime<Utc>,
) -> Result<(Product, Product)> {
    let row = lock(conn, id, expected).await?;
    let before = read::find(conn, &id.to_string(), &Audience::Staff).await?;
    apply(conn, row, patch).await?;
    Ok((before, changed(conn, id, locale, now).await?))
}

/// Archives a product under its lock; answers the status that it had.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub async fn archive(
    conn: &mut Connection,
    id: ProductId,
    expected: &Expected,
    locale: &Locale,
    now: DateTime<Utc>,
) -> Result<ProductStatus> {
    let row = lock(conn, id, expected).await?;
    let before = row.status;
    let patch = ProductPatch { status: Patch::Value(ProductStatus::Archived), ..ProductPatch::default() };
    apply(conn, row, &patch).await?;
    changed(conn, id, locale, now).await?;
    Ok(before)
}

/// Changes a locked product; [`changed`] is to follow.
///
/// # Errors
/// `duplicate`, `validation_failed`.
pub(crate) async fn apply(conn: &mut Connection, row: ProductRow, patch: &ProductPatch) -> Result<()> {
    let id = row.id;
    let new_slug = patch.slug.required("/slug")?.filter(|slug| slug.0 != row.slug);
    if let Some(new) = new_slug {
        slug::product_renamed(conn, id, &row.slug, &new.0).await?;
    }
    let options = patch.options.required("/options")?;
    if let Some(options) = options {
        variants::require_options(conn, id, options).await?;
    }
    set_texts(conn, row, patch).await?;
    let tags = match &patch.tags {
        Patch::Absent => None,
        Patch::Null => Some(Vec::new()),
        Patch::Value(tags) => Some(tags.clone()),
    };
    let metadata = patch.metadata.column();
    diesel::update(products::table.find(id))
        .set((
            // There is always something to set.
            products::id.eq(id),
            new_slug.map(|slug| products::slug.eq(&slug.0)),
            patch.status.required("/status")?.map(|status| products::status.eq(status)),
            patch.vendor.column().map(|vendor| products::vendor.eq(vendor)),
            patch.product_type.column().map(|kind| products::product_type.eq(kind)),
            patch.category.column().map(|category| products::category.eq(category)),
            tags.map(|tags| products::tags.eq(tags)),
            options.map(|options| products::options.eq(json!(options))),
            patch.tax_code.column().map(|code| products::tax_code.eq(code)),
            metadata.map(|data| products::metadata.eq(data.map_or_else(|| json!({}), Metadata::to_json))),
        ))
        .execute(conn)
        .await
        .on_constraint("products_slug_key", || duplicate("/slug", new_slug.map_or("", |slug| &slug.0)))?;
    match &patch.media {
        Patch::Absent => {}
        Patch::Null => media::replace(conn, id, &[]).await?,
        Patch::Value(list) => media::replace(conn, id, &list.0).await?,
    }
    match &patch.collections {
        Patch::Absent => Ok(()),
        Patch::Null => set_collections(conn, id, &[]).await,
        Patch::Value(ids) => set_collections(conn, id, ids).await,
    }
}

async fn set_texts(conn: &mut Connection, row: ProductRow, patch: &ProductPatch) -> Result<()> {
    let title = patch.title.required("/title")?;
    let html = match &patch.description_html {
        Patch::Absent => None,
        Patch::Null => Some(String::new()),
        Patch::Value(html) => Some(html::sanitize(html)),
    };
    let seo = match &patch.seo {
        Patch::Absent => None,
        Patch::Null => Some((None, None)),
        Patch::Value(seo) => Some((seo.title.as_ref(), seo.description.as_ref())),
    };
    let plain = html.as_deref().map(html::plain_text);
    diesel::update(products::table.find(row.id))
        .set((
            title.map(|title| (products::title.eq(title), products::sort_title.eq(search::fold(title)))),
            html.map(|html| products::description_html.eq(html)),
            plain.map(|plain| products::description.eq(plain)),
            seo.map(|(title, description)| (products::seo_title.eq(title), products::seo_description.eq(description))),
            products::translations.eq(json!(Translations::from_json(row.translations).patched(&patch.translations))),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts a product into exactly these collections.
async fn set_collections(conn: &mut Connection, id: ProductId, wanted: &[CollectionId]) -> Result<()> {
    diesel::delete(collection_products::table.filter(collection_products::product_id.eq(id))).execute(conn).await?;
    add_to_collections(conn, id, wanted).await
}

/// Puts a product that is in no collection into these.
async fn add_to_collections(conn: &mut Connection, id: ProductId, wanted: &[CollectionId]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known: Vec<CollectionId> =
        collections::table.filter(collections::id.eq_any(wanted)).select(collections::id).load(conn).await?;
    if let Some(index) = wanted.iter().position(|one| !known.contains(one)) {
        return Err(Error::invalid(format!("/collections/{index}"), "not_found", "is not a collection of this shop"));
    }
    let distinct: BTreeSet<CollectionId> = wanted.iter().copied().collect();
    let rows: Vec<_> = distinct
        .into_iter()
        .map(|collection| (collection_products::collection_id.eq(collection), collection_products::product_id.eq(id)))
        .collect();
    diesel::insert_into(collection_products::table).values(rows).execute(conn).await?;
    Ok(())
}

/// `duplicate` for a member that must be unique.
pub(crate) fn duplicate(pointer: &str, value: &str) -> Error {
    let detail = format!("`{value}` is taken; choose another");
    Error::problem(Code::Duplicate, format!("`{pointer}` {detail}.")).with_errors(vec![FieldError::new(
        pointer,
        "duplicate",
        detail,
    )])
}

/// Option names are given once; every variant names a known value of every option, and no two the same combination.
fn check_options(options: &[ProductOption], variants: &[NewVariant]) -> Result<()> {
    distinct_names(options)?;
    let mut seen = BTreeSet::new();
    for (index, variant) in variants.iter().enumerate() {
        let pointer = format!("/variants/{index}/option_values");
        let names: BTreeSet<&String> = options.iter().map(|option| &option.name).collect();
        if variant.option_values.keys().collect::<BTreeSet<_>>() != names {
            return Err(Error::invalid(pointer, "options", "must have one value for each option of the product"));
        }
        for option in options {
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

/// Refuses two options of one name.
pub(super) fn distinct_names(options: &[ProductOption]) -> Result<()> {
    let mut names = BTreeSet::new();
    for (index, option) in options.iter().enumerate() {
        if !names.insert(option.name.to_ascii_lowercase()) {
            return Err(Error::invalid(format!("/options/{index}/name"), "duplicate", "is the name of another option"));
        }
    }
    Ok(())
}
