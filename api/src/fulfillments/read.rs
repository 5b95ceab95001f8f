//! Reading fulfillments with their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{Fulfillment, FulfillmentLine};
use crate::db::Connection;
use crate::db::schema::{fulfillment_line_items, fulfillments};
use crate::error::Result;
use crate::ids::{FulfillmentId, LineItemId, OrderId};

type Columns = (FulfillmentId, OrderId, Option<String>, Option<String>, Option<String>, DateTime<Utc>);

/// The fulfillments of orders, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn of_orders(conn: &mut Connection, orders: &[OrderId]) -> Result<Vec<Fulfillment>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Columns> = fulfillments::table
        .filter(fulfillments::order_id.eq_any(orders))
        .order((fulfillments::created_at, fulfillments::id))
        .select((
            fulfillments::id,
            fulfillments::order_id,
            fulfillments::carrier,
            fulfillments::tracking_number,
            fulfillments::tracking_url,
            fulfillments::created_at,
        ))
        .load(conn)
        .await?;
    let ids: Vec<FulfillmentId> = rows.iter().map(|row| row.0).collect();
    let lines: Vec<(FulfillmentId, LineItemId, i64)> = fulfillment_line_items::table
        .filter(fulfillment_line_items::fulfillment_id.eq_any(&ids))
        .order((fulfillment_line_items::fulfillment_id, fulfillment_line_items::line_item_id))
        .select((
            fulfillment_line_items::fulfillment_id,
            fulfillment_line_items::line_item_id,
            fulfillment_line_items::quantity,
        ))
        .load(conn)
        .await?;
    let mut lines_of: HashMap<FulfillmentId, Vec<FulfillmentLine>> = HashMap::new();
    for (id, line_item_id, quantity) in lines {
        lines_of.entry(id).or_default().push(FulfillmentLine { line_item_id, quantity });
    }
    let shape = |(id, order_id, carrier, tracking_number, tracking_url, created_at): Columns| Fulfillment {
        id,
        order_id,
        line_items: lines_of.remove(&id).unwrap_or_default(),
        carrier,
        tracking_number,
        tracking_url,
        created_at,
    };
    Ok(rows.into_iter().map(shape).collect())
}
