//! Processing a stored event: what it says is applied by the same functions as everything else.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{EventStatus, IgnoredBecause, shippo};
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::checkout::model::CheckoutStatus;
use crate::db::schema::{checkouts, orders, webhook_events};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, Result};
use crate::ids::{CheckoutId, EventId, OrderId};
use crate::payments::{EventEnvelope, SessionView, Standing};
use crate::refunds::import;
use crate::{checkout, disputes};

/// How long an event waits for an order of ours that it names and that we do not know.
const ORDER_PATIENCE: TimeDelta = TimeDelta::hours(1);

/// How long the acknowledgement of a payment waits for its effect, which goes on all the same.
const SETTLING_PATIENCE: Duration = Duration::from_secs(2);

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It took its effect.
    Taken,
    /// It has none.
    None(IgnoredBecause),
    /// It names an order of ours that we do not know, yet or any more.
    OrderUnknown,
}

/// What became of an event.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Which it is.
    pub event: EventId,
    /// Why it had no effect, if it had none.
    pub ignored: Option<IgnoredBecause>,
}

impl Mark {
    /// Where the event stands by that.
    #[must_use]
    pub const fn status(self) -> EventStatus {
        if self.ignored.is_some() { EventStatus::Ignored } else { EventStatus::Processed }
    }
}

/// Processes an event once; one that was processed has no further effect. Answers what became of it, to be
/// written with the end of its job: lost, it is processed again, without effect.
///
/// # Errors
/// What must be tried again.
pub async fn process(app: &Arc<App>, id: EventId) -> Result<Option<Mark>> {
    let stored: Option<(String, serde_json::Value, DateTime<Utc>)> = {
        let mut conn = app.connection().await?;
        webhook_events::table
            .find(id)
            .filter(webhook_events::status.eq(EventStatus::Pending))
            .select((webhook_events::provider, webhook_events::payload, webhook_events::received_at))
            .first(&mut conn)
            .await
            .optional()?
    };
    let Some((provider, payload, received_at)) = stored else { return Ok(None) };
    let outcome = if provider == shippo::PROVIDER {
        shippo::take_effect(app, &payload).await
    } else {
        attempt(app, payload, received_at).await
    };
    app.faults.point("after_effect").await;
    match outcome {
        Ok(ignored) => Ok(Some(Mark { event: id, ignored })),
        Err(error) => {
            let mut conn = app.connection().await?;
            let pending = webhook_events::table.find(id).filter(webhook_events::status.eq(EventStatus::Pending));
            let tries = webhook_events::tries.eq(webhook_events::tries + 1);
            diesel::update(pending)
                .set((tries, webhook_events::last_error.eq(error.to_string())))
                .prepared()
                .execute(&mut conn)
                .await?;
            Err(error)
        }
    }
}

/// Answers why the event has no effect, when it has none.
async fn attempt(
    app: &Arc<App>,
    payload: serde_json::Value,
    received_at: DateTime<Utc>,
) -> Result<Option<IgnoredBecause>> {
    let event = EventEnvelope::read(payload)
        .map_err(|error| Error::Internal(format!("the stored event is unreadable: {error}")))?;
    match take_effect(app, &event).await? {
        Effect::Taken => Ok(None),
        Effect::None(because) => Ok(Some(because)),
        Effect::OrderUnknown if app.clock.now() < received_at + ORDER_PATIENCE => {
            let until = (received_at + ORDER_PATIENCE).format("%H:%M:%S");
            Err(Error::Internal(format!("the order that it names is not known; it is waited for until {until}")))
        }
        Effect::OrderUnknown => Ok(Some(IgnoredBecause::OrderUnknown)),
    }
}

/// A payment takes its effect before it is acknowledged, since Stripe keeps the buyer until then: whoever comes back to the
/// shop finds the order paid (<https://docs.stripe.com/checkout/fulfillment>). Dying before the event is stored, it is not
/// acknowledged and comes again, without effect. Answers `None` when nothing is certain yet, which is left to a job.
pub(super) async fn settle(app: &Arc<App>, session: SessionView, checkout_id: Option<String>) -> Option<Effect> {
    let (task_app, id) = (Arc::clone(app), session.id.clone());
    let work = app.run_to_end(async move {
        let Some(_turn) = task_app.door.turn().await else { return Ok(None) };
        let effect = apply_session(&task_app, session, checkout_id.as_deref()).await;
        task_app.faults.point("after_settling").await;
        effect.map(Some)
    });
    match tokio::time::timeout(SETTLING_PATIENCE, work).await {
        Ok(Ok(effect)) => effect,
        Ok(Err(error)) => {
            tracing::warn!(stripe.session = %id, error = %error, "A payment is left to a job");
            None
        }
        Err(_elapsed) => None,
    }
}

/// Why an event of our mode has no effect, as its type says already; such a one needs no job.
pub(super) fn ignored(event: &EventEnvelope) -> Option<IgnoredBecause> {
    match event.is_of_a_known_type() {
        _ if event.may_matter() => None,
        true => Some(IgnoredBecause::NotNeeded),
        false => Some(IgnoredBecause::UnknownType),
    }
}

async fn take_effect(app: &Arc<App>, event: &EventEnvelope) -> Result<Effect> {
    if event.livemode != app.stripe.is_live() {
        let mut conn = app.connection().await?;
        let detail =
            format!("The event {} is of the other mode (livemode: {}) than our key.", event.id, event.livemode);
        alerts::raise(&mut conn, AlertKind::WrongMode, "stripe", None, &detail, app.clock.now()).await?;
        return Ok(Effect::None(IgnoredBecause::OtherMode));
    }
    if let Some(because) = ignored(event) {
        return Ok(Effect::None(because));
    }
    if let Some(intent) = event.payment_of_aftermath()
        && !learn_payment(app, intent).await?
    {
        return Ok(Effect::OrderUnknown);
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
        // A review that was closed, say.
        None => Ok(Effect::None(IgnoredBecause::NotNeeded)),
    }
}

/// Events come in any order: before one about what became of a payment takes effect, the payment itself must be known,
/// else its refund or dispute would be nobody's (R18). Answers `false` when Stripe says that it is of a checkout of ours,
/// which we do not know.
async fn learn_payment(app: &Arc<App>, intent: &str) -> Result<bool> {
    {
        let mut conn = app.connection().await?;
        let known: i64 =
            orders::table.filter(orders::payment_intent_id.eq(intent)).count().get_result(&mut conn).await?;
        if known > 0 {
            return Ok(true);
        }
    }
    let checkout = app.stripe.checkout_of_payment(intent).await?;
    let Some(checkout) = checkout.and_then(|id| id.parse::<CheckoutId>().ok()) else { return Ok(true) };
    {
        let mut conn = app.connection().await?;
        let there: i64 = checkouts::table.find(checkout).count().get_result(&mut conn).await?;
        if there == 0 {
            return Ok(false);
        }
    }
    checkout::advance::learn(app, checkout).await?;
    Ok(true)
}

const fn handled(is_ours: bool) -> Effect {
    if is_ours { Effect::Taken } else { Effect::None(IgnoredBecause::NotOurs) }
}

async fn apply_session(app: &Arc<App>, session: SessionView, checkout_id: Option<&str>) -> Result<Effect> {
    if session.standing == Standing::Paid
        && let Some(named) = checkout_id.and_then(|id| id.parse().ok())
        && apply_named(app, named, &session).await?
    {
        return Ok(Effect::Taken);
    }
    let found = {
        let mut conn = app.connection().await?;
        find_checkout(&mut conn, &session, checkout_id).await?
    };
    let (checkout, status) = match found {
        Found::Ours(checkout, status) => (checkout, status),
        Found::NotKnown => return Ok(Effect::OrderUnknown),
        Found::Foreign => return Ok(Effect::None(IgnoredBecause::NotOurs)),
    };
    if session.standing == Standing::Expired && !status.is_live() {
        // Mostly we closed it ourselves.
        return Ok(Effect::Taken);
    }
    if session.standing == Standing::Paid && status == CheckoutStatus::Completed {
        // The return page was faster.
        return Ok(Effect::Taken);
    }
    // What is final is believed; anything else may be old news, so Stripe is asked how it is now.
    let session = match session.standing {
        Standing::Paid | Standing::Expired => session,
        Standing::Open | Standing::Processing | Standing::Failed | Standing::Undecided => {
            app.stripe.read_session(&session.id).await?
        }
    };
    let mut conn = app.connection().await?;
    Ok(handled(checkout::apply(&mut conn, checkout, &session, app.clock.now()).await?))
}

/// Applies a payment to the checkout that its session names, without looking for it first. Answers whether it is its.
async fn apply_named(app: &App, checkout: CheckoutId, session: &SessionView) -> Result<bool> {
    let mut conn = app.connection().await?;
    match checkout::apply(&mut conn, checkout, session, app.clock.now()).await {
        Err(error) if error.code() == Some(Code::NotFound) => Ok(false),
        applied => applied,
    }
}

/// Whose a session is.
enum Found {
    Ours(CheckoutId, CheckoutStatus),
    /// It names an order and a checkout as ours are named, which we do not know.
    NotKnown,
    Foreign,
}

/// By the session's id, or, before we know it, by our ids in it.
async fn find_checkout(conn: &mut Connection, session: &SessionView, checkout_id: Option<&str>) -> Result<Found> {
    let columns = (checkouts::id, checkouts::status);
    let by_session = checkouts::table.filter(checkouts::session_id.eq(&session.id)).select(columns);
    if let Some((id, status)) = by_session.first(conn).await.optional()? {
        return Ok(Found::Ours(id, status));
    }
    let order = session.client_reference_id.as_deref().and_then(|id| id.parse::<OrderId>().ok());
    let checkout = checkout_id.and_then(|id| id.parse::<CheckoutId>().ok());
    let (Some(order), Some(checkout)) = (order, checkout) else { return Ok(Found::Foreign) };
    let named = checkouts::table.find(checkout).filter(checkouts::order_id.eq(order));
    let columns = (checkouts::id, checkouts::status, checkouts::session_id);
    let named: Option<(CheckoutId, CheckoutStatus, Option<String>)> =
        named.select(columns).first(conn).await.optional()?;
    Ok(match named {
        Some((id, status, None)) => Found::Ours(id, status),
        // It has another session: this one is not its.
        Some((_, _, Some(_))) => Found::Foreign,
        None => Found::NotKnown,
    })
}
