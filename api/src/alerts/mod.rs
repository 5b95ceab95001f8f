//! Alerts: what a person must look at. One open alert per cause.

pub mod admin;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::json;

use crate::db::schema::alerts;
use crate::db::{self, Connection, Prepare, text_enum};
use crate::error::Result;
use crate::ids::{AlertId, OrderId};
use crate::live::{self, LiveSubject, LiveTopic};
use crate::mail;
use crate::webhooks_out::{EventType, events};

text_enum! {
    /// What an alert is about.
    AlertKind {
        /// Money came for an order that was closed already; it is being refunded.
        PaidAfterClose => "paid_after_close",
        /// The amount paid is not the order's; staff decide.
        AmountMismatch => "amount_mismatch",
        /// A session was made with a wrong total and was closed.
        WrongSessionTotal => "wrong_session_total",
        /// A provider refuses our credentials.
        CredentialsRefused => "credentials_refused",
        /// A job gave up.
        DeadJob => "dead_job",
        /// An event of the other mode (live, test) arrived.
        WrongMode => "wrong_mode",
        /// A refund did not go through.
        RefundFailed => "refund_failed",
        /// A customer disputes a payment.
        Dispute => "dispute",
        /// A card network or Stripe warns of fraud.
        FraudWarning => "fraud_warning",
        /// Stripe refunded another amount than was asked for.
        RefundMismatch => "refund_mismatch",
        /// A cancelled order's money is neither refunded nor on its way.
        CancelledUnrefunded => "cancelled_unrefunded",
        /// More was refunded than was captured, as somebody refunded at the provider.
        RefundExcess => "refund_excess",
        /// A delayed payment is on its way for longer than holds last.
        DelayedPayment => "delayed_payment",
        /// Most or all of a day's calls to a provider are used.
        ProviderBudget => "provider_budget",
        /// The tax provider refuses to record a sale.
        TaxNotRecorded => "tax_not_recorded",
        /// An exchange rate is old.
        StaleRates => "stale_rates",
        /// More is reserved than is there, since staff found stock missing.
        Shortage => "shortage",
        /// A webhook endpoint is sent nothing any more, as it failed for long or wants nothing.
        WebhookEndpointDisabled => "webhook_endpoint_disabled",
        /// The webhook endpoint at Stripe is missing, disabled, or not as this code needs it.
        WebhookEndpointDrift => "webhook_endpoint_drift",
        /// The nightly audit found that an invariant is broken.
        BrokenInvariant => "broken_invariant",
        /// Many webhooks came with a signature that is not by a secret of ours.
        WebhookSignatures => "webhook_signatures",
        /// Stripe delivers nothing, although there is what to deliver.
        WebhooksSilent => "webhooks_silent",
        /// Events pile up.
        EventBacklog => "event_backlog",
        /// Jobs of a kind pile up.
        JobBacklog => "job_backlog",
        /// A kind of jobs is paused for long.
        JobKindPaused => "job_kind_paused",
        /// An e-mail was given up.
        EmailFailed => "email_failed",
        /// As few units of a variant are on hand as count as low.
        LowStock => "low_stock",
        /// A carrier's label could not be bought, or not be voided.
        LabelFailed => "label_failed",
        /// A parcel could not be delivered, or goes back.
        DeliveryFailed => "delivery_failed",
    }
}

/// Raises an alert unless one for the same cause is open, in the present transaction or one of its own, and has the shop
/// told by mail.
///
/// # Errors
/// Those of the database.
pub async fn raise(
    conn: &mut Connection,
    kind: AlertKind,
    cause: &str,
    order: Option<OrderId>,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = AlertId::new();
    let raised = db::transaction(conn, |conn| {
        async move {
            let raised = diesel::insert_into(alerts::table)
                .values((
                    alerts::id.eq(id),
                    alerts::kind.eq(kind),
                    alerts::dedupe_key.eq(cause),
                    alerts::order_id.eq(order),
                    alerts::detail.eq(detail),
                    alerts::created_at.eq(now),
                ))
                .on_conflict_do_nothing()
                .prepared()
                .execute(conn)
                .await?;
            if raised > 0 {
                // Without the detail, which quotes what others wrote: receivers read it by the API.
                let data = json!({"alert_id": id, "kind": kind});
                events::record(conn, EventType::AlertRaised, order, data, now).await?;
                let (alert_id, alert_kind) = (Some(id), Some(kind));
                let subject = LiveSubject { order_id: order, alert_id, alert_kind, ..LiveSubject::default() };
                live::tell(conn, LiveTopic::AlertRaised, &subject, now).await?;
                mail::alerts::tell_later(conn, now).await?;
            }
            Ok(raised)
        }
        .scope_boxed()
    })
    .await?;
    if raised > 0 && kind == AlertKind::LowStock {
        // The day's trade, not a fault.
        tracing::debug!(alert.kind = %kind, alert.cause = cause, "{detail}");
    } else if raised > 0 {
        tracing::error!(alert.kind = %kind, alert.cause = cause, "{detail}");
    }
    Ok(())
}

/// The open alerts of a kind, oldest first: cause, and since when.
///
/// # Errors
/// Those of the database.
pub async fn open(conn: &mut Connection, kind: AlertKind) -> Result<Vec<(String, DateTime<Utc>)>> {
    let open = alerts::table.filter(alerts::kind.eq(kind)).filter(alerts::acknowledged_at.is_null());
    Ok(open.order(alerts::created_at).select((alerts::dedupe_key, alerts::created_at)).load(conn).await?)
}

/// Acknowledges the open alert of a cause that is gone, if there is one.
///
/// # Errors
/// Those of the database.
pub async fn settle(conn: &mut Connection, kind: AlertKind, cause: &str, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            let of_cause = alerts::table.filter(alerts::kind.eq(kind)).filter(alerts::dedupe_key.eq(cause));
            let closed: Vec<(AlertId, Option<OrderId>)> =
                diesel::update(of_cause.filter(alerts::acknowledged_at.is_null()))
                    .set(alerts::acknowledged_at.eq(now))
                    .returning((alerts::id, alerts::order_id))
                    .prepared()
                    .get_results(conn)
                    .await?;
            for (id, order) in closed {
                tell_closed(conn, id, kind, order, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

/// Tells open screens that an alert is open no more.
async fn tell_closed(
    conn: &mut Connection,
    id: AlertId,
    kind: AlertKind,
    order: Option<OrderId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let (alert_id, alert_kind) = (Some(id), Some(kind));
    let subject = LiveSubject { order_id: order, alert_id, alert_kind, ..LiveSubject::default() };
    live::tell(conn, LiveTopic::AlertClosed, &subject, now).await
}
