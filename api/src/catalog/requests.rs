//! What staff send to create and change products, and the rules it must keep.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::model::{Price, ProductOption, ProductStatus};
use crate::http::patch::Patch;
use crate::ids::ProductId;
use crate::metadata::Metadata;
use crate::money::Currency;

/// The largest price, in minor units.
const MAX_PRICE: i64 = crate::money::MAX_AMOUNT;

/// A product to be created, with its variants.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    /// Its name.
    #[schema(example = "Trail shirt")]
    #[validate(length(min = 1, max = 250))]
    pub title: String,
    /// Its name in addresses: lower-case letters, digits and hyphens, unique. Made from the title when absent.
    #[serde(default)]
    #[schema(example = "trail-shirt")]
    #[validate(custom(function = lawful_slug))]
    pub slug: Option<String>,
    /// Plain text.
    #[serde(default)]
    #[validate(length(max = 20000))]
    pub description: String,
    /// `draft` unless given.
    #[serde(default)]
    pub status: Option<ProductStatus>,
    /// What its variants differ in, at most three.
    #[serde(default)]
    #[validate(length(max = 3), nested)]
    pub options: Vec<ProductOption>,
    /// At least one.
    #[validate(length(min = 1, max = 250), nested)]
    pub variants: Vec<NewVariant>,
    /// The shop's own data.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Metadata,
}

/// A variant to be created.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewVariant {
    /// Stock keeping unit, unique.
    #[schema(example = "TRAIL-M")]
    #[validate(length(min = 1, max = 100))]
    pub sku: String,
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
    /// Whether it is sent by post (`true`).
    #[serde(default = "yes")]
    pub requires_shipping: bool,
    /// Whether stock limits sales (`true`).
    #[serde(default = "yes")]
    pub track_inventory: bool,
    /// Whether it is sold when none is left (`false`).
    #[serde(default)]
    pub allow_backorder: bool,
    /// At or under this many available it counts as low (0).
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub low_stock_threshold: i64,
}

/// A change of a product; what is absent stays.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProductPatch {
    /// Its name.
    #[serde(default)]
    #[validate(length(min = 1, max = 250))]
    pub title: Option<String>,
    /// Its name in addresses.
    #[serde(default)]
    #[validate(custom(function = lawful_slug))]
    pub slug: Option<String>,
    /// Plain text.
    #[serde(default)]
    #[validate(length(max = 20000))]
    pub description: Option<String>,
    /// Whether shoppers see it.
    #[serde(default)]
    pub status: Option<ProductStatus>,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Option<Metadata>,
}

/// A change of a variant; what is absent stays.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct VariantPatch {
    /// What sets it apart.
    #[serde(default)]
    #[validate(length(min = 1, max = 250))]
    pub title: Option<String>,
    /// All prices, replaced as a whole.
    #[serde(default)]
    #[validate(length(min = 1, max = 50), custom(function = lawful_prices))]
    pub prices: Option<Vec<Price>>,
    /// Weight in grams; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    pub weight_grams: Patch<i64>,
    /// Whether it is sent by post.
    #[serde(default)]
    pub requires_shipping: Option<bool>,
    /// At or under this many available it counts as low.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub low_stock_threshold: Option<i64>,
}

fn yes() -> bool {
    true
}

fn lawful_slug(slug: &str) -> Result<(), validator::ValidationError> {
    let lawful = (1..=200).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    if lawful && slug.parse::<ProductId>().is_err() {
        return Ok(());
    }
    Err(validator::ValidationError::new("slug")
        .with_message("must be lower-case letters, digits and inner hyphens".into()))
}

fn lawful_prices(prices: &[Price]) -> Result<(), validator::ValidationError> {
    let error = |message: &'static str| Err(validator::ValidationError::new("prices").with_message(message.into()));
    let currencies: BTreeSet<Currency> = prices.iter().map(|price| price.currency).collect();
    if currencies.len() < prices.len() {
        return error("may have one price per currency");
    }
    let in_range = |amount: i64| (0..=MAX_PRICE).contains(&amount);
    if prices
        .iter()
        .any(|price| !in_range(price.amount) || price.compare_at_amount.is_some_and(|amount| !in_range(amount)))
    {
        return error("must have amounts between 0 and 99999999 minor units");
    }
    Ok(())
}
