//! What shoppers send to create and change carts, and the rules it must keep.

use serde::Deserialize;
use validator::Validate;

use crate::address::{Address, Email};
use crate::http::patch::Patch;
use crate::ids::VariantId;
use crate::locale::Locale;
use crate::metadata::Metadata;
use crate::money::Currency;
use crate::tax::model::TaxId;

/// A cart to be created.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCart {
    /// The currency of all amounts; the shop's own when absent.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// The shopper's e-mail address.
    #[serde(default)]
    #[validate(nested)]
    pub email: Option<Email>,
    /// The first lines; the same variant twice is one line of the sum.
    #[serde(default)]
    #[validate(nested)]
    pub line_items: Vec<NewLine>,
    /// Where the goods go.
    #[serde(default)]
    #[validate(nested)]
    pub shipping_address: Option<Address>,
    /// Who pays.
    #[serde(default)]
    #[validate(nested)]
    pub billing_address: Option<Address>,
    /// The language of its texts, of the payment page and of e-mails.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// The customer's tax ids.
    #[serde(default)]
    #[validate(length(max = 5), nested)]
    pub tax_ids: Vec<TaxId>,
    /// The shop's own data.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Metadata,
}

/// A line to be added.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// What is bought.
    pub variant_id: VariantId,
    /// How many more.
    #[schema(example = 1)]
    #[validate(range(min = 1, max = 9999))]
    pub quantity: i64,
    /// The shop's own data.
    #[serde(default)]
    #[validate(nested)]
    pub metadata: Metadata,
}

/// A change of a line.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct LinePatch {
    /// How many; 0 removes the line.
    #[schema(example = 2)]
    #[validate(range(min = 0, max = 9999))]
    pub quantity: i64,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Metadata>)]
    pub metadata: Patch<Metadata>,
}

/// Which shipping rate is chosen.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RateChoice {
    /// One of `GET /v1/carts/{id}/shipping-rates`.
    #[schema(example = "rate_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    #[validate(length(min = 1, max = 200))]
    pub rate_id: String,
}

/// A change of a cart; what is absent stays, `null` clears.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CartPatch {
    /// The shopper's e-mail address.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Email>)]
    pub email: Patch<Email>,
    /// Another currency; every line must have a price in it.
    #[serde(default)]
    #[schema(value_type = Currency)]
    pub currency: Patch<Currency>,
    /// Where the goods go.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Address>)]
    pub shipping_address: Patch<Address>,
    /// Who pays.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Address>)]
    pub billing_address: Patch<Address>,
    /// The language of its texts, of the payment page and of e-mails.
    #[serde(default)]
    #[schema(value_type = Option<Locale>)]
    pub locale: Patch<Locale>,
    /// The customer's tax ids, all of them.
    #[serde(default)]
    #[validate(length(max = 5), nested)]
    pub tax_ids: Option<Vec<TaxId>>,
    /// The shop's own data, replaced as a whole.
    #[serde(default)]
    #[validate(nested)]
    #[schema(value_type = Option<Metadata>)]
    pub metadata: Patch<Metadata>,
}
