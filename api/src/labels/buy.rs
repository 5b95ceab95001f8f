//! Buying a label, once: the rate is chosen and noted, then the attempt is, then it is sent. Whoever finds an attempt looks
//! for what came of it first, and buys again only once nothing can come of it any more.

use std::sync::Arc;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use super::model::{LabelRateSource, LabelStatus, MeasuredParcel};
use super::read::LabelRow;
use super::{apply, question};
use crate::app::App;
use crate::db;
use crate::db::schema::shipping_labels;
use crate::error::{Code, Error, Result};
use crate::ids::ShippingLabelId;
use crate::jobs::{Job, queue};
use crate::orders;
use crate::orders::read::OrderRow;
use crate::outbound::ProviderError;
use crate::shippo::{LabelRate, Shippo, Transaction, TransactionStatus};

/// An older rate of the order is asked for anew; carriers keep them for seven days.
const OLDEST_RATE: TimeDelta = TimeDelta::days(6);

/// How long after an attempt it may still come about, longer than a call and its delays last.
const QUIET: TimeDelta = TimeDelta::minutes(2);

/// When it is asked again whether the carrier has made the label.
const MAKING: TimeDelta = TimeDelta::seconds(10);

/// What came of a step: a result, or why Shippo refuses.
type Outcome<T> = Result<std::result::Result<T, String>>;

/// Buys a label, or finds out how its purchase stands.
///
/// # Errors
/// While Shippo's answer is unknown.
pub async fn buy(app: &Arc<App>, id: ShippingLabelId) -> Result<()> {
    let Some(shippo) = &app.shippo else {
        return Err(Error::Internal("SHIPPO_API_TOKEN is not set, so no label can be bought".to_owned()));
    };
    let Some(mut label) = pending(app, id).await? else { return Ok(()) };
    if label.rate_id.is_none() {
        label = match choose(app, shippo, &label).await? {
            Ok((rate, source)) => match apply::choose(&mut *app.connection().await?, id, &rate, source).await? {
                Some(label) => label,
                None => return Ok(()),
            },
            Err(refusal) => return fail(app, id, &refusal).await,
        };
    }
    let found = match look(shippo, &label).await? {
        Some(found) => Ok(found),
        None => purchase(app, shippo, &mut label).await?,
    };
    app.faults.point("after_label_purchase").await;
    match found {
        Ok(found) => take_over(app, &label, &found).await,
        Err(refusal) => refused(app, &label, &refusal).await,
    }
}

async fn pending(app: &Arc<App>, id: ShippingLabelId) -> Result<Option<LabelRow>> {
    let mut conn = app.connection().await?;
    let label = shipping_labels::table.find(id).filter(shipping_labels::status.eq(LabelStatus::Pending));
    Ok(diesel::update(label)
        .set(shipping_labels::updated_at.eq(app.clock.now()))
        .returning(LabelRow::as_returning())
        .get_result(&mut conn)
        .await
        .optional()?)
}

/// The order's own rate while it is young and for just this parcel, else the cheapest for the same service.
async fn choose(app: &Arc<App>, shippo: &Shippo, label: &LabelRow) -> Outcome<(LabelRate, LabelRateSource)> {
    let (order, own) = {
        let mut conn = app.connection().await?;
        let order = orders::read::row(&mut conn, label.order_id, false).await?;
        let is_for_it = label.rate_source.is_none()
            && label.parcel.is_none()
            && question::is_whole_order(&mut conn, &order, label.fulfillment_id).await?;
        let chosen = question::chosen_rate(&order)?.filter(|_| is_for_it);
        (order, chosen.and_then(|rate| rate.provider_rate_id))
    };
    if let Some(own) = own
        && let Some(rate) = shippo.read_rate(&own).await?
        && rate.service == label.service
        && rate.created_at > app.clock.now() - OLDEST_RATE
    {
        return Ok(Ok((rate, LabelRateSource::Order)));
    }
    Ok(ask(app, shippo, label, &order).await?.map(|rate| (rate, LabelRateSource::Asked)))
}

async fn ask(app: &Arc<App>, shippo: &Shippo, label: &LabelRow, order: &OrderRow) -> Outcome<LabelRate> {
    let parcel: Option<MeasuredParcel> = label
        .parcel
        .clone()
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| Error::Internal(format!("shipping_labels.parcel of {}: {error}", label.id)))?;
    let question = {
        let mut conn = app.connection().await?;
        question::of_fulfillment(&mut conn, order, label.fulfillment_id, parcel).await
    };
    let question = match question {
        Err(Error::Problem(problem)) if problem.code == Code::LabelNotPossible => return Ok(Err(problem.detail)),
        question => question?,
    };
    let (rates, messages) = match shippo.label_rates(&question, &label.id.to_string()).await {
        Err(ProviderError::Rejected { public_message, .. }) => return Ok(Err(public_message)),
        answer => answer?,
    };
    let fitting = rates.iter().filter(|rate| rate.service == label.service);
    // Prices of one account are in the sender's currency.
    if let Some(rate) = fitting.min_by_key(|rate| rate.price.amount) {
        return Ok(Ok(rate.clone()));
    }
    let offered: std::collections::BTreeSet<&str> = rates.iter().map(|rate| rate.service.as_str()).collect();
    let offered = offered.into_iter().collect::<Vec<_>>().join(", ");
    let offered = if offered.is_empty() { "nothing is".to_owned() } else { offered };
    let said = messages.iter().map(|message| format!(" {message}")).collect::<String>();
    Ok(Err(format!("{} is not offered for this parcel; {offered}.{said}", label.service)))
}

/// What came of an earlier attempt, if there was one.
async fn look(shippo: &Shippo, label: &LabelRow) -> Result<Option<Transaction>> {
    match (&label.transaction_id, &label.rate_id, label.attempted_at) {
        (Some(transaction), _, _) => Ok(Some(shippo.read_label(transaction).await?)),
        (None, Some(rate), Some(_)) => Ok(shippo.find_label(rate, &label.id.to_string()).await?),
        (None, _, _) => Ok(None),
    }
}

/// Sends the purchase, noting before that it is sent.
async fn purchase(app: &Arc<App>, shippo: &Shippo, label: &mut LabelRow) -> Outcome<Transaction> {
    let now = app.clock.now();
    if label.attempted_at.is_some_and(|at| now - at < QUIET) {
        let detail = "Shippo has not said whether the label is bought, and may still buy it";
        return Err(Error::Internal(detail.to_owned()));
    }
    let rate = label.rate_id.as_deref().ok_or_else(|| Error::Internal(format!("{} has no rate", label.id)))?;
    app.faults.point("before_label_attempt").await;
    if !apply::attempt(&mut *app.connection().await?, label, now).await? {
        return Err(Error::Internal("another worker buys this label".to_owned()));
    }
    label.attempted_at = Some(now);
    match shippo.buy_label(rate, label.file_type.as_str(), &label.id.to_string()).await {
        Ok(bought) => Ok(Ok(bought)),
        Err(ProviderError::Rejected { public_message: refusal, .. } | ProviderError::NotFound(refusal)) => {
            Ok(Err(refusal))
        }
        Err(error @ ProviderError::Unknown { .. }) => Err(error.into()),
        Err(error) => {
            apply::not_sent(&mut *app.connection().await?, label.id, now).await?;
            Err(error.into())
        }
    }
}

async fn take_over(app: &Arc<App>, label: &LabelRow, found: &Transaction) -> Result<()> {
    let now = app.clock.now();
    match found.status {
        TransactionStatus::Waiting => {
            db::transaction(&mut *app.connection().await?, |conn| {
                async move {
                    apply::waits(conn, label.id, found).await?;
                    queue::enqueue(conn, Job::BuyLabel(label.id), &label.id.to_string(), now + MAKING, now).await
                }
                .scope_boxed()
            })
            .await
        }
        TransactionStatus::Bought | TransactionStatus::VoidRejected => {
            apply::bought(&mut *app.connection().await?, label.id, found, now).await
        }
        TransactionStatus::Failed => refused(app, label, &found.messages).await,
        TransactionStatus::Voiding | TransactionStatus::Voided => fail(app, label.id, "it was voided at Shippo").await,
    }
}

/// The order's own rate may be over, or lack what carriers want to know by now: then the same service is asked for anew.
async fn refused(app: &Arc<App>, label: &LabelRow, refusal: &str) -> Result<()> {
    if label.rate_source != Some(LabelRateSource::Order) {
        return fail(app, label.id, refusal).await;
    }
    tracing::warn!(label.id = %label.id, error = refusal, "An order's own rate could not be bought; it is asked for anew");
    let now = app.clock.now();
    db::transaction(&mut *app.connection().await?, |conn| {
        async move {
            if apply::forget_rate(conn, label).await? {
                queue::enqueue(conn, Job::BuyLabel(label.id), &label.id.to_string(), now, now).await?;
            }
            Ok(())
        }
        .scope_boxed()
    })
    .await
}

async fn fail(app: &Arc<App>, id: ShippingLabelId, reason: &str) -> Result<()> {
    apply::failed(&mut *app.connection().await?, id, reason, app.clock.now()).await
}
