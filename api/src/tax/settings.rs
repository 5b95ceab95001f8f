//! How a shop reckons tax.

use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use super::model::TaxBehavior;
use crate::address;
use crate::db::text_enum;
use crate::money::{Currency, Percentage};
use crate::settings::{Section, SettingsKind};

text_enum! {
    /// Who reckons tax.
    TaxProvider {
        /// Nobody: no tax.
        None => "none",
        /// The shop's own rate table.
        Table => "table",
        /// Stripe Tax.
        Stripe => "stripe",
    }
}

text_enum! {
    /// What happens when the tax provider cannot be asked.
    TaxFailurePolicy {
        /// No checkout until it can.
        Refuse => "refuse",
        /// The rate table stands in, where it has rates for the place.
        Fallback => "fallback",
    }
}

/// Whether prices contain tax, for a currency, for some countries, or for both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct BehaviorRule {
    /// For carts in this currency; any when absent.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// For these countries; any when empty.
    #[serde(default)]
    #[schema(example = json!(["US", "CA"]))]
    #[validate(length(max = 250), custom(function = lawful_countries))]
    pub countries: Vec<String>,
    /// What holds there.
    pub tax_behavior: TaxBehavior,
}

/// A rate of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TaxRate {
    /// What it is called, on cart, order and payment page. Of two rates of one place and name, the one that names a
    /// line's tax code is taken.
    #[schema(example = "VAT")]
    #[validate(length(min = 1, max = 60))]
    pub name: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "DE")]
    #[validate(custom(function = lawful_country))]
    pub country: String,
    /// Only this state, as addresses write it.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    pub state: Option<String>,
    /// How much.
    pub percentage: Percentage,
    /// Only for these tax codes; for all others when empty.
    #[serde(default)]
    #[validate(length(max = 500))]
    pub tax_codes: Vec<String>,
    /// Whether shipping is taxed; true when absent.
    #[serde(default = "yes")]
    pub on_shipping: bool,
}

fn yes() -> bool {
    true
}

/// How the shop reckons tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaxSettings {
    /// Who reckons it.
    pub provider: TaxProvider,
    /// What happens when the provider cannot be asked.
    pub on_failure: TaxFailurePolicy,
    /// Whether prices contain tax, where no rule says otherwise.
    pub tax_behavior: TaxBehavior,
    /// Where it is otherwise; the first rule that fits holds.
    pub tax_behavior_rules: Vec<BehaviorRule>,
    /// The tax code of products that have none.
    #[schema(example = "txcd_99999999")]
    pub default_tax_code: String,
    /// The tax code of shipping.
    #[schema(example = "txcd_92010001")]
    pub shipping_tax_code: String,
    /// Whether Stripe is told the tax ids that shoppers enter.
    #[serde(default)]
    pub trust_tax_ids: bool,
    /// The rate table.
    pub rates: Vec<TaxRate>,
}

impl Default for TaxSettings {
    fn default() -> Self {
        Self {
            provider: TaxProvider::None,
            on_failure: TaxFailurePolicy::Refuse,
            tax_behavior: TaxBehavior::Exclusive,
            tax_behavior_rules: Vec::new(),
            default_tax_code: "txcd_99999999".to_owned(),
            shipping_tax_code: "txcd_92010001".to_owned(),
            trust_tax_ids: false,
            rates: Vec::new(),
        }
    }
}

impl Section for TaxSettings {
    const KIND: SettingsKind = SettingsKind::Tax;
}

impl TaxSettings {
    /// Whether prices in a currency contain tax for a country.
    #[must_use]
    pub fn behavior(&self, currency: Currency, country: &str) -> TaxBehavior {
        let fits = |rule: &&BehaviorRule| {
            rule.currency.is_none_or(|its| its == currency)
                && (rule.countries.is_empty() || rule.countries.iter().any(|its| its == country))
        };
        self.tax_behavior_rules.iter().find(fits).map_or(self.tax_behavior, |rule| rule.tax_behavior)
    }
}

/// The tax settings as staff see them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaxSettingsDocument {
    /// Who reckons tax.
    pub provider: TaxProvider,
    /// What happens when the provider cannot be asked.
    pub on_failure: TaxFailurePolicy,
    /// Whether prices contain tax, where no rule says otherwise.
    pub tax_behavior: TaxBehavior,
    /// Where it is otherwise; the first rule that fits holds.
    pub tax_behavior_rules: Vec<BehaviorRule>,
    /// The tax code of products that have none.
    #[schema(example = "txcd_99999999")]
    pub default_tax_code: String,
    /// The tax code of shipping.
    #[schema(example = "txcd_92010001")]
    pub shipping_tax_code: String,
    /// Whether Stripe is told the tax ids that shoppers enter, and so may charge no tax. Stripe does not verify them: switch
    /// it on only for shoppers who cannot lie, and give others a `tax-exemption` by hand.
    pub trust_tax_ids: bool,
    /// The rate table.
    pub rates: Vec<TaxRate>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
}

/// A change of the tax settings; what is absent stays, lists are replaced as a whole.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TaxSettingsPatch {
    /// Who reckons tax.
    #[serde(default)]
    pub provider: Option<TaxProvider>,
    /// What happens when the provider cannot be asked.
    #[serde(default)]
    pub on_failure: Option<TaxFailurePolicy>,
    /// Whether prices contain tax, where no rule says otherwise.
    #[serde(default)]
    pub tax_behavior: Option<TaxBehavior>,
    /// Where it is otherwise; the first rule that fits holds.
    #[serde(default)]
    #[validate(length(max = 100), nested)]
    pub tax_behavior_rules: Option<Vec<BehaviorRule>>,
    /// The tax code of products that have none.
    #[serde(default)]
    #[validate(custom(function = lawful_code))]
    pub default_tax_code: Option<String>,
    /// The tax code of shipping.
    #[serde(default)]
    #[validate(custom(function = lawful_code))]
    pub shipping_tax_code: Option<String>,
    /// Whether Stripe is told the tax ids that shoppers enter. It does not verify them.
    #[serde(default)]
    pub trust_tax_ids: Option<bool>,
    /// The rate table.
    #[serde(default)]
    #[validate(length(max = 2000), nested)]
    pub rates: Option<Vec<TaxRate>>,
}

impl TaxSettingsPatch {
    /// The settings after the patch.
    #[must_use]
    pub fn apply_to(&self, present: TaxSettings) -> TaxSettings {
        TaxSettings {
            provider: self.provider.unwrap_or(present.provider),
            on_failure: self.on_failure.unwrap_or(present.on_failure),
            tax_behavior: self.tax_behavior.unwrap_or(present.tax_behavior),
            tax_behavior_rules: self.tax_behavior_rules.clone().unwrap_or(present.tax_behavior_rules),
            default_tax_code: self.default_tax_code.clone().unwrap_or(present.default_tax_code),
            shipping_tax_code: self.shipping_tax_code.clone().unwrap_or(present.shipping_tax_code),
            trust_tax_ids: self.trust_tax_ids.unwrap_or(present.trust_tax_ids),
            rates: self.rates.clone().unwrap_or(present.rates),
        }
    }
}

fn lawful_code(code: &str) -> Result<(), ValidationError> {
    let digits = code.strip_prefix("txcd_").unwrap_or_default();
    if digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(ValidationError::new("pattern").with_message("must be a tax code of Stripe's, such as `txcd_99999999`".into()))
}

fn lawful_country(country: &str) -> Result<(), ValidationError> {
    lawful_countries(&[country.to_owned()])
}

fn lawful_countries(countries: &[String]) -> Result<(), ValidationError> {
    if countries.iter().all(|country| address::countries().any(|known| known == country)) {
        return Ok(());
    }
    let message = "must be ISO 3166-1 alpha-2 codes in capitals, such as `DE`";
    Err(ValidationError::new("country").with_message(message.into()))
}
