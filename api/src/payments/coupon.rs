//! The one coupon of a discounted session: the whole discount as an amount, for one use (CONTRACTS §1.3).
//!
//! Its id is that of our checkout, so that whoever makes it makes the same, and it is known before it is made.

use chrono::{DateTime, Utc};
use serde::Serialize;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::currency::to_stripe;
use super::{ProviderError, Stripe};
use crate::error::{Code, Error, Result};
use crate::money::Money;

/// Stripe's limit for a coupon's name.
const LONGEST_NAME: usize = 40;

#[derive(Serialize)]
struct NewCoupon<'a> {
    id: &'a str,
    name: String,
    amount_off: i64,
    currency: String,
    duration: &'static str,
    max_redemptions: u32,
    redeem_by: i64,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    order_id: &'a str,
}

/// The form body of the create request, to be sent as often as needed.
///
/// # Errors
/// `amount_not_chargeable` when Stripe cannot take the amount off exactly.
pub fn freeze_coupon(id: &str, order_id: &str, name: &str, amount: Money, redeem_by: DateTime<Utc>) -> Result<String> {
    let amount_off = to_stripe(amount).ok_or_else(|| {
        let detail = format!("{} {} cannot be taken off exactly.", amount.decimal(), amount.currency);
        Error::problem(Code::AmountNotChargeable, detail)
    })?;
    let request = RequestBuilder::new(StripeMethod::Post, "/coupons").form(&NewCoupon {
        id,
        name: name.chars().take(LONGEST_NAME).collect(),
        amount_off,
        currency: amount.currency.code().to_ascii_lowercase(),
        duration: "once",
        max_redemptions: 1,
        redeem_by: redeem_by.timestamp(),
        metadata: Metadata { order_id },
    });
    request.body.ok_or_else(|| Error::Internal("async-stripe made no body for a coupon".to_owned()))
}

impl Stripe {
    /// Makes a frozen coupon; one that is there already is as good.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn create_coupon(&self, key: &str, body: &str) -> Result<(), ProviderError> {
        let mut request = RequestBuilder::new(StripeMethod::Post, "/coupons");
        request.body = Some(body.to_owned());
        match self.document(&request, Some(key), None).await {
            Ok(_) => Ok(()),
            Err(ProviderError::Rejected { code: Some(code), .. }) if code == "resource_already_exists" => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes a coupon that no session needs any more; one that is gone is as good.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn delete_coupon(&self, id: &str) -> Result<(), ProviderError> {
        let request = RequestBuilder::new(StripeMethod::Delete, format!("/coupons/{id}"));
        match self.document(&request, None, None).await {
            Ok(_) | Err(ProviderError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
