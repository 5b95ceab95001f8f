//! Asking for a label, and for its voiding: noted under the order's lock, with the job that does it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::model::{LabelStatus, NewShippingLabel};
use super::{question, read};
use crate::audit::{self, Action, Author, Entry};
use crate::db::schema::shipping_labels;
use crate::db::{Connection, OnConstraint};
use crate::error::{Code, Error, Result};
use crate::fulfillments;
use crate::fulfillments::model::ShipmentStatus;
use crate::ids::{FulfillmentId, OrderId, ShippingLabelId};
use crate::jobs::{Job, queue};
use crate::orders;

fn refuse<T>(detail: impl Into<String>) -> Result<T> {
    Err(Error::problem(Code::LabelNotPossible, detail))
}

fn exists(label: Option<ShippingLabelId>) -> Error {
    let detail = "A label was bought, or is being bought, for this shipment.";
    Error::problem(Code::LabelExists, detail).with("label_id", label.map(|label| label.to_string()))
}

/// Asks for a label to be bought for a shipment that has none.
///
/// # Errors
/// `not_found`, `label_exists`, `label_not_possible`, `validation_failed`.
pub async fn buy(
    conn: &mut Connection,
    (order, fulfillment): (OrderId, FulfillmentId),
    new: &NewShippingLabel,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<ShippingLabelId> {
    let order = orders::read::row(conn, order, true).await?;
    let shipment = fulfillments::read::row(conn, order.id, fulfillment).await?;
    if let Some(label) = read::live(conn, order.id, fulfillment).await? {
        return Err(exists(Some(label)));
    }
    if shipment.status != ShipmentStatus::Pending {
        return refuse(format!("The shipment is `{}`; labels are for what has not left yet.", shipment.status));
    }
    let chosen = question::chosen_rate(&order)?;
    let service = new.service.as_deref().or_else(|| chosen.as_ref().and_then(question::service_of));
    let Some(service) = service else {
        let detail =
            "must name a service of Shippo, such as `ups_standard`: the order was not sold with a carrier's rate";
        return Err(Error::invalid("/service", "required", detail));
    };
    question::of_fulfillment(conn, &order, fulfillment, new.parcel).await?;
    let id = ShippingLabelId::new();
    diesel::insert_into(shipping_labels::table)
        .values((
            shipping_labels::id.eq(id),
            shipping_labels::order_id.eq(order.id),
            shipping_labels::fulfillment_id.eq(fulfillment),
            shipping_labels::status.eq(LabelStatus::Pending),
            shipping_labels::service.eq(service),
            shipping_labels::file_type.eq(new.file_type),
            shipping_labels::parcel.eq(new.parcel.map(|parcel| json!(parcel))),
            shipping_labels::quoted_amount.eq(chosen.as_ref().map(|rate| rate.price.amount)),
            shipping_labels::quoted_currency.eq(chosen.as_ref().map(|rate| rate.price.currency)),
            shipping_labels::requested_by.eq(actor),
            shipping_labels::created_at.eq(now),
            shipping_labels::updated_at.eq(now),
        ))
        .execute(conn)
        .await
        .on_constraint("shipping_labels_live_key", || exists(None))?;
    queue::enqueue(conn, Job::BuyLabel(id), &id.to_string(), now, now).await?;
    Ok(id)
}

/// Asks for a shipment's label to be voided. One that is being voided stays so.
///
/// # Errors
/// `not_found`, `label_not_possible`.
pub async fn void(
    conn: &mut Connection,
    (order, fulfillment): (OrderId, FulfillmentId),
    author: &Author,
    now: DateTime<Utc>,
) -> Result<ShippingLabelId> {
    orders::read::row(conn, order, true).await?;
    let shipment = fulfillments::read::row(conn, order, fulfillment).await?;
    let Some(id) = read::live(conn, order, fulfillment).await? else {
        return refuse("The shipment has no label.");
    };
    match read::row(conn, id).await?.status {
        LabelStatus::VoidRequested => return Ok(id),
        LabelStatus::Purchased if shipment.status == ShipmentStatus::LabelPurchased => {}
        LabelStatus::Purchased => return refuse("The shipment left already, so its label is used."),
        LabelStatus::Pending => return refuse("The label is being bought; wait until that is over."),
        LabelStatus::Failed | LabelStatus::Voiding | LabelStatus::Voided | LabelStatus::VoidRejected => {
            return refuse("The shipment has no label.");
        }
    }
    diesel::update(shipping_labels::table.find(id))
        .set((
            shipping_labels::status.eq(LabelStatus::VoidRequested),
            shipping_labels::error.eq(None::<String>),
            shipping_labels::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    orders::read::touch(conn, order, now).await?;
    queue::enqueue(conn, Job::VoidLabel(id), &id.to_string(), now, now).await?;
    let entry = Entry::new(Action::LabelVoidRequested, id).set("/fulfillment_id", fulfillment);
    audit::record(conn, author, entry, now).await?;
    Ok(id)
}
