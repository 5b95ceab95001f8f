//! Reading a cart with everything its price depends on, in two queries.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::model::CartStatus;
use crate::catalog::model::ProductStatus;
use crate::db::Connection;
use crate::db::schema::{cart_line_items, carts, products, stock_levels, variant_prices, variants};
use crate::error::{Error, Result};
use crate::ids::{CartId, LineItemId, ProductId, VariantId};
use crate::money::Currency;
use crate::tokens::{TokenKeys, TokenKind};

/// A row of `carts`.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
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
    /// An [`Address`](crate::address::Address).
    pub shipping_address: Option<Value>,
    /// An [`Address`](crate::address::Address).
    pub billing_address: Option<Value>,
    /// The shop's own data.
    pub metadata: Value,
    /// Which token opens it.
    pub token_version: i32,
    /// Raised by each change.
    pub version: i64,
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
    /// Whether it is sent by post.
    pub requires_shipping: bool,
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
}

/// How many units of each line's variant can be had; `None` without a limit. Not part of the price.
pub type Available = Vec<Option<i64>>;

type LineTuple = (
    (LineItemId, VariantId, i64, Value),
    (ProductId, String, String, Option<DateTime<Utc>>, bool),
    (String, ProductStatus),
    (i64, i64, bool, bool),
    Option<i64>,
);

/// The cart's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: CartId, lock: bool) -> Result<CartRow> {
    let query = carts::table.find(id).select(CartRow::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
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

/// Adds the lines to a row.
///
/// # Errors
/// Those of the database.
pub async fn snapshot(conn: &mut Connection, cart: CartRow) -> Result<(Snapshot, Available)> {
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
            (cart_line_items::id, cart_line_items::variant_id, cart_line_items::quantity, cart_line_items::metadata),
            (variants::product_id, variants::sku, variants::title, variants::archived_at, variants::requires_shipping),
            (products::title, products::status),
            (
                stock_levels::on_hand,
                stock_levels::reserved,
                stock_levels::track_inventory,
                stock_levels::allow_backorder,
            ),
            variant_prices::amount.nullable(),
        ))
        .load(conn)
        .await?;
    let available = rows
        .iter()
        .map(|(_, _, _, (on_hand, reserved, tracked, backorder), _)| {
            (*tracked && !*backorder).then_some((on_hand - reserved).max(0))
        })
        .collect();
    let lines = rows.into_iter().map(line).collect();
    Ok((Snapshot { cart, lines }, available))
}

fn line(row: LineTuple) -> Line {
    let ((id, variant_id, quantity, metadata), variant, (title, status), _, unit_price) = row;
    let (product_id, sku, variant_title, archived_at, requires_shipping) = variant;
    Line {
        id,
        variant_id,
        product_id,
        sku,
        title,
        variant_title,
        quantity,
        unit_price,
        requires_shipping,
        for_sale: status == ProductStatus::Active && archived_at.is_none(),
        metadata,
    }
}
