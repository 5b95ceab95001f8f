//! Who holds how much stock: caps, so that nobody empties a shop by reserving, and what staff see and release.
//!
//! A cap counts units and is loose: checkouts of one shopper that reserve at the same moment may pass it together.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::model::CheckoutStatus;
use crate::config::RateLimits;
use crate::db::Connection;
use crate::db::schema::{checkouts, order_line_items, orders, reservations};
use crate::db::statement::{Bind, Statement};
use crate::error::{Code, Error, Result};
use crate::ids::{CartId, CheckoutId, OrderId, VariantId};
use crate::orders::model::PaymentStatus;

/// Whom a checkout's units count for.
#[derive(Debug, Clone, Default)]
pub struct Buyer {
    /// Where the shopper is, as limits count it.
    pub address: Option<String>,
    /// The e-mail address in lower case.
    pub email: Option<String>,
}

#[derive(Default, QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    by_address: i64,
    #[diesel(sql_type = BigInt)]
    by_email: i64,
}

/// Refuses a checkout that would hold too much together with what its shopper holds already.
///
/// # Errors
/// `hold_limit_reached`.
pub(super) async fn require_room(conn: &mut Connection, buyer: &Buyer, units: i64, limits: RateLimits) -> Result<()> {
    within("cart", units, limits.held_units_per_cart)?;
    let held: Option<Held> = Statement::constant(
        "SELECT COALESCE((SELECT sum(units) FROM checkouts WHERE buyer_address = $1 AND status IN ('creating', 'open')), 0)::bigint AS by_address,
                COALESCE((SELECT sum(units) FROM checkouts WHERE buyer_email = $2 AND status IN ('creating', 'open')), 0)::bigint AS by_email",
    )
    .with(Bind::NullableText(buyer.address.clone()))
    .with(Bind::NullableText(buyer.email.clone()))
    .optional(conn)
    .await?;
    let Held { by_address, by_email } = held.unwrap_or_default();
    within("address", by_address + units, limits.held_units_per_address)?;
    within("customer", by_email + units, limits.held_units_per_customer)
}

fn within(what: &str, units: i64, limit: u32) -> Result<()> {
    if units <= i64::from(limit) {
        return Ok(());
    }
    let detail = format!("One {what} may hold {limit} units at a time; with this checkout it would be {units}.");
    Err(Error::problem(Code::HoldLimitReached, detail).with("limit", limit).with("held_by", what))
}

/// Units of a variant that are held.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HeldLine {
    /// What is held.
    pub variant_id: VariantId,
    /// Its stock keeping unit.
    pub sku: String,
    /// How many.
    pub quantity: i64,
}

/// Stock held for a checkout that is not paid yet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Hold {
    /// The checkout that holds it.
    pub checkout_id: CheckoutId,
    /// Its order.
    pub order_id: OrderId,
    /// Its cart.
    pub cart_id: CartId,
    /// Where the checkout stands.
    pub status: CheckoutStatus,
    /// `processing` while a payment is on its way: such a hold cannot be released.
    pub payment_status: PaymentStatus,
    /// The shopper's e-mail address.
    pub email: String,
    /// What is held; nothing of what is not tracked.
    pub line_items: Vec<HeldLine>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

type Columns = (CheckoutId, OrderId, CartId, CheckoutStatus, PaymentStatus, String, DateTime<Utc>, DateTime<Utc>);

/// A page of holds and one more, newest first; those of one variant when it is named.
///
/// # Errors
/// Those of the database.
pub(super) async fn list(
    conn: &mut Connection,
    variant: Option<VariantId>,
    after: Option<(DateTime<Utc>, CheckoutId)>,
    limit: i64,
) -> Result<Vec<Hold>> {
    let mut query = checkouts::table
        .inner_join(orders::table.on(orders::id.eq(checkouts::order_id)))
        .filter(checkouts::status.eq_any([CheckoutStatus::Creating, CheckoutStatus::Open]))
        .into_boxed();
    if let Some(variant) = variant {
        let holding = reservations::table
            .filter(reservations::variant_id.eq(variant))
            .filter(reservations::status.eq("held"))
            .select(reservations::order_id);
        query = query.filter(checkouts::order_id.eq_any(holding));
    }
    if let Some((at, id)) = after {
        query = query.filter(checkouts::created_at.lt(at).or(checkouts::created_at.eq(at).and(checkouts::id.lt(id))));
    }
    let rows: Vec<Columns> = query
        .order((checkouts::created_at.desc(), checkouts::id.desc()))
        .limit(limit + 1)
        .select((
            checkouts::id,
            checkouts::order_id,
            checkouts::cart_id,
            checkouts::status,
            orders::payment_status,
            orders::email,
            checkouts::created_at,
            checkouts::hold_expires_at,
        ))
        .load(conn)
        .await?;
    let ids: Vec<OrderId> = rows.iter().map(|row| row.1).collect();
    let lines: Vec<(OrderId, VariantId, String, i64)> = reservations::table
        .inner_join(
            order_line_items::table.on(order_line_items::order_id
                .eq(reservations::order_id)
                .and(order_line_items::variant_id.eq(reservations::variant_id))),
        )
        .filter(reservations::order_id.eq_any(&ids))
        .filter(reservations::status.eq("held"))
        .order((reservations::order_id, order_line_items::position))
        .select((reservations::order_id, reservations::variant_id, order_line_items::sku, reservations::quantity))
        .load(conn)
        .await?;
    let shape = |(checkout_id, order_id, cart_id, status, payment_status, email, created_at, expires_at): Columns| {
        let mine = lines.iter().filter(|line| line.0 == order_id);
        let mine = mine.map(|(_, variant_id, sku, quantity)| HeldLine {
            variant_id: *variant_id,
            sku: sku.clone(),
            quantity: *quantity,
        });
        let line_items = mine.collect();
        Hold { checkout_id, order_id, cart_id, status, payment_status, email, line_items, created_at, expires_at }
    };
    Ok(rows.into_iter().map(shape).collect())
}
