//! What staff send to change products and variants: merge patches (RFC 7396), and the rules they must keep.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::model::{Dimensions, Price, ProductStatus};
use super::requests::{NewMedia, NewSeo, ProductOption, lawful_hs_code, lawful_tags, lawful_tax_code};
use super::slug::Slug;
use super::translate::TranslationsPatch;
use crate::address::Country;
use crate::http::patch::Patch;
use crate::ids::CollectionId;
use crate::metadata::Metadata;
use crate::money::Money;

/// A change of a product; what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
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
    /// Whether shoppers see it.
    #[serde(default)]
    #[schema(value_type = Option<ProductStatus>, nullable = false)]
    pub status: Patch<ProductStatus>,
    /// Who makes it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 250))]
    pub vendor: Patch<String>,
    /// What kind of thing it is.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 250))]
    pub product_type: Patch<String>,
    /// Its place in a public taxonomy.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 500))]
    pub category: Patch<String>,
    /// All tags.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    #[validate(custom(function = lawful_tags_patch))]
    pub tags: Patch<Vec<String>>,
    /// All options, with every value that a variant has. The names stay; order and further values may change.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ProductOption>>, nullable = false)]
    pub options: Patch<Vec<ProductOption>>,
    /// All pictures, in the order to show them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<NewMedia>>)]
    #[validate(nested)]
    pub media: Patch<MediaList>,
    /// All collections it is in.
    #[serde(default)]
    #[schema(value_type = Option<Vec<CollectionId>>)]
    pub collections: Patch<Vec<CollectionId>>,
    /// What kind of good it is for tax.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(custom(function = lawful_tax_code_patch))]
    pub tax_code: Patch<String>,
    /// For search engines, as a whole.
    #[serde(default)]
    #[schema(value_type = Option<NewSeo>)]
    #[validate(nested)]
    pub seo: Patch<NewSeo>,
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

/// A change of a variant; what is absent stays, `null` clears.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct VariantPatch {
    /// Stock keeping unit.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    #[validate(length(min = 1, max = 100))]
    pub sku: Patch<String>,
    /// GTIN, EAN, UPC or ISBN.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 100))]
    pub barcode: Patch<String>,
    /// What sets it apart; `null` makes it from the option values again.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(length(min = 1, max = 250))]
    pub title: Patch<String>,
    /// Another value for each option.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    pub option_values: Patch<BTreeMap<String, String>>,
    /// All prices, one per currency.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Price>>, nullable = false)]
    pub prices: Patch<Vec<Price>>,
    /// Weight in grams.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    #[validate(range(min = 0, max = 10_000_000))]
    pub weight_grams: Patch<i64>,
    /// The size of its parcel.
    #[serde(default)]
    #[schema(value_type = Option<Dimensions>)]
    #[validate(nested)]
    pub dimensions_mm: Patch<Dimensions>,
    /// Harmonised System code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[validate(custom(function = lawful_hs_code_patch))]
    pub hs_code: Patch<String>,
    /// Where it was made.
    #[serde(default)]
    #[schema(value_type = Option<Country>)]
    #[validate(nested)]
    pub origin_country: Patch<Country>,
    /// Whether it is sent by post.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub requires_shipping: Patch<bool>,
    /// Whether tax is due on it.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub taxable: Patch<bool>,
    /// Whether stock limits sales.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub track_inventory: Patch<bool>,
    /// Whether it is sold when none is left.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub allow_backorder: Patch<bool>,
    /// At or under this many it counts as low: shoppers see `low_stock`, staff are alerted. `0` is never,
    /// `null` the default of the inventory settings.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub low_stock_threshold: Patch<i64>,
    /// How many one order may hold.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    #[validate(range(min = 1, max = 9999))]
    pub max_per_order: Patch<i64>,
    /// What one costs the shop.
    #[serde(default)]
    #[schema(value_type = Option<Money>)]
    pub unit_cost: Patch<Money>,
    /// Off sale, or on sale again.
    #[serde(default)]
    #[schema(value_type = Option<bool>, nullable = false)]
    pub archived: Patch<bool>,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[schema(value_type = Option<Metadata>)]
    #[validate(nested)]
    pub metadata: Patch<Metadata>,
}

impl ProductPatch {
    /// Whether any member is given.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let parts = [
            self.title.is_given(),
            self.slug.is_given(),
            self.description_html.is_given(),
            self.status.is_given(),
            self.vendor.is_given(),
            self.product_type.is_given(),
            self.category.is_given(),
            self.tags.is_given(),
            self.options.is_given(),
            self.media.is_given(),
            self.collections.is_given(),
            self.tax_code.is_given(),
            self.seo.is_given(),
            self.translations.is_given(),
            self.metadata.is_given(),
        ];
        parts.contains(&true)
    }
}

impl VariantPatch {
    /// Whether any member is given.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let parts = [
            self.sku.is_given(),
            self.barcode.is_given(),
            self.title.is_given(),
            self.option_values.is_given(),
            self.prices.is_given(),
            self.weight_grams.is_given(),
            self.dimensions_mm.is_given(),
            self.hs_code.is_given(),
            self.origin_country.is_given(),
            self.requires_shipping.is_given(),
            self.taxable.is_given(),
            self.track_inventory.is_given(),
            self.allow_backorder.is_given(),
            self.low_stock_threshold.is_given(),
            self.max_per_order.is_given(),
            self.unit_cost.is_given(),
            self.archived.is_given(),
            self.metadata.is_given(),
        ];
        parts.contains(&true)
    }
}

/// Pictures of a patch.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct MediaList(pub Vec<NewMedia>);

impl Validate for MediaList {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if self.0.len() > 250 {
            errors.add("__all__", ValidationError::new("length").with_message("must be at most 250 items".into()));
        }
        let wrong =
            self.0.iter().enumerate().filter_map(|(index, media)| Some((index, Box::new(media.validate().err()?))));
        let wrong: BTreeMap<usize, Box<ValidationErrors>> = wrong.collect();
        if !wrong.is_empty() {
            errors.errors_mut().insert("__all__".into(), ValidationErrorsKind::List(wrong));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn lawful_tags_patch(tags: &Patch<Vec<String>>) -> Result<(), ValidationError> {
    tags.value().map_or(Ok(()), |tags| lawful_tags(tags))
}

fn lawful_tax_code_patch(code: &Patch<String>) -> Result<(), ValidationError> {
    code.value().map_or(Ok(()), |code| lawful_tax_code(code))
}

fn lawful_hs_code_patch(code: &Patch<String>) -> Result<(), ValidationError> {
    code.value().map_or(Ok(()), |code| lawful_hs_code(code))
}
