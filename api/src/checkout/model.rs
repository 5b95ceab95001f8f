//! The shapes of checkouts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::app::App;
use crate::db::schema::{checkouts, orders};
use crate::db::{Connection, text_enum};
use crate::error::{Error, Result};
use crate::ids::{CartId, CheckoutId, OrderId, QuoteId};
use crate::money::Money;
use crate::orders::model::Order;
use crate::orders::read::{self, OrderRow};
use crate::tokens::{TokenKeys, TokenKind};

text_enum! {
    /// Where a checkout stands.
    CheckoutStatus {
        /// The order is made and the stock held; the payment page is being made.
        Creating => "creating",
        /// The payment page can be paid, or a payment is on its way.
        Open => "open",
        /// Paid.
        Completed => "completed",
        /// Not paid in time.
        Expired => "expired",
        /// Called off.
        Cancelled => "cancelled",
        /// The payment provider refused, or a delayed payment failed.
        Failed => "failed",
    }
}

impl CheckoutStatus {
    /// Whether it can still become paid.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Creating | Self::Open => true,
            Self::Completed | Self::Expired | Self::Cancelled | Self::Failed => false,
        }
    }
}

text_enum! {
    /// Why a checkout is being closed.
    CloseReason {
        /// The hold is over.
        HoldExpired => "hold_expired",
        /// The shopper called it off.
        Cancelled => "cancelled",
        /// Another checkout takes its place.
        Replaced => "replaced",
        /// The session has a wrong total.
        WrongTotal => "wrong_total",
        /// Staff need the stock.
        ReleasedByStaff => "released_by_staff",
    }
}

impl CloseReason {
    /// What the checkout becomes.
    #[must_use]
    pub const fn outcome(self) -> CheckoutStatus {
        match self {
            Self::HoldExpired => CheckoutStatus::Expired,
            Self::Cancelled | Self::Replaced | Self::ReleasedByStaff => CheckoutStatus::Cancelled,
            Self::WrongTotal => CheckoutStatus::Failed,
        }
    }
}

/// A checkout to be started.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCheckout {
    /// The cart to pay for.
    pub cart_id: CartId,
    /// Where the shopper goes after paying; `{CHECKOUT_ID}` and `{CHECKOUT_SESSION_ID}` are filled in. Its origin
    /// must be one of the shop's.
    #[schema(example = "http://127.0.0.1:3000/thanks?checkout={CHECKOUT_ID}")]
    #[validate(length(min = 1, max = 2000))]
    pub success_url: String,
    /// Where the payment page's back link leads.
    #[schema(example = "http://127.0.0.1:3000/cart")]
    #[validate(length(min = 1, max = 2000))]
    pub cancel_url: String,
    /// The quote that the shopper saw; it is charged to the cent. When it is over, or the cart has changed since, the
    /// cart is quoted anew: what became dearer answers 409 `price_changed`.
    #[serde(default)]
    pub quote_id: Option<QuoteId>,
    /// The total that the shopper saw; another one answers 409 `price_changed`.
    #[serde(default)]
    pub expected_total: Option<Money>,
}

/// One try to pay for a cart.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Checkout {
    /// The checkout's id.
    pub id: CheckoutId,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// Where to send the shopper; `null` unless the checkout can be paid now.
    pub url: Option<String>,
    /// The payment provider's session.
    pub session_id: Option<String>,
    /// Until when the stock is held.
    pub expires_at: DateTime<Utc>,
    /// The order that it pays for.
    pub order: Order,
    /// The order's secret, to be sent as `X-Order-Token`.
    #[schema(example = "ot_0b1c…")]
    pub order_token: Option<String>,
}

/// A row of `checkouts`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = checkouts)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct CheckoutRow {
    /// The checkout's id.
    pub id: CheckoutId,
    /// The cart.
    pub cart_id: CartId,
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// SHA-256 of the request that made it.
    pub fingerprint: Vec<u8>,
    /// The frozen create request.
    pub request_body: String,
    /// The frozen request of its coupon.
    pub coupon_body: Option<String>,
    /// `cs_…`
    pub session_id: Option<String>,
    /// The payment page.
    pub url: Option<String>,
    /// Why it is being closed.
    pub close_reason: Option<CloseReason>,
    /// Until when the stock is held.
    pub hold_expires_at: DateTime<Utc>,
    /// When Stripe ends the session.
    pub session_expires_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl CheckoutRow {
    /// Where it can be paid, if it can.
    #[must_use]
    pub fn page(&self, now: DateTime<Utc>) -> Option<&str> {
        let is_payable =
            self.status == CheckoutStatus::Open && self.close_reason.is_none() && self.hold_expires_at > now;
        self.url.as_deref().filter(|_| is_payable)
    }
}

/// The checkout's row, with a lock until the transaction ends when `lock` is set.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, id: CheckoutId, lock: bool) -> Result<CheckoutRow> {
    let query = checkouts::table.find(id).select(CheckoutRow::as_select());
    let row = if lock { query.for_no_key_update().first(conn).await } else { query.first(conn).await };
    row.optional()?.ok_or_else(|| Error::not_found("checkout"))
}

/// The row of a checkout and that of its order, as they are now.
///
/// # Errors
/// `not_found`.
pub async fn with_order(app: &App, id: CheckoutId) -> Result<(CheckoutRow, OrderRow)> {
    rows(&mut *app.connection().await?, id).await
}

async fn rows(conn: &mut Connection, id: CheckoutId) -> Result<(CheckoutRow, OrderRow)> {
    let rows = checkouts::table
        .inner_join(orders::table.on(orders::id.eq(checkouts::order_id)))
        .filter(checkouts::id.eq(id))
        .select((CheckoutRow::as_select(), OrderRow::as_select()))
        .first(conn)
        .await
        .optional()?;
    rows.ok_or_else(|| Error::not_found("checkout"))
}

/// The checkout as clients see it, without the order's token, and without whose it is, as a token opens it. The page of a
/// hold that ended is about to be closed, and not handed out.
///
/// # Errors
/// `not_found`.
pub async fn find(conn: &mut Connection, id: CheckoutId, now: DateTime<Utc>) -> Result<Checkout> {
    find_for(conn, id, None, now).await
}

/// The same with the order's token.
///
/// # Errors
/// `not_found`.
pub async fn find_for(
    conn: &mut Connection,
    id: CheckoutId,
    keys: Option<&TokenKeys>,
    now: DateTime<Utc>,
) -> Result<Checkout> {
    let (row, order) = rows(conn, id).await?;
    whole(conn, row, order, keys, now).await
}

/// The same from its rows.
///
/// # Errors
/// Those of the database.
pub(super) async fn whole(
    conn: &mut Connection,
    row: CheckoutRow,
    order: OrderRow,
    keys: Option<&TokenKeys>,
    now: DateTime<Utc>,
) -> Result<Checkout> {
    let order_token = keys.map(|keys| keys.derive(TokenKind::Order, order.id.0, order.token_version));
    Ok(Checkout { order_token, ..shape(row, read::whole(conn, order).await?, now) })
}

/// The same from what is known of it.
#[must_use]
pub fn shape(row: CheckoutRow, order: Order, now: DateTime<Utc>) -> Checkout {
    Checkout {
        id: row.id,
        status: row.status,
        url: row.page(now).map(str::to_owned),
        session_id: row.session_id,
        expires_at: row.hold_expires_at,
        order: Order { customer_id: None, ..order },
        order_token: None,
    }
}
