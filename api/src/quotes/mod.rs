//! Quotes: what a cart costs, said once and honoured to the cent while the quote lives and the cart stays what it was.

pub mod resolve;
pub mod routes;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

use crate::carts::complete;
use crate::carts::delivery::delivery_problem;
use crate::carts::load::{Shipping, Snapshot};
use crate::carts::model::CartProblem;
use crate::carts::price::{self, PricedCart};
use crate::carts::tax::{Known, TaxBasis};
use crate::db::schema::quotes;
use crate::db::{Connection, Prepare};
use crate::discounts::apply::Candidate;
use crate::discounts::model::{AppliedDiscount, CartDiscountCode};
use crate::error::{Error, Result};
use crate::fx::derive::Derivation;
use crate::ids::{CartId, CollectionId, LineItemId, ProductId, QuoteId, VariantId};
use crate::money::{Currency, Money};
use crate::pricing::Totals;
use crate::shipping::model::ShippingRate;
use crate::tax::model::{TaxComponent, TaxSummary};
use crate::tokens;

/// How long a quote is honoured.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// What a quote is asked for.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewQuote {
    /// One of the cart's shipping rates; what the cart has chosen when absent. The cart itself is not changed.
    #[serde(default)]
    #[validate(length(min = 1, max = 200))]
    pub shipping_rate_id: Option<String>,
}

/// What a cart costs. `POST /v1/checkouts` with `quote_id` charges exactly this.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Quote {
    /// The quote's id.
    pub quote_id: QuoteId,
    /// The cart.
    pub cart_id: CartId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// What each line costs.
    pub line_items: Vec<QuotedLine>,
    /// The ways to send the goods.
    pub shipping_rates: Vec<ShippingRate>,
    /// The one that is quoted.
    pub shipping_rate: Option<ShippingRate>,
    /// The codes that were entered, and what became of them.
    pub discount_codes: Vec<CartDiscountCode>,
    /// The discounts that are given.
    pub discounts: Vec<AppliedDiscount>,
    /// Its tax: where it comes from, and who takes it.
    pub tax: TaxSummary,
    /// What it costs; `null` where something is missing.
    pub totals: Totals,
    /// Whether a checkout could start with it.
    pub complete: bool,
    /// What a checkout would miss, as pointers into the cart.
    #[schema(example = json!(["/shipping_address/postal_code"]))]
    pub missing: Vec<String>,
    /// What the shopper should know, and what stands in the way of a checkout.
    pub problems: Vec<CartProblem>,
    /// Until when it is honoured.
    pub expires_at: DateTime<Utc>,
}

/// A line of a quote.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct QuotedLine {
    /// The cart's line.
    pub line_item_id: LineItemId,
    /// The price of one.
    pub unit_price: Money,
    /// How many.
    pub quantity: i64,
    /// Unit price × quantity.
    pub subtotal: Money,
    /// Its share of the discount.
    pub discount: Money,
    /// Tax on top.
    pub tax_added: Money,
    /// Tax contained.
    pub tax_included: Money,
    /// Who takes it.
    pub tax_breakdown: Vec<TaxComponent>,
    /// What the line costs.
    pub total: Money,
}

/// What a quote promises, as the database keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// What was quoted: lines, quantities, addresses, currency. Another cart is another price.
    content: Value,
    /// The price of one, and whether it is sent, for each line's variant.
    unit_prices: Vec<(VariantId, i64, bool)>,
    /// How the goods are sent.
    shipping_rate: Option<ShippingRate>,
    /// What was wrong with the address.
    address_problems: Vec<CartProblem>,
    /// What it came to.
    total: Option<Money>,
    /// How derived prices came about.
    exchange: Option<Derivation>,
    /// The tax, as far as it was known.
    tax: Option<Known>,
    /// The discounts as they were.
    discounts: Vec<Candidate>,
    /// The collections that they name and that each product was in.
    collections: Vec<(ProductId, Vec<CollectionId>)>,
}

/// What of a cart a quote is about.
fn content(snapshot: &Snapshot) -> Value {
    let cart = &snapshot.cart;
    let lines: Vec<Value> =
        snapshot.lines.iter().map(|line| json!([line.id, line.variant_id, line.quantity])).collect();
    json!({
        "lines": lines,
        "currency": cart.currency,
        "shipping_address": cart.shipping_address,
        "billing_address": cart.billing_address,
        "discount_codes": cart.discount_codes,
        "tax_ids": cart.tax_ids,
        "tax_exemption": cart.tax_exemption,
    })
}

impl Promise {
    /// Whether it is to be honoured: all was known, and the cart is still the one that was quoted.
    #[must_use]
    pub fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.total.is_some() && content(snapshot) == self.content
    }

    /// Lays what was promised over a cart that [is still](Promise::is_of) the one that was quoted.
    pub fn apply(&self, snapshot: &mut Snapshot) {
        for line in &mut snapshot.lines {
            let promised = self.unit_prices.iter().find(|(variant, ..)| *variant == line.variant_id);
            line.unit_price = promised.map(|(_, price, _)| *price);
            line.requires_shipping = promised.map_or(line.requires_shipping, |(_, _, sent)| *sent);
            let collections = self.collections.iter().find(|(product, _)| *product == line.product_id);
            line.collections = collections.map(|(_, collections)| collections.clone()).unwrap_or_default();
        }
        let (rate, problems) = (self.shipping_rate.clone(), self.address_problems.clone());
        snapshot.shipping = Shipping::Quoted { rate, problems };
        snapshot.discounts.clone_from(&self.discounts);
        snapshot.exchange.clone_from(&self.exchange);
        if let Some(known) = &self.tax {
            snapshot.tax = TaxBasis::Promised(Box::new(known.clone()));
        }
    }

    /// What the shopper saw; `None` when something was missing.
    #[must_use]
    pub const fn total(&self) -> Option<Money> {
        self.total
    }
}

/// Quotes a cart for which providers were asked, with the shipping rate of the request chosen in it; or answers with the quote that was made for just this.
///
/// # Errors
/// `validation_failed` for a rate that the cart does not have; `amount_too_large`.
pub async fn make(conn: &mut Connection, snapshot: Snapshot, request: &NewQuote, now: DateTime<Utc>) -> Result<Quote> {
    let priced = price::price(&snapshot)?;
    // Without any rate the problem is another one, which the quote tells.
    if request.shipping_rate_id.is_some() && priced.delivery.rate().is_none() && !priced.shipping_rates.is_empty() {
        return Err(Error::invalid("/shipping_rate_id", "not_found", "is not one of the cart's shipping rates"));
    }
    let promise = Promise {
        content: content(&snapshot),
        unit_prices: snapshot
            .lines
            .iter()
            .filter_map(|line| Some((line.variant_id, line.unit_price?, line.requires_shipping)))
            .collect(),
        shipping_rate: priced.delivery.rate().cloned(),
        address_problems: priced.address_problems.clone(),
        total: priced.priced.totals.total,
        exchange: snapshot.exchange.clone(),
        tax: priced.tax.known().cloned(),
        discounts: snapshot.discounts.clone(),
        collections: snapshot.lines.iter().map(|line| (line.product_id, line.collections.clone())).collect(),
    };
    let body = json!(promise);
    let fingerprint = tokens::sha256(body.to_string().as_bytes());
    let (quote_id, expires_at) = store(conn, snapshot.cart.id, fingerprint, body, now).await?;
    shape(&snapshot, priced, quote_id, expires_at)
}

async fn store(
    conn: &mut Connection,
    cart: CartId,
    fingerprint: Vec<u8>,
    body: Value,
    now: DateTime<Utc>,
) -> Result<(QuoteId, DateTime<Utc>)> {
    let live = quotes::table
        .filter(quotes::cart_id.eq(cart))
        .filter(quotes::fingerprint.eq(&fingerprint))
        .filter(quotes::expires_at.gt(now))
        .select((quotes::id, quotes::expires_at));
    if let Some(found) = live.first(conn).await.optional()? {
        return Ok(found);
    }
    Ok(diesel::insert_into(quotes::table)
        .values((
            quotes::id.eq(QuoteId::new()),
            quotes::cart_id.eq(cart),
            quotes::fingerprint.eq(fingerprint),
            quotes::body.eq(body),
            quotes::expires_at.eq(now + LIFETIME),
            quotes::created_at.eq(now),
        ))
        .on_conflict((quotes::cart_id, quotes::fingerprint))
        .do_update()
        .set(quotes::expires_at.eq(now + LIFETIME))
        .returning((quotes::id, quotes::expires_at))
        .prepared()
        .get_result(conn)
        .await?)
}

fn shape(snapshot: &Snapshot, priced: PricedCart<'_>, quote_id: QuoteId, expires_at: DateTime<Utc>) -> Result<Quote> {
    let mut missing: Vec<String> =
        complete::missing(snapshot, &priced)?.into_iter().map(|error| error.pointer).collect();
    if missing.is_empty() && complete::chargeable(&priced).is_err() {
        missing.push("/totals/total".to_owned());
    }
    let currency = snapshot.cart.currency;
    let lines = snapshot
        .lines
        .iter()
        .filter_map(|line| Some((line, line.unit_price?)))
        .zip(priced.priced.lines.iter().zip(&priced.line_taxes));
    let line_items = lines.map(|((line, unit_price), (totals, taxed))| QuotedLine {
        line_item_id: line.id,
        unit_price: Money::new(unit_price, currency),
        quantity: line.quantity,
        subtotal: totals.subtotal,
        discount: totals.discount,
        tax_added: totals.tax_added,
        tax_included: totals.tax_included,
        tax_breakdown: taxed.breakdown.clone(),
        total: totals.total,
    });
    Ok(Quote {
        quote_id,
        cart_id: snapshot.cart.id,
        currency,
        line_items: line_items.collect(),
        shipping_rate: priced.delivery.rate().cloned(),
        tax: priced.tax.summary(snapshot)?,
        problems: problems(&priced),
        discount_codes: priced.discount_codes,
        discounts: priced.discounts.into_iter().map(|(_, applied)| applied).collect(),
        totals: priced.priced.totals,
        complete: missing.is_empty(),
        missing,
        expires_at,
        shipping_rates: priced.shipping_rates,
    })
}

fn problems(priced: &PricedCart<'_>) -> Vec<CartProblem> {
    let of_delivery = delivery_problem(&priced.delivery).into_iter().chain(priced.address_problems.iter().cloned());
    of_delivery.chain(priced.tax.problem()).collect()
}

/// What a quote of a cart promised, and whether it is still honoured.
///
/// # Errors
/// `validation_failed` when the cart has no such quote.
pub async fn find(conn: &mut Connection, cart: CartId, id: QuoteId, now: DateTime<Utc>) -> Result<(Promise, bool)> {
    let found: Option<(Value, DateTime<Utc>)> = quotes::table
        .find(id)
        .filter(quotes::cart_id.eq(cart))
        .select((quotes::body, quotes::expires_at))
        .first(conn)
        .await
        .optional()?;
    let missing = || Error::invalid("/quote_id", "not_found", "is not a quote of this cart; ask for one");
    let (body, expires_at) = found.ok_or_else(missing)?;
    let promise = serde_json::from_value(body).map_err(|error| Error::Internal(format!("quotes.body: {error}")))?;
    Ok((promise, expires_at > now))
}

/// Deletes quotes that nobody can use any more; one that is over still tells for a day what the shopper saw.
///
/// # Errors
/// Those of the database.
pub async fn prune(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    diesel::delete(quotes::table.filter(quotes::expires_at.lt(now - LIFETIME))).execute(conn).await?;
    Ok(())
}
