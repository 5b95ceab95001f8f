//! Sending a refund (PROTOCOL.md 19): one key for ever, and whoever is not the first to send looks first.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::apply;
use super::model::{RefundReason, RefundSource, RefundStatus};
use crate::app::App;
use crate::db::Prepare;
use crate::db::schema::refunds;
use crate::error::Result;
use crate::ids::RefundId;
use crate::money::{Currency, Money};
use crate::payments::{ProviderError, RefundOutcome, RefundView};

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = refunds)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Row {
    sends: i32,
    amount: i64,
    currency: Currency,
    reason: RefundReason,
    source: RefundSource,
    payment_intent_id: String,
    provider_refund_id: Option<String>,
}

/// Sends a pending refund, or finds out how it stands.
///
/// # Errors
/// While Stripe's answer is unknown.
pub async fn send(app: &Arc<App>, id: RefundId) -> Result<()> {
    let row: Option<Row> = {
        let mut conn = app.connection().await?;
        // Counted before sending: a later sender then knows that it is not the first.
        diesel::update(refunds::table.find(id).filter(refunds::status.eq(RefundStatus::Pending)))
            .set((refunds::sends.eq(refunds::sends + 1), refunds::updated_at.eq(app.clock.now())))
            .returning(Row::as_returning())
            .prepared()
            .get_result(&mut conn)
            .await
            .optional()?
    };
    let Some(row) = row else { return Ok(()) };
    let view = match look(app, id, &row).await? {
        Some(view) => view,
        None => match create(app, id, &row).await {
            Ok(view) => view,
            // Only a refusal of the request itself says that nothing was refunded; that of a reading says nothing.
            Err(ProviderError::Rejected { public_message, .. }) => {
                let mut conn = app.connection().await?;
                return apply::refuse(&mut conn, id, row.sends, &public_message, app.clock.now()).await;
            }
            Err(error) => return Err(error.into()),
        },
    };
    app.faults.point("after_refund").await;
    let mut conn = app.connection().await?;
    apply::apply(&mut conn, id, &view, app.clock.now()).await?;
    if view.outcome == RefundOutcome::Pending {
        tracing::info!(refund.id = %id, "The refund is on its way; the reconciler asks again");
    }
    Ok(())
}

/// The refund as Stripe knows it already.
async fn look(app: &Arc<App>, id: RefundId, row: &Row) -> Result<Option<RefundView>, ProviderError> {
    match &row.provider_refund_id {
        Some(provider_id) => app.stripe.read_refund(provider_id).await.map(Some),
        None if row.sends > 1 => app.stripe.find_refund(&id.to_string(), &row.payment_intent_id).await,
        None => Ok(None),
    }
}

async fn create(app: &Arc<App>, id: RefundId, row: &Row) -> Result<RefundView, ProviderError> {
    match row.source {
        RefundSource::Merx => {
            let amount = Money::new(row.amount, row.currency);
            app.stripe.create_refund(&id.to_string(), &row.payment_intent_id, amount, row.reason).await
        }
        // Somebody else's refund has had its id from the start.
        RefundSource::Stripe => Err(ProviderError::unknown("an imported refund without its id")),
    }
}
