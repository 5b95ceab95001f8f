//! Carts that cannot be changed: they are being paid, or were bought.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::load::CartRow;
use super::model::CartStatus;
use crate::checkout::model::{CheckoutRow, CheckoutStatus};
use crate::db::Connection;
use crate::db::schema::checkouts;
use crate::error::{Code, Error, Result};

/// Refuses a cart that cannot be changed now.
///
/// # Errors
/// `cart_checking_out` with the checkout, `cart_completed` with the order.
pub async fn require_open(conn: &mut Connection, cart: &CartRow, now: DateTime<Utc>) -> Result<()> {
    match cart.status {
        CartStatus::Open | CartStatus::Abandoned => Ok(()),
        CartStatus::CheckingOut | CartStatus::Completed => Err(closed(conn, cart, now).await?),
    }
}

/// Why a cart that is not open cannot be changed.
///
/// # Errors
/// Those of the database.
pub async fn closed(conn: &mut Connection, cart: &CartRow, now: DateTime<Utc>) -> Result<Error> {
    let standing = [CheckoutStatus::Creating, CheckoutStatus::Open, CheckoutStatus::Completed];
    let checkout: Option<CheckoutRow> = checkouts::table
        .filter(checkouts::cart_id.eq(cart.id))
        .filter(checkouts::status.eq_any(standing))
        .select(CheckoutRow::as_select())
        .first(conn)
        .await
        .optional()?;
    let error = if cart.status == CartStatus::Completed {
        Error::problem(Code::CartCompleted, "This cart was bought. Start a new cart.")
    } else {
        Error::problem(
            Code::CartCheckingOut,
            "This cart is being paid. Send the shopper to `url`, or cancel the checkout to change it.",
        )
    };
    Ok(match checkout {
        Some(checkout) => error
            .with("checkout_id", checkout.id.to_string())
            .with("order_id", checkout.order_id.to_string())
            .with("url", checkout.page(now)),
        None => error,
    })
}
