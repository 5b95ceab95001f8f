//! What Stripe is sent for a checkout, frozen when it is reserved (PROTOCOL.md 3).

use chrono::{DateTime, Utc};

use super::reserve::Plan;
use crate::carts::price::address;
use crate::catalog::variants::apart;
use crate::error::Result;
use crate::ids::{CheckoutId, OrderId};
use crate::money::Money;
use crate::payments::{NewSession, SessionAddress, SessionLine, freeze, freeze_coupon};
use crate::pricing::Totals;

/// The create request of the session, as it will be sent however often.
///
/// # Errors
/// When the cart's address is none, which is a defect.
pub(super) fn session(
    plan: &Plan<'_>,
    (order, checkout): (OrderId, CheckoutId),
    stripe_customer: Option<&str>,
    expires_at: DateTime<Utc>,
) -> Result<String> {
    let (cart, currency) = (&plan.snapshot.cart, plan.snapshot.cart.currency);
    let (totals, coupon) = (&plan.priced.priced.totals, checkout.to_string());
    let shipping_address = address(cart.shipping_address.as_ref())?;
    let lines = plan.snapshot.lines.iter().map(|line| SessionLine {
        name: match apart(&line.variant_title) {
            None => line.title.clone(),
            Some(variant) => format!("{} ({variant})", line.title),
        },
        quantity: line.quantity,
        unit_price: Money::new(line.unit_price.unwrap_or_default(), currency),
        sku: &line.sku,
    });
    let filled = |url: &str| url.replace("{CHECKOUT_ID}", &checkout.to_string());
    freeze(&NewSession {
        order_id: order.to_string(),
        checkout_id: checkout.to_string(),
        currency,
        lines: lines.collect(),
        coupon: plan.discount().map(|_| coupon.as_str()),
        shipping: plan.priced.delivery.rate().zip(totals.shipping).map(|(rate, price)| (rate.name.as_str(), price)),
        address: shipping_address.as_ref().map(|address| SessionAddress {
            name: address.name.as_deref().unwrap_or_default(),
            line1: address.line1.as_deref().unwrap_or_default(),
            line2: address.line2.as_deref(),
            city: address.city.as_deref(),
            state: address.state.as_deref(),
            postal_code: address.postal_code.as_deref(),
            country: &address.country,
            phone: address.phone.as_deref(),
        }),
        tax: tax_line(plan, totals),
        included_tax: totals.tax_included.filter(|tax| tax.amount > 0),
        customer: stripe_customer,
        email: cart.email.as_deref().unwrap_or_default(),
        locale: cart.locale.as_deref(),
        expires_at,
        success_url: &filled(&plan.wish.request.success_url),
        cancel_url: &filled(&plan.wish.request.cancel_url),
    })
}

/// The tax on top as a line of the session: what it is called, with its rates, and how much.
fn tax_line(plan: &Plan<'_>, totals: &Totals) -> Option<(String, Money)> {
    let tax = totals.tax_added.filter(|tax| tax.amount > 0)?;
    let known = plan.priced.tax.known()?;
    let taxed = known.assessment.lines.iter().map(|(_, taxed)| taxed).chain([&known.assessment.shipping]);
    let mut rates: Vec<String> = Vec::new();
    for part in taxed.flat_map(|taxed| &taxed.breakdown).filter(|part| part.amount.amount > 0) {
        let rate = part.percentage.as_ref().map(|percentage| format!("{} {percentage} %", part.jurisdiction));
        rates.extend(rate.filter(|rate| !rates.contains(rate)));
    }
    let language = plan.snapshot.cart.locale.as_deref().unwrap_or("en");
    let label = tax_label(language);
    let name = if rates.is_empty() { label.to_owned() } else { format!("{label} ({})", rates.join(", ")) };
    Some((name, tax))
}

/// "Tax" in the language of the payment page.
fn tax_label(locale: &str) -> &'static str {
    match locale.split('-').next() {
        Some("de") => "Steuern",
        Some("fr") => "Taxes",
        Some("es") => "Impuestos",
        Some("it") => "Imposte",
        Some("nl") => "Belasting",
        Some("pt") => "Impostos",
        Some("ja") => "税",
        Some(_) | None => "Tax",
    }
}

/// The coupon's create request; `None` when there is nothing to take off, or nothing to pay.
///
/// # Errors
/// When it cannot be written, which is a defect.
pub(super) fn coupon(
    plan: &Plan<'_>,
    order: OrderId,
    checkout: CheckoutId,
    redeem_by: DateTime<Utc>,
) -> Result<Option<String>> {
    let Some(discount) = plan.discount() else { return Ok(None) };
    let titles = plan.priced.discounts.iter().filter(|(_, given)| given.amount.amount > 0);
    let name: Vec<&str> = titles.map(|(_, given)| given.title.as_str()).collect();
    freeze_coupon(&checkout.to_string(), &order.to_string(), &name.join(", "), discount, redeem_by).map(Some)
}
