//! The shapes of the catalogue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::db::text_enum;
use crate::ids::{ProductId, VariantId};
use crate::metadata::Metadata;
use crate::money::Money;

text_enum! {
    /// Whether shoppers see a product.
    ProductStatus {
        /// Being prepared: staff only.
        Draft => "draft",
        /// On sale.
        Active => "active",
        /// No longer sold: staff only.
        Archived => "archived",
    }
}

text_enum! {
    /// Whether a variant can be bought now.
    Availability {
        /// Enough.
        InStock => "in_stock",
        /// At or under the variant's threshold.
        LowStock => "low_stock",
        /// None left.
        OutOfStock => "out_of_stock",
        /// None left, but it is sold all the same and sent when it arrives.
        Backorder => "backorder",
    }
}

/// One option of a product and its values, such as size: S, M, L.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, validator::Validate)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    /// The option's name, unique in the product.
    #[schema(example = "size")]
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// Its values in the order to show them.
    #[schema(example = json!(["S", "M", "L"]))]
    #[validate(length(min = 1, max = 250))]
    pub values: Vec<String>,
}

/// A product with what of it can be bought.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Product {
    /// The product's id.
    pub id: ProductId,
    /// Its name in addresses, unique.
    #[schema(example = "trail-shirt")]
    pub slug: String,
    /// Its name.
    #[schema(example = "Trail shirt")]
    pub title: String,
    /// Plain text.
    pub description: String,
    /// Whether shoppers see it.
    pub status: ProductStatus,
    /// What its variants differ in.
    pub options: Vec<ProductOption>,
    /// What is bought, in order. Shoppers get those with a price in the asked currency.
    pub variants: Vec<Variant>,
    /// The shop's own data.
    pub metadata: Metadata,
    /// Raised by each change; also the `ETag`.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What is bought: one combination of a product's options.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Variant {
    /// The variant's id.
    pub id: VariantId,
    /// The product's id.
    pub product_id: ProductId,
    /// Stock keeping unit, unique.
    #[schema(example = "TRAIL-M")]
    pub sku: String,
    /// What sets it apart.
    #[schema(example = "M")]
    pub title: String,
    /// Its value of each option.
    #[schema(example = json!({"size": "M"}))]
    pub option_values: BTreeMap<String, String>,
    /// The price in the asked currency; `null` for staff when there is none.
    pub price: Option<Money>,
    /// The former price, to be shown struck through.
    pub compare_at_price: Option<Money>,
    /// Whether it can be bought now.
    pub availability: Availability,
    /// Weight in grams.
    pub weight_grams: Option<i64>,
    /// Whether it is sent by post; `false` for digital goods.
    pub requires_shipping: bool,
    /// Stock and all prices; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub inventory: Option<Inventory>,
    /// Every price; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub prices: Option<Vec<Price>>,
}

/// A variant's stock, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Inventory {
    /// What is there.
    pub on_hand: i64,
    /// What of it is held for checkouts.
    pub reserved: i64,
    /// What can still be sold: on hand less reserved.
    pub available: i64,
    /// What is reserved but not there, since staff found it missing.
    pub shortage: i64,
    /// Whether stock limits sales.
    pub track_inventory: bool,
    /// Whether it is sold when none is left.
    pub allow_backorder: bool,
    /// At or under this many available it counts as low.
    pub low_stock_threshold: i64,
}

impl Inventory {
    /// What shoppers are told.
    #[must_use]
    pub fn availability(&self) -> Availability {
        if !self.track_inventory || self.available > self.low_stock_threshold {
            Availability::InStock
        } else if self.available > 0 {
            Availability::LowStock
        } else if self.allow_backorder {
            Availability::Backorder
        } else {
            Availability::OutOfStock
        }
    }
}

/// A price in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Minor units.
    #[schema(example = 1999, minimum = 0)]
    pub amount: i64,
    /// ISO 4217 code in capitals.
    pub currency: crate::money::Currency,
    /// The former price, in minor units of the same currency.
    #[serde(default)]
    pub compare_at_amount: Option<i64>,
}
