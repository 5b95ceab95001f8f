//! The stock side of a checkout: hold, take, give back. Always the last locks of a transaction, in variant order.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::Connection;
use crate::db::schema::stock_levels;
use crate::db::statement::{Bind, Statement};
use crate::error::{Code, Error, FieldError, Result};
use crate::ids::{OrderId, VariantId};
use crate::inventory::low_stock::{self, Crossed};

/// Holds stock for an order, all or nothing. Variants whose stock is not tracked need no hold. Notes what shows another
/// availability by that.
///
/// The rows are locked in variant order inside the statement that changes them, so the locks are held for no
/// further round trip before the commit. Of positive quantities PostgreSQL expects fewer, so that it does not read all levels.
const HOLD: &str = "
    WITH demand AS (
        SELECT * FROM unnest($2::uuid[], $3::bigint[]) AS demand (variant_id, quantity) WHERE quantity > 0
    ), locked AS (
        SELECT level.variant_id, demand.quantity, level.track_inventory
        FROM stock_levels AS level JOIN demand ON demand.variant_id = level.variant_id
        ORDER BY level.variant_id FOR NO KEY UPDATE OF level
    ), held AS (
        UPDATE stock_levels AS level SET reserved = level.reserved + locked.quantity
        FROM locked
        WHERE level.variant_id = locked.variant_id AND level.track_inventory
            AND (level.allow_backorder OR level.on_hand - level.reserved >= locked.quantity)
        RETURNING level.variant_id, locked.quantity, level.on_hand - level.reserved AS available, level.low_stock_threshold
    ), reserved AS (
        INSERT INTO reservations (order_id, variant_id, quantity, status, created_at, updated_at)
        SELECT $1, variant_id, quantity, 'held', $4, $4 FROM held
        RETURNING variant_id
    ), shown AS (
        INSERT INTO catalog_changes (product_id, availability_only, created_at)
        SELECT variants.product_id, true, $4 FROM held JOIN variants ON variants.id = held.variant_id
        WHERE available <= low_stock_threshold AND available + quantity > low_stock_threshold
            OR available <= 0 AND available + quantity > 0
    )
    SELECT variant_id FROM reserved
    UNION ALL SELECT variant_id FROM locked WHERE NOT track_inventory";

/// Takes what an order holds out of the stock, with its movements. Answers the variants that run low or out by that.
const COMMIT: &str = "
    WITH taken AS (
        UPDATE reservations SET status = 'committed', updated_at = $2
        WHERE order_id = $1 AND status = (SELECT 'held') RETURNING variant_id, quantity
    ), locked AS (
        SELECT level.variant_id, taken.quantity
        FROM stock_levels AS level JOIN taken ON taken.variant_id = level.variant_id
        ORDER BY level.variant_id FOR NO KEY UPDATE OF level
    ), changed AS (
        UPDATE stock_levels AS level
        SET on_hand = level.on_hand - locked.quantity, reserved = level.reserved - locked.quantity
        FROM locked WHERE level.variant_id = locked.variant_id
        RETURNING level.variant_id, locked.quantity, level.on_hand, level.track_inventory AND (level.out_since IS NULL
            AND level.on_hand <= 0 OR level.low_since IS NULL AND level.low_stock_threshold > 0
            AND level.on_hand <= level.low_stock_threshold) AS crosses
    ), moved AS (
        INSERT INTO stock_movements (id, variant_id, delta, on_hand_after, reason, order_id, created_at)
        SELECT gen_random_uuid(), variant_id, -quantity, on_hand, 'sale', $1, $2 FROM changed
    )
    SELECT variant_id FROM changed WHERE crosses";

/// Gives back what an order holds; a shortage shrinks as less is reserved. Notes what shows another availability by that.
const RELEASE: &str = "
    WITH freed AS (
        UPDATE reservations SET status = 'released', updated_at = $2
        WHERE order_id = $1 AND status = (SELECT 'held') RETURNING variant_id, quantity
    ), locked AS (
        SELECT level.variant_id, freed.quantity
        FROM stock_levels AS level JOIN freed ON freed.variant_id = level.variant_id
        ORDER BY level.variant_id FOR NO KEY UPDATE OF level
    ), changed AS (
        UPDATE stock_levels AS level
        SET reserved = level.reserved - locked.quantity,
            shortage = LEAST(level.shortage, GREATEST(level.reserved - locked.quantity - level.on_hand, 0))
        FROM locked WHERE level.variant_id = locked.variant_id
        RETURNING level.variant_id, locked.quantity, level.on_hand - level.reserved AS available, level.low_stock_threshold
    )
    INSERT INTO catalog_changes (product_id, availability_only, created_at)
    SELECT variants.product_id, true, $2 FROM changed JOIN variants ON variants.id = changed.variant_id
    WHERE available > low_stock_threshold AND available - quantity <= low_stock_threshold
        OR available > 0 AND available - quantity <= 0";

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = SqlUuid)]
    variant_id: VariantId,
}

/// Demand summed per variant, in variant order.
pub(super) type Demand = BTreeMap<VariantId, i64>;

/// Holds stock for an order.
///
/// # Errors
/// `insufficient_stock`; the caller must roll back, as the other variants are held already.
pub(super) async fn hold(conn: &mut Connection, order: OrderId, demand: &Demand, now: DateTime<Utc>) -> Result<()> {
    let (variants, quantities): (Vec<Uuid>, Vec<i64>) =
        demand.iter().map(|(variant, quantity)| (variant.0, *quantity)).unzip();
    let held: Vec<Held> = Statement::constant(HOLD)
        .with(Bind::Uuid(order.0))
        .with(Bind::Uuids(variants))
        .with(Bind::Ints(quantities))
        .with(Bind::Time(now))
        .load(conn)
        .await?;
    if held.len() == demand.len() {
        return Ok(());
    }
    let short = demand.keys().filter(|variant| !held.iter().any(|held| held.variant_id == **variant));
    Err(insufficient(conn, short.copied().collect()).await?)
}

/// The error for variants of which not enough is left.
async fn insufficient(conn: &mut Connection, variants: Vec<VariantId>) -> Result<Error> {
    let left: Vec<(VariantId, i64)> = stock_levels::table
        .filter(stock_levels::variant_id.eq_any(&variants))
        .select((stock_levels::variant_id, stock_levels::on_hand - stock_levels::reserved))
        .load(conn)
        .await?;
    Ok(Shortages(left.into_iter().map(|(variant, left)| (variant, left.max(0))).collect()).into())
}

/// Variants of which too little is left, and how much.
pub(super) struct Shortages(pub(super) Vec<(VariantId, i64)>);

impl From<Shortages> for Error {
    fn from(shortages: Shortages) -> Self {
        let shortages = shortages.0;
        let errors = shortages
            .iter()
            .map(|(variant, left)| {
                FieldError::new(
                    format!("/line_items/{variant}"),
                    "insufficient_stock",
                    format!("only {left} can be had"),
                )
            })
            .collect();
        let short: Vec<serde_json::Value> = shortages
            .iter()
            .map(|(variant, left)| serde_json::json!({"variant_id": variant, "available": left}))
            .collect();
        Self::problem(Code::InsufficientStock, "Not enough is left of what the cart holds; nothing was reserved.")
            .with_errors(errors)
            .with("shortages", short)
    }
}

/// Takes what an order holds.
///
/// # Errors
/// Those of the database.
pub(super) async fn commit(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    let crossed: Vec<Crossed> =
        Statement::constant(COMMIT).with(Bind::Uuid(order.0)).with(Bind::Time(now)).load(conn).await?;
    let crossed: Vec<VariantId> = crossed.into_iter().map(|crossed| crossed.variant_id).collect();
    low_stock::follow(conn, &crossed, now).await
}

/// Gives back what an order holds.
///
/// # Errors
/// Those of the database.
pub(super) async fn release(conn: &mut Connection, order: OrderId, now: DateTime<Utc>) -> Result<()> {
    Statement::constant(RELEASE).with(Bind::Uuid(order.0)).with(Bind::Time(now)).execute(conn).await?;
    Ok(())
}
