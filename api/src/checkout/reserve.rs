//! The reserve transaction: what was priced becomes an order, a checkout and held stock, or nothing at all.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::holds::{self, Buyer};
use super::model::{CheckoutStatus, NewCheckout};
use super::stock::{self, Demand};
use crate::carts::load::{self, Snapshot};
use crate::carts::model::CartStatus;
use crate::carts::price::{PricedCart, address};
use crate::catalog::variants::apart;
use crate::config::RateLimits;
use crate::db::schema::{carts, checkouts, customers, order_line_items, orders};
use crate::db::{self, Connection, OnConstraint};
use crate::discounts::model::AppliedDiscount;
use crate::discounts::uses;
use crate::error::{Code, Error, Result};
use crate::http::idempotency::{self, Key};
use crate::ids::{CheckoutId, OrderId};
use crate::jobs::{Job, queue};
use crate::money::Money;
use crate::orders::model::{DisputeStatus, FulfillmentStatus, OrderStatus, PaymentStatus};
use crate::orders::timeline::{self, EventKind};
use crate::payments::{NewSession, SessionAddress, SessionLine, freeze, freeze_coupon};
use crate::pricing::Totals;
use crate::quotes::Promise;

/// How long before a session's end it must be created (Stripe: 30 minutes), and ten minutes for recovery.
const SHORTEST_SESSION: TimeDelta = TimeDelta::minutes(40);

/// What a checkout was priced from and for.
pub(super) struct Plan<'a> {
    /// The cart as it was priced.
    pub(super) snapshot: &'a Snapshot,
    /// Its price.
    pub(super) priced: &'a PricedCart<'a>,
    /// The quote that is honoured.
    pub(super) promise: Option<&'a Promise>,
    /// What the client asked for.
    pub(super) request: &'a NewCheckout,
    /// Its idempotency key.
    pub(super) key: &'a Key,
    /// The claim on the key.
    pub(super) token: Uuid,
    /// How long the stock is held.
    pub(super) hold: TimeDelta,
    /// Whom its units count for.
    pub(super) buyer: &'a Buyer,
    /// How much one shopper may hold; `None` in a load test.
    pub(super) limits: Option<RateLimits>,
}

impl Plan<'_> {
    /// What a coupon takes off the lines at Stripe; nothing when there is nothing to pay at all.
    fn discount(&self) -> Option<Money> {
        let totals = &self.priced.priced.totals;
        let is_paid = totals.total.is_some_and(|total| total.amount > 0);
        Some(totals.discount).filter(|discount| is_paid && discount.amount > 0)
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Reserved {
    /// This checkout is ours: just made, or made under the same key before.
    Checkout(CheckoutId),
    /// Another checkout of the cart is live.
    Live(CheckoutId),
    /// The cart, or a price, is not what was priced.
    Changed,
    /// Somebody else works under our key by now.
    LostClaim,
}

/// Runs the reserve transaction (PROTOCOL.md 6).
///
/// # Errors
/// `insufficient_stock`, `cart_completed`; nothing is left behind then.
pub(super) async fn reserve(conn: &mut Connection, plan: &Plan<'_>, now: DateTime<Utc>) -> Result<Reserved> {
    db::transaction(conn, |conn| {
        async move {
            if !idempotency::lock(conn, plan.key, plan.token).await? {
                return Ok(Reserved::LostClaim);
            }
            let cart = load::row(conn, plan.snapshot.cart.id, true).await?;
            if let Some(mine) = under_key(conn, plan.key).await? {
                return Ok(Reserved::Checkout(mine));
            }
            match cart.status {
                CartStatus::Open | CartStatus::Abandoned => {}
                CartStatus::CheckingOut => return live(conn, plan).await,
                CartStatus::Completed => return Err(crate::carts::write::closed(conn, &cart).await?),
            }
            let (mut present, _) = load::snapshot(conn, cart, now).await?;
            if let Some(promise) = plan.promise {
                if !promise.is_of(&present) {
                    return Ok(Reserved::Changed);
                }
                promise.apply(&mut present);
            }
            if present != *plan.snapshot {
                return Ok(Reserved::Changed);
            }
            write(conn, plan, now).await.map(Reserved::Checkout)
        }
        .scope_boxed()
    })
    .await
}

/// The checkout that was made under a key, whatever became of it.
///
/// # Errors
/// `idempotency_mismatch` when it was made by another request.
pub(super) async fn under_key(conn: &mut Connection, key: &Key) -> Result<Option<CheckoutId>> {
    let found: Option<(CheckoutId, Vec<u8>)> = checkouts::table
        .filter(checkouts::idempotency_scope.eq(&key.scope))
        .filter(checkouts::idempotency_key.eq(&key.key))
        .select((checkouts::id, checkouts::fingerprint))
        .first(conn)
        .await
        .optional()?;
    match found {
        Some((_, fingerprint)) if fingerprint != key.fingerprint => Err(idempotency::mismatch()),
        found => Ok(found.map(|(id, _)| id)),
    }
}

async fn live(conn: &mut Connection, plan: &Plan<'_>) -> Result<Reserved> {
    let live: Option<CheckoutId> = checkouts::table
        .filter(checkouts::cart_id.eq(plan.snapshot.cart.id))
        .filter(checkouts::status.eq_any([CheckoutStatus::Creating, CheckoutStatus::Open]))
        .select(checkouts::id)
        .first(conn)
        .await
        .optional()?;
    live.map(Reserved::Live).ok_or_else(|| Error::Internal("a cart is checking out without a live checkout".to_owned()))
}

/// Writes everything; the stock last, so that its locks are held least.
async fn write(conn: &mut Connection, plan: &Plan<'_>, now: DateTime<Utc>) -> Result<CheckoutId> {
    let units: i64 = plan.snapshot.lines.iter().map(|line| line.quantity).sum();
    if let Some(limits) = plan.limits {
        holds::require_room(conn, plan.buyer, units, limits).await?;
    }
    let (order, checkout) = (OrderId::new(), CheckoutId::new());
    let hold_expires_at = now + plan.hold;
    let session_expires_at = hold_expires_at.max(now + SHORTEST_SESSION);
    let stripe_customer = stripe_customer(conn, plan).await?;
    let request_body = frozen(plan, (order, checkout), stripe_customer.as_deref(), session_expires_at)?;
    let coupon_body = frozen_coupon(plan, order, checkout, session_expires_at)?;
    insert_order(conn, plan, order, now).await?;
    insert_lines(conn, plan, order).await?;
    diesel::insert_into(checkouts::table)
        .values((
            checkouts::id.eq(checkout),
            checkouts::cart_id.eq(plan.snapshot.cart.id),
            checkouts::order_id.eq(order),
            checkouts::status.eq(CheckoutStatus::Creating),
            checkouts::idempotency_scope.eq(&plan.key.scope),
            checkouts::idempotency_key.eq(&plan.key.key),
            checkouts::fingerprint.eq(&plan.key.fingerprint),
            checkouts::request_body.eq(request_body),
            checkouts::coupon_body.eq(coupon_body),
            checkouts::hold_expires_at.eq(hold_expires_at),
            checkouts::session_expires_at.eq(session_expires_at),
            checkouts::buyer_address.eq(&plan.buyer.address),
            checkouts::buyer_email.eq(&plan.buyer.email),
            checkouts::units.eq(units),
            checkouts::created_at.eq(now),
            checkouts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    timeline::record(conn, order, EventKind::Placed, json!({"checkout_id": checkout}), now).await?;
    queue::enqueue(conn, Job::AdvanceCheckout(checkout), &format!("hold:{checkout}"), hold_expires_at, now).await?;
    diesel::update(carts::table.find(plan.snapshot.cart.id))
        .set((carts::status.eq(CartStatus::CheckingOut), carts::updated_at.eq(now)))
        .execute(conn)
        .await?;
    let email = plan.snapshot.cart.email.as_deref().unwrap_or_default();
    uses::count(conn, order, email, &plan.priced.discounts, now).await?;
    let mut demand = Demand::new();
    for line in &plan.snapshot.lines {
        *demand.entry(line.variant_id).or_default() += line.quantity;
    }
    stock::hold(conn, order, &demand, now).await?;
    Ok(checkout)
}

/// How Stripe knows the cart's customer, if there is one and it does.
async fn stripe_customer(conn: &mut Connection, plan: &Plan<'_>) -> Result<Option<String>> {
    let Some(customer) = plan.snapshot.cart.customer_id else { return Ok(None) };
    Ok(customers::table.find(customer).select(customers::stripe_customer_id).first(conn).await?)
}

/// The create request of the session, as it will be sent however often.
fn frozen(
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
        success_url: &filled(&plan.request.success_url),
        cancel_url: &filled(&plan.request.cancel_url),
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
fn frozen_coupon(
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

async fn insert_order(conn: &mut Connection, plan: &Plan<'_>, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    let (cart, totals) = (&plan.snapshot.cart, &plan.priced.priced.totals);
    let known = |amount: Option<Money>| {
        amount.map(|money| money.amount).ok_or_else(|| Error::Internal("an order without known totals".to_owned()))
    };
    let amounts = (
        orders::subtotal.eq(totals.subtotal.amount),
        orders::discount.eq(totals.discount.amount),
        orders::shipping.eq(known(totals.shipping)?),
        orders::shipping_discount.eq(known(totals.shipping_discount)?),
        orders::tax_added.eq(known(totals.tax_added)?),
        orders::tax_included.eq(known(totals.tax_included)?),
        orders::total.eq(known(totals.total)?),
    );
    let after_payment = (
        orders::captured.eq(0),
        orders::refund_claimed.eq(0),
        orders::refund_imported.eq(0),
        orders::disputed.eq(0),
        orders::dispute_status.eq(DisputeStatus::None),
    );
    let rate: Option<Value> = plan.priced.delivery.rate().map(|rate| json!(rate));
    let discounts: Vec<&AppliedDiscount> = plan.priced.discounts.iter().map(|(_, applied)| applied).collect();
    diesel::insert_into(orders::table)
        .values((
            orders::id.eq(order),
            orders::cart_id.eq(cart.id),
            orders::status.eq(OrderStatus::Pending),
            orders::payment_status.eq(PaymentStatus::Unpaid),
            orders::fulfillment_status.eq(FulfillmentStatus::Unfulfilled),
            orders::payment_review.eq(false),
            orders::currency.eq(cart.currency),
            orders::email.eq(cart.email.as_deref().unwrap_or_default()),
            orders::customer_id.eq(cart.customer_id),
            orders::shipping_address.eq(&cart.shipping_address),
            orders::billing_address.eq(&cart.billing_address),
            orders::shipping_rate.eq(rate),
            orders::locale.eq(&cart.locale),
            orders::discounts.eq(json!(discounts)),
            orders::exchange_rate.eq(plan.snapshot.exchange.as_ref().map(|exchange| json!(exchange))),
            orders::tax.eq(json!(plan.priced.tax.summary(plan.snapshot)?)),
            orders::tax_calculation_id.eq(plan.priced.tax.known().and_then(|known| known.calculation)),
            orders::metadata.eq(&cart.metadata),
            amounts,
            after_payment,
            orders::token_version.eq(1),
            orders::version.eq(1),
            orders::placed_at.eq(now),
            orders::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("orders_tax_calculation_id_key", || {
            let detail =
                "Another order is taxed by what this cart was quoted. Ask for another quote, then check out again.";
            Error::problem(Code::CartChanged, detail)
        })?;
    Ok(())
}

async fn insert_lines(conn: &mut Connection, plan: &Plan<'_>, order: OrderId) -> Result<()> {
    let priced = plan.priced.priced.lines.iter().zip(&plan.priced.line_discounts).zip(&plan.priced.line_taxes);
    let lines = plan.snapshot.lines.iter().zip(priced).enumerate();
    let rows: Vec<_> = lines
        .map(|(position, (line, ((totals, discounts), taxed)))| {
            (
                order_line_items::id.eq(crate::ids::LineItemId::new()),
                order_line_items::order_id.eq(order),
                order_line_items::position.eq(i32::try_from(position).unwrap_or(i32::MAX)),
                order_line_items::variant_id.eq(line.variant_id),
                order_line_items::product_id.eq(line.product_id),
                order_line_items::sku.eq(&line.sku),
                order_line_items::title.eq(&line.title),
                order_line_items::variant_title.eq(&line.variant_title),
                order_line_items::requires_shipping.eq(line.requires_shipping),
                order_line_items::metadata.eq(&line.metadata),
                order_line_items::quantity.eq(line.quantity),
                order_line_items::unit_price.eq(line.unit_price.unwrap_or_default()),
                order_line_items::subtotal.eq(totals.subtotal.amount),
                order_line_items::discount.eq(totals.discount.amount),
                order_line_items::discounts.eq(json!(discounts)),
                order_line_items::tax_added.eq(totals.tax_added.amount),
                order_line_items::tax_included.eq(totals.tax_included.amount),
                order_line_items::tax_breakdown.eq(json!(taxed.breakdown)),
                order_line_items::tax_reference.eq(line.id.to_string()),
                order_line_items::tax_code.eq(&line.tax_code),
                order_line_items::total.eq(totals.total.amount),
                (
                    order_line_items::fulfilled_quantity.eq(0),
                    order_line_items::restocked_quantity.eq(0),
                    order_line_items::refunded_quantity.eq(0),
                    order_line_items::refunded_amount.eq(0),
                    order_line_items::refunded_tax.eq(0),
                    order_line_items::removed_quantity.eq(0),
                ),
            )
        })
        .collect();
    diesel::insert_into(order_line_items::table).values(rows).execute(conn).await?;
    Ok(())
}
