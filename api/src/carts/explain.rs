//! How a cart's total comes about, step by step: for support staff and frontend developers.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;

use super::load::{self, CartRow, Line, Snapshot};
use super::model::CartProblem;
use super::price::{self, PricedCart};
use crate::app::App;
use crate::catalog::model::PriceOrigin;
use crate::db::Connection;
use crate::discounts::apply::{self, Candidate};
use crate::discounts::model::{DiscountReason, DiscountType};
use crate::error::Result;
use crate::fx::derive::Derivation;
use crate::http::auth::{CartToken, Staff};
use crate::http::extract::Id;
use crate::ids::{CartId, DiscountId, LineItemId};
use crate::money::{Currency, Money};
use crate::payments::{minimum_charge, smallest_charge_step};
use crate::pricing::Totals;
use crate::shipping::model::ShippingRate;
use crate::staff::api_keys::Scope;
use crate::tax::model::{TaxBehavior, TaxComponent, TaxSource, TaxSummary};

/// How a cart's total comes about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CartExplanation {
    /// The cart.
    pub cart_id: CartId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The smallest amount of which every multiple can be charged, in minor units: 10 fils, 1 cent.
    pub smallest_step: i64,
    /// The smallest total that can be charged, in minor units; 0 where there is none.
    pub smallest_total: i64,
    /// How derived prices come about; `null` when there are none.
    pub exchange_rate: Option<Derivation>,
    /// Line by line.
    pub line_items: Vec<LineExplanation>,
    /// Every discount that was looked at, in the order in which they are given.
    pub discounts: Vec<DiscountExplanation>,
    /// Shipping.
    pub shipping: ShippingExplanation,
    /// Tax.
    pub tax: TaxExplanation,
    /// The sum.
    pub totals: Totals,
    /// What stands in the way.
    pub problems: Vec<CartProblem>,
    /// How it is rounded, in words.
    #[schema(example = json!(["Percentages are rounded half up to 0.01 EUR over all their lines, then split by largest remainder."]))]
    pub rounding: Vec<String>,
}

/// How a line's total comes about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LineExplanation {
    /// The cart's line.
    pub line_item_id: LineItemId,
    /// Stock keeping unit.
    pub sku: String,
    /// Whether the price was given or derived.
    pub price_origin: Option<PriceOrigin>,
    /// From the price to the total.
    pub steps: Vec<Step>,
    /// The total.
    pub total: Money,
}

/// One step of a line.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Step {
    /// `price`, `discount`, `tax_added` or `tax_included`.
    #[schema(example = "discount")]
    pub kind: String,
    /// What it is.
    #[schema(example = "Ten off in spring (SPRING10)")]
    pub label: String,
    /// What it adds; less than nothing for discounts, and told but not added for tax that is included.
    pub amount: Money,
    /// The line after it.
    pub running_total: Money,
}

/// What became of a discount.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DiscountExplanation {
    /// The discount.
    pub discount_id: DiscountId,
    /// What the shopper reads.
    pub title: String,
    /// The code that brings it.
    pub code: Option<String>,
    /// What it gives.
    pub r#type: DiscountType,
    /// Higher ones are given first.
    pub priority: i32,
    /// Whether it is given together with others.
    pub combinable: bool,
    /// Whether it is given.
    pub applied: bool,
    /// Why not.
    pub reason: Option<DiscountReason>,
    /// What it takes off lines and shipping.
    pub amount: Money,
}

/// How shipping comes about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShippingExplanation {
    /// Whether anything is sent.
    pub required: bool,
    /// The rate that is taken.
    pub rate: Option<ShippingRate>,
    /// How many there are.
    pub rates_offered: usize,
}

/// How tax comes about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TaxExplanation {
    /// Where it comes from; `null` while it is not known.
    pub source: Option<TaxSource>,
    /// Whether prices contain it; `null` when no tax is reckoned or the place is not known.
    pub behavior: Option<TaxBehavior>,
    /// Everything else that is known of it.
    pub summary: TaxSummary,
}

/// Explain a cart's totals
///
/// How each line's total comes about: the price and where it is from, discounts in their order, tax by jurisdiction, and
/// how it is rounded. Asks no provider.
#[utoipa::path(
    operation_id = "explain_cart_totals", tag = "carts", security(("cart_token" = [])),
    params(("id" = CartId, Path, description = "The cart's id")),
    responses((status = 200, description = "The explanation", body = CartExplanation)),
)]
#[get("/v1/carts/{id}/totals")]
pub async fn explain_cart_totals(app: web::Data<App>, id: Id<CartId>, token: CartToken) -> Result<HttpResponse> {
    let mut conn = app.connection().await?;
    let row = load::row_for(&mut conn, id.0, &token.0, &app.config.token_keys, false).await?;
    answer(&app, &mut conn, row).await
}

/// Explain any cart's totals
///
/// The same for support staff. Scope `carts:read`.
#[utoipa::path(
    operation_id = "explain_any_cart_totals", tag = "staff", security(("staff_key" = [])),
    params(("id" = CartId, Path, description = "The cart's id")),
    responses((status = 200, description = "The explanation", body = CartExplanation)),
)]
#[get("/v1/admin/carts/{id}/totals")]
pub async fn explain_any_cart_totals(app: web::Data<App>, staff: Staff, id: Id<CartId>) -> Result<HttpResponse> {
    staff.require(Scope::CartsRead)?;
    let mut conn = app.connection().await?;
    let row = load::row(&conn, id.0, false).await?;
    answer(&app, &mut conn, row).await
}

async fn answer(app: &App, conn: &mut Connection, row: CartRow) -> Result<HttpResponse> {
    let (snapshot, available) = load::snapshot(conn, row, app.clock.now()).await?;
    let problems = super::shape::shape(&snapshot, &available)?.problems;
    let priced = price::price(&snapshot)?;
    Ok(HttpResponse::Ok().json(explain(&snapshot, &priced, problems)?))
}

fn explain(snapshot: &Snapshot, priced: &PricedCart<'_>, problems: Vec<CartProblem>) -> Result<CartExplanation> {
    let currency = snapshot.cart.currency;
    let lines = snapshot.lines.iter().filter(|line| line.unit_price.is_some()).enumerate();
    Ok(CartExplanation {
        cart_id: snapshot.cart.id,
        currency,
        smallest_step: smallest_charge_step(currency),
        smallest_total: minimum_charge(currency),
        exchange_rate: snapshot.exchange.clone(),
        line_items: lines.map(|(index, line)| explain_line(snapshot, priced, line, index)).collect(),
        discounts: explain_discounts(snapshot, priced),
        shipping: ShippingExplanation {
            required: snapshot.lines.iter().any(|line| line.requires_shipping),
            rate: priced.delivery.rate().cloned(),
            rates_offered: priced.shipping_rates.len(),
        },
        tax: TaxExplanation {
            source: priced.tax.known().map(|known| known.source),
            behavior: super::tax::behavior(snapshot)?,
            summary: priced.tax.summary(snapshot)?,
        },
        totals: priced.priced.totals,
        problems,
        rounding: rounding(currency),
    })
}

fn explain_line(snapshot: &Snapshot, priced: &PricedCart<'_>, line: &Line, index: usize) -> LineExplanation {
    let money = |amount| Money::new(amount, snapshot.cart.currency);
    let mut running = 0;
    let mut step = |kind: &str, label: String, amount: i64, counts: bool| {
        running += if counts { amount } else { 0 };
        Step { kind: kind.to_owned(), label, amount: money(amount), running_total: money(running) }
    };
    let unit = line.unit_price.unwrap_or_default();
    let label = format!("{} × {}", line.quantity, money(unit).decimal());
    let mut steps = vec![step("price", label, unit.saturating_mul(line.quantity), true)];
    let given = priced.line_discounts.get(index).map(Vec::as_slice).unwrap_or_default();
    for (_, candidate) in in_order(snapshot) {
        let amount = given.iter().find(|given| given.discount_id == candidate.id).map(|given| given.amount.amount);
        steps.extend(amount.map(|amount| {
            let code = candidate.code.as_ref().map(|code| format!(" ({})", code.code)).unwrap_or_default();
            step("discount", format!("{}{code}", candidate.title), -amount, true)
        }));
    }
    let parts: &[TaxComponent] =
        priced.line_taxes.get(index).map(|taxed| taxed.breakdown.as_slice()).unwrap_or_default();
    for part in parts {
        let (kind, rate) = (if part.included { "tax_included" } else { "tax_added" }, part.percentage.as_deref());
        let why = rate.map_or_else(|| part.reason.clone().unwrap_or_default(), |rate| format!("{rate} %"));
        steps.push(step(kind, format!("{} {why}", part.jurisdiction), part.amount.amount, !part.included));
    }
    let total = priced.priced.lines.get(index).map_or(money(running), |totals| totals.total);
    LineExplanation { line_item_id: line.id, sku: line.sku.clone(), price_origin: line.price_origin, steps, total }
}

/// The candidates and their places, in the order in which they are given.
fn in_order(snapshot: &Snapshot) -> impl Iterator<Item = (usize, &Candidate)> {
    let order = apply::order(&snapshot.discounts).into_iter();
    order.filter_map(|index| Some((index, snapshot.discounts.get(index)?)))
}

fn explain_discounts(snapshot: &Snapshot, priced: &PricedCart<'_>) -> Vec<DiscountExplanation> {
    let zero = Money::zero(snapshot.cart.currency);
    let explain = |(index, candidate): (usize, &Candidate)| {
        let verdict = priced.verdicts.get(index);
        let given = verdict.and_then(|verdict| verdict.as_ref().ok());
        let amount = given.map_or(0, |given| given.lines.iter().sum::<i64>() + given.shipping);
        DiscountExplanation {
            discount_id: candidate.id,
            title: candidate.title.clone(),
            code: candidate.code.as_ref().map(|code| code.code.clone()),
            r#type: candidate.terms.kind,
            priority: candidate.priority,
            combinable: candidate.combinable,
            applied: given.is_some(),
            reason: verdict.and_then(|verdict| verdict.as_ref().err().copied()),
            amount: Money { amount, ..zero },
        }
    };
    in_order(snapshot).map(explain).collect()
}

fn rounding(currency: Currency) -> Vec<String> {
    let step = format!("{} {currency}", Money::new(smallest_charge_step(currency), currency).decimal());
    vec![
        format!("Percentages are rounded half up to {step} over all their lines, then split by largest remainder."),
        format!("Each discount is reckoned on what the earlier ones left, in multiples of {step}."),
        format!("Tax is rounded half up to {step} for each line, for shipping, and for each jurisdiction."),
    ]
}
