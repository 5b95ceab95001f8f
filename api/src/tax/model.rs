//! The shapes of tax.

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::db::text_enum;
use crate::money::Money;

text_enum! {
    /// Where a tax comes from.
    TaxSource {
        /// No tax is reckoned.
        None => "none",
        /// From the shop's rate table.
        Table => "table",
        /// From Stripe Tax.
        Stripe => "stripe",
        /// From the rate table, as Stripe Tax could not be asked.
        Fallback => "fallback",
    }
}

text_enum! {
    /// Whether prices contain their tax.
    TaxBehavior {
        /// Tax comes on top.
        Exclusive => "exclusive",
        /// Tax is contained.
        Inclusive => "inclusive",
    }
}

text_enum! {
    /// Why a customer pays no tax, as staff decided.
    TaxExemption {
        /// The customer pays tax.
        None => "none",
        /// The customer is exempt.
        Exempt => "exempt",
        /// The customer accounts for the tax.
        ReverseCharge => "reverse_charge",
    }
}

/// A customer's tax id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct TaxId {
    /// Its type, in Stripe's words: `eu_vat`, `gb_vat`, `us_ein`, ….
    #[schema(example = "eu_vat")]
    #[validate(length(min = 1, max = 40), custom(function = lawful_type))]
    pub r#type: String,
    /// The id itself.
    #[schema(example = "FR12345678901")]
    #[validate(length(min = 1, max = 50))]
    pub value: String,
}

fn lawful_type(text: &str) -> Result<(), validator::ValidationError> {
    if text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Ok(());
    }
    Err(validator::ValidationError::new("pattern").with_message("must be lower-case letters and `_`".into()))
}

/// One jurisdiction's tax on a line, on the shipping, or on everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaxComponent {
    /// Who takes it.
    #[schema(example = "Germany")]
    pub jurisdiction: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "DE")]
    pub country: String,
    /// ISO 3166-2 without the country.
    pub state: Option<String>,
    /// `vat`, `sales_tax`, `gst`, ….
    #[schema(example = "vat")]
    pub tax_type: Option<String>,
    /// In percent.
    #[schema(example = "19")]
    pub percentage: Option<String>,
    /// How much.
    pub amount: Money,
    /// What it is reckoned on.
    pub taxable_amount: Money,
    /// Whether it is contained in the price.
    pub included: bool,
    /// Why it is what it is: `standard_rated`, `reduced_rated`, `reverse_charge`, `not_collecting`, ….
    #[schema(example = "standard_rated")]
    pub reason: Option<String>,
}

/// The tax on a line or on the shipping, in minor units of the cart's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxed {
    /// On top.
    pub added: i64,
    /// Contained.
    pub included: i64,
    /// Who takes it.
    pub breakdown: Vec<TaxComponent>,
}

/// What was reckoned for a question: line by line, as far as there was something to tax.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// By the question's reference.
    pub lines: Vec<(String, Taxed)>,
    /// On the shipping.
    pub shipping: Taxed,
}

/// The tax of a cart, a quote or an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TaxSummary {
    /// Where it comes from; `null` while it is not known.
    pub source: Option<TaxSource>,
    /// The customer's tax ids.
    pub tax_ids: Vec<TaxId>,
    /// Why the customer pays none, as staff decided.
    pub exemption: TaxExemption,
    /// By jurisdiction, over lines and shipping.
    pub breakdown: Vec<TaxComponent>,
    /// On the shipping; `null` while it is not known.
    pub shipping: Option<ShippingTax>,
}

/// The tax on the shipping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShippingTax {
    /// On top.
    pub added: Money,
    /// Contained.
    pub included: Money,
    /// Who takes it.
    pub breakdown: Vec<TaxComponent>,
}

/// Adds components that are of one kind.
#[must_use]
pub fn merge<'a>(components: impl Iterator<Item = &'a TaxComponent>) -> Vec<TaxComponent> {
    let mut merged: Vec<TaxComponent> = Vec::new();
    for component in components {
        let is_same = |other: &&mut TaxComponent| {
            let strip = |component: &TaxComponent| TaxComponent {
                amount: Money::zero(component.amount.currency),
                taxable_amount: Money::zero(component.amount.currency),
                ..component.clone()
            };
            strip(other) == strip(component)
        };
        match merged.iter_mut().find(is_same) {
            Some(other) => {
                other.amount.amount += component.amount.amount;
                other.taxable_amount.amount += component.taxable_amount.amount;
            }
            None => merged.push(component.clone()),
        }
    }
    merged
}
