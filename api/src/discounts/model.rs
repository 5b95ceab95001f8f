//! The shapes of discounts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use validator::{Validate, ValidationError};

use crate::db::text_enum;
use crate::http::pagination::Page;
use crate::ids::{CollectionId, DiscountCodeId, DiscountId, ProductId, VariantId};
use crate::money::{Money, Percentage};

text_enum! {
    /// How a discount comes to a cart.
    DiscountMethod {
        /// By a code that the shopper enters.
        Code => "code",
        /// By itself.
        Automatic => "automatic",
    }
}

text_enum! {
    /// Whether a discount is given.
    DiscountStatus {
        /// Given, within its time and limits.
        Active => "active",
        /// Not given for now.
        Disabled => "disabled",
        /// Deleted; orders still name it.
        Archived => "archived",
    }
}

text_enum! {
    /// What a discount gives.
    DiscountType {
        /// A part of the price of the lines it applies to.
        Percentage => "percentage",
        /// An amount off the lines it applies to, together.
        FixedAmount => "fixed_amount",
        /// Shipping for nothing.
        FreeShipping => "free_shipping",
        /// Some units cheaper for buying others.
        BuyXGetY => "buy_x_get_y",
    }
}

text_enum! {
    /// Why a discount is not given.
    DiscountReason {
        /// No discount has this code any more.
        NotFound => "not_found",
        /// Staff have switched it off.
        Disabled => "disabled",
        /// Its time has not come.
        NotStarted => "not_started",
        /// Its time is over.
        Expired => "expired",
        /// It was used as often as it may be.
        UsedUp => "used_up",
        /// This customer has used it as often as one may.
        CustomerLimitReached => "customer_limit_reached",
        /// The cart's value is too small.
        MinimumSubtotal => "minimum_subtotal",
        /// There are too few units in the cart.
        MinimumQuantity => "minimum_quantity",
        /// Nothing in the cart is what it is for.
        NothingEligible => "nothing_eligible",
        /// It has no amount in the cart's currency.
        NoAmountInCurrency => "no_amount_in_currency",
        /// Nothing is sent, or sending it costs nothing already.
        NoShipping => "no_shipping",
        /// Another discount that is not given together with others has priority.
        NotCombinable => "not_combinable",
    }
}

impl DiscountReason {
    /// The same for people.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::NotFound => "it does not exist any more",
            Self::Disabled => "it is switched off",
            Self::NotStarted => "its time has not come",
            Self::Expired => "its time is over",
            Self::UsedUp => "it was used as often as it may be",
            Self::CustomerLimitReached => "this customer has used it as often as one may",
            Self::MinimumSubtotal => "the value of what it is for is too small",
            Self::MinimumQuantity => "there is too little of what it is for",
            Self::NothingEligible => "nothing in the cart is what it is for",
            Self::NoAmountInCurrency => "it has no amount in the cart's currency",
            Self::NoShipping => "shipping costs nothing already",
            Self::NotCombinable => "it is not given together with another discount of the cart",
        }
    }
}

/// What a discount is for; everything when all three are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AppliesTo {
    /// These products.
    #[serde(default)]
    #[validate(length(max = 500))]
    pub products: Vec<ProductId>,
    /// The products of these collections.
    #[serde(default)]
    #[validate(length(max = 100))]
    pub collections: Vec<CollectionId>,
    /// These variants.
    #[serde(default)]
    #[validate(length(max = 500))]
    pub variants: Vec<VariantId>,
}

/// What must be bought, of `buy_x_get_y`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Buy {
    /// How many units, each time.
    #[schema(example = 2)]
    #[validate(range(min = 1, max = 9999))]
    pub quantity: i64,
    /// Of what.
    #[serde(default)]
    #[validate(nested)]
    pub applies_to: AppliesTo,
}

/// What becomes cheaper, of `buy_x_get_y`: the cheapest units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// How many units, each time.
    #[schema(example = 1)]
    #[validate(range(min = 1, max = 9999))]
    pub quantity: i64,
    /// How much cheaper; `100` is free.
    #[validate(custom(function = above_zero))]
    pub percentage: Percentage,
    /// Of what.
    #[serde(default)]
    #[validate(nested)]
    pub applies_to: AppliesTo,
    /// How often in one order at most; no limit when absent.
    #[serde(default)]
    #[validate(range(min = 1, max = 9999))]
    pub most_per_order: Option<i64>,
}

/// What a discount gives and under which conditions: what its price depends on, as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What it gives.
    pub kind: DiscountType,
    /// Of `percentage`.
    pub percentage: Option<Percentage>,
    /// Of `fixed_amount`, one for each currency.
    pub amounts: Vec<Money>,
    /// Of `buy_x_get_y`.
    pub buy: Option<Buy>,
    /// Of `buy_x_get_y`.
    pub get: Option<Get>,
    /// What it is for.
    pub applies_to: AppliesTo,
    /// The least value of what it is for, before discounts; currencies that are not named have no minimum.
    pub minimum_subtotal: Vec<Money>,
    /// The least units of what it is for.
    pub minimum_quantity: Option<i64>,
}

/// A discount.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Discount {
    /// The discount's id.
    pub id: DiscountId,
    /// What the shopper reads.
    #[schema(example = "Ten off in spring")]
    pub title: String,
    /// How it comes to a cart.
    pub method: DiscountMethod,
    /// Whether it is given.
    pub status: DiscountStatus,
    /// What it gives.
    pub r#type: DiscountType,
    /// Of `percentage`: how much.
    pub percentage: Option<Percentage>,
    /// Of `fixed_amount`: how much, in each currency.
    pub amounts: Vec<Money>,
    /// Of `buy_x_get_y`: what must be bought.
    pub buy: Option<Buy>,
    /// Of `buy_x_get_y`: what becomes cheaper.
    pub get: Option<Get>,
    /// What it is for; everything when all members are empty.
    pub applies_to: AppliesTo,
    /// The least value of what it is for, before discounts, in each currency.
    pub minimum_subtotal: Vec<Money>,
    /// The least units of what it is for.
    pub minimum_quantity: Option<i64>,
    /// Higher ones are given first, each on what the earlier left; equal ones by age.
    pub priority: i32,
    /// Whether it is given together with others. One that is not, and has priority, is given alone.
    pub combinable: bool,
    /// How many orders may use it.
    pub usage_limit: Option<i64>,
    /// How many orders of one customer (by e-mail address) may use it.
    pub usage_limit_per_customer: Option<i64>,
    /// How many live orders use it.
    pub times_used: i64,
    /// How many codes it has.
    pub code_count: i64,
    /// The first of its codes.
    #[schema(example = "SPRING10")]
    pub code: Option<String>,
    /// From when.
    pub starts_at: DateTime<Utc>,
    /// Until before when.
    pub ends_at: Option<DateTime<Utc>>,
    /// Raised by each change; also in the `ETag`.
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A page of discounts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DiscountList {
    /// The discounts, newest first.
    pub data: Vec<Discount>,
    /// Where the list goes on.
    pub page: Page,
}

/// A code.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DiscountCode {
    /// The code's id.
    pub id: DiscountCodeId,
    /// What the shopper enters, in any case.
    #[schema(example = "SPRING10")]
    pub code: String,
    /// How many orders may use it.
    pub usage_limit: Option<i64>,
    /// How many live orders use it.
    pub times_used: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

/// A page of codes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct DiscountCodeList {
    /// The codes, newest first.
    pub data: Vec<DiscountCode>,
    /// Where the list goes on.
    pub page: Page,
}

/// The codes that were made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewDiscountCodes {
    /// In the order of the request.
    pub data: Vec<DiscountCode>,
}

/// A discount that a cart or an order has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AppliedDiscount {
    /// The discount.
    pub discount_id: DiscountId,
    /// What the shopper reads.
    pub title: String,
    /// The code that brought it; `null` when it came by itself.
    pub code: Option<String>,
    /// What it gives.
    pub r#type: DiscountType,
    /// What it takes off the lines.
    pub amount: Money,
    /// What it takes off the shipping; `null` until shipping is known.
    pub shipping_amount: Option<Money>,
}

/// What one discount takes off one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineDiscount {
    /// The discount.
    pub discount_id: DiscountId,
    /// What it takes off the line.
    pub amount: Money,
}

/// A code that was entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CartDiscountCode {
    /// The code.
    #[schema(example = "SPRING10")]
    pub code: String,
    /// Whether it takes anything off now.
    pub applied: bool,
    /// Why not.
    pub reason: Option<DiscountReason>,
}

/// More than nothing.
///
/// # Errors
/// For zero.
pub fn above_zero(percentage: &Percentage) -> Result<(), ValidationError> {
    if percentage.millionths() > 0 {
        return Ok(());
    }
    Err(ValidationError::new("range").with_message("must be more than 0".into()))
}
