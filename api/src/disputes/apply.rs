//! What Stripe says about a dispute becomes what the order says, under its lock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::schema::{disputes, orders};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{DisputeId, OrderId};
use crate::money::Money;
use crate::orders::model::DisputeStatus;
use crate::orders::read;
use crate::orders::timeline::{self, EventKind};
use crate::payments::DisputeView;

/// How often a dispute that is not decided is asked for without any event.
const GAP: TimeDelta = TimeDelta::hours(6);

/// How many one run asks for.
const BATCH: i64 = 20;

/// Reads a dispute at Stripe and takes over how it stands; answers whether it is of an order of ours.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn refresh(app: &Arc<App>, provider_id: &str) -> Result<bool> {
    let view = app.stripe.read_dispute(provider_id).await?;
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let order: Option<OrderId> = match &view.payment_intent_id {
        Some(intent) => {
            let of_payment = orders::table.filter(orders::payment_intent_id.eq(intent));
            of_payment.select(orders::id).first(&mut conn).await.optional()?
        }
        None => None,
    };
    let Some(order) = order else { return Ok(false) };
    let view = &view;
    db::transaction(&mut conn, |conn| async move { apply(conn, order, view, now).await }.scope_boxed()).await?;
    Ok(true)
}

/// Asks for the disputes that nobody has heard of for long.
///
/// # Errors
/// Those of the database; Stripe's are logged, as the next run asks again.
pub async fn reconcile(app: &Arc<App>) -> Result<()> {
    let open: Vec<String> = {
        let mut conn = app.connection().await?;
        disputes::table
            .filter(disputes::status.ne_all(["won", "lost", "warning_closed", "prevented"]))
            .filter(disputes::updated_at.lt(app.clock.now() - GAP))
            .order(disputes::updated_at)
            .select(disputes::provider_dispute_id)
            .limit(BATCH)
            .load(&mut conn)
            .await?
    };
    for id in open {
        if let Err(error) = refresh(app, &id).await {
            tracing::warn!(stripe.dispute = id, error = %error, "A dispute could not be read");
        }
    }
    Ok(())
}

async fn apply(conn: &mut Connection, id: OrderId, view: &DisputeView, now: DateTime<Utc>) -> Result<()> {
    let order = read::row(conn, id, true).await?;
    let amount = view.amount.filter(|amount| amount.currency == order.currency).map_or(0, |amount| amount.amount);
    let withdrawn = if view.is_withdrawn { amount } else { 0 };
    let known: Option<(DisputeId, String, i64)> = disputes::table
        .filter(disputes::provider_dispute_id.eq(&view.id))
        .select((disputes::id, disputes::status, disputes::withdrawn))
        .first(conn)
        .await
        .optional()?;
    match &known {
        // A reading that was overtaken by a later one: what is decided stays decided.
        Some((_, before, _)) if standing(before).is_decided() && !standing(&view.status).is_decided() => {
            return Ok(());
        }
        Some((dispute, ..)) => {
            diesel::update(disputes::table.find(dispute))
                .set((
                    disputes::status.eq(&view.status),
                    disputes::withdrawn.eq(withdrawn),
                    disputes::evidence_due_at.eq(view.evidence_due_at),
                    disputes::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
        }
        None => {
            diesel::insert_into(disputes::table)
                .values((
                    disputes::id.eq(DisputeId::new()),
                    disputes::order_id.eq(id),
                    disputes::provider_dispute_id.eq(&view.id),
                    disputes::status.eq(&view.status),
                    disputes::reason.eq(&view.reason),
                    disputes::amount.eq(amount),
                    disputes::withdrawn.eq(withdrawn),
                    disputes::evidence_due_at.eq(view.evidence_due_at),
                    disputes::created_at.eq(now),
                    disputes::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
        }
    }
    if known.is_some_and(|(_, status, taken)| (status.as_str(), taken) == (view.status.as_str(), withdrawn)) {
        return Ok(());
    }
    derive(conn, id, now).await?;
    tell(conn, id, view, Money::new(withdrawn, order.currency), now).await
}

/// The order's status is that of its worst dispute.
async fn derive(conn: &mut Connection, id: OrderId, now: DateTime<Utc>) -> Result<()> {
    let all: Vec<(String, i64)> = disputes::table
        .filter(disputes::order_id.eq(id))
        .select((disputes::status, disputes::withdrawn))
        .load(conn)
        .await?;
    let has = |wanted: DisputeStatus| all.iter().any(|(status, _)| standing(status).status() == wanted);
    let order = [DisputeStatus::Open, DisputeStatus::Lost, DisputeStatus::Warning, DisputeStatus::Won];
    let status = order.into_iter().find(|wanted| has(*wanted)).unwrap_or(DisputeStatus::None);
    diesel::update(orders::table.find(id))
        .set((
            orders::dispute_status.eq(status),
            orders::disputed.eq(all.iter().map(|(_, withdrawn)| withdrawn).sum::<i64>()),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn tell(
    conn: &mut Connection,
    order: OrderId,
    view: &DisputeView,
    withdrawn: Money,
    now: DateTime<Utc>,
) -> Result<()> {
    let detail = json!({
        "provider_dispute_id": view.id, "status": view.status, "reason": view.reason, "withdrawn": withdrawn,
    });
    timeline::record(conn, order, EventKind::Disputed, detail, now).await?;
    let until =
        view.evidence_due_at.map(|due| format!(" Answer it in Stripe before {}.", due.format("%Y-%m-%d %H:%M")));
    let detail = match standing(&view.status) {
        Standing::Open | Standing::Warning => format!(
            "The payment of order {order} is disputed ({}): {}.{}",
            view.reason,
            view.status,
            until.unwrap_or_default()
        ),
        Standing::Lost => format!("The dispute of order {order} is lost; its money is gone."),
        Standing::Won | Standing::Closed => return Ok(()),
    };
    let cause = format!("{}:{}", view.id, view.status);
    alerts::raise(conn, AlertKind::Dispute, &cause, Some(order), &detail, now).await
}

/// What Stripe's words mean to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Warning,
    Open,
    Won,
    Lost,
    Closed,
}

/// A word that we do not know is taken as open: a person looks.
fn standing(status: &str) -> Standing {
    match status {
        "won" => Standing::Won,
        "lost" => Standing::Lost,
        "warning_closed" | "prevented" => Standing::Closed,
        status if status.starts_with("warning_") => Standing::Warning,
        _ => Standing::Open,
    }
}

impl Standing {
    const fn is_decided(self) -> bool {
        match self {
            Self::Won | Self::Lost | Self::Closed => true,
            Self::Warning | Self::Open => false,
        }
    }

    const fn status(self) -> DisputeStatus {
        match self {
            Self::Warning => DisputeStatus::Warning,
            Self::Open => DisputeStatus::Open,
            Self::Won => DisputeStatus::Won,
            Self::Lost => DisputeStatus::Lost,
            Self::Closed => DisputeStatus::None,
        }
    }
}

/// Tells staff of a warning that a card network or Stripe gives about an order's payment.
///
/// # Errors
/// Those of the database.
pub async fn warn(conn: &mut Connection, intent: &str, event: &str, what: &str, now: DateTime<Utc>) -> Result<bool> {
    let order: Option<OrderId> =
        orders::table.filter(orders::payment_intent_id.eq(intent)).select(orders::id).first(conn).await.optional()?;
    let Some(order) = order else { return Ok(false) };
    db::transaction(conn, |conn| {
        async move {
            read::row(conn, order, true).await?;
            let entries = timeline::count(conn, order, EventKind::FraudWarning, event).await?;
            if entries == 0 {
                timeline::record(conn, order, EventKind::FraudWarning, json!({"event": event, "what": what}), now)
                    .await?;
                let detail = format!("{what} Look at order {order} before it is sent.");
                alerts::raise(conn, AlertKind::FraudWarning, event, Some(order), &detail, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await?;
    Ok(true)
}
