//! Stock that runs low: staff are told once when as few as a variant's threshold are on hand, and again only after more
//! were there. What is held for shoppers still counts as on hand, so that a hold is no crossing.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use scoped_futures::ScopedFutureExt;
use uuid::Uuid;

use crate::alerts::{self, AlertKind};
use crate::app::App;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection};
use crate::error::Result;
use crate::ids::VariantId;
use crate::live::{self, LiveSubject, LiveTopic};

/// How many variants one transaction of the scan follows.
const BATCH: i64 = 500;

/// Notes, and answers, for which of the variants it has become low, or no longer is.
const FOLLOW: &str = "
    WITH seen AS (
        SELECT level.variant_id, level.low_since, variants.sku, variants.archived_at IS NULL AND level.track_inventory
            AND level.low_stock_threshold > 0 AND level.on_hand <= level.low_stock_threshold AS is_low
        FROM stock_levels AS level JOIN variants ON variants.id = level.variant_id
        WHERE level.variant_id = ANY($1) ORDER BY level.variant_id FOR NO KEY UPDATE OF level
    )
    UPDATE stock_levels AS level SET low_since = CASE WHEN seen.is_low THEN $2 END
    FROM seen WHERE level.variant_id = seen.variant_id AND seen.is_low <> (seen.low_since IS NOT NULL)
    RETURNING level.variant_id, seen.sku, level.on_hand, level.low_stock_threshold, seen.is_low";

/// Variants whose stock is low without a note, or noted although it is not.
const MISSED: &str = "
    SELECT level.variant_id FROM stock_levels AS level JOIN variants ON variants.id = level.variant_id
    WHERE (variants.archived_at IS NULL AND level.track_inventory AND level.low_stock_threshold > 0
        AND level.on_hand <= level.low_stock_threshold) <> (level.low_since IS NOT NULL)
    ORDER BY level.variant_id LIMIT $1";

#[derive(diesel::QueryableByName)]
struct Crossing {
    #[diesel(sql_type = SqlUuid)]
    variant_id: VariantId,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
    #[diesel(sql_type = BigInt)]
    low_stock_threshold: i64,
    #[diesel(sql_type = Bool)]
    is_low: bool,
}

/// A variant, as statements about stock answer it.
#[derive(diesel::QueryableByName)]
pub struct Crossed {
    /// The variant.
    #[diesel(sql_type = SqlUuid)]
    pub variant_id: VariantId,
}

/// Tells of variants whose stock has crossed their threshold, in the transaction of the change. Others are left alone. The
/// last of its transaction, as it locks the stock.
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
        let cause = crossing.variant_id.to_string();
        if crossing.is_low {
            let Crossing { sku, on_hand, low_stock_threshold, .. } = crossing;
            let detail =
                format!("{sku} ({cause}) runs low: {on_hand} on hand, and {low_stock_threshold} count as low.");
            alerts::raise(conn, AlertKind::LowStock, &cause, None, &detail, now).await?;
        } else {
            alerts::settle(conn, AlertKind::LowStock, &cause, now).await?;
        }
    }
    Ok(())
}

/// Looks for crossings that nobody told of, and tells of them.
///
/// # Errors
/// Those of the database.
pub async fn scan(app: &App) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    loop {
        let missed: Vec<Crossed> = Statement::constant(MISSED).with(Bind::Int(BATCH)).load(&mut conn).await?;
        let variants: Vec<VariantId> = missed.into_iter().map(|missed| missed.variant_id).collect();
        if variants.is_empty() {
            return Ok(());
        }
        tracing::warn!(variants = variants.len(), "Stock crossed its threshold untold");
        let variants = &variants;
        db::transaction(&mut conn, |conn| async move { follow(conn, variants, now).await }.scope_boxed()).await?;
    }
}
