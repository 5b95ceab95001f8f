//! Cancelling an order, whatever state it is in (DESIGN §5): unpaid at Stripe first; paid and unsent with its money and
//! stock back; partly sent, the rest. A payment that lands meanwhile is handled by the same rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use super::model::OrderStatus;
use super::read::{self, OrderRow};
use super::timeline::{self, EventKind};
use super::{fulfillment_status, review};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::checkout::model::CloseReason;
use crate::checkout::{self, Closed};
use crate::db::schema::{checkouts, order_line_items, orders, refund_line_items, refunds};
use crate::db::{self, Connection, Prepare, text_enum};
use crate::discounts::uses;
use crate::error::{Code, Error, Result};
use crate::http::etag::Expected;
use crate::ids::{CheckoutId, LineItemId, OrderId};
use crate::inventory::restock;
use crate::mail;
use crate::refunds::ledger;
use crate::refunds::model::{RefundReason, RefundStatus};
use crate::refunds::plan::{self, Ask, AskedLine, Ledger, Refusal};
use crate::refunds::request::{self, Cause};

/// How often an order that changes meanwhile is looked at again.
const MOST_TRIES: u32 = 3;

/// For how long a member of staff has a cancelling to themselves; longer than Stripe's answer takes.
const CLAIM: TimeDelta = TimeDelta::seconds(60);

text_enum! {
    /// Why an order is cancelled.
    CancelReason {
        /// The customer asked for it.
        RequestedByCustomer => "requested_by_customer",
        /// The goods cannot be had.
        OutOfStock => "out_of_stock",
        /// It looks like fraud; Stripe blocks the card.
        Fraudulent => "fraudulent",
        /// It was sold at a wrong price.
        PricingError => "pricing_error",
        /// Anything else; `note` says what.
        Other => "other",
    }
}

impl CancelReason {
    /// Why its money goes back.
    #[must_use]
    pub const fn of_refund(self) -> RefundReason {
        match self {
            Self::Fraudulent => RefundReason::Fraudulent,
            Self::OutOfStock => RefundReason::OutOfStock,
            Self::RequestedByCustomer | Self::PricingError | Self::Other => RefundReason::Cancelled,
        }
    }
}

/// A cancellation by staff.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCancellation {
    /// Why.
    pub reason: CancelReason,
    /// For the shop's own use; customers do not see it.
    #[serde(default)]
    #[validate(length(min = 1, max = 1000))]
    pub note: Option<String>,
    /// Whether what was not sent goes back on the shelf (true).
    #[serde(default)]
    #[schema(default = true)]
    pub restock: Option<bool>,
    /// Give the money back although the payment is disputed.
    #[serde(default)]
    pub force: bool,
}

/// Who cancels, and how.
#[derive(Debug)]
pub struct Wish {
    /// A member of staff; `None` for the shopper.
    pub author: Option<Author>,
    /// Why.
    pub reason: CancelReason,
    /// For the shop's own use.
    pub note: Option<String>,
    /// Whether what was not sent goes back on the shelf.
    pub restock: bool,
    /// Although it is disputed.
    pub force: bool,
    /// Until how long after the payment; staff have no limit.
    pub window: Option<TimeDelta>,
    /// The version that it is based on.
    pub expected: Expected,
    /// A request that was begun before and did not get to its answer: what is cancelled already is what it did.
    pub is_resumed: bool,
}

impl Wish {
    const fn is_shoppers(&self) -> bool {
        self.author.is_none()
    }

    /// A key's id, or `shopper`.
    fn actor(&self) -> &str {
        self.author.as_ref().map_or("shopper", |author| &author.actor)
    }

    /// Writes down what a member of staff did, as the last of the transaction.
    async fn record(&self, conn: &mut Connection, action: Action, order: &OrderRow, now: DateTime<Utc>) -> Result<()> {
        let Some(author) = &self.author else { return Ok(()) };
        // Its note is erased with the customer, and no entry ever is.
        let entry = Entry::new(action, order.id).because(self.reason);
        let after = if action == Action::OrderCancelled { OrderStatus::Cancelled } else { order.status };
        let entry = entry.moved("/status", order.status, after);
        audit::record(conn, author, entry.set("/restock", self.restock).set("/force", self.force), now).await
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The order is cancelled, or its unsent rest is.
    Done,
    /// A payment is on its way; it will be given back if it succeeds.
    Noted,
}

/// Cancels an order.
///
/// # Errors
/// `order_not_cancellable` with its `reason`, `charge_disputed`, `precondition_failed`; `provider_unavailable` while it
/// is not known whether the payment page is closed.
pub async fn cancel(app: &Arc<App>, id: OrderId, wish: &Wish) -> Result<Cancelled> {
    for round in 0..MOST_TRIES {
        let mut conn = app.connection().await?;
        let order = read::row(&mut conn, id, false).await?;
        match order.status {
            OrderStatus::Cancelled if round > 0 || wish.is_shoppers() || wish.is_resumed => {
                return Ok(Cancelled::Done);
            }
            OrderStatus::Cancelled => return Err(refuse("already_cancelled", "The order is cancelled already.")),
            OrderStatus::Pending => {
                if round == 0 && !wish.is_resumed {
                    wish.expected.check(order.version)?;
                }
                drop(conn);
                if unpaid(app, &order, wish, round == 0).await? == Some(Cancelled::Noted) {
                    return Ok(Cancelled::Noted);
                }
            }
            OrderStatus::Confirmed | OrderStatus::Completed => {
                let (now, is_first) = (app.clock.now(), round == 0);
                db::transaction(&mut conn, |conn| {
                    async move { paid(conn, id, wish, is_first, now).await }.scope_boxed()
                })
                .await?;
                app.wake.ring();
                return Ok(Cancelled::Done);
            }
        }
    }
    Err(Error::problem(Code::Unavailable, "The order kept changing. Read it, then try again.").retry_after(1))
}

fn refuse(reason: &str, detail: &str) -> Error {
    Error::problem(Code::OrderNotCancellable, detail).with("reason", reason)
}

/// Not paid: the payment page is closed at Stripe first. `None` when the order must be looked at again.
async fn unpaid(app: &Arc<App>, order: &OrderRow, wish: &Wish, is_first: bool) -> Result<Option<Cancelled>> {
    if order.payment_review {
        let Some(author) = &wish.author else {
            let detail = "The amount that was paid is being looked at; the shop will decide.";
            return Err(refuse("payment_review", detail));
        };
        review::give_back(app, order.id, author, Some(wish.reason)).await?;
        return Ok(Some(Cancelled::Done));
    }
    let checkout: CheckoutId = {
        let mut conn = app.connection().await?;
        if is_first {
            let now = app.clock.now();
            db::transaction(&mut conn, |conn| async move { claim(conn, order, wish, now).await }.scope_boxed()).await?;
        }
        checkouts::table.filter(checkouts::order_id.eq(order.id)).select(checkouts::id).first(&mut conn).await?
    };
    let closed = checkout::close(app, checkout, CloseReason::Cancelled, None).await;
    if closed.is_err() {
        unclaim(app, order.id, wish).await?;
    }
    match closed? {
        Closed::Over => Ok(Some(Cancelled::Done)),
        // Decided in the meantime: the next round looks again.
        Closed::Processing => Ok(checkout::request_cancel(app, checkout).await?.then_some(Cancelled::Noted)),
    }
}

/// Has the cancelling of an unpaid order to itself, and keeps why before Stripe is asked: whoever finds out that it is
/// cancelled knows. Shoppers need no claim, as a repeat is no news to them; staff's word goes before theirs.
async fn claim(conn: &mut Connection, order: &OrderRow, wish: &Wish, now: DateTime<Utc>) -> Result<()> {
    let pending = orders::table.find(order.id).filter(orders::status.eq(OrderStatus::Pending));
    if wish.is_shoppers() {
        let unsaid = pending.filter(orders::cancel_reason.is_null());
        diesel::update(unsaid).set(orders::cancel_reason.eq(wish.reason.as_str())).prepared().execute(conn).await?;
        return Ok(());
    }
    if order.cancel_requested_at.is_some() {
        if wish.is_resumed {
            return Ok(());
        }
        return Err(refuse("already_requested", "Its cancellation is noted already: a payment is on its way."));
    }
    let free = pending.filter(orders::cancel_claimed_until.is_null().or(orders::cancel_claimed_until.lt(now)));
    let claimed = diesel::update(free)
        .set((
            orders::cancel_claimed_until.eq(now + CLAIM),
            orders::cancel_reason.eq(wish.reason.as_str()),
            orders::cancel_note.eq(&wish.note),
        ))
        .prepared()
        .execute(conn)
        .await?;
    if claimed > 0 {
        return wish.record(conn, Action::OrderCancelRequested, order, now).await;
    }
    match read::row(conn, order.id, false).await?.status {
        // Paid meanwhile: the next round cancels that.
        OrderStatus::Confirmed | OrderStatus::Completed => Ok(()),
        OrderStatus::Cancelled if wish.is_resumed => Ok(()),
        OrderStatus::Cancelled | OrderStatus::Pending => {
            Err(refuse("already_cancelled", "Somebody else cancels the order, or did so just now."))
        }
    }
}

/// Lets others try, after a try that came to nothing.
async fn unclaim(app: &Arc<App>, id: OrderId, wish: &Wish) -> Result<()> {
    if wish.is_shoppers() {
        return Ok(());
    }
    let mut conn = app.connection().await?;
    diesel::update(orders::table.find(id))
        .set(orders::cancel_claimed_until.eq(None::<DateTime<Utc>>))
        .prepared()
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Paid: everything in one transaction under the order's lock, which shipping takes as well (PROTOCOL.md 23).
async fn paid(conn: &mut Connection, id: OrderId, wish: &Wish, is_first: bool, now: DateTime<Utc>) -> Result<()> {
    let (order, ledger) = ledger::load(conn, id, true).await?;
    if order.status == OrderStatus::Cancelled {
        return Err(refuse("already_cancelled", "The order was cancelled by somebody else just now."));
    }
    if is_first && !wish.is_resumed {
        wish.expected.check(order.version)?;
    }
    if wish.is_resumed && timeline::did(conn, id, EventKind::RestCancelled, wish.actor()).await? {
        return Ok(());
    }
    let sent: i64 = ledger.lines.iter().map(|line| line.fulfilled).sum();
    require_cancellable(&order, &ledger, sent, wish, now)?;
    request::require_undisputed(&order, wish.force)?;
    let unsent: Vec<(LineItemId, i64)> =
        ledger.lines.iter().filter(|line| line.unsent() > 0).map(|line| (line.id, line.unsent())).collect();
    let ask = if sent == 0 {
        ledger::rest(&ledger, Some(false))
    } else {
        let lines = unsent.iter().map(|(id, units)| AskedLine { id: *id, quantity: *units, restock: Some(false) });
        Ask::Lines { lines: lines.collect(), shipping: 0 }
    };
    let cause = Cause { reason: wish.reason.of_refund(), note: wish.note.as_deref(), actor: wish.actor() };
    match plan::plan(&ledger, &ask) {
        Ok(plan) => drop(request::write(conn, &order, &plan, cause, now).await?),
        // Nothing was paid, or all of it went back before.
        Err(Refusal::Nothing) if sent == 0 => {}
        // The rest is worth more than what was not given back yet, or nothing: what is left goes back with it.
        Err(Refusal::Nothing | Refusal::TooMuch(_)) => {
            if let Ok(plan) = plan::plan(&ledger, &Ask::Amount(ledger.remaining())) {
                request::write(conn, &order, &plan, cause, now).await?;
            }
            take_off(conn, &unsent).await?;
        }
        Err(refusal) => return Err(Error::Internal(format!("the rest of {id} cannot be cancelled: {refusal:?}"))),
    }
    if sent == 0 {
        end(conn, id, wish, now).await?;
    } else {
        fulfillment_status::derive(conn, id, now).await?;
        let detail = json!({"reason": wish.reason, "by": wish.actor()});
        timeline::record(conn, id, EventKind::RestCancelled, detail, now).await?;
        mail::orders::cancelled(conn, id, true, now).await?;
    }
    if wish.restock {
        // Now, and not when a refund succeeds: the goods never left, also those of refunds that are still on their way.
        let mut back = unsent;
        if sent == 0 {
            back.extend(waiting(conn, id).await?);
        }
        restock::restock(conn, id, &summed(back), now).await?;
    }
    let action = if sent == 0 { Action::OrderCancelled } else { Action::OrderRestCancelled };
    wish.record(conn, action, &order, now).await
}

/// Units that need not be sent any more, though no refund names them.
async fn take_off(conn: &mut Connection, units: &[(LineItemId, i64)]) -> Result<()> {
    for (line, quantity) in units {
        diesel::update(order_line_items::table.find(line))
            .set(order_line_items::removed_quantity.eq(order_line_items::removed_quantity + quantity))
            .prepared()
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Units that refunds which are on their way would put back.
async fn waiting(conn: &mut Connection, id: OrderId) -> Result<Vec<(LineItemId, i64)>> {
    Ok(refund_line_items::table
        .inner_join(refunds::table.on(refunds::id.eq(refund_line_items::refund_id)))
        .filter(refunds::order_id.eq(id))
        .filter(refunds::status.eq(RefundStatus::Pending))
        .filter(refund_line_items::restock.gt(0))
        .select((refund_line_items::line_item_id, refund_line_items::restock))
        .load(conn)
        .await?)
}

/// Each line once.
fn summed(units: Vec<(LineItemId, i64)>) -> Vec<(LineItemId, i64)> {
    let mut sums: BTreeMap<LineItemId, i64> = BTreeMap::new();
    for (line, quantity) in units {
        *sums.entry(line).or_default() += quantity;
    }
    sums.into_iter().collect()
}

fn require_cancellable(order: &OrderRow, ledger: &Ledger, sent: i64, wish: &Wish, now: DateTime<Utc>) -> Result<()> {
    if sent > 0 && ledger.lines.iter().all(|line| line.unsent() == 0) {
        return Err(refuse("fulfilled", "Everything was sent already."));
    }
    let Some(window) = wish.window else { return Ok(()) };
    if sent > 0 {
        return Err(refuse("fulfillment_started", "A part of the order was sent already; ask the shop."));
    }
    let ends = order.paid_at.map(|paid| paid + window);
    if ends.is_none_or(|ends| now > ends) {
        let detail = format!("A paid order can be cancelled for {} minutes; ask the shop.", window.num_minutes());
        return Err(refuse("window_over", &detail));
    }
    Ok(())
}

async fn end(conn: &mut Connection, id: OrderId, wish: &Wish, now: DateTime<Utc>) -> Result<()> {
    diesel::update(orders::table.find(id))
        .set((
            orders::status.eq(OrderStatus::Cancelled),
            orders::cancel_reason.eq(wish.reason.as_str()),
            orders::cancel_note.eq(&wish.note),
            orders::cancelled_at.eq(now),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    let detail = json!({"reason": wish.reason, "by": wish.actor()});
    timeline::record(conn, id, EventKind::Cancelled, detail, now).await?;
    mail::orders::cancelled(conn, id, false, now).await?;
    uses::release(conn, id, now).await
}
