//! Which currencies are derived, and how.

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::error::{Error, Result};
use crate::money::{Currency, Percentage};
use crate::payments::smallest_charge_step;
use crate::settings::{Section, SettingsKind};

/// How one currency's prices are derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DerivedCurrency {
    /// The currency.
    #[schema(example = "USD")]
    pub currency: Currency,
    /// What is added to the rate.
    pub margin: Percentage,
    /// Prices are rounded to a multiple of so many minor units: 100 for whole dollars, 5 for 0.05 francs.
    #[schema(example = 100)]
    #[validate(range(min = 1, max = 1_000_000))]
    pub round_to: i64,
    /// So many minor units are then taken off: 1 after rounding to 100 makes prices end in .99.
    #[serde(default)]
    #[schema(example = 1)]
    #[validate(range(min = 0, max = 999_999))]
    pub minus: i64,
}

/// How prices are derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencySettings {
    /// The shop's own currency, which prices are derived from.
    pub base: Option<Currency>,
    /// The currencies that are derived.
    pub derived: Vec<DerivedCurrency>,
    /// After so many days without a newer rate staff are told.
    pub stale_after_days: i64,
    /// After so many days without a newer rate derived prices are no longer offered.
    pub stop_after_days: i64,
}

impl Default for CurrencySettings {
    fn default() -> Self {
        Self { base: None, derived: Vec::new(), stale_after_days: 5, stop_after_days: 10 }
    }
}

impl Section for CurrencySettings {
    const KIND: SettingsKind = SettingsKind::Currencies;
}

/// The currency settings as staff see them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CurrencySettingsDocument {
    /// The currency that prices are derived from.
    pub base: Currency,
    /// The currencies that are derived.
    pub derived: Vec<DerivedCurrency>,
    /// After so many days without a newer rate staff are told.
    pub stale_after_days: i64,
    /// After so many days without a newer rate derived prices are no longer offered.
    pub stop_after_days: i64,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

/// A change of the currency settings; what is absent stays, the list is replaced as a whole.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CurrencySettingsPatch {
    /// The currencies that are derived.
    #[serde(default)]
    #[validate(length(max = 100), nested)]
    pub derived: Option<Vec<DerivedCurrency>>,
    /// After so many days without a newer rate staff are told.
    #[serde(default)]
    #[validate(range(min = 1, max = 365))]
    pub stale_after_days: Option<i64>,
    /// After so many days without a newer rate derived prices are no longer offered.
    #[serde(default)]
    #[validate(range(min = 1, max = 365))]
    pub stop_after_days: Option<i64>,
}

impl CurrencySettingsPatch {
    /// The settings after the patch.
    ///
    /// # Errors
    /// `validation_failed` for rules that make no sense.
    pub fn apply_to(&self, present: CurrencySettings, base: Currency) -> Result<CurrencySettings> {
        let settings = CurrencySettings {
            base: Some(base),
            derived: self.derived.clone().unwrap_or(present.derived),
            stale_after_days: self.stale_after_days.unwrap_or(present.stale_after_days),
            stop_after_days: self.stop_after_days.unwrap_or(present.stop_after_days),
        };
        if settings.stop_after_days < settings.stale_after_days {
            return Err(Error::invalid("/stop_after_days", "range", "must not be less than `stale_after_days`"));
        }
        for (index, rule) in settings.derived.iter().enumerate() {
            let at = |member: &str| format!("/derived/{index}/{member}");
            if rule.currency == base {
                return Err(Error::invalid(at("currency"), "invalid", "is the shop's own, which is never derived"));
            }
            if settings.derived.iter().take(index).any(|other| other.currency == rule.currency) {
                return Err(Error::invalid(at("currency"), "duplicate", "is in the list already"));
            }
            let step = smallest_charge_step(rule.currency);
            if rule.round_to % step != 0 {
                let detail =
                    format!("must be a multiple of {step} in {}, which cannot be charged finer", rule.currency);
                return Err(Error::invalid(at("round_to"), "range", detail));
            }
            if rule.minus >= rule.round_to || rule.minus % step != 0 {
                let detail = format!("must be less than `round_to`, and a multiple of {step}");
                return Err(Error::invalid(at("minus"), "range", detail));
            }
        }
        Ok(settings)
    }
}
