//! How long the stock lasts, by what was sold in the last thirty days.

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::products::sell_through;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::Result;
use crate::ids::{ProductId, VariantId};

/// The days that count as the present pace, today included.
const DAYS: i64 = 30;

text_enum! {
    /// What comes first.
    InventoryRanking {
        /// What lasts shortest.
        DaysLeft => "days_of_stock_left",
        /// What sold most.
        UnitsSold => "units_sold_30d",
        /// What there is most of.
        OnHand => "on_hand",
    }
}

/// Which variants are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InventoryAnalyticsQuery {
    /// What comes first; when absent, what lasts shortest.
    pub sort: Option<InventoryRanking>,
    /// How many variants there are.
    #[param(minimum = 1, maximum = 10_000, default = 50)]
    #[validate(range(min = 1, max = 10_000))]
    pub limit: Option<i64>,
}

/// How long the stock lasts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InventoryAnalytics {
    /// Variants whose stock is kept and that are not archived.
    pub data: Vec<InventoryFigures>,
}

/// How long the stock of a variant lasts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct InventoryFigures {
    /// The variant.
    pub variant_id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// Stock keeping unit.
    pub sku: String,
    /// The product's name.
    pub title: String,
    /// What sets the variant apart.
    pub variant_title: String,
    /// Units that are there.
    pub on_hand: i64,
    /// Of those, the ones that are not held for checkouts.
    pub available: i64,
    /// Units that were sold in the last thirty days (UTC), today included, in all currencies.
    pub units_sold_30d: i64,
    /// For how many whole days the units on hand last at that pace; `null` when nothing was sold.
    pub days_of_stock_left: Option<i64>,
    /// Units sold, of those and the ones on hand, a decimal number; `null` when there are none of either.
    #[schema(example = "0.6200")]
    pub sell_through: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    variant_id: VariantId,
    #[diesel(sql_type = SqlUuid)]
    product_id: ProductId,
    #[diesel(sql_type = Text)]
    sku: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    variant_title: String,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
    #[diesel(sql_type = BigInt)]
    available: i64,
    #[diesel(sql_type = BigInt)]
    sold: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    days_left: Option<i64>,
}

const LASTING: &str = "SELECT variants.id AS variant_id, variants.product_id, variants.sku, products.title, variants.title AS variant_title, \
         level.on_hand, GREATEST(level.on_hand - level.reserved, 0) AS available, COALESCE(recent.units, 0) AS sold, \
         GREATEST(level.on_hand, 0) * $2 / NULLIF(recent.units, 0) AS days_left \
     FROM stock_levels AS level JOIN variants ON variants.id = level.variant_id \
     JOIN products ON products.id = variants.product_id \
     LEFT JOIN (SELECT variant_id, sum(units)::bigint AS units FROM analytics_line_answers \
         WHERE day > $1::date GROUP BY variant_id) AS recent ON recent.variant_id = level.variant_id \
     WHERE level.track_inventory AND variants.archived_at IS NULL AND products.status <> 'archived'";

/// How long the stock lasts.
///
/// # Errors
/// Those of the database.
pub(super) async fn read(
    conn: &mut Connection,
    query: &InventoryAnalyticsQuery,
    today: NaiveDate,
) -> Result<InventoryAnalytics> {
    let mut statement = Statement::default();
    let lasting = Statement::constant(LASTING)
        .with(Bind::Text((today - TimeDelta::days(DAYS)).to_string()))
        .with(Bind::Int(DAYS));
    statement.append(lasting).push(match query.sort.unwrap_or(InventoryRanking::DaysLeft) {
        InventoryRanking::DaysLeft => " ORDER BY days_left NULLS LAST, on_hand, sku",
        InventoryRanking::UnitsSold => " ORDER BY sold DESC, on_hand, sku",
        InventoryRanking::OnHand => " ORDER BY on_hand DESC, sku",
    });
    statement.push(" LIMIT ").bind(Bind::Int(query.limit.unwrap_or(50)));
    let rows: Vec<Row> = statement.load(conn).await?;
    let shape = |row: Row| InventoryFigures {
        variant_id: row.variant_id,
        product_id: row.product_id,
        sku: row.sku,
        title: row.title,
        variant_title: row.variant_title,
        on_hand: row.on_hand,
        available: row.available,
        units_sold_30d: row.sold,
        days_of_stock_left: row.days_left,
        sell_through: sell_through(row.sold, row.on_hand),
    };
    Ok(InventoryAnalytics { data: rows.into_iter().map(shape).collect() })
}
