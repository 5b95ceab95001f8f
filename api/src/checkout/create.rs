//! Making the session of a checkout, by whoever comes first: the request, a retry, recovery (PROTOCOL.md 8–10).
//!
//! All send the same frozen body under the same key, so they cannot make two sessions; only the transaction
//! afterwards decides.

use scoped_futures::ScopedFutureExt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::apply::{self, Ending};
use super::model::{self, CheckoutRow, CheckoutStatus, CloseReason};
use super::open;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::customers;
use crate::db::statement::Statement;
use crate::db::{self, Connection};
use crate::error::{Code, Error, Result};
use crate::ids::CheckoutId;
use crate::money::Money;
use crate::payments::{Create, ProviderError, SessionView, Standing};

/// How long after a session's end a list of sessions is complete for certain.
const CLOCK_MARGIN: TimeDelta = TimeDelta::minutes(5);

/// Makes sure that a checkout is no longer `creating`, or answers why that is not known yet.
///
/// # Errors
/// `payment_rejected` when Stripe refused and all is undone; `provider_unavailable` while the outcome is unknown.
pub(super) async fn settle(app: &Arc<App>, id: CheckoutId) -> Result<()> {
    let (row, order) = model::with_order(app, id).await?;
    if row.status != CheckoutStatus::Creating {
        return Ok(());
    }
    make(app, &row, Money::new(order.total, order.currency), None).await.map(|_| ())
}

/// What is written with the opening under a session: the answer to whoever waits.
pub(super) type Answering<'a> = dyn Fn(&SessionView) -> Result<Statement> + Send + Sync + 'a;

/// The same for a checkout that is `creating` with an order of this total. Answers whether this call opened it, and so wrote
/// the answer.
///
/// # Errors
/// Those of [`settle`].
pub(super) async fn make(
    app: &Arc<App>,
    row: &CheckoutRow,
    total: Money,
    answering: Option<&Answering<'_>>,
) -> Result<bool> {
    if total.amount == 0 {
        let mut conn = app.connection().await?;
        return apply::free(&mut conn, row.id, app.clock.now()).await.map(|()| false);
    }
    app.faults.point("before_create").await;
    match create_session(app, row).await {
        Ok(created) => {
            app.faults.point("after_create").await;
            adopt(app, row, total, (created.session, created.replayed), answering).await
        }
        Err(error @ ProviderError::Rejected { .. }) => {
            if names_no_customer(&error) {
                let mut conn = app.connection().await?;
                customers::stripe::forget(&mut conn, row.order_id, app.clock.now()).await?;
            }
            end(app, row.id, Ending::failed("rejected")).await?;
            Err(error.into())
        }
        Err(error) => look_for(app, row, total, error, answering).await,
    }
}

/// Whether Stripe refused since it does not know the customer whom the session names.
fn names_no_customer(error: &ProviderError) -> bool {
    match error {
        ProviderError::Rejected { code, public_message } => {
            code.as_deref() == Some("resource_missing") && public_message.starts_with("No such customer")
        }
        ProviderError::RateLimited { .. }
        | ProviderError::Unauthorized(_)
        | ProviderError::NotFound(_)
        | ProviderError::Unavailable(_)
        | ProviderError::Unknown { .. } => false,
    }
}

/// The coupon first, since the session names it; both under keys of their own, so that a repeat makes neither twice.
async fn create_session(app: &App, row: &CheckoutRow) -> Result<Create, ProviderError> {
    if let Some(coupon) = &row.coupon_body {
        app.stripe.create_coupon(&format!("coupon:{}", row.id), coupon).await?;
        app.faults.point("after_coupon").await;
    }
    app.stripe.create_session(&format!("cs:{}", row.id), &row.request_body).await
}

/// Deletes the coupon of a checkout that is over.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn delete_coupon(app: &App, id: CheckoutId) -> Result<()> {
    Ok(app.stripe.delete_coupon(&id.to_string()).await?)
}

/// After an unknown answer: a session that was made all the same is found by our order id.
async fn look_for(
    app: &Arc<App>,
    row: &CheckoutRow,
    total: Money,
    error: ProviderError,
    answering: Option<&Answering<'_>>,
) -> Result<bool> {
    if let ProviderError::Unauthorized(message) = &error {
        let mut conn = app.connection().await?;
        let detail = format!("Stripe refuses our key: {message}");
        alerts::raise(&mut conn, AlertKind::CredentialsRefused, "stripe", None, &detail, app.clock.now()).await?;
    }
    let now = app.clock.now();
    let is_past = now > row.session_expires_at + CLOCK_MARGIN;
    // While the same request may still answer, asking again is better than listing.
    let is_stuck = matches!(error, ProviderError::Unknown { stored: true, .. });
    if !is_past && !is_stuck {
        return Err(error.into());
    }
    let latest = row.session_expires_at.min(now);
    match app.stripe.find_session(&row.order_id.to_string(), row.created_at, latest).await {
        Ok(Some(found)) => adopt(app, row, total, (found, true), answering).await,
        Ok(None) if is_past => end(app, row.id, Ending::failed("never_created")).await.map(|()| false),
        Ok(None) => Err(error.into()),
        Err(error) => Err(error.into()),
    }
}

/// Takes a session as this checkout's. A replayed answer says nothing about now, so the session is read first.
/// Answers whether it is open and this opened the checkout.
async fn adopt(
    app: &Arc<App>,
    row: &CheckoutRow,
    total: Money,
    (session, replayed): (SessionView, bool),
    answering: Option<&Answering<'_>>,
) -> Result<bool> {
    if session.amount != Some(total) {
        return refuse_total(app, row, total, &session).await.map(|()| false);
    }
    let session = if replayed { app.stripe.read_session(&session.id).await? } else { session };
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    if session.standing == Standing::Open && session.amount == Some(total) {
        let answer = answering.map(|answering| answering(&session)).transpose()?;
        if open::open(&mut conn, row, &session, answer, now).await? {
            return Ok(true);
        }
    }
    apply::apply(&mut conn, row.id, &session, now).await.map(|_| false)
}

/// A session that asks for another total than the order is never opened (PROTOCOL.md 9).
async fn refuse_total(app: &Arc<App>, row: &CheckoutRow, total: Money, session: &SessionView) -> Result<()> {
    let now = app.clock.now();
    let expired = match app.stripe.expire_session(&session.id).await {
        Ok(session) => session,
        Err(error) => {
            tracing::warn!(error = %error, "A session with a wrong total could not be expired; reading it");
            app.stripe.read_session(&session.id).await?
        }
    };
    let mut conn = app.connection().await?;
    if expired.standing == Standing::Open {
        let detail = "The payment page has a wrong total and could not be closed yet. Repeat the request.";
        return Err(Error::problem(Code::ProviderUnavailable, detail).retry_after(5));
    }
    if expired.standing != Standing::Expired {
        // Paid or on its way in the meantime: the general rules hold, with the amounts flagged.
        return apply::apply(&mut conn, row.id, &expired, now).await.map(|_| ());
    }
    let got = session.amount.map_or_else(|| "an unreadable amount".to_owned(), |amount| amount.decimal());
    let detail =
        format!("Order {} is {} {}, but its session asked for {got}.", row.order_id, total.decimal(), total.currency);
    let detail = &detail;
    db::transaction(&mut conn, |conn| {
        async move {
            apply::end(conn, row.id, &Ending::by(CloseReason::WrongTotal), now).await?;
            alerts::raise(conn, AlertKind::WrongSessionTotal, &row.id.to_string(), Some(row.order_id), detail, now)
                .await
        }
        .scope_boxed()
    })
    .await?;
    Err(Error::Internal(detail.clone()))
}

async fn end(app: &App, id: CheckoutId, ending: Ending) -> Result<()> {
    let mut conn = app.connection().await?;
    end_at(&mut conn, id, &ending, app.clock.now()).await
}

async fn end_at(conn: &mut Connection, id: CheckoutId, ending: &Ending, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| async move { apply::end(conn, id, ending, now).await }.scope_boxed()).await
}
