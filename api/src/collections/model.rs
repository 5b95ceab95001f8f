//! The shapes of collections.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::catalog::model::ProductStatus;
use crate::catalog::requests::WebUrl;
use crate::catalog::slug::Slug;
use crate::catalog::translate::{Translations, TranslationsPatch};
use crate::http::pagination::Page;
use crate::http::patch::Patch;
use crate::ids::CollectionId;
use crate::metadata::Metadata;

/// A collection of products.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Collection {
    /// The collection's id.
    pub id: CollectionId,
    /// Its name in addresses, unique.
    #[schema(example = "camping")]
    pub slug: String,
    /// Its name.
    #[schema(example = "Camping")]
    pub title: String,
    /// The description as plain text.
    pub description: String,
    /// The description as HTML that is safe to show.
    pub description_html: String,
    /// A picture.
    pub image_url: Option<String>,
    /// Whether shoppers see it.
    pub status: ProductStatus,
    /// The texts in other languages; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub translations: Option<Translations>,
    /// The shop's own data.
    pub metadata: Metadata,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Collections, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CollectionList {
    /// The collections.
    pub data: Vec<Collection>,
    /// Where the list goes on.
    pub page: Page,
}

/// A collection to be created.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    /// Its name.
    #[schema(example = "Camping")]
    #[validate(length(min = 1, max = 250))]
    pub title: String,
    /// Its name in addresses, unique. Made from the title when absent.
    #[serde(default)]
    #[validate(nested)]
    pub slug: Option<Slug>,
    /// The description as HTML; scripts and the like are taken out.
    #[serde(default)]
    #[validate(length(max = 100_000))]
    pub description_html: String,
    /// A picture.
    #[serde(default)]
    #[validate(nested)]
    pub image_url: Option<WebUrl>,
    /// `active` unless given.
    #[serde(default)]
    pub status: Option<ProductStatus>,
    /// The texts in other languages.
    #[serde(default)]
    #[validate(nested)]
    pub translations: Translations,
    /// The shop's own data.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Metadata,
}

impl NewCollection {
    /// A collection with nothing but its names.
    #[must_use]
    pub fn named(title: &str, slug: Slug) -> Self {
        Self {
            title: title.to_owned(),
            slug: Some(slug),
            description_html: String::new(),
            image_url: None,
            status: None,
            translations: Translations::default(),
            metadata: Metadata::default(),
        }
    }
}

/// A change of a collection; what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CollectionPatch {
    /// Its name.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    #[validate(length(min = 1, max = 250))]
    pub title: Patch<String>,
    /// Its name in addresses; the old one goes on leading here.
    #[serde(default)]
    #[schema(value_type = Option<Slug>, nullable = false)]
    #[validate(nested)]
    pub slug: Patch<Slug>,
    /// The description as HTML.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(max = 100_000))]
    pub description_html: Patch<String>,
    /// A picture.
    #[serde(default)]
    #[schema(value_type = Option<WebUrl>)]
    #[validate(nested)]
    pub image_url: Patch<WebUrl>,
    /// Whether shoppers see it.
    #[serde(default)]
    #[schema(value_type = Option<ProductStatus>, nullable = false)]
    pub status: Patch<ProductStatus>,
    /// The texts in other languages: a language's texts are replaced, or removed by `null`.
    #[serde(default)]
    #[schema(value_type = Option<TranslationsPatch>)]
    #[validate(nested)]
    pub translations: Patch<TranslationsPatch>,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[schema(value_type = Option<Metadata>)]
    #[validate(nested)]
    pub metadata: Patch<Metadata>,
}
