//! Reading a cart with everything its price depends on, in a few queries.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::delivery::CarrierBasis;
use super::model::{CartProblem, CartStatus};
use super::price::address;
use super::rules::{self, Rules};
use super::tax::{LiveTax, TaxBasis};
use crate::catalog::model::{Dimensions, PriceOrigin, ProductStatus};
use crate::catalog::translate::{self, Translations};
use crate::db::Connection;
use crate::db::schema::{cart_line_items, carts, products, stock_levels, variant_prices, variants};
use crate::discounts::apply::Candidate;
use crate::discounts::load as discounts;
use crate::error::{Error, Result};
use crate::fx::derive::{self, Derivation};
use crate::ids::{CartId, CollectionId, CustomerId, LineItemId, ProductId, VariantId};
use crate::locale::Locale;
use crate::money::Currency;
use crate::shipping::model::ShippingRate;
use crate::shipping::offers;
use crate::shipping::settings::{RateProvider, ShippingSettings};
use crate::shipping::table::TableRate;
use crate::tax::model::TaxExemption;
use crate::tax::question::Place;
use crate::tax::settings::{TaxProvider, TaxSettings};
use crate::tax::store;
use crate::tokens::{TokenKeys, TokenKind};

/// The columns of a [`CartRow`], for statements that are prepared: of `*` the columns may change under them.
pub const CART_COLUMNS: &str = "id, status, currency, email, customer_id, merged_into, shipping_address, billing_address, \
    locale, shipping_rate_id, discount_codes, tax_ids, tax_exemption, metadata, token_version, version, first_line_at, \
    expires_at, created_at, updated_at";

/// A row of `carts`.
#[derive(Debug, Clone, PartialEq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = carts)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct CartRow {
    /// The cart's id.
    pub id: CartId,
    /// What it is doing.
    pub status: CartStatus,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The shopper's e-mail address.
    pub email: Option<String>,
    /// Whose it is, once it was claimed.
    pub customer_id: Option<CustomerId>,
    /// Of an abandoned cart: the one that its lines came into.
    pub merged_into: Option<CartId>,
    /// An [`Address`](crate::address::Address).
    pub shipping_address: Option<Value>,
    /// An [`Address`](crate::address::Address).
    pub billing_address: Option<Value>,
    /// The language of its texts and of the payment page.
    pub locale: Option<String>,
    /// The shipping rate that the shopper chose.
    pub shipping_rate_id: Option<String>,
    /// The codes that the shopper entered, in capitals.
    pub discount_codes: Vec<String>,
    /// The customer's tax ids.
    pub tax_ids: Value,
    /// What staff decided about the customer's tax.
    pub tax_exemption: TaxExemption,
    /// The shop's own data.
    pub metadata: Value,
    /// Which token opens it.
    pub token_version: i32,
    /// Raised by each change.
    pub version: i64,
    /// When it got its first line; `None` while it never had one.
    pub first_line_at: Option<DateTime<Utc>>,
    /// When it counts as abandoned.
    pub expires_at: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A line with what is sold, as far as its price depends on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The line's id.
    pub id: LineItemId,
    /// What is bought.
    pub variant_id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// The product's collections, as far as the cart's discounts name them.
    pub collections: Vec<CollectionId>,
    /// Stock keeping unit.
    pub sku: String,
    /// The product's name.
    pub title: String,
    /// What sets the variant apart.
    pub variant_title: String,
    /// How many.
    pub quantity: i64,
    /// The price of one in the cart's currency.
    pub unit_price: Option<i64>,
    /// Whether it was given or derived.
    pub price_origin: Option<PriceOrigin>,
    /// The price when the shopper last chose the quantity.
    pub seen_unit_price: Option<i64>,
    /// How many one order may hold.
    pub max_per_order: Option<i64>,
    /// Whether it is sent by post.
    pub requires_shipping: bool,
    /// Whether it is taxed at all.
    pub taxable: bool,
    /// The product's tax code.
    pub tax_code: Option<String>,
    /// The weight of one.
    pub weight_grams: Option<i64>,
    /// The size of one.
    pub dimensions_mm: Option<Dimensions>,
    /// Harmonised System code.
    pub hs_code: Option<String>,
    /// Where it was made, ISO 3166-1 alpha-2.
    pub origin_country: Option<String>,
    /// Whether product and variant are on sale.
    pub for_sale: bool,
    /// The shop's own data.
    pub metadata: Value,
}

/// A cart as it is at one moment. Two that are equal have the same price.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The cart.
    pub cart: CartRow,
    /// Its lines, oldest first.
    pub lines: Vec<Line>,
    /// What its shipping can be.
    pub shipping: Shipping,
    /// The discounts that it may have.
    pub discounts: Vec<Candidate>,
    /// What its tax depends on.
    pub tax: TaxBasis,
    /// How its derived prices come about; `None` when it has none.
    pub exchange: Option<Derivation>,
}

/// Where a cart's shipping rates come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Shipping {
    /// By the shop's zones and, if they are asked, by carriers.
    Live {
        /// The rates of its address's zone; none without an address.
        table: Vec<TableRate>,
        /// What carriers are asked from.
        carriers: Option<Box<CarrierBasis>>,
    },
    /// What was quoted.
    Quoted {
        /// The rate; `None` for what needs no shipping.
        rate: Option<ShippingRate>,
        /// What was wrong with the address.
        problems: Vec<CartProblem>,
    },
}

/// How many units of each line's variant can be had; `None` without a limit. Not part of the price.
pub type Available = Vec<Option<i64>>;

type LineTuple = (
    (LineItemId, VariantId, i64, Value, Option<i64>),
    (ProductId, String, String, Value),
    (Option<DateTime<Utc>>, bool, bool, Option<i64>, Option<i64>),
    (String, ProductStatus, Value, Value, Option<String>),
    (Option<i64>, Option<i64>, Option<i64>, Option<String>, Option<String>),
    (i64, i64, bool, bool),
    Option<(i64, PriceOrigin)>,
);

/// The cart's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(mut conn: &Connection, id: CartId, lock: bool) -> Result<CartRow> {
    let query = carts::table.find(id).select(CartRow::as_select());
    let row = if lock { query.for_no_key_update().first(&mut conn).await } else { query.first(&mut conn).await };
    row.optional()?.ok_or_else(|| Error::not_found("cart"))
}

/// The cart's row, if the token opens it.
///
/// # Errors
/// `not_found`, also for a wrong token.
pub async fn row_for(conn: &mut Connection, id: CartId, token: &str, keys: &TokenKeys, lock: bool) -> Result<CartRow> {
    let cart = row(conn, id, lock).await?;
    if keys.verify(TokenKind::Cart, id.0, cart.token_version, token) {
        return Ok(cart);
    }
    Err(Error::not_found("cart"))
}

/// Adds everything that the cart's price depends on to its row.
///
/// # Errors
/// Those of the database.
pub async fn snapshot(conn: &mut Connection, cart: CartRow, now: DateTime<Utc>) -> Result<(Snapshot, Available)> {
    let address = address(cart.shipping_address.as_ref())?;
    let asked: &Connection = conn;
    // Asked at once: one round trip.
    let ((mut lines, available), Rules { settings: all, automatic, rates }) =
        futures_util::try_join!(lines_of(asked, &cart), rules::read(asked, address.as_ref(), now))?;
    let discounts = if cart.first_line_at.is_none() && cart.discount_codes.is_empty() {
        Vec::new()
    } else {
        discounts::candidates(conn, automatic, &cart.discount_codes, cart.email.as_deref(), now).await?
    };
    let products: Vec<ProductId> = lines.iter().map(|line| line.product_id).collect();
    let memberships = discounts::memberships(conn, &discounts, &products).await?;
    for line in &mut lines {
        line.collections = memberships.get(&line.product_id).cloned().unwrap_or_default();
    }
    let sending = all.section::<ShippingSettings>()?;
    let ship_from = sending.value.origin.as_ref().map(|origin| Place::new(origin, true).address);
    let table = if lines.iter().any(|line| line.requires_shipping) { rates } else { Vec::new() };
    let carriers = match sending.value.provider {
        RateProvider::Table => None,
        RateProvider::Shippo => {
            let offers = offers::of_cart(conn, cart.id, now).await?;
            Some(Box::new(CarrierBasis { settings: sending, offers }))
        }
    };
    let shipping = Shipping::Live { table, carriers };
    let settings = all.section::<TaxSettings>()?;
    let calculations = match settings.value.provider {
        TaxProvider::Stripe => store::of_cart(conn, cart.id, now).await?,
        TaxProvider::None | TaxProvider::Table => Vec::new(),
    };
    let tax = TaxBasis::Live(Box::new(LiveTax { settings, ship_from, calculations }));
    let exchange = match lines.iter().any(|line| line.price_origin == Some(PriceOrigin::Derived)) {
        true => derive::of_currency(conn, cart.currency, now).await?,
        false => None,
    };
    Ok((Snapshot { cart, lines, shipping, discounts, tax, exchange }, available))
}

async fn lines_of(mut conn: &Connection, cart: &CartRow) -> Result<(Vec<Line>, Available)> {
    if cart.first_line_at.is_none() {
        return Ok((Vec::new(), Vec::new()));
    }
    let price = variant_prices::table
        .on(variant_prices::variant_id.eq(variants::id).and(variant_prices::currency.eq(cart.currency)));
    let rows: Vec<LineTuple> = cart_line_items::table
        .inner_join(variants::table.on(variants::id.eq(cart_line_items::variant_id)))
        .inner_join(products::table.on(products::id.eq(variants::product_id)))
        .inner_join(stock_levels::table.on(stock_levels::variant_id.eq(variants::id)))
        .left_join(price)
        .filter(cart_line_items::cart_id.eq(cart.id))
        .order((cart_line_items::created_at, cart_line_items::id))
        .select((
            (
                cart_line_items::id,
                cart_line_items::variant_id,
                cart_line_items::quantity,
                cart_line_items::metadata,
                cart_line_items::seen_unit_price,
            ),
            (variants::product_id, variants::sku, variants::title, variants::option_values),
            (
                variants::archived_at,
                variants::requires_shipping,
                variants::taxable,
                variants::weight_grams,
                variants::max_per_order,
            ),
            (products::title, products::status, products::options, products::translations, products::tax_code),
            (variants::length_mm, variants::width_mm, variants::height_mm, variants::hs_code, variants::origin_country),
            (
                stock_levels::on_hand,
                stock_levels::reserved,
                stock_levels::track_inventory,
                stock_levels::allow_backorder,
            ),
            (variant_prices::amount, variant_prices::origin).nullable(),
        ))
        .load(&mut conn)
        .await?;
    let available = rows
        .iter()
        .map(|(_, _, _, _, _, (on_hand, reserved, tracked, backorder), _)| {
            (*tracked && !*backorder).then_some((on_hand - reserved).max(0))
        })
        .collect();
    let locale = cart.locale.as_deref().and_then(|locale| locale.parse().ok());
    Ok((rows.into_iter().map(|row| line(row, locale.as_ref())).collect(), available))
}

fn line(row: LineTuple, locale: Option<&Locale>) -> Line {
    let ((id, variant_id, quantity, metadata, seen_unit_price), named, sold, product, parcel, _, price) = row;
    let (length, width, height, hs_code, origin_country) = parcel;
    let (product_id, sku, variant_title, option_values) = named;
    let (archived_at, requires_shipping, taxable, weight_grams, max_per_order) = sold;
    let (title, status, options, translations, tax_code) = product;
    let translations = Translations::from_json(translations);
    let texts = locale.and_then(|locale| translations.of(locale));
    let options = translate::shown_options(serde_json::from_value(options).unwrap_or_default(), texts);
    let values = serde_json::from_value(option_values).unwrap_or_default();
    Line {
        id,
        variant_id,
        product_id,
        collections: Vec::new(),
        sku,
        title: texts.and_then(|texts| texts.title.clone()).unwrap_or(title),
        variant_title: translate::variant_title(variant_title, &values, &options),
        quantity,
        unit_price: price.map(|(amount, _)| amount),
        price_origin: price.map(|(_, origin)| origin),
        seen_unit_price,
        max_per_order,
        requires_shipping,
        taxable,
        tax_code,
        weight_grams,
        dimensions_mm: length.zip(width).zip(height).map(|((length, width), height)| Dimensions {
            length,
            width,
            height,
        }),
        hs_code,
        origin_country,
        for_sale: status == ProductStatus::Active && archived_at.is_none(),
        metadata,
    }
}
