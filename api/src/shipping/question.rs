//! What is asked about sending a cart's goods. Two questions that are equal have the same answer, for a time.

use serde::Serialize;
use serde_json::json;

use super::pack::Parcel;
use crate::address::Address;
use crate::ids::CartId;
use crate::money::Currency;
use crate::tokens;

/// A line of a customs declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomsLine {
    /// What it is.
    pub description: String,
    /// How many units.
    pub quantity: i64,
    /// All units together.
    pub weight_grams: i64,
    /// What all units are worth, in minor units.
    pub value: i64,
    /// ISO 3166-1 alpha-2.
    pub origin_country: String,
    /// Harmonised System code.
    pub hs_code: Option<String>,
    /// Stock keeping unit.
    pub sku: String,
}

/// A question about sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShipmentQuestion {
    /// For whom.
    pub cart: CartId,
    /// The currency that prices are wanted in.
    pub currency: Currency,
    /// Where from.
    pub origin: Address,
    /// Whom carriers ask there.
    pub origin_email: Option<String>,
    /// Where to.
    pub destination: Address,
    /// Whom carriers tell there; no price depends on it.
    #[serde(skip)]
    pub email: Option<String>,
    /// What.
    pub parcels: Vec<Parcel>,
    /// What customs must know; empty when there are none on the way.
    pub customs: Vec<CustomsLine>,
    /// The version of the shipping settings: under others everything is asked anew.
    pub settings_version: i64,
}

impl ShipmentQuestion {
    /// A digest of everything that the answer depends on.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<u8> {
        tokens::sha256(json!(self).to_string().as_bytes())
    }
}
