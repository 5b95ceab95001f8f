//! Changing a shipment after it was recorded, and calling off one that never left; under the order's lock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::model::{FulfillmentPatch, ShipmentStatus};
use super::read::{self, FulfillmentRow};
use super::{carriers, tracker, tracking};
use crate::db::schema::{fulfillments, order_line_items};
use crate::db::{Connection, Prepare};
use crate::error::{Code, Error, Result};
use crate::http::etag::Expected;
use crate::ids::{FulfillmentId, OrderId};
use crate::labels;
use crate::orders;
use crate::orders::fulfillment_status;
use crate::orders::timeline::{self, EventKind};
use crate::refunds::ledger;

/// How a parcel can be followed.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = fulfillments)]
#[diesel(treat_none_as_null = true)]
pub struct Tracking {
    carrier: Option<String>,
    carrier_token: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
}

impl Tracking {
    /// What is given, completed with what is known of the carrier.
    #[must_use]
    pub fn of(carrier: Option<String>, number: Option<String>, url: Option<String>) -> Self {
        let known = carrier.as_deref().and_then(carriers::find);
        let tracking_url = url.or_else(|| known?.link(number.as_deref()?));
        Self {
            carrier,
            // Without a number there is nothing to ask for.
            carrier_token: known.filter(|_| number.is_some()).map(|known| known.token.to_owned()),
            tracking_number: number,
            tracking_url,
        }
    }

    /// Whether Shippo can be asked where the parcel is.
    #[must_use]
    pub const fn can_be_asked_for(&self) -> bool {
        self.carrier_token.is_some()
    }
}

fn refuse<T>(detail: impl Into<String>) -> Result<T> {
    Err(Error::problem(Code::FulfillmentNotChangeable, detail))
}

/// Changes the tracking of a shipment, or says where it is; answers what it was.
///
/// # Errors
/// `not_found`, `precondition_failed`, `validation_failed`, `fulfillment_not_changeable`.
pub async fn update(
    conn: &mut Connection,
    (order, id): (OrderId, FulfillmentId),
    patch: &FulfillmentPatch,
    expected: &Expected,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<FulfillmentRow> {
    expected.check(orders::read::row(conn, order, true).await?.version)?;
    let row = read::row(conn, order, id).await?;
    if row.status == ShipmentStatus::Cancelled {
        return refuse("The shipment was called off.");
    }
    if let Some(status) = patch.status {
        place(conn, &row, status, actor, now).await?;
    }
    if patch.carrier.is_given() || patch.tracking_number.is_given() || patch.tracking_url.is_given() {
        set_tracking(conn, &row, patch, actor, now).await?;
    }
    Ok(row)
}

async fn place(
    conn: &mut Connection,
    row: &FulfillmentRow,
    status: ShipmentStatus,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    match status {
        ShipmentStatus::InTransit | ShipmentStatus::Delivered | ShipmentStatus::Failed | ShipmentStatus::Returned => {}
        ShipmentStatus::Pending | ShipmentStatus::LabelPurchased | ShipmentStatus::Cancelled => {
            let detail = "must be in_transit, delivered, failed or returned; labels are bought, and shipments called off, \
                          by requests of their own";
            return Err(Error::invalid("/status", "choice", detail));
        }
    }
    if status == row.status {
        return Ok(());
    }
    if !row.status.may_become(status) {
        return refuse(format!("What is `{}` does not become `{status}`.", row.status));
    }
    diesel::update(fulfillments::table.find(row.id))
        .set(fulfillments::tracked_at.eq(now))
        .prepared()
        .execute(conn)
        .await?;
    tracking::move_to(conn, row, status, (now, None), actor, now).await
}

async fn set_tracking(
    conn: &mut Connection,
    row: &FulfillmentRow,
    patch: &FulfillmentPatch,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let carrier = patch.carrier.clone().apply_to(row.carrier.clone());
    let number = patch.tracking_number.clone().apply_to(row.tracking_number.clone());
    let is_same = carrier == row.carrier && number == row.tracking_number;
    let kept = row.tracking_url.clone().filter(|_| is_same);
    let after = Tracking::of(carrier, number, patch.tracking_url.clone().apply_to(kept));
    if is_same && after.tracking_url == row.tracking_url {
        return Ok(());
    }
    if !is_same && let Some(label) = labels::read::live(conn, row.order_id, row.id).await? {
        let detail = "Carrier and number are those of the label; void it first (`POST …/label/void`).";
        return refuse(detail).map_err(|error: Error| error.with("label_id", label.to_string()));
    }
    diesel::update(fulfillments::table.find(row.id)).set(&after).prepared().execute(conn).await?;
    if !is_same {
        // Another number is another parcel: what was heard of the former says nothing of it.
        diesel::update(fulfillments::table.find(row.id))
            .set((
                fulfillments::tracked_at.eq(None::<DateTime<Utc>>),
                fulfillments::tracking_checked_at.eq(None::<DateTime<Utc>>),
                fulfillments::tracking_detail.eq(None::<String>),
            ))
            .prepared()
            .execute(conn)
            .await?;
        if after.can_be_asked_for() {
            tracker::enqueue(conn, row.id, now).await?;
        }
    }
    orders::read::touch(conn, row.order_id, now).await?;
    let detail = json!({
        "fulfillment_id": row.id, "carrier": after.carrier, "tracking_number": after.tracking_number, "by": actor,
    });
    timeline::record(conn, row.order_id, EventKind::TrackingChanged, detail, now).await
}

/// Calls off a shipment that never left: its units are to be sent again. One that was called off stays so. Answers its
/// status before.
///
/// # Errors
/// `not_found`, `precondition_failed`, `fulfillment_not_changeable`.
pub async fn cancel(
    conn: &mut Connection,
    (order, id): (OrderId, FulfillmentId),
    expected: &Expected,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<ShipmentStatus> {
    let (orders_row, ledger) = ledger::load(conn, order, true).await?;
    expected.check(orders_row.version)?;
    let row = read::row(conn, order, id).await?;
    match row.status {
        ShipmentStatus::Cancelled => return Ok(row.status),
        ShipmentStatus::Pending => {}
        ShipmentStatus::LabelPurchased => {
            return refuse("It has a label; void that first (`POST …/label/void`).");
        }
        ShipmentStatus::InTransit | ShipmentStatus::Delivered | ShipmentStatus::Failed | ShipmentStatus::Returned => {
            return refuse("It left already; what comes back is a return.");
        }
    }
    if let Some(label) = labels::read::live(conn, order, id).await? {
        let detail = "A label is being bought or voided for it; wait until that is over.";
        return refuse(detail).map_err(|error: Error| error.with("label_id", label.to_string()));
    }
    let units: Vec<_> = read::lines(conn, &[id]).await?.into_iter().map(|(_, line)| line).collect();
    for line in &units {
        let known = ledger.lines.iter().find(|known| known.id == line.line_item_id);
        // Refunds take unsent units first, so what they took beyond those was counted as sent.
        let of_sent = known.map_or(0, |known| known.refunded - (known.removed - known.unclaimed));
        if known.is_some_and(|known| of_sent > known.fulfilled - line.quantity) {
            return refuse("Units of it were refunded as sent; they must not be sent again.");
        }
    }
    diesel::update(fulfillments::table.find(id))
        .set((fulfillments::status.eq(ShipmentStatus::Cancelled), fulfillments::cancelled_at.eq(now)))
        .prepared()
        .execute(conn)
        .await?;
    for line in &units {
        diesel::update(order_line_items::table.find(line.line_item_id))
            .set(order_line_items::fulfilled_quantity.eq(order_line_items::fulfilled_quantity - line.quantity))
            .prepared()
            .execute(conn)
            .await?;
    }
    fulfillment_status::derive(conn, order, now).await?;
    orders::read::touch(conn, order, now).await?;
    let detail = json!({"fulfillment_id": id, "line_items": units, "by": actor});
    timeline::record(conn, order, EventKind::FulfillmentCancelled, detail, now).await?;
    Ok(row.status)
}
