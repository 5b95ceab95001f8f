//! What Shippo says of a label becomes what label, shipment and order say.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;
use serde_json::{Value, json};

use super::model::{LabelRateSource, LabelStatus};
use super::read::{self, LabelRow};
use crate::alerts::{self, AlertKind};
use crate::db::schema::{fulfillments, shipping_labels};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::fulfillments::carriers;
use crate::fulfillments::model::ShipmentStatus;
use crate::ids::{OrderId, ShippingLabelId};
use crate::orders;
use crate::orders::timeline::{self, EventKind};
use crate::shippo::{LabelRate, Transaction};

/// Notes which rate is bought; `None` when the label is not waiting for one any more.
///
/// # Errors
/// Those of the database.
pub(super) async fn choose(
    conn: &mut Connection,
    id: ShippingLabelId,
    rate: &LabelRate,
    source: LabelRateSource,
) -> Result<Option<LabelRow>> {
    let waiting = shipping_labels::table
        .find(id)
        .filter(shipping_labels::status.eq(LabelStatus::Pending))
        .filter(shipping_labels::rate_id.is_null());
    Ok(diesel::update(waiting)
        .set((
            shipping_labels::rate_id.eq(&rate.id),
            shipping_labels::rate_source.eq(source),
            shipping_labels::carrier.eq(&rate.carrier),
            shipping_labels::amount.eq(rate.price.amount),
            shipping_labels::currency.eq(rate.price.currency),
        ))
        .returning(LabelRow::as_returning())
        .get_result(conn)
        .await
        .optional()?)
}

/// Forgets the rate that was chosen, of which no label came; another is to be asked for. `false` when somebody else has
/// chosen or tried meanwhile.
///
/// # Errors
/// Those of the database.
pub(super) async fn forget_rate(conn: &mut Connection, label: &LabelRow) -> Result<bool> {
    let mine = shipping_labels::table
        .find(label.id)
        .filter(shipping_labels::status.eq(LabelStatus::Pending))
        .filter(shipping_labels::rate_id.is_not_distinct_from(label.rate_id.as_deref()))
        .filter(shipping_labels::attempted_at.is_not_distinct_from(label.attempted_at));
    let forgotten = diesel::update(mine)
        .set((
            shipping_labels::rate_id.eq(None::<String>),
            shipping_labels::rate_source.eq(LabelRateSource::Asked),
            shipping_labels::carrier.eq(None::<String>),
            shipping_labels::amount.eq(None::<i64>),
            shipping_labels::currency.eq(None::<String>),
            shipping_labels::attempted_at.eq(None::<DateTime<Utc>>),
            shipping_labels::transaction_id.eq(None::<String>),
        ))
        .execute(conn)
        .await?;
    Ok(forgotten > 0)
}

/// Notes that the purchase is about to be sent; `false` when somebody else sends it.
///
/// # Errors
/// Those of the database.
pub(super) async fn attempt(conn: &mut Connection, label: &LabelRow, now: DateTime<Utc>) -> Result<bool> {
    let mine = shipping_labels::table
        .find(label.id)
        .filter(shipping_labels::status.eq(LabelStatus::Pending))
        .filter(shipping_labels::transaction_id.is_null())
        .filter(shipping_labels::rate_id.is_not_distinct_from(label.rate_id.as_deref()))
        .filter(shipping_labels::attempted_at.is_not_distinct_from(label.attempted_at));
    Ok(diesel::update(mine).set(shipping_labels::attempted_at.eq(now)).execute(conn).await? > 0)
}

/// Takes back the note of an attempt that was certainly not sent; a newer one stays.
///
/// # Errors
/// Those of the database.
pub(super) async fn not_sent(conn: &mut Connection, id: ShippingLabelId, noted_at: DateTime<Utc>) -> Result<()> {
    diesel::update(shipping_labels::table.find(id).filter(shipping_labels::attempted_at.eq(noted_at)))
        .set(shipping_labels::attempted_at.eq(None::<DateTime<Utc>>))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes a purchase that the carrier works on.
///
/// # Errors
/// Those of the database.
pub(super) async fn waits(conn: &mut Connection, id: ShippingLabelId, found: &Transaction) -> Result<()> {
    diesel::update(shipping_labels::table.find(id).filter(shipping_labels::status.eq(LabelStatus::Pending)))
        .set(shipping_labels::transaction_id.eq(&found.id))
        .execute(conn)
        .await?;
    Ok(())
}

/// The label is bought: its shipment is followed by the label's number.
///
/// # Errors
/// Those of the database.
pub(super) async fn bought(
    conn: &mut Connection,
    id: ShippingLabelId,
    found: &Transaction,
    now: DateTime<Utc>,
) -> Result<()> {
    change(conn, id, LabelStatus::Pending, |conn, label| {
        async move {
            diesel::update(shipping_labels::table.find(id))
                .set((
                    shipping_labels::status.eq(LabelStatus::Purchased),
                    shipping_labels::transaction_id.eq(&found.id),
                    shipping_labels::tracking_number.eq(&found.tracking_number),
                    shipping_labels::label_url.eq(&found.label_url),
                    shipping_labels::invoice_url.eq(&found.invoice_url),
                    shipping_labels::error.eq(None::<String>),
                    shipping_labels::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
            follow(conn, label, found).await?;
            let detail = json!({
                "cost": label.cost(), "quoted": label.quoted(), "cost_difference": label.cost_difference(),
                "service": label.service, "tracking_number": found.tracking_number,
            });
            tell(conn, label, EventKind::LabelPurchased, detail, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Gives a shipment its label's number.
async fn follow(conn: &mut Connection, label: &LabelRow, found: &Transaction) -> Result<()> {
    let carrier = label.carrier.as_deref().unwrap_or_default();
    let known = carriers::find(carrier);
    let token = known.map_or_else(|| carrier.to_lowercase().replace(' ', "_"), |known| known.token.to_owned());
    let link = || known?.link(found.tracking_number.as_deref()?);
    diesel::update(fulfillments::table.find(label.fulfillment_id))
        .set((
            fulfillments::carrier.eq(carrier),
            fulfillments::carrier_token.eq(token),
            fulfillments::tracking_number.eq(&found.tracking_number),
            fulfillments::tracking_url.eq(found.tracking_url.clone().or_else(link)),
        ))
        .execute(conn)
        .await?;
    let waiting = fulfillments::table.find(label.fulfillment_id);
    diesel::update(waiting.filter(fulfillments::status.eq(ShipmentStatus::Pending)))
        .set(fulfillments::status.eq(ShipmentStatus::LabelPurchased))
        .execute(conn)
        .await?;
    Ok(())
}

/// The label could not be bought; the shipment may have another try.
///
/// # Errors
/// Those of the database.
pub(super) async fn failed(conn: &mut Connection, id: ShippingLabelId, reason: &str, now: DateTime<Utc>) -> Result<()> {
    change(conn, id, LabelStatus::Pending, |conn, label| {
        async move {
            set(conn, id, LabelStatus::Failed, Some(reason), now).await?;
            tell(conn, label, EventKind::LabelFailed, json!({"reason": reason}), now).await?;
            let detail = format!("The label {id} of order {} could not be bought: {reason}", label.order_id);
            alerts::raise(conn, AlertKind::LabelFailed, &id.to_string(), Some(label.order_id), &detail, now).await
        }
        .scope_boxed()
    })
    .await
}

/// The carrier has been asked to void the label: it is not used any more, and the shipment is without one.
///
/// # Errors
/// Those of the database.
pub(super) async fn voiding(conn: &mut Connection, id: ShippingLabelId, now: DateTime<Utc>) -> Result<()> {
    change(conn, id, LabelStatus::VoidRequested, |conn, label| {
        async move {
            set(conn, id, LabelStatus::Voiding, None, now).await?;
            let left = fulfillments::table.find(label.fulfillment_id);
            diesel::update(left.filter(fulfillments::status.eq(ShipmentStatus::LabelPurchased)))
                .set((
                    fulfillments::status.eq(ShipmentStatus::Pending),
                    fulfillments::carrier.eq(None::<String>),
                    fulfillments::carrier_token.eq(None::<String>),
                    fulfillments::tracking_number.eq(None::<String>),
                    fulfillments::tracking_url.eq(None::<String>),
                    fulfillments::tracking_detail.eq(None::<String>),
                    fulfillments::tracked_at.eq(None::<DateTime<Utc>>),
                    fulfillments::tracking_checked_at.eq(None::<DateTime<Utc>>),
                ))
                .execute(conn)
                .await?;
            orders::read::touch(conn, label.order_id, now).await
        }
        .scope_boxed()
    })
    .await
}

/// The label is void.
///
/// # Errors
/// Those of the database.
pub(super) async fn voided(conn: &mut Connection, id: ShippingLabelId, now: DateTime<Utc>) -> Result<()> {
    change(conn, id, LabelStatus::Voiding, |conn, label| {
        async move {
            set(conn, id, LabelStatus::Voided, None, now).await?;
            tell(conn, label, EventKind::LabelVoided, json!({"cost": label.cost()}), now).await
        }
        .scope_boxed()
    })
    .await
}

/// The carrier does not void the label. One that was only asked for stays the shipment's.
///
/// # Errors
/// Those of the database.
pub(super) async fn void_rejected(
    conn: &mut Connection,
    id: ShippingLabelId,
    from: LabelStatus,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let next = if from == LabelStatus::Voiding { LabelStatus::VoidRejected } else { LabelStatus::Purchased };
    change(conn, id, from, |conn, label| {
        async move {
            set(conn, id, next, Some(reason), now).await?;
            tell(conn, label, EventKind::LabelVoidRejected, json!({"reason": reason, "cost": label.cost()}), now)
                .await?;
            let detail = format!("The label {id} of order {} is not voided: {reason}", label.order_id);
            let cause = format!("{id}:void");
            alerts::raise(conn, AlertKind::LabelFailed, &cause, Some(label.order_id), &detail, now).await
        }
        .scope_boxed()
    })
    .await
}

/// Does `work` on a label in one transaction, under its order's lock, if it still stands where it did.
async fn change<'work, F>(conn: &mut Connection, id: ShippingLabelId, from: LabelStatus, work: F) -> Result<()>
where
    F: for<'conn> Fn(&'conn mut Connection, &'conn LabelRow) -> db::Work<'work, 'conn, ()> + Sync,
{
    let work = &work;
    let order: OrderId = shipping_labels::table.find(id).select(shipping_labels::order_id).first(conn).await?;
    db::transaction(conn, |conn| {
        async move {
            orders::read::row(conn, order, true).await?;
            let label = read::row(conn, id).await?;
            if label.status == from { work(conn, &label).await } else { Ok(()) }
        }
        .scope_boxed()
    })
    .await
}

async fn set(
    conn: &mut Connection,
    id: ShippingLabelId,
    status: LabelStatus,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(shipping_labels::table.find(id))
        .set((
            shipping_labels::status.eq(status),
            shipping_labels::error.eq(error),
            shipping_labels::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes what happened to a label into its order's timeline.
async fn tell(
    conn: &mut Connection,
    label: &LabelRow,
    kind: EventKind,
    mut detail: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(members) = detail.as_object_mut() {
        members.insert("label_id".to_owned(), json!(label.id));
        members.insert("fulfillment_id".to_owned(), json!(label.fulfillment_id));
    }
    orders::read::touch(conn, label.order_id, now).await?;
    timeline::record(conn, label.order_id, kind, detail, now).await
}
