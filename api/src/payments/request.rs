//! The create request of a session, from an order: made once, then frozen as text and sent byte for byte.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAdaptivePricing, CreateCheckoutSessionAutomaticTax,
    CreateCheckoutSessionCustomText, CreateCheckoutSessionDiscounts, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData,
    CreateCheckoutSessionPaymentIntentDataShipping, CreateCheckoutSessionPaymentIntentDataShippingAddress,
    CreateCheckoutSessionShippingOptions, CreateCheckoutSessionShippingOptionsShippingRateData,
    CreateCheckoutSessionShippingOptionsShippingRateDataFixedAmount,
    CreateCheckoutSessionShippingOptionsShippingRateDataType, CustomTextPositionParam, ProductData,
};
use stripe_client_core::StripeRequest;
use stripe_shared::{CheckoutSessionLocale, CheckoutSessionMode, CheckoutSessionUiMode};

use super::currency::to_stripe;
use crate::error::{Code, Error, Result};
use crate::money::{Currency, Money};

/// Stripe's limit for a product's name; longer ones are cut.
const LONGEST_NAME: usize = 250;

/// What a session is made of.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Our order id, sent as `client_reference_id`.
    pub order_id: String,
    /// Our checkout id, in the metadata.
    pub checkout_id: String,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The lines.
    pub lines: Vec<SessionLine<'a>>,
    /// The coupon that takes the discount off.
    pub coupon: Option<&'a str>,
    /// Tax on top, as a line of its own: what it is called and how much.
    pub tax: Option<(String, Money)>,
    /// The tax that the prices contain, to be told beside the pay button.
    pub included_tax: Option<Money>,
    /// Shipping: name and price.
    pub shipping: Option<(&'a str, Money)>,
    /// Where it is sent.
    pub address: Option<SessionAddress<'a>>,
    /// `cus_…`, when Stripe knows the customer; it then knows the e-mail address as well.
    pub customer: Option<&'a str>,
    /// The shopper's e-mail address.
    pub email: &'a str,
    /// The shopper's language, BCP 47.
    pub locale: Option<&'a str>,
    /// When Stripe ends the session by itself.
    pub expires_at: DateTime<Utc>,
    /// Where the shopper goes after paying.
    pub success_url: &'a str,
    /// Where the shopper goes by the page's back link.
    pub cancel_url: &'a str,
}

/// One line.
#[derive(Debug)]
pub struct SessionLine<'a> {
    /// What it is called.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// The price of one.
    pub unit_price: Money,
    /// For the metadata.
    pub sku: &'a str,
}

/// A postal address.
#[derive(Debug)]
pub struct SessionAddress<'a> {
    /// The recipient.
    pub name: &'a str,
    /// Street and number.
    pub line1: &'a str,
    /// More of it.
    pub line2: Option<&'a str>,
    /// City.
    pub city: Option<&'a str>,
    /// State or province.
    pub state: Option<&'a str>,
    /// Postal code.
    pub postal_code: Option<&'a str>,
    /// ISO 3166-1 alpha-2.
    pub country: &'a str,
    /// Phone.
    pub phone: Option<&'a str>,
}

/// The form body of the create request (CONTRACTS decision 1: fixed shipping option, no automatic tax, no adaptive
/// pricing, always said explicitly).
///
/// # Errors
/// `amount_not_chargeable` when Stripe cannot charge an amount exactly.
pub fn freeze(new: &NewSession<'_>) -> Result<String> {
    let currency = stripe_currency(new.currency);
    let mut lines = new.lines.iter().map(|line| line_item(line, &currency)).collect::<Result<Vec<_>>>()?;
    if let Some((name, amount)) = &new.tax {
        lines.push(tax_item(name, *amount, &currency)?);
    }
    let metadata = HashMap::from([
        ("order_id".to_owned(), new.order_id.clone()),
        ("checkout_id".to_owned(), new.checkout_id.clone()),
    ]);
    let mut intent = CreateCheckoutSessionPaymentIntentData::new();
    intent.metadata = Some(metadata.clone());
    intent.shipping = new.address.as_ref().map(shipping_details);
    let mut adaptive_pricing = CreateCheckoutSessionAdaptivePricing::new();
    adaptive_pricing.enabled = Some(false);
    let mut request = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        .ui_mode(CheckoutSessionUiMode::HostedPage)
        .automatic_tax(CreateCheckoutSessionAutomaticTax::new(false))
        .adaptive_pricing(adaptive_pricing)
        .client_reference_id(&new.order_id)
        .expires_at(new.expires_at.timestamp())
        .success_url(new.success_url)
        .cancel_url(new.cancel_url)
        .metadata(metadata)
        .line_items(lines)
        .payment_intent_data(intent);
    // Stripe takes one or the other.
    request = match new.customer {
        Some(customer) => request.customer(customer),
        None => request.customer_email(new.email),
    };
    if let Some(tax) = new.included_tax {
        let message = format!("Includes {} {} of tax.", tax.decimal(), tax.currency);
        let mut text = CreateCheckoutSessionCustomText::new();
        text.submit = Some(CustomTextPositionParam::new(message));
        request = request.custom_text(text);
    }
    if let Some(locale) = new.locale.and_then(stripe_locale) {
        request = request.locale(locale);
    }
    if let Some(coupon) = new.coupon {
        let discount =
            CreateCheckoutSessionDiscounts { coupon: Some(coupon.to_owned()), ..CreateCheckoutSessionDiscounts::new() };
        request = request.discounts(vec![discount]);
    }
    if let Some((name, price)) = new.shipping {
        request = request.shipping_options(vec![shipping_option(name, price, currency)?]);
    }
    let body = request.build().body;
    body.ok_or_else(|| Error::Internal("async-stripe made no body for a create request".to_owned()))
}

/// The currency in lower case, also where async-stripe's list has it not (KWD, say): Stripe decides.
fn stripe_currency(currency: Currency) -> stripe_types::Currency {
    let code = currency.code().to_ascii_lowercase();
    code.parse().unwrap_or(stripe_types::Currency::Unknown(code))
}

/// The payment page's language: the tag itself if Stripe knows it, else its language; Stripe chooses for others.
fn stripe_locale(tag: &str) -> Option<CheckoutSessionLocale> {
    let known = |tag: &str| match tag.parse() {
        Ok(CheckoutSessionLocale::Unknown(_)) | Err(_) => None,
        Ok(locale) => Some(locale),
    };
    known(tag).or_else(|| known(tag.split('-').next()?))
}

fn exactly(amount: Money) -> Result<i64> {
    to_stripe(amount).ok_or_else(|| {
        let (decimal, currency) = (amount.decimal(), amount.currency);
        Error::problem(
            Code::AmountNotChargeable,
            format!("{decimal} {currency} cannot be charged exactly: the last digit must be 0. Change the price."),
        )
    })
}

fn line_item(line: &SessionLine<'_>, currency: &stripe_types::Currency) -> Result<CreateCheckoutSessionLineItems> {
    let mut product = ProductData::new(line.name.chars().take(LONGEST_NAME).collect::<String>());
    product.metadata = Some(HashMap::from([("sku".to_owned(), line.sku.to_owned())]));
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(currency.clone());
    price.product_data = Some(product);
    price.unit_amount = Some(exactly(line.unit_price)?);
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price_data = Some(price);
    item.quantity = u64::try_from(line.quantity).ok();
    Ok(item)
}

/// Tax as a line of its own, which nothing reckons anew (CONTRACTS §1.4, variant B).
fn tax_item(name: &str, amount: Money, currency: &stripe_types::Currency) -> Result<CreateCheckoutSessionLineItems> {
    let mut product = ProductData::new(name.chars().take(LONGEST_NAME).collect::<String>());
    product.metadata = Some(HashMap::from([("kind".to_owned(), "tax".to_owned())]));
    product.tax_code = Some("txcd_00000000".to_owned());
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(currency.clone());
    price.product_data = Some(product);
    price.unit_amount = Some(exactly(amount)?);
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price_data = Some(price);
    item.quantity = Some(1);
    Ok(item)
}

fn shipping_option(
    name: &str,
    price: Money,
    currency: stripe_types::Currency,
) -> Result<CreateCheckoutSessionShippingOptions> {
    let amount = CreateCheckoutSessionShippingOptionsShippingRateDataFixedAmount::new(exactly(price)?, currency);
    let mut rate = CreateCheckoutSessionShippingOptionsShippingRateData::new(name);
    rate.type_ = Some(CreateCheckoutSessionShippingOptionsShippingRateDataType::FixedAmount);
    rate.fixed_amount = Some(amount);
    let mut option = CreateCheckoutSessionShippingOptions::new();
    option.shipping_rate_data = Some(rate);
    Ok(option)
}

fn shipping_details(address: &SessionAddress<'_>) -> CreateCheckoutSessionPaymentIntentDataShipping {
    let owned = |part: Option<&str>| part.map(str::to_owned);
    let mut place = CreateCheckoutSessionPaymentIntentDataShippingAddress::new(address.line1);
    place.line2 = owned(address.line2);
    place.city = owned(address.city);
    place.state = owned(address.state);
    place.postal_code = owned(address.postal_code);
    place.country = Some(address.country.to_owned());
    let mut shipping = CreateCheckoutSessionPaymentIntentDataShipping::new(place, address.name);
    shipping.phone = owned(address.phone);
    shipping
}
