//! A product's pictures, replaced as a list.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::requests::NewMedia;
use crate::db::Connection;
use crate::db::schema::{product_media, variants};
use crate::error::{Error, Result};
use crate::ids::{MediaId, ProductId, VariantId};

/// Gives a product exactly these pictures; those named by `id` keep it.
///
/// # Errors
/// `validation_failed` for an id or SKU that is not the product's, or one given twice.
pub(super) async fn replace(conn: &mut Connection, product: ProductId, list: &[NewMedia]) -> Result<()> {
    let present: Vec<MediaId> =
        product_media::table.filter(product_media::product_id.eq(product)).select(product_media::id).load(conn).await?;
    if present.is_empty() && list.is_empty() {
        return Ok(());
    }
    let skus: Vec<(String, VariantId)> = variants::table
        .filter(variants::product_id.eq(product))
        .select((variants::sku, variants::id))
        .load(conn)
        .await?;
    diesel::delete(product_media::table.filter(product_media::product_id.eq(product))).execute(conn).await?;
    insert(conn, product, list, &present, &skus).await
}

/// Gives a product without pictures these, of its variants `skus`; they may keep the ids of those that it had, `before`.
///
/// # Errors
/// `validation_failed` for an id or SKU that is not the product's, or an id given twice.
pub(super) async fn insert(
    conn: &mut Connection,
    product: ProductId,
    list: &[NewMedia],
    before: &[MediaId],
    skus: &[(String, VariantId)],
) -> Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    let by_sku: BTreeMap<&str, VariantId> = skus.iter().map(|(sku, id)| (sku.as_str(), *id)).collect();
    let mut ids = Vec::new();
    let mut rows = Vec::new();
    for (index, media) in list.iter().enumerate() {
        let id = media.id.unwrap_or_else(MediaId::new);
        if media.id.is_some_and(|id| !before.contains(&id) || ids.contains(&id)) {
            return Err(Error::invalid(
                format!("/media/{index}/id"),
                "not_found",
                "is not another picture of this product",
            ));
        }
        ids.push(id);
        let shown = media.variant_skus.iter().enumerate().map(|(place, sku)| {
            by_sku.get(sku.as_str()).copied().ok_or_else(|| {
                let at = format!("/media/{index}/variant_skus/{place}");
                Error::invalid(at, "not_found", "is not the SKU of a variant of this product")
            })
        });
        rows.push((
            product_media::id.eq(id),
            product_media::product_id.eq(product),
            product_media::position.eq(i32::try_from(index + 1).unwrap_or(i32::MAX)),
            product_media::url.eq(&media.url.0),
            product_media::alt.eq(&media.alt),
            product_media::width.eq(media.width),
            product_media::height.eq(media.height),
            product_media::variant_ids.eq(shown.collect::<Result<Vec<VariantId>>>()?),
        ));
    }
    diesel::insert_into(product_media::table).values(rows).execute(conn).await?;
    Ok(())
}
