//! Processing a stored event: what it says is applied by the same functions as everything else.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::EventStatus;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::checkout::model::CheckoutStatus;
use crate::db::Connection;
use crate::db::schema::{checkouts, orders, webhook_events};
use crate::db::statement::{Bind, Statement};
use crate::error::{Error, Result};
use crate::ids::{CheckoutId, EventId, OrderId};
use crate::payments::{EventEnvelope, SessionView, Standing};
use crate::refunds::import;
use crate::{checkout, disputes};

/// Processes an event once; one that was processed has no further effect.
///
/// # Errors
/// What must be tried again.
pub async fn process(app: &Arc<App>, id: EventId) -> Result<()> {
    let stored: Option<serde_json::Value> = {
        let mut conn = app.connection().await?;
        webhook_events::table
            .find(id)
            .filter(webhook_events::status.eq(EventStatus::Pending))
            .select(webhook_events::payload)
            .first(&mut conn)
            .await
            .optional()?
    };
    let Some(payload) = stored else { return Ok(()) };
    let event: EventEnvelope = serde_json::from_value(payload)
        .map_err(|error| Error::Internal(format!("the stored event is unreadable: {error}")))?;
    let status = take_effect(app, &event).await?;
    app.faults.point("after_effect").await;
    let mut conn = app.connection().await?;
    // Not waited for on the disk: lost, it is processed again, without effect.
    Statement::constant(
        "UPDATE webhook_events SET status = $2, processed_at = $3 WHERE id = $1 \
         AND set_config('synchronous_commit', 'off', true) = 'off'",
    )
    .with(Bind::Uuid(id.0))
    .with(Bind::Text(status.to_string()))
    .with(Bind::Time(app.clock.now()))
    .execute(&mut conn)
    .await?;
    Ok(())
}

async fn take_effect(app: &Arc<App>, event: &EventEnvelope) -> Result<EventStatus> {
    if event.livemode != app.stripe.is_live() {
        let mut conn = app.connection().await?;
        let detail =
            format!("The event {} is of the other mode (livemode: {}) than our key.", event.id, event.livemode);
        alerts::raise(&mut conn, AlertKind::WrongMode, "stripe", None, &detail, app.clock.now()).await?;
        return Ok(EventStatus::Ignored);
    }
    if let Some(intent) = event.payment_of_aftermath() {
        learn_payment(app, intent).await?;
    }
    if let Some(refund) = event.refund() {
        let mut conn = app.connection().await?;
        return Ok(handled(import::take_over(&mut conn, &refund, app.clock.now()).await?));
    }
    if let Some(dispute) = event.dispute_id() {
        return Ok(handled(disputes::apply::refresh(app, dispute).await?));
    }
    if let Some((intent, what)) = event.fraud_warning() {
        let mut conn = app.connection().await?;
        return Ok(handled(disputes::apply::warn(&mut conn, intent, &event.id, what, app.clock.now()).await?));
    }
    let session = event.session().map_err(|error| Error::Internal(format!("{} is unreadable: {error}", event.id)))?;
    match session {
        Some((session, checkout_id)) => apply_session(app, session, checkout_id.as_deref()).await,
        None => Ok(EventStatus::Ignored),
    }
}

/// Events come in any order: before one about what became of a payment takes effect, the payment itself must be known,
/// else its refund or dispute would be nobody's (R18).
async fn learn_payment(app: &Arc<App>, intent: &str) -> Result<()> {
    {
        let mut conn = app.connection().await?;
        let known: i64 =
            orders::table.filter(orders::payment_intent_id.eq(intent)).count().get_result(&mut conn).await?;
        if known > 0 {
            return Ok(());
        }
    }
    let checkout = app.stripe.checkout_of_payment(intent).await?;
    let Some(checkout) = checkout.and_then(|id| id.parse::<CheckoutId>().ok()) else { return Ok(()) };
    {
        let mut conn = app.connection().await?;
        let there: i64 = checkouts::table.find(checkout).count().get_result(&mut conn).await?;
        if there == 0 {
            return Ok(());
        }
    }
    checkout::advance::learn(app, checkout).await
}

const fn handled(is_ours: bool) -> EventStatus {
    if is_ours { EventStatus::Processed } else { EventStatus::Ignored }
}

async fn apply_session(app: &Arc<App>, session: SessionView, checkout_id: Option<&str>) -> Result<EventStatus> {
    let found = {
        let mut conn = app.connection().await?;
        find_checkout(&mut conn, &session, checkout_id).await?
    };
    let Some((checkout, status)) = found else { return Ok(EventStatus::Ignored) };
    if session.standing == Standing::Expired && !status.is_live() {
        // Mostly we closed it ourselves.
        return Ok(EventStatus::Processed);
    }
    // What is final is believed; anything else may be old news, so Stripe is asked how it is now.
    let session = match session.standing {
        Standing::Paid | Standing::Expired => session,
        Standing::Open | Standing::Processing | Standing::Failed | Standing::Undecided => {
            app.stripe.read_session(&session.id).await?
        }
    };
    let mut conn = app.connection().await?;
    checkout::apply(&mut conn, checkout, &session, app.clock.now()).await?;
    Ok(EventStatus::Processed)
}

/// By the session's id, or, before we know it, by our ids in it.
async fn find_checkout(
    conn: &mut Connection,
    session: &SessionView,
    checkout_id: Option<&str>,
) -> Result<Option<(CheckoutId, CheckoutStatus)>> {
    let columns = (checkouts::id, checkouts::status);
    let by_session = checkouts::table.filter(checkouts::session_id.eq(&session.id)).select(columns);
    if let Some(id) = by_session.first(conn).await.optional()? {
        return Ok(Some(id));
    }
    let order = session.client_reference_id.as_deref().and_then(|id| id.parse::<OrderId>().ok());
    let checkout = checkout_id.and_then(|id| id.parse::<CheckoutId>().ok());
    let (Some(order), Some(checkout)) = (order, checkout) else { return Ok(None) };
    Ok(checkouts::table
        .find(checkout)
        .filter(checkouts::order_id.eq(order))
        .filter(checkouts::session_id.is_null())
        .select(columns)
        .first(conn)
        .await
        .optional()?)
}
