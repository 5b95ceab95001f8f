//! Creating and changing collections, for staff.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::model::{Collection, CollectionPatch, NewCollection};
use super::read::{self, CollectionRow};
use crate::catalog::changes::{self, Change};
use crate::catalog::html;
use crate::catalog::model::ProductStatus;
use crate::catalog::slug::{self, Slug};
use crate::catalog::translate::Translations;
use crate::db::schema::{collection_products, collection_slugs, collections, products};
use crate::db::{Connection, OnConstraint};
use crate::error::{Error, Result};
use crate::http::etag::Expected;
use crate::http::patch::Patch;
use crate::ids::{CollectionId, ProductId};

/// Creates a collection.
///
/// # Errors
/// `duplicate` for a taken slug.
pub async fn create(conn: &mut Connection, new: &NewCollection, now: DateTime<Utc>) -> Result<CollectionId> {
    let id = CollectionId::new();
    let from_title = || Slug::of(&new.title).map_or_else(|| id.to_string().replace('_', "-"), |slug| slug.0);
    let slug = new.slug.as_ref().map_or_else(from_title, |slug| slug.0.clone());
    diesel::delete(collection_slugs::table.find(&slug)).execute(conn).await?;
    let safe_html = html::sanitize(&new.description_html);
    diesel::insert_into(collections::table)
        .values((
            collections::id.eq(id),
            collections::slug.eq(&slug),
            collections::title.eq(&new.title),
            collections::description.eq(html::plain_text(&safe_html)),
            collections::description_html.eq(&safe_html),
            collections::image_url.eq(new.image_url.as_ref().map(|url| &url.0)),
            collections::status.eq(new.status.unwrap_or(ProductStatus::Active)),
            collections::translations.eq(json!(new.translations.clone().sanitized())),
            collections::metadata.eq(new.metadata.to_json()),
            collections::version.eq(1),
            collections::created_at.eq(now),
            collections::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("collections_slug_key", || crate::catalog::write::duplicate("/slug", &slug))?;
    changes::record(conn, Change::Everything, now).await?;
    Ok(id)
}

async fn lock(conn: &mut Connection, id: CollectionId, expected: &Expected) -> Result<CollectionRow> {
    let row = collections::table
        .find(id)
        .select(CollectionRow::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let row: CollectionRow = row.ok_or_else(|| Error::not_found("collection"))?;
    expected.check(row.version)?;
    Ok(row)
}

/// Changes a collection under its lock; answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`, `duplicate`, `validation_failed`.
pub async fn update(
    conn: &mut Connection,
    id: CollectionId,
    patch: &CollectionPatch,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Collection> {
    let row = lock(conn, id, expected).await?;
    let before = read::shown(row.clone(), None);
    let new_slug = patch.slug.required("/slug")?.filter(|slug| slug.0 != row.slug);
    if let Some(new) = new_slug {
        slug::collection_renamed(conn, id, &row.slug, &new.0).await?;
    }
    let html = match &patch.description_html {
        Patch::Absent => None,
        Patch::Null => Some(String::new()),
        Patch::Value(html) => Some(html::sanitize(html)),
    };
    diesel::update(collections::table.find(id))
        .set((
            patch.title.required("/title")?.map(|title| collections::title.eq(title)),
            new_slug.map(|slug| collections::slug.eq(&slug.0)),
            html.as_ref().map(|html| {
                (collections::description_html.eq(html), collections::description.eq(html::plain_text(html)))
            }),
            patch.image_url.column().map(|url| collections::image_url.eq(url.map(|url| &url.0))),
            patch.status.required("/status")?.map(|status| collections::status.eq(status)),
            collections::translations.eq(json!(Translations::from_json(row.translations).patched(&patch.translations))),
            patch
                .metadata
                .column()
                .map(|data| collections::metadata.eq(data.map_or_else(|| json!({}), |data| data.to_json()))),
            collections::version.eq(collections::version + 1),
            collections::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("collections_slug_key", || {
            crate::catalog::write::duplicate("/slug", new_slug.map_or("", |slug| &slug.0))
        })?;
    changes::record(conn, Change::Everything, now).await?;
    Ok(before)
}

/// Deletes a collection; its products stay. Answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`.
pub async fn delete(
    conn: &mut Connection,
    id: CollectionId,
    expected: &Expected,
    now: DateTime<Utc>,
) -> Result<Collection> {
    let row = lock(conn, id, expected).await?;
    diesel::delete(collections::table.find(id)).execute(conn).await?;
    changes::record(conn, Change::Everything, now).await?;
    Ok(read::shown(row, None))
}

/// Puts a product into a collection, or takes it out; again is no change. Answers whether it was one.
///
/// # Errors
/// `not_found` for either.
pub async fn set_member(
    conn: &mut Connection,
    id: CollectionId,
    product: ProductId,
    member: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let is_there: i64 = collections::table.find(id).count().get_result(conn).await?;
    if is_there == 0 {
        return Err(Error::not_found("collection"));
    }
    let is_product: i64 = products::table.find(product).count().get_result(conn).await?;
    if is_product == 0 {
        return Err(Error::not_found("product"));
    }
    let changed = if member {
        diesel::insert_into(collection_products::table)
            .values((collection_products::collection_id.eq(id), collection_products::product_id.eq(product)))
            .on_conflict_do_nothing()
            .execute(conn)
            .await?
    } else {
        diesel::delete(collection_products::table.find((id, product))).execute(conn).await?
    };
    if changed > 0 {
        changes::record(conn, Change::Product(product), now).await?;
    }
    Ok(changed > 0)
}
