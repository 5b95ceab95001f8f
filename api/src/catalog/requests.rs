//! What staff send to create and change products, and the rules it must keep.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError, ValidationErrors};

use super::model::{Dimensions, Price, ProductStatus};
use super::slug::Slug;
use super::translate::Translations;
use crate::address::Country;
use crate::ids::{CollectionId, MediaId};
use crate::metadata::Metadata;
use crate::money::{Currency, Money};

/// The largest price, in minor units.
pub const MAX_PRICE: i64 = crate::money::MAX_AMOUNT;

/// The most variants of a product.
pub const MAX_VARIANTS: usize = 250;

/// One option of a product and its values, such as size: S, M, L.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    /// The option's name, unique in the product.
    #[schema(example = "size")]
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// Its values in the order to show them, each once.
    #[schema(example = json!(["S", "M", "L"]))]
    #[validate(length(min = 1, max = 250), custom(function = distinct_values))]
    pub values: Vec<String>,
}

/// An http or https address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = "uri", max_length = 2000, example = "https://media.example.com/trail-shirt-1.jpg")]
pub struct WebUrl(pub String);

impl Validate for WebUrl {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let parsed = reqwest::Url::parse(&self.0).ok();
        let lawful = parsed
            .is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty());
        if lawful && self.0.len() <= 2000 && !self.0.contains(char::is_whitespace) {
            return Ok(());
        }
        let mut errors = ValidationErrors::new();
        let message = "must be an absolute http or https URL of at most 2000 characters";
        errors.add("__all__", ValidationError::new("url").with_message(message.into()));
        Err(errors)
    }
}

/// A picture. With the `id` of one that is there, that one is kept and changed.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewMedia {
    /// One of the product's pictures.
    #[serde(default)]
    pub id: Option<MediaId>,
    /// Where it is.
    #[validate(nested)]
    pub url: WebUrl,
    /// What it shows, for those who cannot see it.
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    pub alt: Option<String>,
    /// Width in pixels.
    #[serde(default)]
    #[validate(range(min = 1, max = 100_000))]
    pub width: Option<i32>,
    /// Height in pixels.
    #[serde(default)]
    #[validate(range(min = 1, max = 100_000))]
    pub height: Option<i32>,
    /// The SKUs of the variants it shows; empty for all.
    #[serde(default)]
    #[schema(example = json!(["TRAIL-M"]))]
    #[validate(length(max = 250))]
    pub variant_skus: Vec<String>,
}

/// A name and description for search engines.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewSeo {
    /// The page's title.
    #[serde(default)]
    #[validate(length(max = 250))]
    pub title: Option<String>,
    /// The page's description.
    #[serde(default)]
    #[validate(length(max = 1000))]
    pub description: Option<String>,
}

/// A product to be created, with its variants.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// Its name.
    #[schema(example = "Trail shirt")]
    #[validate(length(min = 1, max = 250))]
    pub title: String,
    /// Its name in addresses, unique. Made from the title when absent.
    #[serde(default)]
    #[validate(nested)]
    pub slug: Option<Slug>,
    /// The description as HTML; scripts and the like are taken out.
    #[serde(default)]
    #[schema(example = "<p>Light merino for long days out.</p>")]
    #[validate(length(max = 100_000))]
    pub description_html: String,
    /// `draft` unless given.
    #[serde(default)]
    pub status: Option<ProductStatus>,
    /// Who makes it.
    #[serde(default)]
    #[validate(length(min = 1, max = 250))]
    pub vendor: Option<String>,
    /// What kind of thing it is, in the shop's words.
    #[serde(default)]
    #[validate(length(min = 1, max = 250))]
    pub product_type: Option<String>,
    /// Its place in a public taxonomy.
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    pub category: Option<String>,
    /// Words to find and group it by, at most 250 of at most 255 characters.
    #[serde(default)]
    #[validate(custom(function = lawful_tags))]
    pub tags: Vec<String>,
    /// What its variants differ in, at most three.
    #[serde(default)]
    #[validate(length(max = 3), nested)]
    pub options: Vec<ProductOption>,
    /// At least one.
    #[validate(length(min = 1, max = 250), nested)]
    pub variants: Vec<NewVariant>,
    /// Pictures, in the order to show them.
    #[serde(default)]
    #[validate(length(max = 250), nested)]
    pub media: Vec<NewMedia>,
    /// The collections it is in.
    #[serde(default)]
    #[validate(length(max = 250))]
    pub collections: Vec<CollectionId>,
    /// What kind of good it is for tax, in Stripe Tax's codes.
    #[serde(default)]
    #[validate(custom(function = lawful_tax_code))]
    pub tax_code: Option<String>,
    /// For search engines.
    #[serde(default)]
    #[validate(nested)]
    pub seo: NewSeo,
    /// The texts in other languages.
    #[serde(default)]
    #[validate(nested)]
    pub translations: Translations,
    /// The shop's own data.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Metadata,
}

/// A variant to be created.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewVariant {
    /// Stock keeping unit, unique.
    #[schema(example = "TRAIL-M")]
    #[validate(length(min = 1, max = 100), custom(function = one_line))]
    pub sku: String,
    /// GTIN, EAN, UPC or ISBN.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    pub barcode: Option<String>,
    /// What sets it apart; made from the option values when absent.
    #[serde(default)]
    #[validate(length(min = 1, max = 250))]
    pub title: Option<String>,
    /// A value for each option of the product.
    #[serde(default)]
    #[schema(example = json!({"size": "M"}))]
    pub option_values: BTreeMap<String, String>,
    /// One price per currency.
    #[validate(length(min = 1, max = 50), custom(function = lawful_prices))]
    pub prices: Vec<Price>,
    /// Units in stock at the start.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub on_hand: i64,
    /// Weight in grams.
    #[serde(default)]
    #[validate(range(min = 0, max = 10_000_000))]
    pub weight_grams: Option<i64>,
    /// The size of its parcel.
    #[serde(default)]
    #[validate(nested)]
    pub dimensions_mm: Option<Dimensions>,
    /// Harmonised System code: 6 to 13 digits, dots allowed.
    #[serde(default)]
    #[validate(custom(function = lawful_hs_code))]
    pub hs_code: Option<String>,
    /// Where it was made.
    #[serde(default)]
    #[validate(nested)]
    pub origin_country: Option<Country>,
    /// Whether it is sent by post (`true`).
    #[serde(default = "yes")]
    pub requires_shipping: bool,
    /// Whether tax is due on it (`true`).
    #[serde(default = "yes")]
    pub taxable: bool,
    /// Whether stock limits sales (`true`).
    #[serde(default = "yes")]
    pub track_inventory: bool,
    /// Whether it is sold when none is left (`false`).
    #[serde(default)]
    pub allow_backorder: bool,
    /// At or under this many it counts as low; 0 is never. The default of the inventory settings when absent.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub low_stock_threshold: Option<i64>,
    /// How many one order may hold.
    #[serde(default)]
    #[validate(range(min = 1, max = 9999))]
    pub max_per_order: Option<i64>,
    /// What one costs the shop.
    #[serde(default)]
    #[validate(custom(function = lawful_cost))]
    pub unit_cost: Option<Money>,
    /// The shop's own data.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Metadata,
}

fn yes() -> bool {
    true
}

fn rule(code: &'static str, message: &'static str) -> Result<(), ValidationError> {
    Err(ValidationError::new(code).with_message(message.into()))
}

fn one_line(text: &str) -> Result<(), ValidationError> {
    if text.chars().any(char::is_control) || text.trim() != text {
        return rule("format", "must be one line without spaces around it");
    }
    Ok(())
}

fn distinct_values(values: &[String]) -> Result<(), ValidationError> {
    let distinct: BTreeSet<String> = values.iter().map(|value| value.to_ascii_lowercase()).collect();
    if distinct.len() < values.len() || values.iter().any(|value| value.trim().is_empty() || value.len() > 250) {
        return rule("values", "must each be given once, with 1 to 250 characters");
    }
    Ok(())
}

pub(super) fn lawful_tags(tags: &[String]) -> Result<(), ValidationError> {
    let lawful = |tag: &String| !tag.trim().is_empty() && tag.chars().count() <= 255 && !tag.contains(',');
    if tags.len() > 250 || !tags.iter().all(lawful) {
        return rule("tags", "must be at most 250 tags of 1 to 255 characters without commas");
    }
    Ok(())
}

pub(super) fn lawful_tax_code(code: &str) -> Result<(), ValidationError> {
    let digits = code.strip_prefix("txcd_").unwrap_or_default();
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return rule("tax_code", "must be a Stripe Tax code such as `txcd_99999999`");
    }
    Ok(())
}

pub(super) fn lawful_hs_code(code: &str) -> Result<(), ValidationError> {
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    if !(6..=13).contains(&digits) || !code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return rule("hs_code", "must have 6 to 13 digits; dots are allowed");
    }
    Ok(())
}

/// Whether an amount can be a cost.
///
/// # Errors
/// The rule it breaks.
pub fn lawful_cost(cost: &Money) -> Result<(), ValidationError> {
    if !(0..=MAX_PRICE).contains(&cost.amount) {
        return rule("range", "must be between 0 and 99999999 minor units");
    }
    Ok(())
}

/// Whether prices can be a variant's.
///
/// # Errors
/// The rule they break.
pub fn lawful_prices(prices: &[Price]) -> Result<(), ValidationError> {
    let currencies: BTreeSet<Currency> = prices.iter().map(|price| price.currency).collect();
    if currencies.len() < prices.len() {
        return rule("duplicate", "may have one price per currency");
    }
    let in_range = |amount: i64| (0..=MAX_PRICE).contains(&amount);
    if prices
        .iter()
        .any(|price| !in_range(price.amount) || price.compare_at_amount.is_some_and(|amount| !in_range(amount)))
    {
        return rule("range", "must have amounts between 0 and 99999999 minor units");
    }
    Ok(())
}
