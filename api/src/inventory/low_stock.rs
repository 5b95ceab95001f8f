//! Stock that runs low or out: staff and other systems are told once when as few as a variant's threshold, or none, are on
//! hand, and again only after more were there. What is held for shoppers still counts as on hand, so that a hold is no
//! crossing.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use scoped_futures::ScopedFutureExt;
use serde_json::json;
use uuid::Uuid;

use super::settings;
use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::catalog::changes;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::{ProductId, VariantId};
use crate::live::{self, LiveSubject, LiveTopic};
use crate::webhooks_out::{EventType, events};

/// How many variants one transaction of the scan follows.
const BATCH: i64 = 500;

/// Notes, and answers, for which of the variants it has become low or out of stock, or no longer is.
const FOLLOW: &str = "
    WITH counted AS (
        SELECT level.*, variants.sku, variants.product_id, variants.archived_at IS NULL AND level.track_inventory AS counts
        FROM stock_levels AS level JOIN variants ON variants.id = level.variant_id
        WHERE level.variant_id = ANY($1) ORDER BY level.variant_id FOR NO KEY UPDATE OF level
    ), seen AS (
        SELECT *, low_since IS NOT NULL AS was_low, out_since IS NOT NULL AS was_out, counts AND on_hand <= 0 AS is_out,
            counts AND low_stock_threshold > 0 AND on_hand <= low_stock_threshold AS is_low FROM counted
    )
    UPDATE stock_levels AS level SET low_since = CASE WHEN is_low THEN COALESCE(seen.low_since, $2) END,
        out_since = CASE WHEN is_out THEN COALESCE(seen.out_since, $2) END
    FROM seen WHERE level.variant_id = seen.variant_id AND (is_low <> was_low OR is_out <> was_out)
    RETURNING seen.variant_id, seen.product_id, seen.sku, seen.on_hand, seen.reserved, seen.low_stock_threshold,
        counts, was_low, is_low, was_out, is_out";

/// Variants whose stock is low or out without a note, or noted although it is not.
const MISSED: &str = "
    SELECT level.variant_id FROM stock_levels AS level JOIN variants ON variants.id = level.variant_id
    WHERE (variants.archived_at IS NULL AND level.track_inventory AND level.low_stock_threshold > 0
            AND level.on_hand <= level.low_stock_threshold) <> (level.low_since IS NOT NULL)
        OR (variants.archived_at IS NULL AND level.track_inventory AND level.on_hand <= 0) <> (level.out_since IS NOT NULL)
    ORDER BY level.variant_id LIMIT $1";

/// Gives variants without a threshold of their own the shop's.
const DEFAULT: &str = "
    WITH other AS (
        SELECT variant_id FROM stock_levels WHERE uses_default_threshold AND low_stock_threshold <> $1
        ORDER BY variant_id LIMIT $2 FOR NO KEY UPDATE
    )
    UPDATE stock_levels AS level SET low_stock_threshold = $1
    FROM other WHERE level.variant_id = other.variant_id RETURNING level.variant_id";

#[derive(diesel::QueryableByName)]
struct Crossing {
    #[diesel(sql_type = SqlUuid)]
    variant_id: VariantId,
    #[diesel(sql_type = SqlUuid)]
    product_id: ProductId,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
    #[diesel(sql_type = BigInt)]
    reserved: i64,
    #[diesel(sql_type = BigInt)]
    low_stock_threshold: i64,
    /// Tracked and on sale.
    #[diesel(sql_type = Bool)]
    counts: bool,
    #[diesel(sql_type = Bool)]
    was_low: bool,
    #[diesel(sql_type = Bool)]
    is_low: bool,
    #[diesel(sql_type = Bool)]
    was_out: bool,
    #[diesel(sql_type = Bool)]
    is_out: bool,
}

impl Crossing {
    /// What other systems are told.
    fn events(&self) -> impl Iterator<Item = EventType> {
        let is_back = self.was_low && !self.is_low || self.was_out && !self.is_out;
        let all = [
            (!self.was_low && self.is_low, EventType::InventoryLowStock),
            (!self.was_out && self.is_out, EventType::InventoryOutOfStock),
            (is_back && self.counts, EventType::InventoryRestocked),
        ];
        all.into_iter().filter_map(|(is_so, event_type)| is_so.then_some(event_type))
    }

    async fn tell(self, conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
        for event_type in self.events() {
            let data = json!({
                "variant_id": self.variant_id, "product_id": self.product_id, "sku": self.sku,
                "on_hand": self.on_hand, "reserved": self.reserved, "available": self.on_hand - self.reserved,
                "low_stock_threshold": self.low_stock_threshold,
            });
            events::record(conn, event_type, None, data, now).await?;
        }
        let cause = self.variant_id.to_string();
        match (self.was_low, self.is_low) {
            (false, true) => {
                let Self { sku, on_hand, low_stock_threshold, .. } = self;
                let detail =
                    format!("{sku} ({cause}) runs low: {on_hand} on hand, and {low_stock_threshold} count as low.");
                alerts::raise(conn, AlertKind::LowStock, &cause, None, &detail, now).await
            }
            (true, false) => alerts::settle(conn, AlertKind::LowStock, &cause, now).await,
            (true, true) | (false, false) => Ok(()),
        }
    }
}

/// A variant, as statements about stock answer it.
#[derive(diesel::QueryableByName)]
pub struct Crossed {
    /// The variant.
    #[diesel(sql_type = SqlUuid)]
    pub variant_id: VariantId,
}

/// Tells of variants whose stock has crossed their threshold, or zero, in the transaction of the change. Others are left
/// alone. The last of its transaction, as it locks the stock.
///
/// # Errors
/// Those of the database.
pub async fn follow(conn: &mut Connection, variants: &[VariantId], now: DateTime<Utc>) -> Result<()> {
    if variants.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = variants.iter().map(|variant| variant.0).collect();
    let crossings: Vec<Crossing> =
        Statement::constant(FOLLOW).with(Bind::Uuids(ids)).with(Bind::Time(now)).load(conn).await?;
    for crossing in crossings {
        let subject = LiveSubject { variant_id: Some(crossing.variant_id), ..LiveSubject::default() };
        live::tell(conn, LiveTopic::LowStock, &subject, now).await?;
        crossing.tell(conn, now).await?;
    }
    Ok(())
}

/// Gives the shop's default to variants that lack it, then looks for crossings that nobody told of; tells of all.
///
/// # Errors
/// Those of the database.
pub async fn scan(app: &App) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    while db::transaction(&mut conn, |conn| async move { spread_default(conn, now).await }.scope_boxed()).await? > 0 {}
    loop {
        let missed: Vec<Crossed> = Statement::constant(MISSED).with(Bind::Int(BATCH)).load(&mut conn).await?;
        let variants = ids(missed);
        if variants.is_empty() {
            return Ok(());
        }
        tracing::warn!(variants = variants.len(), "Stock crossed its threshold untold");
        let variants = &variants;
        db::transaction(&mut conn, |conn| async move { follow(conn, variants, now).await }.scope_boxed()).await?;
    }
}

/// Gives some variants the shop's default; answers how many.
async fn spread_default(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize> {
    let default = settings::default_threshold(conn).await?;
    let changed: Vec<Crossed> =
        Statement::constant(DEFAULT).with(Bind::Int(default)).with(Bind::Int(BATCH)).load(conn).await?;
    let changed = ids(changed);
    changes::record_stock(conn, &changed, now).await?;
    follow(conn, &changed, now).await?;
    Ok(changed.len())
}

fn ids(rows: Vec<Crossed>) -> Vec<VariantId> {
    rows.into_iter().map(|row| row.variant_id).collect()
}
