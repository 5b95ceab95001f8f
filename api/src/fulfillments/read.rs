//! Reading fulfillments with their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{Fulfillment, FulfillmentLine, ShipmentStatus};
use crate::db::Connection;
use crate::db::schema::{fulfillment_line_items, fulfillments};
use crate::error::{Error, Result};
use crate::ids::{FulfillmentId, LineItemId, OrderId};
use crate::labels;

/// A row of `fulfillments`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = fulfillments)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct FulfillmentRow {
    /// The fulfillment's id.
    pub id: FulfillmentId,
    /// The order.
    pub order_id: OrderId,
    /// Where it is.
    pub status: ShipmentStatus,
    /// Who carries it.
    pub carrier: Option<String>,
    /// Shippo's word for the carrier.
    pub carrier_token: Option<String>,
    /// How the carrier calls it.
    pub tracking_number: Option<String>,
    /// Where it can be followed.
    pub tracking_url: Option<String>,
    /// What the carrier said last.
    pub tracking_detail: Option<String>,
    /// When that happened, as the carrier says.
    pub tracked_at: Option<DateTime<Utc>>,
    /// When the carrier had it.
    pub shipped_at: Option<DateTime<Utc>>,
    /// When it arrived.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was called off.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

/// A fulfillment's row; of this order, under whose lock it may be changed.
///
/// # Errors
/// `not_found`.
pub async fn row(conn: &mut Connection, order: OrderId, id: FulfillmentId) -> Result<FulfillmentRow> {
    let row = fulfillments::table
        .find(id)
        .filter(fulfillments::order_id.eq(order))
        .select(FulfillmentRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.ok_or_else(|| Error::not_found("fulfillment"))
}

/// A fulfillment of an order as staff see it.
///
/// # Errors
/// `not_found`.
pub async fn find_for_staff(conn: &mut Connection, order: OrderId, id: FulfillmentId) -> Result<Fulfillment> {
    let all = of_orders(conn, &[order], true).await?;
    all.into_iter().find(|fulfillment| fulfillment.id == id).ok_or_else(|| Error::not_found("fulfillment"))
}

/// The fulfillments of orders, oldest first; shoppers see none that was called off, and no labels.
///
/// # Errors
/// Those of the database.
pub async fn of_orders(conn: &mut Connection, orders: &[OrderId], for_staff: bool) -> Result<Vec<Fulfillment>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = fulfillments::table
        .filter(fulfillments::order_id.eq_any(orders))
        .select(FulfillmentRow::as_select())
        .into_boxed();
    if !for_staff {
        query = query.filter(fulfillments::status.ne(ShipmentStatus::Cancelled));
    }
    let rows: Vec<FulfillmentRow> = query.order((fulfillments::created_at, fulfillments::id)).load(conn).await?;
    let ids: Vec<FulfillmentId> = rows.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines_of: HashMap<FulfillmentId, Vec<FulfillmentLine>> = HashMap::new();
    for (id, line) in lines(conn, &ids).await? {
        lines_of.entry(id).or_default().push(line);
    }
    let mut labels = if for_staff { labels::read::of_fulfillments(conn, orders, &ids).await? } else { HashMap::new() };
    let shape = |row: FulfillmentRow| Fulfillment {
        id: row.id,
        order_id: row.order_id,
        status: row.status,
        line_items: lines_of.remove(&row.id).unwrap_or_default(),
        carrier: row.carrier,
        tracking_number: row.tracking_number,
        tracking_url: row.tracking_url,
        tracking_detail: row.tracking_detail,
        shipped_at: row.shipped_at,
        delivered_at: row.delivered_at,
        cancelled_at: row.cancelled_at,
        created_at: row.created_at,
        labels: for_staff.then(|| labels.remove(&row.id).unwrap_or_default()),
    };
    Ok(rows.into_iter().map(shape).collect())
}

/// The lines of fulfillments.
///
/// # Errors
/// Those of the database.
pub async fn lines(conn: &mut Connection, ids: &[FulfillmentId]) -> Result<Vec<(FulfillmentId, FulfillmentLine)>> {
    let rows: Vec<(FulfillmentId, LineItemId, i64)> = fulfillment_line_items::table
        .filter(fulfillment_line_items::fulfillment_id.eq_any(ids))
        .order((fulfillment_line_items::fulfillment_id, fulfillment_line_items::line_item_id))
        .select((
            fulfillment_line_items::fulfillment_id,
            fulfillment_line_items::line_item_id,
            fulfillment_line_items::quantity,
        ))
        .load(conn)
        .await?;
    let line = |(id, line_item_id, quantity)| (id, FulfillmentLine { line_item_id, quantity });
    Ok(rows.into_iter().map(line).collect())
}
