//! Names in addresses: unique among what there is, and remembered when they change, so that old links lead on.

use deunicode::deunicode;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors};

use crate::db::Connection;
use crate::db::schema::{collection_slugs, collections, product_slugs, products};
use crate::error::Result;
use crate::ids::{CollectionId, ProductId};

/// The longest slug, in characters.
const LONGEST: usize = 200;

/// A name in addresses: lower-case letters, digits and inner hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[a-z0-9]+(-+[a-z0-9]+)*$", max_length = 200, example = "trail-shirt")]
pub struct Slug(pub String);

impl Slug {
    /// Whether a text can be a slug.
    #[must_use]
    pub fn is_lawful(text: &str) -> bool {
        (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    }

    /// A slug from a name, or `None` when nothing readable is left.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for letter in deunicode(name).chars() {
            if letter.is_ascii_alphanumeric() {
                slug.push(letter.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(LONGEST - 20);
        let slug = slug.trim_end_matches('-');
        (!slug.is_empty()).then(|| Self(slug.to_owned()))
    }
}

impl Validate for Slug {
    fn validate(&self) -> Result<(), ValidationErrors> {
        if Self::is_lawful(&self.0) {
            return Ok(());
        }
        let mut errors = ValidationErrors::new();
        let message = "must be lower-case letters, digits and inner hyphens, at most 200";
        errors.add("__all__", ValidationError::new("slug").with_message(message.into()));
        Err(errors)
    }
}

/// Remembers a product's old slug; the new one stops leading anywhere else.
///
/// # Errors
/// Those of the database.
pub async fn product_renamed(conn: &mut Connection, id: ProductId, old: &str, new: &str) -> Result<()> {
    diesel::delete(product_slugs::table.find(new)).execute(conn).await?;
    diesel::insert_into(product_slugs::table)
        .values((product_slugs::slug.eq(old), product_slugs::product_id.eq(id)))
        .on_conflict(product_slugs::slug)
        .do_update()
        .set(product_slugs::product_id.eq(id))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets a new product have a slug that another once had.
///
/// # Errors
/// Those of the database.
pub async fn forget_product(conn: &mut Connection, slug: &str) -> Result<()> {
    diesel::delete(product_slugs::table.find(slug)).execute(conn).await?;
    Ok(())
}

/// The present slug of the product that once had this one.
///
/// # Errors
/// Those of the database.
pub async fn product_now(conn: &mut Connection, old: &str) -> Result<Option<String>> {
    let found = product_slugs::table.inner_join(products::table.on(products::id.eq(product_slugs::product_id)));
    Ok(found.filter(product_slugs::slug.eq(old)).select(products::slug).first(conn).await.optional()?)
}

/// Remembers a collection's old slug; the new one stops leading anywhere else.
///
/// # Errors
/// Those of the database.
pub async fn collection_renamed(conn: &mut Connection, id: CollectionId, old: &str, new: &str) -> Result<()> {
    diesel::delete(collection_slugs::table.find(new)).execute(conn).await?;
    diesel::insert_into(collection_slugs::table)
        .values((collection_slugs::slug.eq(old), collection_slugs::collection_id.eq(id)))
        .on_conflict(collection_slugs::slug)
        .do_update()
        .set(collection_slugs::collection_id.eq(id))
        .execute(conn)
        .await?;
    Ok(())
}

/// The present slug of the collection that once had this one.
///
/// # Errors
/// Those of the database.
pub async fn collection_now(conn: &mut Connection, old: &str) -> Result<Option<String>> {
    let found =
        collection_slugs::table.inner_join(collections::table.on(collections::id.eq(collection_slugs::collection_id)));
    Ok(found.filter(collection_slugs::slug.eq(old)).select(collections::slug).first(conn).await.optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_readable_slugs() {
        let slug = |name: &str| Slug::of(name).map(|slug| slug.0);
        assert_eq!(slug("  Größe & Café — №5!"), Some("grosse-cafe-no5".to_owned()));
        assert_eq!(slug("!!!"), None);
    }

    proptest! {
        #[test]
        fn every_slug_made_is_lawful(name in ".{0,400}") {
            if let Some(slug) = Slug::of(&name) {
                prop_assert!(Slug::is_lawful(&slug.0), "{slug:?}");
            }
        }
    }
}
