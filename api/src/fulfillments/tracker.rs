//! Asking where parcels are: numbers that were typed in are registered with Shippo, and what nothing was heard of for a
//! day is read.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Timestamptz};
use diesel_async::RunQueryDsl;

use super::model::ShipmentStatus;
use super::tracking;
use crate::app::App;
use crate::db::Connection;
use crate::db::schema::fulfillments;
use crate::error::Result;
use crate::ids::FulfillmentId;
use crate::jobs::{Job, queue};
use crate::outbound::ProviderError;
use crate::shippo::TrackNews;

/// How long nothing may be heard of a parcel before it is asked for.
const SILENCE: TimeDelta = TimeDelta::hours(24);

/// After that long a parcel is not asked for any more.
const LONGEST: TimeDelta = TimeDelta::days(90);

/// How many one run asks for.
const BATCH: i64 = 20;

type Parcel = (FulfillmentId, Option<String>, Option<String>);

/// Has a parcel followed, if its carrier is known.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(conn: &mut Connection, id: FulfillmentId, now: DateTime<Utc>) -> Result<()> {
    queue::enqueue(conn, Job::RegisterTracker(id), &id.to_string(), now, now).await
}

/// Registers a parcel's number with Shippo, which tells from then on; again it only says where the parcel is.
///
/// # Errors
/// While Shippo's answer is unknown.
pub async fn register(app: &Arc<App>, id: FulfillmentId) -> Result<()> {
    let Some(shippo) = &app.shippo else { return Ok(()) };
    let parcel: Option<Parcel> = {
        let mut conn = app.connection().await?;
        fulfillments::table
            .find(id)
            .filter(fulfillments::status.eq_any(MOVING))
            .select((fulfillments::id, fulfillments::carrier_token, fulfillments::tracking_number))
            .first(&mut conn)
            .await
            .optional()?
    };
    let Some((_, Some(carrier), Some(number))) = parcel else { return Ok(()) };
    match shippo.register_track(&carrier, &number, &id.to_string()).await {
        Ok(news) => take_over(app, id, news).await,
        Err(ProviderError::Rejected { public_message: refusal, .. } | ProviderError::NotFound(refusal)) => {
            tracing::warn!(fulfillment.id = %id, error = refusal, "Shippo does not follow this carrier or number");
            let mut conn = app.connection().await?;
            forget_carrier(&mut conn, id, &number).await
        }
        Err(error) => Err(error.into()),
    }
}

/// States in which a parcel may still move.
const MOVING: [ShipmentStatus; 4] =
    [ShipmentStatus::Pending, ShipmentStatus::LabelPurchased, ShipmentStatus::InTransit, ShipmentStatus::Failed];

/// Shippo is not asked again for a number that it does not take.
async fn forget_carrier(conn: &mut Connection, id: FulfillmentId, number: &str) -> Result<()> {
    diesel::update(fulfillments::table.find(id).filter(fulfillments::tracking_number.eq(number)))
        .set(fulfillments::carrier_token.eq(None::<String>))
        .execute(conn)
        .await?;
    Ok(())
}

async fn take_over(app: &Arc<App>, id: FulfillmentId, news: Option<TrackNews>) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    match news {
        Some(news) => tracking::hear(&mut conn, &news, now).await.map(|_| ()),
        None => {
            tracing::warn!(fulfillment.id = %id, "Shippo says nothing of a parcel");
            Ok(())
        }
    }
}

/// Reads the parcels that nothing was heard of for a day.
///
/// # Errors
/// Those of the database; Shippo's are logged, as a later run asks again.
pub async fn reconcile(app: &Arc<App>) -> Result<()> {
    let Some(shippo) = &app.shippo else { return Ok(()) };
    for (id, carrier, number) in silent(app).await? {
        let (Some(carrier), Some(number)) = (carrier, number) else { continue };
        match shippo.read_track(&carrier, &number).await {
            Ok(news) => take_over(app, id, news).await?,
            Err(error) => tracing::warn!(fulfillment.id = %id, error = %error, "A parcel could not be asked for"),
        }
    }
    Ok(())
}

/// Noted as asked for before they are, so that several workers do not ask for the same.
async fn silent(app: &Arc<App>) -> Result<Vec<Parcel>> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    let heard = || sql::<Timestamptz>("COALESCE(tracking_checked_at, created_at)");
    let due = fulfillments::table
        .filter(fulfillments::carrier_token.is_not_null())
        .filter(sql::<Bool>("status IN ('pending', 'label_purchased', 'in_transit', 'failed')"))
        .filter(fulfillments::tracking_number.is_not_null())
        .filter(heard().lt(now - SILENCE))
        // What is young was heard of since; so the index is not read from its oldest row on.
        .filter(heard().gt(now - LONGEST))
        .filter(fulfillments::created_at.gt(now - LONGEST))
        .order(heard())
        .select(fulfillments::id)
        .limit(BATCH);
    let due: Vec<FulfillmentId> = due.load(&mut conn).await?;
    Ok(diesel::update(fulfillments::table.filter(fulfillments::id.eq_any(due)))
        .filter(heard().lt(now - SILENCE))
        .set(fulfillments::tracking_checked_at.eq(now))
        .returning((fulfillments::id, fulfillments::carrier_token, fulfillments::tracking_number))
        .get_results(&mut conn)
        .await?)
}
