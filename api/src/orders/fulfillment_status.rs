//! Where an order's goods stand: derived from its lines' counters, under the order's lock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{FulfillmentStatus, OrderStatus};
use crate::db::schema::{fulfillments, order_line_items, orders};
use crate::db::{Connection, Prepare};
use crate::error::Result;
use crate::fulfillments::model::ShipmentStatus;
use crate::ids::OrderId;

/// The status that what was sent and what is still to be sent say.
#[must_use]
pub const fn of_lines(sent: i64, unsent: i64) -> FulfillmentStatus {
    match (sent, unsent) {
        (0, _) => FulfillmentStatus::Unfulfilled,
        (_, 0) => FulfillmentStatus::Fulfilled,
        (_, _) => FulfillmentStatus::PartiallyFulfilled,
    }
}

/// Derives it anew; an order is completed while everything that is to be sent was sent.
///
/// # Errors
/// Those of the database.
pub async fn derive(conn: &mut Connection, id: OrderId, now: DateTime<Utc>) -> Result<()> {
    let lines: Vec<(i64, i64, i64)> = order_line_items::table
        .filter(order_line_items::order_id.eq(id))
        .select((order_line_items::quantity, order_line_items::fulfilled_quantity, order_line_items::removed_quantity))
        .load(conn)
        .await?;
    let sent: i64 = lines.iter().map(|(_, sent, _)| sent).sum();
    let unsent: i64 = lines.iter().map(|(quantity, sent, removed)| quantity - sent - removed).sum();
    let (status, before): (OrderStatus, FulfillmentStatus) =
        orders::table.find(id).select((orders::status, orders::fulfillment_status)).first(conn).await?;
    let derived = of_lines(sent, unsent);
    let is_there = derived == FulfillmentStatus::Fulfilled && has_arrived(conn, id).await?;
    let after = if is_there { FulfillmentStatus::Delivered } else { derived };
    let is_done = matches!(after, FulfillmentStatus::Fulfilled | FulfillmentStatus::Delivered);
    let next = match status {
        OrderStatus::Confirmed | OrderStatus::Completed if is_done => OrderStatus::Completed,
        OrderStatus::Confirmed | OrderStatus::Completed => OrderStatus::Confirmed,
        OrderStatus::Pending | OrderStatus::Cancelled => status,
    };
    if (next, after) == (status, before) {
        return Ok(());
    }
    diesel::update(orders::table.find(id))
        .set((
            orders::status.eq(next),
            orders::fulfillment_status.eq(after),
            orders::version.eq(orders::version + 1),
            orders::updated_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether every parcel of an order arrived.
async fn has_arrived(conn: &mut Connection, id: OrderId) -> Result<bool> {
    let parcels: Vec<ShipmentStatus> = fulfillments::table
        .filter(fulfillments::order_id.eq(id))
        .filter(fulfillments::status.ne(ShipmentStatus::Cancelled))
        .select(fulfillments::status)
        .load(conn)
        .await?;
    Ok(!parcels.is_empty() && parcels.iter().all(|parcel| *parcel == ShipmentStatus::Delivered))
}
