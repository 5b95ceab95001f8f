//! The shapes of the catalogue.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::translate::Translations;
use crate::db::text_enum;
use crate::ids::{CollectionId, MediaId, ProductId, VariantId};
use crate::metadata::Metadata;
use crate::money::{Currency, Money};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ShownOption {
    /// The option's name, unique in the product; what filters and `option_values` use.
    #[schema(example = "size")]
    pub name: String,
    /// The name in the reader's language.
    #[schema(example = "Größe")]
    pub label: String,
    /// Its values in the order to show them.
    #[schema(example = json!(["S", "M", "L"]))]
    pub values: Vec<String>,
    /// The values in the reader's language, in the same order.
    #[schema(example = json!(["klein", "mittel", "groß"]))]
    pub value_labels: Vec<String>,
}

/// A name and description for search engines; the product's own where `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Seo {
    /// The page's title.
    pub title: Option<String>,
    /// The page's description.
    pub description: Option<String>,
}

/// A collection as products name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CollectionRef {
    /// The collection's id.
    pub id: CollectionId,
    /// Its name in addresses.
    #[schema(example = "camping")]
    pub slug: String,
    /// Its name.
    #[schema(example = "Camping")]
    pub title: String,
}

/// A product with what of it can be bought.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Product {
    /// The product's id.
    pub id: ProductId,
    /// Its name in addresses, unique.
    #[schema(example = "trail-shirt")]
    pub slug: String,
    /// Its name.
    #[schema(example = "Trail shirt")]
    pub title: String,
    /// The description as plain text.
    pub description: String,
    /// The description as HTML that is safe to show.
    #[schema(example = "<p>Light merino for long days out.</p>")]
    pub description_html: String,
    /// Whether shoppers see it.
    pub status: ProductStatus,
    /// Who makes it.
    pub vendor: Option<String>,
    /// What kind of thing it is, in the shop's words.
    #[schema(example = "Shirts")]
    pub product_type: Option<String>,
    /// Its place in a public taxonomy, such as Google's.
    #[schema(example = "Apparel & Accessories > Clothing > Shirts & Tops")]
    pub category: Option<String>,
    /// Words to find and group it by.
    pub tags: Vec<String>,
    /// What its variants differ in.
    pub options: Vec<ShownOption>,
    /// What is bought, in order. Shoppers get those with a price in the asked currency.
    pub variants: Vec<Variant>,
    /// Pictures, in the order to show them.
    pub media: Vec<Media>,
    /// The collections it is in.
    pub collections: Vec<CollectionRef>,
    /// The currencies in which any variant has a price.
    pub currencies: Vec<Currency>,
    /// What kind of good it is for tax, in Stripe Tax's codes; the shop's own when `null`.
    #[schema(example = "txcd_99999999")]
    pub tax_code: Option<String>,
    /// For search engines.
    pub seo: Seo,
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

/// A product in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ProductSummary {
    /// The product's id.
    pub id: ProductId,
    /// Its name in addresses, unique.
    #[schema(example = "trail-shirt")]
    pub slug: String,
    /// Its name.
    #[schema(example = "Trail shirt")]
    pub title: String,
    /// Who makes it.
    pub vendor: Option<String>,
    /// What kind of thing it is, in the shop's words.
    pub product_type: Option<String>,
    /// Words to find and group it by.
    pub tags: Vec<String>,
    /// What its variants differ in.
    pub options: Vec<ShownOption>,
    /// From the cheapest variant to the dearest.
    pub price_range: PriceRange,
    /// The same of the former prices; `null` when nothing is reduced.
    pub compare_at_range: Option<PriceRange>,
    /// The best of its variants.
    pub availability: Availability,
    /// How many variants have a price in the currency.
    pub variant_count: usize,
    /// The picture to show.
    pub featured_media: Option<Media>,
    /// The currencies in which any variant has a price.
    pub currencies: Vec<Currency>,
    /// With `expand=variants`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub variants: Option<Vec<Variant>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Two prices and what is between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PriceRange {
    /// The lowest.
    pub min: Money,
    /// The highest.
    pub max: Money,
}

/// A picture of a product, by its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Media {
    /// The picture's id.
    pub id: MediaId,
    /// Where it is.
    #[schema(example = "https://media.example.com/trail-shirt-1.jpg")]
    pub url: String,
    /// What it shows, for those who cannot see it.
    pub alt: Option<String>,
    /// Width in pixels.
    pub width: Option<i32>,
    /// Height in pixels.
    pub height: Option<i32>,
    /// Its place among the product's, from 1.
    pub position: i32,
    /// The variants it shows; empty for all.
    pub variant_ids: Vec<VariantId>,
}

/// The size of a parcel in millimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, validator::Validate)]
#[serde(deny_unknown_fields)]
pub struct Dimensions {
    /// Millimetres.
    #[validate(range(min = 1, max = 100_000))]
    pub length: i64,
    /// Millimetres.
    #[validate(range(min = 1, max = 100_000))]
    pub width: i64,
    /// Millimetres.
    #[validate(range(min = 1, max = 100_000))]
    pub height: i64,
}

/// What is bought: one combination of a product's options.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Variant {
    /// The variant's id.
    pub id: VariantId,
    /// The product's id.
    pub product_id: ProductId,
    /// Stock keeping unit, unique.
    #[schema(example = "TRAIL-M")]
    pub sku: String,
    /// GTIN, EAN, UPC or ISBN.
    #[schema(example = "4006381333931")]
    pub barcode: Option<String>,
    /// What sets it apart.
    #[schema(example = "M")]
    pub title: String,
    /// Its value of each option.
    #[schema(example = json!({"size": "M"}))]
    pub option_values: BTreeMap<String, String>,
    /// The price in the asked currency; `null` for staff when there is none.
    pub price: Option<Money>,
    /// Whether the price was given or derived from the shop's own currency.
    pub price_origin: Option<PriceOrigin>,
    /// The former price, to be shown struck through.
    pub compare_at_price: Option<Money>,
    /// Whether it can be bought now.
    pub availability: Availability,
    /// Weight in grams.
    pub weight_grams: Option<i64>,
    /// The size of its parcel.
    pub dimensions_mm: Option<Dimensions>,
    /// Harmonised System code, for customs.
    #[schema(example = "610910")]
    pub hs_code: Option<String>,
    /// Where it was made, ISO 3166-1 alpha-2; for customs.
    #[schema(example = "PT")]
    pub origin_country: Option<String>,
    /// Whether it is sent by post; `false` for digital goods.
    pub requires_shipping: bool,
    /// Whether tax is due on it.
    pub taxable: bool,
    /// How many one order may hold; `null` for any number.
    pub max_per_order: Option<i64>,
    /// The shop's own data.
    pub metadata: Metadata,
    /// Stock; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub inventory: Option<Inventory>,
    /// Every price that was given; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub prices: Option<Vec<Price>>,
    /// Every price that is derived from them; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub derived_prices: Option<Vec<DerivedPrice>>,
    /// What one costs the shop; for staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_cost: Option<Money>,
    /// When it was taken off sale; for staff, who see such variants too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<DateTime<Utc>>,
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
    /// At or under this many available shoppers see `low_stock`; at or under this many on hand staff are alerted. 0 is
    /// never.
    pub low_stock_threshold: i64,
    /// Whether that is the default of the inventory settings, as the variant has no threshold of its own.
    pub uses_default_threshold: bool,
}

impl Inventory {
    /// The threshold that the variant has itself.
    #[must_use]
    pub const fn own_threshold(&self) -> Option<i64> {
        if self.uses_default_threshold { None } else { Some(self.low_stock_threshold) }
    }

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

text_enum! {
    /// Where a price comes from.
    PriceOrigin {
        /// The shop gave it.
        Manual => "manual",
        /// Derived from the price in the shop's own currency by a dated rate.
        Derived => "derived",
    }
}

/// A price that is derived from the one in the shop's own currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DerivedPrice {
    /// Minor units.
    #[schema(example = 2199)]
    pub amount: i64,
    /// ISO 4217 code in capitals.
    pub currency: crate::money::Currency,
    /// The former price, in minor units of the same currency.
    pub compare_at_amount: Option<i64>,
    /// The day of the rate.
    pub rate_date: chrono::NaiveDate,
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
