//! Bringing checkouts forward without any webhook: the hold's end, recovery of `creating`, delayed payments.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;

use super::apply::apply;
use super::close::close_made;
use super::create;
use super::model::{self, CheckoutStatus, CloseReason};
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::{checkouts, orders, refunds, webhook_events};
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection, Prepare};
use crate::error::{Code, Error, Result};
use crate::ids::{CheckoutId, EventId, OrderId, RefundId};
use crate::jobs::{Job, queue};
use crate::orders::model::{DisputeStatus, OrderStatus, PaymentStatus};
use crate::webhooks_in::EventStatus;

/// A checkout still `creating` after this long lost its maker; longer than a call's budget.
const CREATING_PATIENCE: TimeDelta = TimeDelta::seconds(45);

/// How long after its hold an `open` checkout is left to its own job.
const CLOSING_PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// How often a payment that is on its way is asked for: bank debits take days.
const PROCESSING_GAP: TimeDelta = TimeDelta::minutes(10);

/// How long a stored event or a refund may wait for its own job.
const JOB_PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How often at most the session behind the return page is read.
const SYNC_GAP: TimeDelta = TimeDelta::seconds(3);

/// How many of a kind one run looks at: drawn by lot, so that those which cannot be brought forward never keep the others
/// from their turn.
const BATCH: i64 = 200;

/// Brings a checkout one step forward, if there is one to take now.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn advance(app: &Arc<App>, id: CheckoutId) -> Result<()> {
    let (mut row, mut order) = model::with_order(app, id).await?;
    if row.status == CheckoutStatus::Creating {
        match create::settle(app, id).await {
            // Refused and undone: that is an end.
            Err(error) if error.code() == Some(Code::PaymentRejected) => return Ok(()),
            settled => settled?,
        }
        (row, order) = model::with_order(app, id).await?;
    }
    if row.status != CheckoutStatus::Open || order.payment_review {
        return Ok(());
    }
    if order.payment_status == PaymentStatus::Processing {
        read_session(app, id, row.session_id.as_deref()).await?;
        let mut conn = app.connection().await?;
        diesel::update(checkouts::table.find(id))
            .set(checkouts::synced_at.eq(app.clock.now()))
            .prepared()
            .execute(&mut conn)
            .await?;
        return Ok(());
    }
    if row.hold_expires_at <= app.clock.now() || row.close_reason.is_some() {
        let reason = row.close_reason.unwrap_or(CloseReason::HoldExpired);
        close_made(app, &row, &order, reason, None).await?;
    }
    Ok(())
}

/// Takes the turn to ask, which need not outlive a crash of the database.
const ASK: &str = "
    UPDATE checkouts SET synced_at = $2
    WHERE id = $1 AND status = (SELECT 'open') AND (synced_at IS NULL OR synced_at < $3)
        AND set_config('synchronous_commit', 'off', true) = 'off'
    RETURNING session_id";

#[derive(QueryableByName)]
struct Asked {
    #[diesel(sql_type = Nullable<Text>)]
    session_id: Option<String>,
}

/// Reads the session for the return page, at most once in three seconds for each checkout, while it is open.
///
/// # Errors
/// Those of the database; Stripe's are logged, as the page shows what is known.
pub(super) async fn sync(app: &Arc<App>, id: CheckoutId) -> Result<()> {
    let now = app.clock.now();
    let asked = {
        let mut conn = app.connection().await?;
        Statement::constant(ASK)
            .with(Bind::Uuid(id.0))
            .with(Bind::Time(now))
            .with(Bind::Time(now - SYNC_GAP))
            .optional::<Asked>(&mut conn)
            .await?
    };
    let Some(Asked { session_id }) = asked else { return Ok(()) };
    if let Err(error) = read_session(app, id, session_id.as_deref()).await {
        tracing::warn!(checkout.id = %id, error = %error, "The session behind a return page could not be read");
    }
    Ok(())
}

/// Reads the session of a checkout, whatever it is thought to be, and takes over what it says.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn learn(app: &Arc<App>, id: CheckoutId) -> Result<()> {
    create::settle(app, id).await?;
    let row = {
        let mut conn = app.connection().await?;
        model::row(&mut conn, id, false).await?
    };
    read_session(app, id, row.session_id.as_deref()).await
}

async fn read_session(app: &Arc<App>, id: CheckoutId, session_id: Option<&str>) -> Result<()> {
    let session_id = session_id.ok_or_else(|| Error::Internal(format!("{id} is open without a session")))?;
    let session = app.stripe.read_session(session_id).await?;
    let mut conn = app.connection().await?;
    apply(&mut conn, id, &session, app.clock.now()).await.map(|_| ())
}

/// Those whose hold ended and that nobody is closing; of what staff look at, or is about to be paid, the hold goes on.
/// Queued and running jobs have an index each, hence two looks.
const ENDED: &str = "
    SELECT checkouts.id FROM checkouts JOIN orders ON orders.id = checkouts.order_id
    WHERE checkouts.status = 'open' AND hold_expires_at <= $1
        AND NOT orders.payment_review AND orders.payment_status <> 'processing'
        AND NOT EXISTS (SELECT FROM jobs WHERE kind = 'advance_checkout' AND dedupe_key = 'hold:' || checkouts.id AND status = 'queued')
        AND NOT EXISTS (SELECT FROM jobs WHERE kind = 'advance_checkout' AND dedupe_key = 'hold:' || checkouts.id AND status = 'running')
    ORDER BY hold_expires_at LIMIT 1000";

#[derive(QueryableByName)]
struct EndedRow {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: CheckoutId,
}

/// Queues the jobs that close checkouts whose hold ended. None has one from its beginning: mostly it is paid by then.
///
/// # Errors
/// Those of the database.
pub async fn queue_ended(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let ended: Vec<EndedRow> = Statement::constant(ENDED).with(Bind::Time(now)).load(conn).await?;
    let close = |EndedRow { id }| (Job::AdvanceCheckout(id), format!("hold:{}", id.0));
    let jobs: Vec<(Job, String)> = ended.into_iter().map(close).collect();
    if jobs.is_empty() { Ok(()) } else { queue::enqueue_all(conn, jobs, now).await }
}

/// Queues a job for everything that nobody brings forward (PROTOCOL.md 17). Takes no input and may run anywhere.
///
/// # Errors
/// Those of the database.
pub async fn reconcile(app: &Arc<App>) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    for id in stale_checkouts(&mut conn, now).await? {
        queue::enqueue(&mut conn, Job::AdvanceCheckout(id), &format!("reconcile:{id}"), now, now).await?;
    }
    crate::tax::record::reconcile(&mut conn, now).await?;
    crate::tax::reverse::reconcile(&mut conn, now).await?;
    crate::customers::reconcile(&mut conn, now).await?;
    crate::webhooks_out::deliver::reconcile(&mut conn, now).await?;
    crate::labels::reconcile(&mut conn, now).await?;
    tell_of_stuck_money(&mut conn, now).await?;
    let refunds: Vec<RefundId> = refunds::table
        .filter(refunds::status.eq("pending"))
        .filter(refunds::updated_at.lt(now - JOB_PATIENCE))
        .select(refunds::id)
        .order(db::random())
        .limit(BATCH)
        .load(&mut conn)
        .await?;
    for id in refunds {
        queue::enqueue(&mut conn, Job::SendRefund(id), &id.to_string(), now, now).await?;
    }
    let events: Vec<EventId> = webhook_events::table
        .filter(webhook_events::status.eq(EventStatus::Pending))
        .filter(webhook_events::received_at.lt(now - JOB_PATIENCE))
        .select(webhook_events::id)
        .order(db::random())
        .limit(BATCH)
        .load(&mut conn)
        .await?;
    for id in events {
        queue::enqueue(&mut conn, Job::ProcessEvent(id), &id.to_string(), now, now).await?;
    }
    drop(conn);
    app.wake.ring();
    crate::disputes::tax::reconcile(app).await?;
    crate::disputes::apply::reconcile(app).await?;
    // Last, as money goes before parcels.
    crate::fulfillments::tracker::reconcile(app).await
}

/// Money that waits for a person: cancelled orders whose refund failed, delayed payments that are late, more refunded
/// than was captured.
async fn tell_of_stuck_money(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let money = orders::captured - orders::refund_claimed - orders::refund_imported - orders::disputed;
    let unrefunded: Vec<OrderId> = orders::table
        .filter(orders::status.eq(OrderStatus::Cancelled))
        .filter(money.gt(0))
        // What is disputed, or charged back, cannot be refunded; that is told as a dispute.
        .filter(orders::dispute_status.ne_all([DisputeStatus::Open, DisputeStatus::Lost]))
        .filter(orders::updated_at.lt(now - JOB_PATIENCE))
        .select(orders::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in unrefunded {
        let detail = format!("Order {id} is cancelled, but its money is neither refunded nor on its way. Refund it.");
        alerts::raise(conn, AlertKind::CancelledUnrefunded, &id.to_string(), Some(id), &detail, now).await?;
    }
    let late: Vec<OrderId> = checkouts::table
        .inner_join(orders::table.on(orders::id.eq(checkouts::order_id)))
        .filter(checkouts::status.eq(CheckoutStatus::Open))
        .filter(orders::payment_status.eq(PaymentStatus::Processing))
        .filter(checkouts::hold_expires_at.lt(now))
        .select(orders::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in late {
        let detail =
            format!("The payment of order {id} is on its way for two weeks; its stock stays held. Ask Stripe.");
        alerts::raise(conn, AlertKind::DelayedPayment, &id.to_string(), Some(id), &detail, now).await?;
    }
    let excess: Vec<OrderId> = orders::table
        .filter((orders::refund_claimed + orders::refund_imported).gt(orders::captured))
        .filter(orders::refund_imported.gt(0))
        .filter(orders::updated_at.lt(now - JOB_PATIENCE))
        .select(orders::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    for id in excess {
        let detail = format!("More was refunded of order {id} than was paid: somebody refunded at Stripe as well.");
        alerts::raise(conn, AlertKind::RefundExcess, &id.to_string(), Some(id), &detail, now).await?;
    }
    Ok(())
}

async fn stale_checkouts(conn: &mut Connection, now: DateTime<Utc>) -> Result<Vec<CheckoutId>> {
    let lost = checkouts::status.eq(CheckoutStatus::Creating).and(checkouts::updated_at.lt(now - CREATING_PATIENCE));
    let overdue = checkouts::status.eq(CheckoutStatus::Open).and(
        checkouts::hold_expires_at
            .lt(now - CLOSING_PATIENCE)
            .or(checkouts::close_reason.is_not_null().and(checkouts::updated_at.lt(now - CLOSING_PATIENCE))),
    );
    let mut ids: Vec<CheckoutId> = checkouts::table
        .inner_join(orders::table.on(orders::id.eq(checkouts::order_id)))
        .filter(orders::payment_review.eq(false))
        .filter(orders::payment_status.ne(PaymentStatus::Processing))
        .filter(lost.or(overdue))
        .select(checkouts::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    let processing: Vec<CheckoutId> = checkouts::table
        .inner_join(orders::table.on(orders::id.eq(checkouts::order_id)))
        .filter(checkouts::status.eq(CheckoutStatus::Open))
        .filter(orders::payment_status.eq(PaymentStatus::Processing))
        .filter(checkouts::synced_at.is_null().or(checkouts::synced_at.lt(now - PROCESSING_GAP)))
        .select(checkouts::id)
        .order(db::random())
        .limit(BATCH)
        .load(conn)
        .await?;
    ids.extend(processing);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
