//! The reserve transaction: the cart is priced under its lock, and becomes an order, a checkout and held stock, or
//! nothing at all.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bytea, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;
use uuid::Uuid;

use super::holds::{self, Buyer};
use super::model::{CheckoutRow, CheckoutStatus, NewCheckout};
use super::stock::{self, Demand};
use super::{chargeable, freeze, order};
use crate::carts::closed;
use crate::carts::load::{self, CartRow, Snapshot};
use crate::carts::model::CartStatus;
use crate::carts::price::{self, PricedCart};
use crate::config::RateLimits;
use crate::db::schema::{checkouts, customers};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, OnConstraint};
use crate::discounts::uses;
use crate::error::{Code, Error, Result};
use crate::http::idempotency::{self, Key};
use crate::ids::{CheckoutId, OrderId};
use crate::money::Money;
use crate::orders::place::{self, NewLine};
use crate::orders::read::{LineRow, OrderRow};
use crate::orders::timeline::{self, EventKind};
use crate::quotes::{self, resolve};

/// How long before a session's end it must be created (Stripe: 30 minutes), and ten minutes for recovery.
const SHORTEST_SESSION: TimeDelta = TimeDelta::minutes(40);

/// What is asked for, by whom, and under which key.
pub(super) struct Wish<'a> {
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

/// What a checkout is made of.
pub(super) struct Plan<'a> {
    /// The cart as it was priced.
    pub(super) snapshot: &'a Snapshot,
    /// Its price.
    pub(super) priced: &'a PricedCart<'a>,
    /// What is asked for.
    pub(super) wish: &'a Wish<'a>,
}

impl Plan<'_> {
    /// What a coupon takes off the lines at Stripe; nothing when there is nothing to pay at all.
    pub(super) fn discount(&self) -> Option<Money> {
        let totals = &self.priced.priced.totals;
        let is_paid = totals.total.is_some_and(|total| total.amount > 0);
        Some(totals.discount).filter(|discount| is_paid && discount.amount > 0)
    }
}

/// A checkout that was just made, with its order.
#[derive(Debug)]
pub(super) struct Made {
    /// The checkout.
    pub(super) checkout: CheckoutRow,
    /// Its order.
    pub(super) order: OrderRow,
    /// What the order is of.
    pub(super) lines: Vec<LineRow>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Reserved {
    /// It was just made.
    Made(Box<Made>),
    /// It was made under the same key before.
    Mine(CheckoutId),
    /// Another checkout of the cart is live; this is what the cart costs now.
    Live(CheckoutId, Option<Money>),
    /// Providers are to be asked what this cart costs.
    Open(Box<Snapshot>),
    /// Somebody else works under our key by now.
    LostClaim,
}

/// Runs the reserve transaction (PROTOCOL.md 6). What it reads is priced in it, so nothing can have changed since; but
/// no provider is called meanwhile: for what they must say the cart is handed out, and comes back as `asked`, with their
/// answers stored. A cart that has not changed since then is not handed out again.
///
/// # Errors
/// Why the cart cannot be bought; `insufficient_stock`, `cart_completed`. Nothing is left behind then.
pub(super) async fn reserve(
    conn: &mut Connection,
    wish: &Wish<'_>,
    asked: Option<&Snapshot>,
    now: DateTime<Utc>,
) -> Result<Reserved> {
    db::transaction(conn, |conn| {
        async move {
            let Some(Locked { cart, made, fingerprint }) = lock(conn, wish).await? else {
                return match idempotency::lock(conn, wish.key, wish.token).await? {
                    true => Err(Error::not_found("cart")),
                    false => Ok(Reserved::LostClaim),
                };
            };
            match made {
                // Under the key, but of another request.
                Some(_) if fingerprint.as_ref() != Some(&wish.key.fingerprint) => return Err(idempotency::mismatch()),
                Some(made) => return Ok(Reserved::Mine(made)),
                None => {}
            }
            if cart.status == CartStatus::Completed {
                return Err(closed::closed(conn, &cart, now).await?);
            }
            of_cart(conn, wish, cart, asked, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Prices the locked cart and reserves for it.
async fn of_cart(
    conn: &mut Connection,
    wish: &Wish<'_>,
    cart: CartRow,
    asked: Option<&Snapshot>,
    now: DateTime<Utc>,
) -> Result<Reserved> {
    let (mut snapshot, available) = load::snapshot(conn, cart, now).await?;
    let mut seen = None;
    if let Some(quote) = wish.request.quote_id {
        let (promise, lives) = quotes::find(conn, wish.request.cart_id, quote, now).await?;
        if lives && promise.is_of(&snapshot) {
            promise.apply(&mut snapshot);
        } else {
            seen = Some(promise.total());
        }
    }
    let priced = price::price(&snapshot)?;
    if resolve::is_open(&priced) && asked != Some(&snapshot) {
        drop(priced);
        return Ok(Reserved::Open(Box::new(snapshot)));
    }
    chargeable::require(&snapshot, &priced, &available, wish.request.expected_total, seen)?;
    if snapshot.cart.status == CartStatus::CheckingOut {
        return live(conn, &snapshot, priced.priced.totals.total).await;
    }
    write(conn, &Plan { snapshot: &snapshot, priced: &priced, wish }, now).await
}

/// The cart, and the checkout that was made under the key, whatever became of it.
#[derive(QueryableByName)]
struct Locked {
    #[diesel(embed)]
    cart: CartRow,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    made: Option<CheckoutId>,
    #[diesel(sql_type = Nullable<Bytea>)]
    fingerprint: Option<Vec<u8>>,
}

/// Locks the claim, then the cart, in one statement: a cart's row is locked when the claim's, which it is joined with, has been.
/// What was made under the key is seen as of the statement's start, when nobody else could make anything under it any more:
/// taking a claim over waits for the transactions of whom it is taken from.
async fn lock(conn: &mut Connection, wish: &Wish<'_>) -> Result<Option<Locked>> {
    let mut cart = Statement::constant("SELECT made, fingerprint, ");
    cart.push(load::CART_COLUMNS)
        .push(" FROM held CROSS JOIN carts LEFT JOIN (SELECT id AS made, fingerprint FROM checkouts WHERE idempotency_scope = ")
        .bind(Bind::Text(wish.key.scope.clone()))
        .push(" AND idempotency_key = ")
        .bind(Bind::Text(wish.key.key.clone()))
        .push(") AS mine ON true WHERE id = ")
        .bind(Bind::Uuid(wish.request.cart_id.0))
        .push(" FOR NO KEY UPDATE OF carts");
    Statement::together([("held", idempotency::locking(wish.key, wish.token))], cart).optional(conn).await
}

async fn live(conn: &mut Connection, snapshot: &Snapshot, total: Option<Money>) -> Result<Reserved> {
    let live: Option<CheckoutId> = checkouts::table
        .filter(checkouts::cart_id.eq(snapshot.cart.id))
        .filter(checkouts::status.eq_any([CheckoutStatus::Creating, CheckoutStatus::Open]))
        .select(checkouts::id)
        .first(conn)
        .await
        .optional()?;
    let missing = || Error::Internal("a cart is checking out without a live checkout".to_owned());
    live.map(|id| Reserved::Live(id, total)).ok_or_else(missing)
}

/// Writes everything; the stock last, so that its locks are held least.
async fn write(conn: &mut Connection, plan: &Plan<'_>, now: DateTime<Utc>) -> Result<Reserved> {
    let Wish { buyer, limits, hold, .. } = *plan.wish;
    let units: i64 = plan.snapshot.lines.iter().map(|line| line.quantity).sum();
    if let Some(limits) = limits {
        holds::require_room(conn, buyer, units, limits).await?;
    }
    let (order, id) = (OrderId::new(), CheckoutId::new());
    let hold_expires_at = now + hold;
    let session_expires_at = hold_expires_at.max(now + SHORTEST_SESSION);
    let stripe_customer = stripe_customer(conn, plan).await?;
    let checkout = CheckoutRow {
        id,
        cart_id: plan.snapshot.cart.id,
        order_id: order,
        status: CheckoutStatus::Creating,
        fingerprint: plan.wish.key.fingerprint.clone(),
        request_body: freeze::session(plan, (order, id), stripe_customer.as_deref(), session_expires_at)?,
        coupon_body: freeze::coupon(plan, order, id, session_expires_at)?,
        session_id: None,
        url: None,
        close_reason: None,
        hold_expires_at,
        session_expires_at,
        created_at: now,
    };
    let order = order::new(plan, order, now)?;
    let lines = order::lines(plan, order.id);
    begin(conn, plan, (&checkout, &order, &lines), units).await?;
    let email = plan.snapshot.cart.email.as_deref().unwrap_or_default();
    uses::count(conn, order.id, email, &plan.priced.discounts, now).await?;
    let mut demand = Demand::new();
    for line in &plan.snapshot.lines {
        *demand.entry(line.variant_id).or_default() += line.quantity;
    }
    stock::hold(conn, order.id, &demand, now).await?;
    let lines = lines.into_iter().map(|line| line.row).collect();
    Ok(Reserved::Made(Box::new(Made { checkout, order, lines })))
}

const INSERT: &str = "
    INSERT INTO checkouts (id, cart_id, order_id, status, idempotency_scope, idempotency_key, fingerprint, request_body,
        coupon_body, hold_expires_at, session_expires_at, buyer_address, buyer_email, units, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)";

/// Writes the order with its lines and first entry, the checkout, and the cart's status. The job that closes the checkout is
/// queued when its hold ends.
async fn begin(
    conn: &mut Connection,
    plan: &Plan<'_>,
    (checkout, order, lines): (&CheckoutRow, &OrderRow, &[NewLine]),
    units: i64,
) -> Result<()> {
    let CheckoutRow { id, order_id, created_at: now, .. } = *checkout;
    let (key, buyer, placed) = (plan.wish.key, plan.wish.buyer, json!({"checkout_id": id}));
    let row = Statement::constant(INSERT)
        .with(Bind::Uuid(id.0))
        .with(Bind::Uuid(checkout.cart_id.0))
        .with(Bind::Uuid(order_id.0))
        .with(Bind::Text(checkout.status.to_string()))
        .with(Bind::Text(key.scope.clone()))
        .with(Bind::Text(key.key.clone()))
        .with(Bind::Bytes(key.fingerprint.clone()))
        .with(Bind::Text(checkout.request_body.clone()))
        .with(Bind::NullableText(checkout.coupon_body.clone()))
        .with(Bind::Time(checkout.hold_expires_at))
        .with(Bind::Time(checkout.session_expires_at))
        .with(Bind::NullableText(buyer.address.clone()))
        .with(Bind::NullableText(buyer.email.clone()))
        .with(Bind::Int(units))
        .with(Bind::Time(now));
    let cart = Statement::constant("UPDATE carts SET status = 'checking_out', updated_at = $2 WHERE id = $1")
        .with(Bind::Uuid(checkout.cart_id.0))
        .with(Bind::Time(now));
    let entry = timeline::entry(order_id, EventKind::Placed, &placed, now);
    let told = timeline::tell(order_id, EventKind::Placed, &placed, now)?;
    let parts = [
        ("placed", order::row(order, plan.snapshot.cart.locale.as_deref())),
        ("checkout", row),
        ("lines", place::lines(lines)),
        ("entry", entry),
        ("told", told),
    ];
    let written = RunQueryDsl::execute(Statement::together(parts, cart), conn).await;
    written.map(|_| ()).on_constraint("orders_tax_calculation_id_key", || {
        let detail =
            "Another order is taxed by what this cart was quoted. Ask for another quote, then check out again.";
        Error::problem(Code::CartChanged, detail)
    })
}

/// How Stripe knows the cart's customer, if there is one and it does.
async fn stripe_customer(conn: &mut Connection, plan: &Plan<'_>) -> Result<Option<String>> {
    let Some(customer) = plan.snapshot.cart.customer_id else { return Ok(None) };
    Ok(customers::table.find(customer).select(customers::stripe_customer_id).first(conn).await?)
}
