//! Reading collections.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::Collection;
use crate::catalog::html;
use crate::catalog::model::ProductStatus;
use crate::catalog::slug::Slug;
use crate::catalog::translate::Translations;
use crate::db::Connection;
use crate::db::schema::collections;
use crate::error::{Error, Result};
use crate::ids::CollectionId;
use crate::locale::Locale;
use crate::metadata::Metadata;

/// Where a page starts: after this collection, newest first.
pub type After = (DateTime<Utc>, CollectionId);

/// A row of `collections`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = collections)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub(super) struct CollectionRow {
    pub(super) id: CollectionId,
    pub(super) slug: String,
    title: String,
    description_html: String,
    image_url: Option<String>,
    status: ProductStatus,
    pub(super) translations: Value,
    metadata: Value,
    pub(super) version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// One collection by id or slug: for a shopper in their language, for staff (`None`) as it is.
///
/// # Errors
/// `not_found`, also for what shoppers may not see.
pub async fn find(conn: &mut Connection, id_or_slug: &str, reader: Option<&Locale>) -> Result<Collection> {
    let missing = || Error::not_found("collection");
    let mut query = collections::table.select(CollectionRow::as_select()).into_boxed();
    query = match id_or_slug.parse::<CollectionId>() {
        Ok(id) => query.filter(collections::id.eq(id)),
        Err(_) if !Slug::is_lawful(id_or_slug) => return Err(missing()),
        Err(_) => query.filter(collections::slug.eq(id_or_slug)),
    };
    if reader.is_some() {
        query = query.filter(collections::status.eq(ProductStatus::Active));
    }
    let row = query.first(conn).await.optional()?;
    row.map(|row| shown(row, reader)).ok_or_else(missing)
}

/// One page and one more, newest first.
///
/// # Errors
/// Those of the database.
pub async fn list(
    conn: &mut Connection,
    reader: Option<&Locale>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Collection>> {
    let mut query = collections::table.select(CollectionRow::as_select()).into_boxed();
    if reader.is_some() {
        query = query.filter(collections::status.eq(ProductStatus::Active));
    }
    if let Some((at, id)) = after {
        query =
            query.filter(collections::created_at.lt(at).or(collections::created_at.eq(at).and(collections::id.lt(id))));
    }
    let rows =
        query.order((collections::created_at.desc(), collections::id.desc())).limit(limit + 1).load(conn).await?;
    Ok(rows.into_iter().map(|row| shown(row, reader)).collect())
}

pub(super) fn shown(row: CollectionRow, reader: Option<&Locale>) -> Collection {
    let translations = Translations::from_json(row.translations);
    let texts = reader.and_then(|locale| translations.of(locale));
    let description_html = texts.and_then(|texts| texts.description_html.clone()).unwrap_or(row.description_html);
    Collection {
        id: row.id,
        slug: row.slug,
        title: texts.and_then(|texts| texts.title.clone()).unwrap_or(row.title),
        description: html::plain_text(&description_html),
        description_html,
        image_url: row.image_url,
        status: row.status,
        translations: reader.is_none().then_some(translations),
        metadata: Metadata::from_json(&row.metadata),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
