//! Closing a checkout: at the hold's end, by the shopper, for another checkout (PROTOCOL.md 16).
//!
//! Stripe is asked first, always. Stock is released only after Stripe said that the session is expired.

use scoped_futures::ScopedFutureExt;
use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::apply::apply;
use super::create;
use super::model::{self, CheckoutRow, CheckoutStatus, CloseReason};
use crate::app::App;
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::{checkouts, orders};
use crate::db::{self, Prepare};
use crate::error::{Code, Error, Result};
use crate::ids::CheckoutId;
use crate::orders::model::PaymentStatus;
use crate::orders::read::{self, OrderRow};
use crate::orders::timeline::{self, EventKind};
use crate::payments::{ProviderError, Standing};

/// What closing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It is over: closed, or paid in the meantime.
    Over,
    /// A payment is on its way, or was paid with an amount that staff must look at; nothing was changed.
    Processing,
}

/// Closes a checkout unless it is paid or a payment is on its way; `author` is the member of staff who asks.
///
/// # Errors
/// `provider_unavailable` while Stripe's answer is unknown; nothing is released then.
pub async fn close(app: &Arc<App>, id: CheckoutId, reason: CloseReason, author: Option<&Author>) -> Result<Closed> {
    // A checkout that is being made is finished first: without its session nobody could expire it.
    if let Err(error) = create::settle(app, id).await {
        let mut conn = app.connection().await?;
        if model::row(&mut conn, id, false).await?.status.is_live() {
            return Err(error);
        }
    }
    let (row, order) = model::with_order(app, id).await?;
    close_made(app, &row, &order, reason, author).await
}

/// Closes a checkout that is not being made any more.
///
/// # Errors
/// Those of [`close`].
pub(super) async fn close_made(
    app: &Arc<App>,
    row: &CheckoutRow,
    order: &OrderRow,
    reason: CloseReason,
    author: Option<&Author>,
) -> Result<Closed> {
    let id = row.id;
    if !row.status.is_live() {
        return Ok(Closed::Over);
    }
    if order.payment_status == PaymentStatus::Processing || order.payment_review {
        return Ok(Closed::Processing);
    }
    let session_id =
        row.session_id.as_deref().ok_or_else(|| Error::Internal(format!("{id} is open without a session")))?;
    // Of a hold that ended nothing need be noted: that is what no reason means.
    if reason != CloseReason::HoldExpired {
        note(app, row, reason, author).await?;
    }
    app.faults.point("before_expire").await;
    let session = match app.stripe.expire_session(session_id).await {
        Ok(session) => session,
        // Only a read decides: the session may be paid, on its way, or expired by an earlier try of ours.
        Err(ProviderError::Rejected { .. } | ProviderError::NotFound(_) | ProviderError::Unauthorized(_)) => {
            app.stripe.read_session(session_id).await?
        }
        Err(
            error @ (ProviderError::RateLimited { .. } | ProviderError::Unavailable(_) | ProviderError::Unknown { .. }),
        ) => {
            return Err(error.into());
        }
    };
    app.faults.point("after_expire").await;
    let mut conn = app.connection().await?;
    apply(&mut conn, id, &session, app.clock.now()).await?;
    match session.standing {
        Standing::Processing => Ok(Closed::Processing),
        // Our key may not expire it, say; nothing is released, and the next try asks again.
        Standing::Open => {
            tracing::error!(stripe.session = session_id, "Stripe did not expire a session and says that it is open");
            let detail = "The payment page could not be closed yet. Repeat the request.";
            Err(Error::problem(Code::ProviderUnavailable, detail).retry_after(5))
        }
        Standing::Paid | Standing::Failed | Standing::Expired | Standing::Undecided => Ok(Closed::Over),
    }
}

/// Notes why it is closed, before Stripe is asked.
async fn note(app: &App, row: &CheckoutRow, reason: CloseReason, author: Option<&Author>) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            diesel::update(checkouts::table.find(row.id).filter(checkouts::status.eq(CheckoutStatus::Open)))
                .filter(checkouts::close_reason.is_null().or(checkouts::close_reason.eq(CloseReason::HoldExpired)))
                .set(checkouts::close_reason.eq(reason))
                .prepared()
                .execute(conn)
                .await?;
            let Some(author) = author else { return Ok(()) };
            let entry = Entry::new(Action::CheckoutReleaseRequested, row.id).set("/order_id", row.order_id);
            audit::record(conn, author, entry, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Notes that somebody wants to cancel while a payment is on its way: on failure the stock is released, on success the
/// money goes back at once. Answers whether that is noted; not when no payment is on its way any more.
///
/// # Errors
/// Those of the database.
pub async fn request_cancel(app: &App, id: CheckoutId) -> Result<bool> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    db::transaction(&mut conn, |conn| {
        async move {
            let row = model::row(conn, id, false).await?;
            let order = read::row(conn, row.order_id, true).await?;
            let noted = diesel::update(orders::table.find(row.order_id))
                .filter(orders::payment_status.eq(PaymentStatus::Processing))
                .filter(orders::cancel_requested_at.is_null())
                .set((
                    orders::cancel_requested_at.eq(now),
                    orders::version.eq(orders::version + 1),
                    orders::updated_at.eq(now),
                ))
                .prepared()
                .execute(conn)
                .await?;
            if noted > 0 {
                timeline::record(conn, row.order_id, EventKind::CancelRequested, json!({}), now).await?;
            }
            Ok(order.payment_status == PaymentStatus::Processing)
        }
        .scope_boxed()
    })
    .await
}
