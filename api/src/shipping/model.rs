//! The shapes of shipping.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use crate::address;
use crate::db::text_enum;
use crate::http::patch::Patch;
use crate::ids::{ShippingRateId, ShippingZoneId};
use crate::money::{Currency, MAX_AMOUNT, Money};

/// A way to send the goods of a cart, and its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShippingRate {
    /// The rate's id, to choose it by.
    #[schema(example = "rate_01jd8x3v5ke2t9qj6f4z0w7m8r")]
    pub id: String,
    /// What the shopper reads.
    #[schema(example = "Standard")]
    pub name: String,
    /// More about it.
    #[serde(default)]
    #[schema(example = "By DHL, to the door")]
    pub description: Option<String>,
    /// Its price.
    pub price: Money,
    /// Working days at least.
    #[serde(default)]
    pub min_days: Option<i32>,
    /// Working days at most.
    #[serde(default)]
    pub max_days: Option<i32>,
    /// Where it comes from.
    #[serde(default)]
    pub source: RateSource,
    /// The carrier, when one was asked.
    #[serde(default)]
    #[schema(example = "USPS")]
    pub carrier: Option<String>,
    /// Whether carriers offer none that is cheaper.
    #[serde(default)]
    pub cheapest: bool,
    /// Whether carriers offer none that is faster.
    #[serde(default)]
    pub fastest: bool,
    /// Shippo's rate, to buy the label with.
    #[serde(default)]
    pub provider_rate_id: Option<String>,
}

text_enum! {
    /// Where a rate comes from.
    #[derive(Default)]
    RateSource {
        /// From the shop's own zones.
        #[default]
        Table => "table",
        /// From carriers, by Shippo.
        Shippo => "shippo",
    }
}

text_enum! {
    /// What a rate's price depends on.
    Basis {
        /// The weight of what is sent, in grams.
        Weight => "weight",
        /// The value of all lines, in minor units.
        Subtotal => "subtotal",
    }
}

/// A country, some of its states, or everywhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// ISO 3166-1 alpha-2 in capitals, or `*` for every country that no zone names.
    #[schema(example = "DE")]
    #[validate(custom(function = lawful_country))]
    pub country: String,
    /// Only these states, as addresses write them (`CA`); empty for the whole country.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = lawful_states))]
    pub states: Vec<String>,
}

/// A price for a span of weight or value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The currency of the cart, of the price and, where that is the basis, of the value.
    pub currency: Currency,
    /// From here: grams, or minor units.
    #[serde(default)]
    #[schema(example = 0)]
    #[validate(range(min = 0, max = 1_000_000_000))]
    pub min: i64,
    /// To less than here; `null` for no end.
    #[serde(default)]
    #[schema(example = 5000)]
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub max: Option<i64>,
    /// Minor units.
    #[schema(example = 490)]
    #[validate(custom(function = lawful_price))]
    pub price: i64,
}

/// One way to send goods into a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ZoneRate {
    /// The rate's id.
    pub id: ShippingRateId,
    /// What the shopper reads.
    #[schema(example = "Standard")]
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Working days at least.
    pub min_days: Option<i32>,
    /// Working days at most.
    pub max_days: Option<i32>,
    /// What its price depends on.
    pub basis: Basis,
    /// Its prices; what is in no band cannot be sent so.
    pub bands: Vec<Band>,
}

/// A way to send goods into a zone, to be written. With the `id` of one that is there, that one is changed.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewZoneRate {
    /// One of the zone's rates.
    #[serde(default)]
    pub id: Option<ShippingRateId>,
    /// What the shopper reads.
    #[schema(example = "Standard")]
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// More about it.
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    pub description: Option<String>,
    /// Working days at least.
    #[serde(default)]
    #[validate(range(min = 0, max = 365))]
    pub min_days: Option<i32>,
    /// Working days at most.
    #[serde(default)]
    #[validate(range(min = 0, max = 365))]
    pub max_days: Option<i32>,
    /// What its price depends on.
    pub basis: Basis,
    /// Its prices. Those of one currency may not overlap.
    #[validate(length(min = 1, max = 500), nested, custom(function = distinct_bands))]
    pub bands: Vec<Band>,
}

/// Where to, how, and for how much.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ShippingZone {
    /// The zone's id.
    pub id: ShippingZoneId,
    /// For staff.
    #[schema(example = "European Union")]
    pub name: String,
    /// Where it is.
    pub regions: Vec<Region>,
    /// The ways to send goods there, in the order to show them.
    pub rates: Vec<ZoneRate>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// All zones.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ShippingZoneList {
    /// The zones, oldest first.
    pub data: Vec<ShippingZone>,
}

/// A zone to be created.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewShippingZone {
    /// For staff.
    #[schema(example = "European Union")]
    #[validate(length(min = 1, max = 100))]
    pub name: String,
    /// Where it is; no two zones may name the same.
    #[validate(length(min = 1, max = 300), nested)]
    pub regions: Vec<Region>,
    /// The ways to send goods there, in the order to show them.
    #[serde(default)]
    #[validate(length(max = 50), nested)]
    pub rates: Vec<NewZoneRate>,
}

/// A change of a zone; what is absent stays.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ShippingZonePatch {
    /// For staff.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    #[validate(length(min = 1, max = 100))]
    pub name: Patch<String>,
    /// All regions.
    #[serde(default)]
    #[validate(length(min = 1, max = 300), nested)]
    pub regions: Option<Vec<Region>>,
    /// All rates; those named by `id` keep it.
    #[serde(default)]
    #[validate(length(max = 50), nested)]
    pub rates: Option<Vec<NewZoneRate>>,
}

fn rule(code: &'static str, message: &'static str) -> Result<(), ValidationError> {
    Err(ValidationError::new(code).with_message(message.into()))
}

fn lawful_country(country: &str) -> Result<(), ValidationError> {
    if country == "*" || address::countries().any(|known| known == country) {
        return Ok(());
    }
    rule("country", "must be an ISO 3166-1 alpha-2 code in capitals, such as `DE`, or `*` for everywhere else")
}

fn lawful_states(states: &[String]) -> Result<(), ValidationError> {
    if states.iter().all(|state| (1..=100).contains(&state.trim().len())) {
        return Ok(());
    }
    rule("length", "must each have 1 to 100 characters")
}

fn lawful_price(price: i64) -> Result<(), ValidationError> {
    if (0..=MAX_AMOUNT).contains(&price) { Ok(()) } else { rule("range", "must be between 0 and 99999999") }
}

fn distinct_bands(bands: &[Band]) -> Result<(), ValidationError> {
    if bands.iter().any(|band| band.max.is_some_and(|max| max <= band.min)) {
        return rule("range", "must each end after they begin");
    }
    let mut sorted: Vec<&Band> = bands.iter().collect();
    sorted.sort_by_key(|band| (band.currency.to_string(), band.min));
    let overlaps = sorted.windows(2).any(|pair| match pair {
        [first, second] => first.currency == second.currency && first.max.is_none_or(|max| max > second.min),
        _ => false,
    });
    if overlaps { rule("overlap", "must not overlap in one currency") } else { Ok(()) }
}
