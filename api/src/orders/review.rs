//! An order of which another amount was paid than it costs: its stock is held until staff accept or give back
//! (PROTOCOL.md 15).

use std::sync::Arc;

use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use super::cancel::CancelReason;
use super::read::{self, OrderRow};
use super::timeline::{self, EventKind};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::checkout;
use crate::db::{self, text_enum};
use crate::error::{Code, Error, Result};
use crate::ids::OrderId;
use crate::money::Money;
use crate::refunds::model::RefundReason;
use crate::refunds::request;

text_enum! {
    /// What is to become of a payment of another amount.
    Decision {
        /// The order counts as paid with what was paid.
        Accept => "accept",
        /// The order is cancelled and the money goes back.
        Refund => "refund",
        /// The order is cancelled and nothing is given back from here: for what was paid in another currency, after it
        /// was refunded in Stripe's dashboard.
        Cancel => "cancel",
    }
}

/// What staff decide.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReviewDecision {
    /// Accept, give back, or cancel alone.
    pub decision: Decision,
}

/// The amount that was paid, if it waits for a decision.
fn received(order: &OrderRow) -> Result<Money> {
    let received = order.review_amount.zip(order.review_currency).filter(|_| order.payment_review);
    let (amount, currency) = received.ok_or_else(|| {
        Error::problem(Code::NothingToDecide, "The order's payment is as it should be, or was decided about already.")
    })?;
    if currency == order.currency {
        return Ok(Money::new(amount, currency));
    }
    let detail = format!(
        "{currency} was paid for an order in {}. Refund it in Stripe's dashboard, then decide `cancel`.",
        order.currency
    );
    Err(Error::problem(Code::NothingToDecide, detail))
}

fn decided(id: OrderId, decision: Decision) -> Entry {
    Entry::new(Action::OrderReviewDecided, id).set("/decision", decision)
}

/// Cancels the order without a refund from here.
///
/// # Errors
/// `nothing_to_decide`, also when the money can be refunded from here.
pub async fn dismiss(app: &Arc<App>, id: OrderId, author: &Author) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let order = checkout::dismiss_review(conn, id, now).await?;
            if !order.payment_review {
                received(&order)?;
            }
            if received(&order).is_ok() {
                let detail = "What was paid can be given back from here. Decide `refund` instead.";
                return Err(Error::problem(Code::NothingToDecide, detail));
            }
            let detail = json!({"decision": Decision::Cancel, "by": author.actor});
            timeline::record(conn, id, EventKind::ReviewDecided, detail, now).await?;
            audit::record(conn, author, decided(id, Decision::Cancel), now).await
        }
        .scope_boxed()
    })
    .await
}

/// Takes what was paid as the order's payment.
///
/// # Errors
/// `nothing_to_decide`.
pub async fn accept(app: &Arc<App>, id: OrderId, author: &Author) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let paid = received(&read::row(conn, id, false).await?)?;
            let order = checkout::settle_review(conn, id, paid, true, None, now).await?;
            received(&order)?;
            let detail = json!({"decision": Decision::Accept, "amount": paid, "by": author.actor});
            timeline::record(conn, id, EventKind::ReviewDecided, detail, now).await?;
            audit::record(conn, author, decided(id, Decision::Accept).set("/amount", paid), now).await
        }
        .scope_boxed()
    })
    .await
}

/// Cancels the order, for staff's reason if they had one, and gives the money back.
///
/// # Errors
/// `nothing_to_decide`.
pub async fn give_back(app: &Arc<App>, id: OrderId, author: &Author, reason: Option<CancelReason>) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let paid = received(&read::row(conn, id, false).await?)?;
            let order = checkout::settle_review(conn, id, paid, false, reason, now).await?;
            received(&order)?;
            let detail = json!({"decision": Decision::Refund, "amount": paid, "by": author.actor});
            timeline::record(conn, id, EventKind::ReviewDecided, detail, now).await?;
            let of_refund = reason.map_or(RefundReason::AmountMismatch, CancelReason::of_refund);
            request::request_all(conn, id, of_refund, now).await?;
            checkout::release(conn, id, now).await?;
            let entry = decided(id, Decision::Refund).set("/amount", paid).set("/cancel_reason", reason);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(())
}
