//! What a session costs: lines, the one discount, the one shipping option.

use serde_json::{Value, json};

use crate::error::StripeError;
use crate::money;
use crate::object::{self, fresh_id};
use crate::params::Params;
use crate::state::{Cause, Store};
use crate::stripe::{catalog, coupons};

const MOST_LINES: usize = 100;
const MOST_SHIPPING_OPTIONS: usize = 5;

/// The lines and what they sum to.
#[derive(Debug)]
pub(crate) struct Lines {
    /// As the API shows them.
    pub(crate) items: Vec<Value>,
    /// Before the discount.
    pub(crate) subtotal: i64,
    /// Lower case.
    pub(crate) currency: String,
}

/// Reads `line_items`, making a price and product for each `price_data`, as Stripe does.
pub(crate) fn read(store: &mut Store, params: &Params<'_>, cause: &Cause) -> Result<Lines, StripeError> {
    let sent = params.children("line_items")?;
    if sent.is_empty() {
        return Err(StripeError::missing("line_items"));
    }
    if sent.len() > MOST_LINES {
        return Err(StripeError::invalid(format!(
            "You cannot have more than {MOST_LINES} line items in `payment` mode."
        ))
        .param("line_items"));
    }
    let mut lines = Lines { items: Vec::new(), subtotal: 0, currency: String::new() };
    for line in sent {
        line.only(&[
            "price",
            "price_data",
            "quantity",
            "adjustable_quantity",
            "dynamic_tax_rates",
            "metadata",
            "tax_rates",
        ])?;
        let price = price_of(store, &line, cause)?;
        let quantity = line.required_at_least("quantity", 1)?;
        let currency = object::owned(&price, "currency");
        if lines.currency.is_empty() {
            lines.currency = currency;
        } else if lines.currency != currency {
            return Err(StripeError::invalid("All line items of a Checkout Session must have the same currency.")
                .param(&line.name("price_data")));
        }
        let amount = object::integer(&price, "unit_amount")
            .checked_mul(quantity)
            .ok_or_else(|| StripeError::invalid("The amount is too large.").code("amount_too_large"))?;
        lines.subtotal = lines.subtotal.saturating_add(amount);
        let product = store.products.get(&object::owned(&price, "product")).cloned().unwrap_or(Value::Null);
        lines.items.push(json!({
            "id": fresh_id("li"),
            "object": "item",
            "adjustable_quantity": null,
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": lines.currency,
            "description": product.get("name"),
            "metadata": line.metadata()?,
            "price": price,
            "quantity": quantity,
        }));
    }
    Ok(lines)
}

fn price_of(store: &mut Store, line: &Params<'_>, cause: &Cause) -> Result<Value, StripeError> {
    match (line.text("price")?, line.child("price_data")?) {
        (Some(_), Some(_)) => Err(StripeError::exclusive(&["price", "price_data"])),
        (None, None) => Err(StripeError::missing(&line.name("price_data"))),
        (Some(id), None) => {
            store.prices.get(id).cloned().ok_or_else(|| StripeError::dangling("price", id, &line.name("price")))
        }
        (None, Some(data)) => catalog::inline_price(store, &data, cause),
    }
}

/// The discount of a session.
#[derive(Debug, Default)]
pub(crate) struct Discount {
    /// Minor units off the lines.
    pub(crate) amount: i64,
    /// The coupon's id.
    pub(crate) coupon: Option<String>,
    /// Products it is restricted to; none restrict nothing.
    products: Vec<String>,
}

/// Reads `discounts`: at most one, a coupon that is valid now and in the session's currency.
pub(crate) fn discount(store: &Store, params: &Params<'_>, lines: &Lines, now: i64) -> Result<Discount, StripeError> {
    let sent = params.children("discounts")?;
    let Some(first) = sent.first() else { return Ok(Discount::default()) };
    if sent.len() > 1 {
        return Err(StripeError::invalid("You may only specify one discount.").param("discounts"));
    }
    first.only(&["coupon", "promotion_code"])?;
    let id = first.required_text("coupon")?;
    let param = first.name("coupon");
    let coupon = store.coupons.get(id).ok_or_else(|| StripeError::dangling("coupon", id, &param))?;
    if !coupons::is_valid(coupon, now) {
        return Err(StripeError::invalid(format!("Coupon {id} is not valid any more."))
            .code("coupon_expired")
            .param(&param));
    }
    let mut discount = Discount { amount: 0, coupon: Some(id.to_owned()), products: coupons::products(store, id) };
    let eligible: i64 = discount.eligible(lines).iter().sum();
    let amount = coupons::amount_off(store, coupon, eligible, &lines.currency)
        .ok_or_else(|| StripeError::invalid("The coupon has another currency than the session.").param(&param))?;
    discount.amount = amount.clamp(0, eligible);
    Ok(discount)
}

impl Discount {
    /// How much of each line it may touch.
    fn eligible(&self, lines: &Lines) -> Vec<i64> {
        let touches = |line: &Value| {
            let product = line.pointer("/price/product").and_then(Value::as_str).unwrap_or_default();
            self.products.is_empty() || self.products.iter().any(|listed| listed == product)
        };
        lines
            .items
            .iter()
            .map(|line| if touches(line) { object::integer(line, "amount_subtotal") } else { 0 })
            .collect()
    }

    /// The lines with their shares; what does not divide goes to the first lines that have room.
    pub(crate) fn spread(&self, mut lines: Lines) -> Lines {
        let mut left = self.amount;
        let eligible = self.eligible(&lines);
        let whole: i64 = eligible.iter().sum();
        let shares = |amount: i64| {
            let share = i128::from(self.amount) * i128::from(amount) / i128::from(whole.max(1));
            i64::try_from(share).unwrap_or(0)
        };
        let mut given: Vec<i64> = eligible.iter().copied().map(shares).collect();
        left -= given.iter().sum::<i64>();
        for ((line, share), eligible) in lines.items.iter_mut().zip(&mut given).zip(eligible) {
            let subtotal = object::integer(line, "amount_subtotal");
            let extra = left.min(eligible - *share);
            *share += extra;
            left -= extra;
            object::merge(line, json!({"amount_discount": *share, "amount_total": subtotal - *share}));
        }
        lines
    }
}

/// The shipping of a session.
#[derive(Debug)]
pub(crate) struct Shipping {
    /// What the first option costs.
    pub(crate) amount: i64,
    /// The options as the API shows them.
    pub(crate) options: Vec<Value>,
}

impl Shipping {
    /// `shipping_cost`, or null without shipping.
    pub(crate) fn cost(&self) -> Value {
        match self.options.first() {
            Some(option) => json!({
                "amount_subtotal": self.amount, "amount_tax": 0, "amount_total": self.amount,
                "shipping_rate": option.get("shipping_rate"),
            }),
            None => Value::Null,
        }
    }
}

/// Reads `shipping_options`; the first counts, as the buyer is not asked to choose here.
pub(crate) fn shipping(params: &Params<'_>, currency: &str) -> Result<Shipping, StripeError> {
    let sent = params.children("shipping_options")?;
    if sent.len() > MOST_SHIPPING_OPTIONS {
        return Err(StripeError::invalid("You may specify up to 5 shipping options.").param("shipping_options"));
    }
    let mut shipping = Shipping { amount: 0, options: Vec::new() };
    for (index, option) in sent.iter().enumerate() {
        option.only(&["shipping_rate", "shipping_rate_data"])?;
        let data = option
            .child("shipping_rate_data")?
            .ok_or_else(|| StripeError::missing(&option.name("shipping_rate_data")))?;
        data.only(&[
            "delivery_estimate",
            "display_name",
            "fixed_amount",
            "metadata",
            "tax_behavior",
            "tax_code",
            "type",
        ])?;
        data.required_text("display_name")?;
        data.choice("type", &["fixed_amount"])?;
        let fixed = data.child("fixed_amount")?.ok_or_else(|| StripeError::missing(&data.name("fixed_amount")))?;
        fixed.only(&["amount", "currency", "currency_options"])?;
        let amount = fixed.required_at_least("amount", 0)?;
        if money::currency(fixed.required_text("currency")?, &fixed.name("currency"))? != currency {
            return Err(StripeError::invalid("The shipping rate has another currency than the line items.")
                .param(&fixed.name("currency")));
        }
        if index == 0 {
            shipping.amount = amount;
        }
        shipping.options.push(json!({"shipping_amount": amount, "shipping_rate": fresh_id("shr")}));
    }
    Ok(shipping)
}
