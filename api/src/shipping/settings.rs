//! How a shop packs and sends its goods.

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use crate::address::{Address, Email};
use crate::catalog::model::Dimensions;
use crate::db::text_enum;
use crate::http::patch::Patch;
use crate::settings::{Section, SettingsKind};

/// The heaviest parcel that carriers take, in grams (UPS, FedEx, DHL: 70 kg).
pub const HEAVIEST_GRAMS: i64 = 70_000;

/// The longest parcel that carriers take, in millimetres.
pub const LONGEST_MM: i64 = 2_700;

text_enum! {
    /// Who knows what sending costs.
    RateProvider {
        /// The shop's own zones.
        Table => "table",
        /// Shippo, which asks carriers.
        Shippo => "shippo",
    }
}

text_enum! {
    /// What happens when Shippo has no rates.
    RateFailurePolicy {
        /// The goods cannot be sent until it has.
        Refuse => "refuse",
        /// The shop's own zones stand in, where they cover the address.
        Fallback => "fallback",
    }
}

/// A box that goods are packed into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ShippingBox {
    /// For staff.
    #[schema(example = "Medium")]
    #[validate(length(min = 1, max = 60))]
    pub name: String,
    /// Inside, in millimetres.
    #[validate(custom(function = lawful_size))]
    pub dimensions_mm: Dimensions,
    /// Its own weight.
    #[schema(example = 200)]
    #[validate(range(min = 0, max = 20_000))]
    pub empty_weight_grams: i64,
    /// With its content at most.
    #[schema(example = 20_000)]
    #[validate(range(min = 1, max = 70_000))]
    pub max_weight_grams: i64,
}

/// How the shop packs and sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingSettings {
    /// Who knows what sending costs.
    pub provider: RateProvider,
    /// What happens when Shippo has no rates.
    pub on_failure: RateFailurePolicy,
    /// Where goods come from.
    pub origin: Option<Address>,
    /// Whom carriers ask.
    pub origin_email: Option<String>,
    /// What goods are packed into.
    pub boxes: Vec<ShippingBox>,
    /// The weight of what has none.
    pub default_weight_grams: i64,
    /// The size of what has none.
    pub default_dimensions_mm: Dimensions,
    /// Working days until goods are handed to the carrier.
    pub handling_days: i32,
    /// Shippo's tokens of the services on offer; all when empty.
    pub allowed_services: Vec<String>,
    /// Whether an address that Shippo finds fault with blocks the checkout.
    pub strict_addresses: bool,
}

impl Default for ShippingSettings {
    fn default() -> Self {
        let medium = ShippingBox {
            name: "Medium".to_owned(),
            dimensions_mm: Dimensions { length: 400, width: 300, height: 200 },
            empty_weight_grams: 250,
            max_weight_grams: 20_000,
        };
        Self {
            provider: RateProvider::Table,
            on_failure: RateFailurePolicy::Fallback,
            origin: None,
            origin_email: None,
            boxes: vec![medium],
            default_weight_grams: 500,
            default_dimensions_mm: Dimensions { length: 200, width: 150, height: 50 },
            handling_days: 1,
            allowed_services: Vec::new(),
            strict_addresses: false,
        }
    }
}

impl Section for ShippingSettings {
    const KIND: SettingsKind = SettingsKind::Shipping;
}

/// The shipping settings as staff see them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShippingSettingsDocument {
    /// Who knows what sending costs.
    pub provider: RateProvider,
    /// What happens when Shippo has no rates.
    pub on_failure: RateFailurePolicy,
    /// Where goods come from; also what tax is reckoned from.
    pub origin: Option<Address>,
    /// Whom carriers ask.
    pub origin_email: Option<String>,
    /// What goods are packed into.
    pub boxes: Vec<ShippingBox>,
    /// The weight of what has none.
    pub default_weight_grams: i64,
    /// The size of what has none.
    pub default_dimensions_mm: Dimensions,
    /// Working days until goods are handed to the carrier.
    pub handling_days: i32,
    /// Shippo's tokens of the services on offer; all when empty.
    #[schema(example = json!(["usps_priority", "ups_ground"]))]
    pub allowed_services: Vec<String>,
    /// Whether an address that Shippo finds fault with blocks the checkout.
    pub strict_addresses: bool,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

/// A change of the shipping settings; what is absent stays, lists are replaced as a whole.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ShippingSettingsPatch {
    /// Who knows what sending costs; `shippo` needs an `origin`, and `SHIPPO_API_TOKEN`.
    #[serde(default)]
    pub provider: Option<RateProvider>,
    /// What happens when Shippo has no rates.
    #[serde(default)]
    pub on_failure: Option<RateFailurePolicy>,
    /// Where goods come from, with all that its country's addresses need.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Address>)]
    pub origin: Patch<Address>,
    /// Whom carriers ask.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Email>)]
    pub origin_email: Patch<Email>,
    /// What goods are packed into.
    #[serde(default)]
    #[validate(length(min = 1, max = 50), nested)]
    pub boxes: Option<Vec<ShippingBox>>,
    /// The weight of what has none.
    #[serde(default)]
    #[validate(range(min = 1, max = 70_000))]
    pub default_weight_grams: Option<i64>,
    /// The size of what has none.
    #[serde(default)]
    #[validate(custom(function = lawful_size))]
    pub default_dimensions_mm: Option<Dimensions>,
    /// Working days until goods are handed to the carrier.
    #[serde(default)]
    #[validate(range(min = 0, max = 60))]
    pub handling_days: Option<i32>,
    /// Shippo's tokens of the services on offer; all when empty.
    #[serde(default)]
    #[validate(length(max = 200))]
    pub allowed_services: Option<Vec<String>>,
    /// Whether an address that Shippo finds fault with blocks the checkout.
    #[serde(default)]
    pub strict_addresses: Option<bool>,
}

impl ShippingSettingsPatch {
    /// The settings after the patch.
    #[must_use]
    pub fn apply_to(&self, present: ShippingSettings) -> ShippingSettings {
        let email = self.origin_email.clone().apply_to(present.origin_email.map(Email));
        ShippingSettings {
            provider: self.provider.unwrap_or(present.provider),
            on_failure: self.on_failure.unwrap_or(present.on_failure),
            origin: self.origin.clone().apply_to(present.origin),
            origin_email: email.map(|email| email.0),
            boxes: self.boxes.clone().unwrap_or(present.boxes),
            default_weight_grams: self.default_weight_grams.unwrap_or(present.default_weight_grams),
            default_dimensions_mm: self.default_dimensions_mm.unwrap_or(present.default_dimensions_mm),
            handling_days: self.handling_days.unwrap_or(present.handling_days),
            allowed_services: self.allowed_services.clone().unwrap_or(present.allowed_services),
            strict_addresses: self.strict_addresses.unwrap_or(present.strict_addresses),
        }
    }
}

/// Whether carriers take something of this size.
///
/// # Errors
/// When they do not.
pub fn lawful_size(size: &Dimensions) -> Result<(), ValidationError> {
    if [size.length, size.width, size.height].iter().all(|side| (1..=LONGEST_MM).contains(side)) {
        return Ok(());
    }
    Err(ValidationError::new("range").with_message("must each be between 1 and 2700 mm".into()))
}
