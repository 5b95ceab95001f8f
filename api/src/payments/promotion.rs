//! Stripe's promotion codes, to be taken over into the shop's own discounts.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::currency::from_stripe;
use super::{ProviderError, Stripe};
use crate::money::{Currency, Money, Percentage};

/// A promotion code as far as the shop can keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionCode {
    /// `promo_…`
    pub id: String,
    /// What customers enter.
    pub code: String,
    /// Stripe's coupon behind it.
    pub coupon_id: String,
    /// What the coupon is called.
    pub name: String,
    /// Off, in percent.
    pub percentage: Option<Percentage>,
    /// Off, one amount for each currency.
    pub amounts: Vec<Money>,
    /// How many more orders may use the coupon.
    pub coupon_uses_left: Option<i64>,
    /// How many more orders may use the code.
    pub uses_left: Option<i64>,
    /// Until before when.
    pub ends_at: Option<DateTime<Utc>>,
    /// The least value of a cart.
    pub minimum: Option<Money>,
    /// What the shop cannot keep: a reason for each.
    pub obstacles: Vec<String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    has_more: bool,
}

impl Stripe {
    /// Every active promotion code of the account.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn promotion_codes(&self) -> Result<Vec<PromotionCode>, ProviderError> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut query = "active=true&limit=100&expand[]=data.promotion.coupon".to_owned();
            if let Some(after) = &after {
                query = format!("{query}&starting_after={after}");
            }
            let mut request = RequestBuilder::new(StripeMethod::Get, "/promotion_codes");
            request.query = Some(query);
            let page = self.document(&request, None, None).await?;
            let page: Page =
                serde_json::from_value(page).map_err(|error| ProviderError::unknown(format!("no list: {error}")))?;
            let codes =
                page.data.iter().map(|code| read(code).ok_or_else(|| ProviderError::unknown("no promotion code")));
            found.extend(codes.collect::<Result<Vec<_>, _>>()?);
            match found.last().filter(|_| page.has_more) {
                Some(last) => after = Some(last.id.clone()),
                None => return Ok(found),
            }
        }
    }
}

fn money(amount: &Value, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_ascii_uppercase().parse().ok()?;
    from_stripe(amount.as_i64()?, currency)
}

fn read(code: &Value) -> Option<PromotionCode> {
    let text = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let coupon = code.pointer("/promotion/coupon").filter(|coupon| coupon.is_object())?;
    let left = |value: &Value| {
        let most = value.get("max_redemptions")?.as_i64()?;
        Some((most - value.get("times_redeemed").and_then(Value::as_i64).unwrap_or_default()).max(0))
    };
    let time = |value: &Value, name: &str| DateTime::from_timestamp(value.get(name)?.as_i64()?, 0);
    let percent = coupon.get("percent_off").filter(|percent| !percent.is_null());
    let percentage = percent.and_then(|percent| percent.to_string().trim_end_matches(".0").parse().ok());
    let own = coupon.get("amount_off").zip(coupon.get("currency").and_then(Value::as_str));
    let own = own.and_then(|(amount, currency)| money(amount, currency));
    let options = coupon.get("currency_options").and_then(Value::as_object).into_iter().flatten();
    let others = options.filter_map(|(currency, option)| money(option.get("amount_off")?, currency));
    let amounts: Vec<Money> =
        own.into_iter().chain(others.filter(|other| own.is_none_or(|own| own.currency != other.currency))).collect();
    let restrictions = code.get("restrictions");
    let restriction = |name: &str| restrictions.and_then(|all| all.get(name)).filter(|value| !value.is_null());
    let minimum = restriction("minimum_amount").zip(restriction("minimum_amount_currency").and_then(Value::as_str));
    let mut obstacles = Vec::new();
    if percentage.is_none() && amounts.is_empty() {
        obstacles.push("its coupon takes off nothing that the shop can take off".to_owned());
    }
    if coupon.pointer("/applies_to/products").is_some_and(|products| !products.is_null()) {
        obstacles.push("its coupon is for products of Stripe's, which the shop does not know".to_owned());
    }
    if restriction("first_time_transaction").and_then(Value::as_bool) == Some(true) {
        obstacles.push("it is for first orders only".to_owned());
    }
    if code.get("customer").is_some_and(|customer| !customer.is_null()) {
        obstacles.push("it is for one customer of Stripe's".to_owned());
    }
    Some(PromotionCode {
        id: text(code, "/id")?,
        code: text(code, "/code")?,
        coupon_id: text(coupon, "/id")?,
        name: text(coupon, "/name").unwrap_or(text(coupon, "/id")?),
        percentage,
        amounts,
        coupon_uses_left: left(coupon),
        uses_left: left(code),
        ends_at: time(code, "expires_at").into_iter().chain(time(coupon, "redeem_by")).min(),
        minimum: minimum.and_then(|(amount, currency)| money(amount, currency)),
        obstacles,
    })
}
