//! Putting units of an order back on the shelf: through the ledger, and never more of a line than were sold (R33).

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Uuid as SqlUuid};
use serde_json::json;
use uuid::Uuid;

use super::low_stock;
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::ids::{LineItemId, OrderId, VariantId};
use crate::orders::timeline::{self, EventKind};

/// Counts units as put back, and puts those back that were taken out of tracked stock, in variant order.
const RESTOCK: &str = "
    WITH asked AS (
        SELECT * FROM unnest($2::uuid[], $3::bigint[]) AS asked (line_item_id, quantity)
    ), back AS (
        SELECT line.id, line.variant_id, LEAST(asked.quantity, line.quantity - line.restocked_quantity) AS quantity
        FROM order_line_items AS line JOIN asked ON asked.line_item_id = line.id
        WHERE line.order_id = $1 AND line.restocked_quantity < line.quantity
    ), counted AS (
        UPDATE order_line_items AS line SET restocked_quantity = line.restocked_quantity + back.quantity
        FROM back WHERE line.id = back.id
    ), locked AS (
        SELECT level.variant_id, back.quantity
        FROM stock_levels AS level JOIN back ON back.variant_id = level.variant_id
        JOIN reservations ON reservations.order_id = $1 AND reservations.variant_id = back.variant_id
            AND reservations.status = 'committed'
        ORDER BY level.variant_id FOR NO KEY UPDATE OF level
    ), changed AS (
        UPDATE stock_levels AS level
        SET on_hand = level.on_hand + locked.quantity,
            shortage = LEAST(level.shortage, GREATEST(level.reserved - level.on_hand - locked.quantity, 0))
        FROM locked WHERE level.variant_id = locked.variant_id
        RETURNING level.variant_id, locked.quantity, level.on_hand,
            level.low_since IS NOT NULL AND level.on_hand > level.low_stock_threshold
                OR level.out_since IS NOT NULL AND level.on_hand > 0 AS crosses
    ), moved AS (
        INSERT INTO stock_movements (id, variant_id, delta, on_hand_after, reason, order_id, created_at)
        SELECT gen_random_uuid(), variant_id, quantity, on_hand, 'restock', $1, $4 FROM changed
    ), shown AS (
        INSERT INTO catalog_changes (product_id, availability_only, created_at)
        SELECT product_id, true, $4 FROM variants WHERE id IN (SELECT variant_id FROM changed)
    )
    SELECT COALESCE(sum(quantity), 0)::bigint AS units, ARRAY(SELECT variant_id FROM changed WHERE crosses) AS crossed FROM back";

#[derive(diesel::QueryableByName)]
struct Back {
    #[diesel(sql_type = BigInt)]
    units: i64,
    /// Variants that no longer run low, or are there again.
    #[diesel(sql_type = Array<SqlUuid>)]
    crossed: Vec<VariantId>,
}

/// Puts units of an order's lines back, as far as they were not put back before. Under the order's lock, and the last
/// of its transaction, as it locks the stock.
///
/// # Errors
/// Those of the database.
pub async fn restock(
    conn: &mut Connection,
    order: OrderId,
    units: &[(LineItemId, i64)],
    now: DateTime<Utc>,
) -> Result<()> {
    if units.is_empty() {
        return Ok(());
    }
    let (lines, quantities): (Vec<Uuid>, Vec<i64>) = units.iter().map(|(line, units)| (line.0, *units)).unzip();
    let back: Option<Back> = Statement::constant(RESTOCK)
        .with(Bind::Uuid(order.0))
        .with(Bind::Uuids(lines))
        .with(Bind::Ints(quantities))
        .with(Bind::Time(now))
        .optional(conn)
        .await?;
    if let Some(back) = back.filter(|back| back.units > 0) {
        timeline::record(conn, order, EventKind::Restocked, json!({"units": back.units}), now).await?;
        low_stock::follow(conn, &back.crossed, now).await?;
    }
    Ok(())
}
