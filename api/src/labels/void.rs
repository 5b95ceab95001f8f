//! Voiding a label: Shippo voids each once, so whoever does not know the answer reads the label first.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::apply;
use super::model::LabelStatus;
use super::read::LabelRow;
use crate::app::App;
use crate::db::schema::shipping_labels;
use crate::error::{Error, Result};
use crate::ids::ShippingLabelId;
use crate::jobs::{Job, queue};
use crate::outbound::ProviderError;
use crate::shippo::{Shippo, TransactionStatus};

/// When it is first asked whether a label is void.
const SOON: TimeDelta = TimeDelta::minutes(1);

/// Asks for a label to be voided, or finds out how that stands.
///
/// # Errors
/// While Shippo's answer is unknown.
pub async fn void(app: &Arc<App>, id: ShippingLabelId) -> Result<()> {
    let Some(shippo) = &app.shippo else {
        return Err(Error::Internal("SHIPPO_API_TOKEN is not set, so no label can be voided".to_owned()));
    };
    let label: Option<LabelRow> = {
        let mut conn = app.connection().await?;
        let label = shipping_labels::table.find(id);
        diesel::update(label.filter(shipping_labels::status.eq_any([LabelStatus::VoidRequested, LabelStatus::Voiding])))
            .set(shipping_labels::updated_at.eq(app.clock.now()))
            .returning(LabelRow::as_returning())
            .get_result(&mut conn)
            .await
            .optional()?
    };
    let Some(label) = label else { return Ok(()) };
    let transaction =
        label.transaction_id.as_deref().ok_or_else(|| Error::Internal(format!("{id} has no transaction")))?;
    let found = match (shippo.read_label(transaction).await?.status, label.status) {
        (TransactionStatus::Bought, LabelStatus::VoidRequested) => ask(shippo, transaction).await?,
        (status, _) => Ok(status),
    };
    app.faults.point("after_label_void").await;
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    match found {
        Err(refusal) => apply::void_rejected(&mut conn, id, LabelStatus::VoidRequested, &refusal, now).await,
        Ok(TransactionStatus::Voided) => {
            apply::voiding(&mut conn, id, now).await?;
            apply::voided(&mut conn, id, now).await
        }
        Ok(TransactionStatus::VoidRejected) => {
            apply::void_rejected(&mut conn, id, label.status, "the carrier refuses", now).await
        }
        // What Shippo took is being voided, even while the purchase does not show it yet.
        Ok(TransactionStatus::Voiding | TransactionStatus::Bought) if label.status == LabelStatus::VoidRequested => {
            apply::voiding(&mut conn, id, now).await?;
            queue::enqueue(&mut conn, Job::VoidLabel(id), &id.to_string(), now + SOON, now).await
        }
        Ok(TransactionStatus::Voiding | TransactionStatus::Bought) => Ok(()),
        Ok(status @ (TransactionStatus::Waiting | TransactionStatus::Failed)) => {
            Err(Error::Internal(format!("the bought label {id} is {status:?} at Shippo")))
        }
    }
}

/// Asks for it; of a refusal the label itself tells whether an earlier try came through.
async fn ask(shippo: &Shippo, transaction: &str) -> Result<std::result::Result<TransactionStatus, String>> {
    match shippo.void_label(transaction).await {
        Ok(()) => Ok(Ok(TransactionStatus::Voiding)),
        Err(ProviderError::Rejected { public_message, .. }) => match shippo.read_label(transaction).await?.status {
            TransactionStatus::Bought => Ok(Err(public_message)),
            status @ (TransactionStatus::Waiting
            | TransactionStatus::Failed
            | TransactionStatus::Voiding
            | TransactionStatus::Voided
            | TransactionStatus::VoidRejected) => Ok(Ok(status)),
        },
        Err(error) => Err(error.into()),
    }
}
