//! Stock: levels and their ledger of movements. Reservations are made and ended by the checkout.

pub mod low_stock;
pub mod low_stock_routes;
pub mod restock;
pub mod routes;
pub mod settings;
pub mod settings_routes;

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::alerts::{self, AlertKind};
use crate::catalog::changes;
use crate::catalog::model::Inventory;
use crate::db::schema::{reservations, stock_levels, stock_movements, variants};
use crate::db::{Connection, Prepare, text_enum};
use crate::error::{Error, Result};
use crate::ids::{OrderId, StockMovementId, VariantId};

text_enum! {
    /// Why stock moved.
    Reason {
        /// The first stock of a new variant.
        Initial => "initial",
        /// Goods came in.
        Received => "received",
        /// A count found another number.
        Correction => "correction",
        /// Broken.
        Damaged => "damaged",
        /// Lost or stolen.
        Lost => "lost",
        /// A customer sent it back.
        Returned => "returned",
        /// Sold by an order.
        Sale => "sale",
        /// Put back from an order.
        Restock => "restock",
        /// Set by an imported file.
        Import => "import",
    }
}

/// A change of stock by staff.
#[derive(Debug, Deserialize, utoipa::ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StockAdjustment {
    /// Units that came (positive) or went (negative).
    #[schema(example = 20)]
    #[validate(range(min = -1_000_000_000, max = 1_000_000_000))]
    pub delta: i64,
    /// Why: `received`, `correction`, `damaged`, `lost` or `returned`.
    pub reason: Reason,
    /// For the ledger.
    #[serde(default)]
    #[validate(length(min = 1, max = 500))]
    pub note: Option<String>,
}

/// What came of an adjustment.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AdjustedStock {
    /// The variant.
    pub variant_id: VariantId,
    /// Its stock now.
    pub inventory: Inventory,
    /// Unpaid orders that hold the variant, when less is there than they hold: somebody will wait.
    pub held_orders: Vec<OrderId>,
}

/// Writes a movement; the level must have been changed in the same transaction.
///
/// # Errors
/// Those of the database.
pub async fn record_movement(
    conn: &mut Connection,
    variant: VariantId,
    delta: i64,
    on_hand_after: i64,
    reason: Reason,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(stock_movements::table)
        .values((
            stock_movements::id.eq(StockMovementId::new()),
            stock_movements::variant_id.eq(variant),
            stock_movements::delta.eq(delta),
            stock_movements::on_hand_after.eq(on_hand_after),
            stock_movements::reason.eq(reason),
            stock_movements::note.eq(note),
            stock_movements::created_at.eq(now),
        ))
        .prepared()
        .execute(conn)
        .await?;
    Ok(())
}

/// The first stock of a variant, and how it is kept.
#[derive(Debug, Clone, Copy)]
pub struct NewLevel {
    /// Units.
    pub on_hand: i64,
    /// Whether stock limits sales.
    pub track_inventory: bool,
    /// Whether it is sold when none is left.
    pub allow_backorder: bool,
    /// At or under this many it counts as low; 0 never. `None`: the shop's default.
    pub low_stock_threshold: Option<i64>,
}

/// Creates a new variant's stock with its first movement. What begins with nothing has not run out: that is noted, and
/// nobody is told.
///
/// # Errors
/// Those of the database.
pub async fn create_level(
    conn: &mut Connection,
    variant: VariantId,
    level: NewLevel,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<()> {
    let (threshold, uses_default) = match level.low_stock_threshold {
        Some(own) => (own, false),
        None => (settings::default_threshold(conn).await?, true),
    };
    diesel::insert_into(stock_levels::table)
        .values((
            stock_levels::variant_id.eq(variant),
            stock_levels::on_hand.eq(level.on_hand),
            stock_levels::reserved.eq(0),
            stock_levels::shortage.eq(0),
            stock_levels::track_inventory.eq(level.track_inventory),
            stock_levels::allow_backorder.eq(level.allow_backorder),
            stock_levels::low_stock_threshold.eq(threshold),
            stock_levels::uses_default_threshold.eq(uses_default),
        ))
        .prepared()
        .execute(conn)
        .await?;
    if level.on_hand != 0 {
        record_movement(conn, variant, level.on_hand, level.on_hand, reason, None, now).await?;
    }
    if level.track_inventory && level.on_hand <= 0 {
        let on_sale = variants::table.find(variant).filter(variants::archived_at.is_null());
        diesel::update(stock_levels::table.find(variant).filter(exists(on_sale)))
            .set(stock_levels::out_since.eq(now))
            .prepared()
            .execute(conn)
            .await?;
    }
    if level.track_inventory && threshold > 0 && level.on_hand <= threshold {
        low_stock::follow(conn, &[variant], now).await?;
    }
    Ok(())
}

/// How a variant's stock is kept; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether stock limits sales.
    pub track_inventory: Option<bool>,
    /// Whether it is sold when none is left.
    pub allow_backorder: Option<bool>,
    /// At or under this many it counts as low; 0 never, `None` by the shop's default.
    pub low_stock_threshold: Option<Option<i64>>,
    /// Whether the variant was archived or restored: stock that is not sold is not low.
    pub archived: Option<bool>,
}

/// Changes how stock is kept. What is reserved beyond what is there becomes a shortage, with an alert, once stock
/// limits sales again.
///
/// # Errors
/// Those of the database.
pub async fn set_policy(conn: &mut Connection, variant: VariantId, policy: Policy, now: DateTime<Utc>) -> Result<()> {
    if policy == Policy::default() {
        return Ok(());
    }
    if policy != (Policy { archived: policy.archived, ..Policy::default() }) {
        keep(conn, variant, policy, now).await?;
    }
    changes::record_stock(conn, &[variant], now).await?;
    low_stock::follow(conn, &[variant], now).await
}

async fn keep(conn: &mut Connection, variant: VariantId, policy: Policy, now: DateTime<Utc>) -> Result<()> {
    let (on_hand, reserved, tracked, backorder): (i64, i64, bool, bool) = stock_levels::table
        .find(variant)
        .select((
            stock_levels::on_hand,
            stock_levels::reserved,
            stock_levels::track_inventory,
            stock_levels::allow_backorder,
        ))
        .for_no_key_update()
        .first(conn)
        .await?;
    let tracked = policy.track_inventory.unwrap_or(tracked);
    let backorder = policy.allow_backorder.unwrap_or(backorder);
    let shortage = if tracked && !backorder { (reserved - on_hand).max(0) } else { 0 };
    let threshold = match policy.low_stock_threshold {
        None => None,
        Some(Some(own)) => Some((own, false)),
        Some(None) => Some((settings::default_threshold(conn).await?, true)),
    };
    diesel::update(stock_levels::table.find(variant))
        .set((
            stock_levels::track_inventory.eq(tracked),
            stock_levels::allow_backorder.eq(backorder),
            stock_levels::shortage.eq(shortage),
            threshold.map(|(threshold, uses_default)| {
                (stock_levels::low_stock_threshold.eq(threshold), stock_levels::uses_default_threshold.eq(uses_default))
            }),
        ))
        .prepared()
        .execute(conn)
        .await?;
    if shortage > 0 {
        let detail = format!("{variant}: {reserved} units are held for shoppers, but only {on_hand} are there.");
        alerts::raise(conn, AlertKind::Shortage, &variant.to_string(), None, &detail, now).await?;
    }
    Ok(())
}

/// Sets what a file says is on hand; answers whether that changed anything.
///
/// # Errors
/// `validation_failed` when stock moved after `as_of`, so that the file's count is no longer true.
pub async fn import(
    conn: &mut Connection,
    variant: VariantId,
    on_hand: i64,
    as_of: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let before: i64 =
        stock_levels::table.find(variant).select(stock_levels::on_hand).for_no_key_update().first(conn).await?;
    // What Shopify oversold it writes as less than nothing; only our own backorders are.
    let on_hand = on_hand.max(before.min(0));
    if before == on_hand {
        return Ok(false);
    }
    if let Some(as_of) = as_of {
        let moved = stock_movements::table
            .filter(stock_movements::variant_id.eq(variant))
            .filter(stock_movements::created_at.gt(as_of));
        let moved: i64 = moved.count().get_result(conn).await?;
        if moved > 0 {
            let detail =
                format!("has moved since the file was made: {before} are on hand now, the file says {on_hand}");
            return Err(Error::invalid("/stock", "moved", detail));
        }
    }
    change(conn, variant, on_hand - before, Reason::Import, None, now).await?;
    Ok(true)
}

/// Records what staff found. It is a fact and never refused: what goes below the reserved becomes a shortage, with
/// an alert.
///
/// # Errors
/// `not_found`; `validation_failed` when tracked stock would go below zero, or for a reason that is not staff's.
pub async fn adjust(
    conn: &mut Connection,
    variant: VariantId,
    adjustment: &StockAdjustment,
    now: DateTime<Utc>,
) -> Result<AdjustedStock> {
    if matches!(adjustment.reason, Reason::Initial | Reason::Sale | Reason::Restock | Reason::Import) {
        return Err(Error::invalid("/reason", "choice", "must be received, correction, damaged, lost or returned"));
    }
    change(conn, variant, adjustment.delta, adjustment.reason, adjustment.note.as_deref(), now).await
}

/// A variant's stock before it changes.
#[derive(Queryable, Selectable)]
#[diesel(table_name = stock_levels)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Level {
    on_hand: i64,
    reserved: i64,
    track_inventory: bool,
    allow_backorder: bool,
    low_stock_threshold: i64,
    low_since: Option<DateTime<Utc>>,
    uses_default_threshold: bool,
    out_since: Option<DateTime<Utc>>,
}

impl Level {
    /// Whether it runs low or out, or no longer does, once so many are on hand.
    const fn crosses(&self, on_hand: i64) -> bool {
        let is_low = self.low_stock_threshold > 0 && on_hand <= self.low_stock_threshold;
        self.track_inventory && (is_low != self.low_since.is_some() || (on_hand <= 0) != self.out_since.is_some())
    }

    /// The stock once so many are on hand.
    const fn inventory(&self, on_hand: i64, shortage: i64) -> Inventory {
        Inventory {
            on_hand,
            reserved: self.reserved,
            available: on_hand - self.reserved,
            shortage,
            track_inventory: self.track_inventory,
            allow_backorder: self.allow_backorder,
            low_stock_threshold: self.low_stock_threshold,
            uses_default_threshold: self.uses_default_threshold,
        }
    }
}

/// Changes what is on hand, with its movement.
async fn change(
    conn: &mut Connection,
    variant: VariantId,
    delta: i64,
    reason: Reason,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<AdjustedStock> {
    let level: Option<Level> = stock_levels::table
        .find(variant)
        .select(Level::as_select())
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let level = level.ok_or_else(|| Error::not_found("variant"))?;
    let (before, reserved) = (level.on_hand, level.reserved);
    let on_hand = before + delta;
    if on_hand < 0 && delta < 0 && before >= 0 {
        return Err(Error::invalid("/delta", "range", format!("would leave {on_hand} units; only {before} are there")));
    }
    let limited = level.track_inventory && !level.allow_backorder;
    let shortage = if limited { (reserved - on_hand).max(0) } else { 0 };
    diesel::update(stock_levels::table.find(variant))
        .set((stock_levels::on_hand.eq(on_hand), stock_levels::shortage.eq(shortage)))
        .prepared()
        .execute(conn)
        .await?;
    record_movement(conn, variant, delta, on_hand, reason, note, now).await?;
    changes::record_stock(conn, &[variant], now).await?;
    let mut held_orders = Vec::new();
    if shortage > 0 {
        held_orders = reservations::table
            .filter(reservations::variant_id.eq(variant))
            .filter(reservations::status.eq("held"))
            .select(reservations::order_id)
            .order(reservations::created_at.desc())
            .limit(100)
            .load(conn)
            .await?;
        let detail = format!("{variant}: {reserved} units are held for shoppers, but only {on_hand} are there.");
        alerts::raise(conn, AlertKind::Shortage, &variant.to_string(), None, &detail, now).await?;
    }
    if level.crosses(on_hand) {
        low_stock::follow(conn, &[variant], now).await?;
    }
    Ok(AdjustedStock { variant_id: variant, inventory: level.inventory(on_hand, shortage), held_orders })
}
