//! Alerts: what a person must look at. One open alert per cause.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::alerts;
use crate::db::{Connection, text_enum};
use crate::error::Result;
use crate::ids::{AlertId, OrderId};

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
        /// The nightly audit found that an invariant is broken.
        BrokenInvariant => "broken_invariant",
    }
}

/// Raises an alert unless one for the same cause is open.
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
    let raised = diesel::insert_into(alerts::table)
        .values((
            alerts::id.eq(AlertId::new()),
            alerts::kind.eq(kind),
            alerts::dedupe_key.eq(cause),
            alerts::order_id.eq(order),
            alerts::detail.eq(detail),
            alerts::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if raised > 0 {
        tracing::error!(alert.kind = %kind, alert.cause = cause, "{detail}");
    }
    Ok(())
}
