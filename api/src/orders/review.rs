//! An order of which another amount was paid than it costs: its stock is held until staff accept or give back
//! (PROTOCOL.md 15).

use std::sync::Arc;

use scoped_futures::ScopedFutureExt;
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

use super::read::{self, OrderRow};
use super::timeline::{self, EventKind};
use crate::app::App;
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
    }
}

/// What staff decide.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReviewDecision {
    /// Accept or give back.
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
    let detail = format!("{currency} was paid for an order in {}. Refund it in Stripe's dashboard.", order.currency);
    Err(Error::problem(Code::NothingToDecide, detail))
}

/// Takes what was paid as the order's payment.
///
/// # Errors
/// `nothing_to_decide`.
pub async fn accept(app: &Arc<App>, id: OrderId, actor: &str) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let paid = received(&read::row(conn, id, false).await?)?;
            let order = checkout::settle_review(conn, id, paid, true, now).await?;
            received(&order)?;
            let detail = json!({"decision": Decision::Accept, "amount": paid, "by": actor});
            timeline::record(conn, id, EventKind::ReviewDecided, detail, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Cancels the order and gives the money back.
///
/// # Errors
/// `nothing_to_decide`.
pub async fn give_back(app: &Arc<App>, id: OrderId, actor: &str) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let paid = received(&read::row(conn, id, false).await?)?;
            let order = checkout::settle_review(conn, id, paid, false, now).await?;
            received(&order)?;
            let detail = json!({"decision": Decision::Refund, "amount": paid, "by": actor});
            timeline::record(conn, id, EventKind::ReviewDecided, detail, now).await?;
            request::request_all(conn, id, RefundReason::AmountMismatch, now).await?;
            checkout::release(conn, id, now).await
        }
        .scope_boxed()
    })
    .await?;
    app.wake.ring();
    Ok(())
}
