//! What staff send to create and change discounts, and the rules it must keep.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use super::model::{AppliesTo, Buy, DiscountMethod, DiscountStatus, DiscountType, Get, Terms, above_zero};
use crate::error::{Error, FieldError, Result};
use crate::http::patch::Patch;
use crate::money::{MAX_AMOUNT, Money, Percentage};

/// A code: letters, digits, `-` and `_`, whatever their case; kept in capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "SPRING10")]
pub struct CodeText(pub String);

impl TryFrom<String> for CodeText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=64).contains(&text.len()) && text.bytes().all(is_lawful) {
            return Ok(Self(text.to_ascii_uppercase()));
        }
        Err("expected a code of 1 to 64 letters, digits, `-` or `_`".to_owned())
    }
}

impl From<CodeText> for String {
    fn from(code: CodeText) -> Self {
        code.0
    }
}

/// A discount to be created.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewDiscount {
    /// What the shopper reads.
    #[schema(example = "Ten off in spring")]
    #[validate(length(min = 1, max = 100))]
    pub title: String,
    /// How it comes to a cart; by code when a `code` is given.
    #[serde(default)]
    pub method: Option<DiscountMethod>,
    /// Its first code; more are made by `POST …/codes`.
    #[serde(default)]
    pub code: Option<CodeText>,
    /// Active when absent.
    #[serde(default)]
    pub status: Option<DiscountStatus>,
    /// What it gives.
    pub r#type: DiscountType,
    /// Of `percentage`: how much.
    #[serde(default)]
    #[validate(custom(function = above_zero))]
    pub percentage: Option<Percentage>,
    /// Of `fixed_amount`: how much, one for each currency.
    #[serde(default)]
    #[validate(length(max = 200), custom(function = lawful_amounts))]
    pub amounts: Vec<Money>,
    /// Of `buy_x_get_y`: what must be bought.
    #[serde(default)]
    #[validate(nested)]
    pub buy: Option<Buy>,
    /// Of `buy_x_get_y`: what becomes cheaper.
    #[serde(default)]
    #[validate(nested)]
    pub get: Option<Get>,
    /// What it is for; everything when absent. `buy_x_get_y` has its own in `buy` and `get`.
    #[serde(default)]
    #[validate(nested)]
    pub applies_to: AppliesTo,
    /// The least value of what it is for, before discounts, in each currency that has one.
    #[serde(default)]
    #[validate(length(max = 200), custom(function = lawful_amounts))]
    pub minimum_subtotal: Vec<Money>,
    /// The least units of what it is for.
    #[serde(default)]
    #[validate(range(min = 1, max = 999_999))]
    pub minimum_quantity: Option<i64>,
    /// Higher ones are given first; 0 when absent.
    #[serde(default)]
    #[validate(range(min = -1000, max = 1000))]
    pub priority: i32,
    /// Whether it is given together with others; true when absent.
    #[serde(default)]
    pub combinable: Option<bool>,
    /// How many orders may use it.
    #[serde(default)]
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub usage_limit: Option<i64>,
    /// How many orders of one customer (by e-mail address) may use it.
    #[serde(default)]
    #[validate(range(min = 1, max = 1_000_000))]
    pub usage_limit_per_customer: Option<i64>,
    /// From when; at once when absent.
    #[serde(default)]
    pub starts_at: Option<DateTime<Utc>>,
    /// Until before when.
    #[serde(default)]
    pub ends_at: Option<DateTime<Utc>>,
}

/// A change of a discount; what is absent stays. `null` clears `minimum_quantity`, the limits and `ends_at`; lists are
/// replaced as a whole. Type and method stay what they are.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DiscountPatch {
    /// What the shopper reads.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false)]
    #[validate(length(min = 1, max = 100))]
    pub title: Patch<String>,
    /// Whether it is given.
    #[serde(default)]
    pub status: Option<DiscountStatus>,
    /// Of `percentage`: how much.
    #[serde(default)]
    #[validate(custom(function = above_zero))]
    pub percentage: Option<Percentage>,
    /// Of `fixed_amount`: how much, all currencies.
    #[serde(default)]
    #[validate(length(max = 200), custom(function = lawful_amounts))]
    pub amounts: Option<Vec<Money>>,
    /// Of `buy_x_get_y`: what must be bought.
    #[serde(default)]
    #[validate(nested)]
    pub buy: Option<Buy>,
    /// Of `buy_x_get_y`: what becomes cheaper.
    #[serde(default)]
    #[validate(nested)]
    pub get: Option<Get>,
    /// What it is for, as a whole.
    #[serde(default)]
    #[validate(nested)]
    pub applies_to: Option<AppliesTo>,
    /// The least value of what it is for, all currencies; an empty list clears it.
    #[serde(default)]
    #[validate(length(max = 200), custom(function = lawful_amounts))]
    pub minimum_subtotal: Option<Vec<Money>>,
    /// The least units of what it is for.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    #[validate(range(min = 1, max = 999_999))]
    pub minimum_quantity: Patch<i64>,
    /// Higher ones are given first.
    #[serde(default)]
    #[validate(range(min = -1000, max = 1000))]
    pub priority: Option<i32>,
    /// Whether it is given together with others.
    #[serde(default)]
    pub combinable: Option<bool>,
    /// How many orders may use it; those that do already count.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub usage_limit: Patch<i64>,
    /// How many orders of one customer may use it.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    #[validate(range(min = 1, max = 1_000_000))]
    pub usage_limit_per_customer: Patch<i64>,
    /// From when.
    #[serde(default)]
    pub starts_at: Option<DateTime<Utc>>,
    /// Until before when.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub ends_at: Patch<DateTime<Utc>>,
}

/// Codes to be made: either these, or so many random ones.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCodes {
    /// These codes.
    #[serde(default)]
    #[validate(length(max = 10_000))]
    pub codes: Vec<CodeText>,
    /// So many random ones.
    #[serde(default)]
    #[schema(example = 100)]
    #[validate(range(min = 1, max = 10_000))]
    pub count: Option<i64>,
    /// What random ones begin with.
    #[serde(default)]
    pub prefix: Option<CodeText>,
    /// How many orders may use each; random ones are for a single order when absent.
    #[serde(default)]
    #[validate(range(min = 1, max = 1_000_000_000))]
    pub usage_limit: Option<i64>,
}

/// A code that a shopper enters.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EnteredCode {
    /// The code, in any case.
    pub code: CodeText,
}

fn lawful_amounts(amounts: &[Money]) -> Result<(), ValidationError> {
    let rule = |code: &'static str, message: &'static str| Err(ValidationError::new(code).with_message(message.into()));
    if amounts.iter().any(|amount| !(1..=MAX_AMOUNT).contains(&amount.amount)) {
        return rule("range", "must each be between 1 and 99999999 minor units");
    }
    let currencies: BTreeSet<_> = amounts.iter().map(|amount| amount.currency).collect();
    if currencies.len() < amounts.len() { rule("duplicate", "must name each currency once") } else { Ok(()) }
}

impl NewDiscount {
    /// The terms, if they make sense for the type.
    ///
    /// # Errors
    /// `validation_failed` naming what is missing or has no meaning.
    pub fn terms(&self) -> Result<Terms> {
        let terms = Terms {
            kind: self.r#type,
            percentage: self.percentage,
            amounts: self.amounts.clone(),
            buy: self.buy.clone(),
            get: self.get.clone(),
            applies_to: self.applies_to.clone(),
            minimum_subtotal: self.minimum_subtotal.clone(),
            minimum_quantity: self.minimum_quantity,
        };
        terms.check()?;
        Ok(terms)
    }
}

impl DiscountPatch {
    /// The terms after the patch.
    ///
    /// # Errors
    /// `validation_failed` naming what is missing or has no meaning.
    pub fn terms(&self, present: Terms) -> Result<Terms> {
        let terms = Terms {
            kind: present.kind,
            percentage: self.percentage.or(present.percentage),
            amounts: self.amounts.clone().unwrap_or(present.amounts),
            buy: self.buy.clone().or(present.buy),
            get: self.get.clone().or(present.get),
            applies_to: self.applies_to.clone().unwrap_or(present.applies_to),
            minimum_subtotal: self.minimum_subtotal.clone().unwrap_or(present.minimum_subtotal),
            minimum_quantity: self.minimum_quantity.clone().apply_to(present.minimum_quantity),
        };
        terms.check()?;
        Ok(terms)
    }
}

impl Terms {
    /// Whether each member has a meaning for the type, and none is missing.
    fn check(&self) -> Result<()> {
        let of = |kind: DiscountType| self.kind == kind;
        let members = [
            ("/percentage", self.percentage.is_some(), of(DiscountType::Percentage)),
            ("/amounts", !self.amounts.is_empty(), of(DiscountType::FixedAmount)),
            ("/buy", self.buy.is_some(), of(DiscountType::BuyXGetY)),
            ("/get", self.get.is_some(), of(DiscountType::BuyXGetY)),
        ];
        let mut errors = Vec::new();
        for (pointer, is_given, is_needed) in members {
            match (is_given, is_needed) {
                (false, true) => {
                    errors.push(FieldError::new(pointer, "required", format!("is needed for a {}", self.kind)));
                }
                (true, false) => {
                    errors.push(FieldError::new(pointer, "invalid", format!("has no meaning for a {}", self.kind)));
                }
                (true, true) | (false, false) => {}
            }
        }
        if of(DiscountType::BuyXGetY) && self.applies_to != AppliesTo::default() {
            let detail = "has no meaning for a buy_x_get_y; `buy` and `get` have their own";
            errors.push(FieldError::new("/applies_to", "invalid", detail));
        }
        let Some(first) = errors.first() else { return Ok(()) };
        let detail = format!("`{}` {}.", first.pointer, first.detail);
        Err(Error::problem(crate::error::Code::ValidationFailed, detail).with_errors(errors))
    }
}
