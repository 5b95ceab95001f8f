//! What sells best. Whole days (UTC) come from the roll-up, what the zone adds at both ends from the orders.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::convert::{self, ONE, Rates};
use super::period::{self, AnalyticsQuery, Period, Telling};
use super::shapes::AnalyticsPeriod;
use super::sums;
use crate::app::App;
use crate::db::statement::{Bind, Statement};
use crate::db::{Connection, text_enum};
use crate::error::Result;
use crate::ids::{ProductId, VariantId};
use crate::money::{Currency, Money};

text_enum! {
    /// What the best are best by.
    ProductRanking {
        /// Units sold.
        Units => "units",
        /// Net sales.
        NetSales => "net_sales",
    }
}

text_enum! {
    /// What each row is of.
    ProductGrouping {
        /// A product, with all its variants.
        Product => "product",
        /// A variant.
        Variant => "variant",
    }
}

/// Which products are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProductAnalyticsQuery {
    /// The first day, in the zone; when absent, the 29th before the last.
    #[param(example = "2026-10-01")]
    pub from: Option<NaiveDate>,
    /// The last day, in the zone, which is included; when absent, today.
    #[param(example = "2026-10-31")]
    pub to: Option<NaiveDate>,
    /// A zone of the IANA database, which days begin in; when absent, `UTC`.
    #[param(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// The currency of all amounts; when absent, the shop's. Only what was sold in it counts, unless `convert` is set.
    pub currency: Option<Currency>,
    /// Whether what was sold in other currencies counts as well, converted at the day's stored rate.
    pub convert: Option<bool>,
    /// What the best are best by; when absent, net sales.
    pub sort: Option<ProductRanking>,
    /// What each row is of; when absent, a product.
    pub by: Option<ProductGrouping>,
    /// How many rows there are.
    #[param(minimum = 1, maximum = 1000, default = 20)]
    #[validate(range(min = 1, max = 1000))]
    pub limit: Option<i64>,
}

/// What sold best.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProductAnalytics {
    /// The days that it is of.
    pub period: AnalyticsPeriod,
    /// The best first.
    pub data: Vec<ProductFigures>,
}

/// What was sold of a product or variant.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProductFigures {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub title: String,
    /// The variant, where rows are of variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub variant_id: Option<VariantId>,
    /// What sets the variant apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub variant_title: Option<String>,
    /// Units that were sold.
    pub units: i64,
    /// Price × quantity of what was sold, without tax.
    pub gross_sales: Money,
    /// `gross_sales`, less its discounts, less what was given back of its lines; without tax.
    pub net_sales: Money,
    /// Units that were given back.
    pub refunded_units: i64,
    /// Units sold, of those and the ones on hand now, a decimal number; `null` when no stock is kept.
    #[schema(example = "0.6200")]
    pub sell_through: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    product_id: ProductId,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    variant_id: Option<VariantId>,
    #[diesel(sql_type = Nullable<Text>)]
    variant_title: Option<String>,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    gross: i64,
    #[diesel(sql_type = BigInt)]
    net: i64,
    #[diesel(sql_type = BigInt)]
    refunded_units: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    on_hand: Option<i64>,
}

/// What sold best in a period.
///
/// # Errors
/// `invalid_query`; those of the database.
pub(super) async fn read(conn: &mut Connection, app: &App, query: &ProductAnalyticsQuery) -> Result<ProductAnalytics> {
    let of_period = AnalyticsQuery {
        from: query.from,
        to: query.to,
        time_zone: query.time_zone.clone(),
        currency: query.currency,
        convert: query.convert,
        ..AnalyticsQuery::default()
    };
    let (period, _, telling) = period::resolve(conn, app, &of_period).await?;
    let mut missing = BTreeSet::new();
    let mut statement = Statement::default();
    statement.push("WITH ");
    if telling.converts {
        factors(conn, &mut statement, &period, telling.currency, &mut missing).await?;
    }
    facts(&mut statement, &period, telling);
    let by = query.by.unwrap_or(ProductGrouping::Product);
    rank(&mut statement, telling, by, query.sort.unwrap_or(ProductRanking::NetSales), query.limit.unwrap_or(20));
    let rows: Vec<Row> = statement.load(conn).await?;
    let shape = |row: Row| ProductFigures {
        product_id: row.product_id,
        title: row.title,
        variant_id: row.variant_id,
        variant_title: row.variant_title,
        units: row.units,
        gross_sales: Money::new(row.gross, telling.currency),
        net_sales: Money::new(row.net, telling.currency),
        refunded_units: row.refunded_units,
        sell_through: row.on_hand.and_then(|on_hand| sell_through(row.units, on_hand)),
    };
    let rate_note = telling.converts.then(|| convert::note(&missing));
    Ok(ProductAnalytics { data: rows.into_iter().map(shape).collect(), period: period.shape(telling, rate_note) })
}

/// Units sold, of those and the ones on hand.
pub(super) fn sell_through(units: i64, on_hand: i64) -> Option<String> {
    sums::share(units.into(), i128::from(units) + i128::from(on_hand.max(0)))
}

/// What each currency was worth on each day of the period.
async fn factors(
    conn: &mut Connection,
    statement: &mut Statement,
    period: &Period,
    target: Currency,
    missing: &mut BTreeSet<Currency>,
) -> Result<()> {
    #[derive(QueryableByName)]
    struct Sold {
        #[diesel(sql_type = Text)]
        currency: Currency,
    }
    let sold: Vec<Sold> =
        Statement::constant("SELECT DISTINCT currency FROM analytics_answers WHERE at >= $1 AND at < $2")
            .with(Bind::Time(period.start()))
            .with(Bind::Time(period.end))
            .load(conn)
            .await?;
    let currencies: BTreeSet<Currency> = sold.into_iter().map(|sold| sold.currency).collect();
    let rates = Rates::read(conn, &currencies, target).await?;
    let (mut codes, mut days, mut worth) = (Vec::new(), Vec::new(), Vec::new());
    for currency in currencies {
        let all = period.start().date_naive().iter_days().take_while(|day| *day <= period.end.date_naive());
        for day in all {
            let Some(factor) = rates.factor(currency, day) else {
                missing.insert(currency);
                break;
            };
            codes.push(currency.to_string());
            days.push(day.to_string());
            let mut text = String::new();
            // Writing into a text cannot fail.
            let _ = write!(text, "{}.{:012}", factor / ONE, factor % ONE);
            worth.push(text);
        }
    }
    statement.push("factors AS (SELECT currency, day::date AS day, factor::numeric AS factor FROM unnest(");
    statement.bind(Bind::Texts(codes)).push(", ").bind(Bind::Texts(days)).push(", ").bind(Bind::Texts(worth));
    statement.push(") AS given (currency, day, factor)), ");
    Ok(())
}

/// The days (UTC) that are in the period as a whole, and the two spans before and after them.
struct Cut {
    days: (NaiveDate, NaiveDate),
    before: (DateTime<Utc>, DateTime<Utc>),
    after: (DateTime<Utc>, DateTime<Utc>),
}

impl Cut {
    fn of(period: &Period) -> Self {
        let (start, end) = (period.start(), period.end);
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let down = |at: DateTime<Utc>| midnight(at.date_naive());
        let first = if down(start) == start { start } else { down(start) + TimeDelta::days(1) };
        let whole_from = first.min(end);
        let whole_to = down(end).max(whole_from);
        Self { days: (first.date_naive(), down(end).date_naive()), before: (start, whole_from), after: (whole_to, end) }
    }
}

const COLUMNS: &str = "variant_id, product_id, currency, day, units, gross, net, refunded_units, refunded_net";

/// The lines of the period, in the currency that counts unless others are converted.
fn facts(statement: &mut Statement, period: &Period, telling: Telling) {
    let cut = Cut::of(period);
    statement.push("lines AS (SELECT ").push(COLUMNS).push(" FROM analytics_line_answers WHERE day >= ");
    statement.bind(Bind::Text(cut.days.0.to_string())).push("::date AND day < ");
    statement.bind(Bind::Text(cut.days.1.to_string())).push("::date");
    for (from, to) in [cut.before, cut.after] {
        statement.push(" UNION ALL SELECT ").push(COLUMNS).push(" FROM analytics_lines WHERE at >= ");
        statement.bind(Bind::Time(from)).push(" AND at < ").bind(Bind::Time(to));
    }
    if telling.converts {
        statement.push("), facts AS (SELECT lines.*, factor FROM lines JOIN factors USING (currency, day)");
    } else {
        statement.push("), facts AS (SELECT * FROM lines WHERE currency = ");
        statement.bind(Bind::Text(telling.currency.to_string()));
    }
    statement.push("), ");
}

fn rank(statement: &mut Statement, telling: Telling, by: ProductGrouping, sort: ProductRanking, limit: i64) {
    let (group, variant) = match by {
        ProductGrouping::Product => ("product_id", "NULL::uuid"),
        ProductGrouping::Variant => ("product_id, variant_id", "variant_id"),
    };
    statement.push("best AS (SELECT product_id, ").push(variant).push(" AS variant_id, ");
    statement.push(if telling.converts {
        "round(sum(gross * factor))::bigint AS gross, round(sum((net - refunded_net) * factor))::bigint AS net, "
    } else {
        "sum(gross)::bigint AS gross, sum(net - refunded_net)::bigint AS net, "
    });
    statement.push("sum(units)::bigint AS units, sum(refunded_units)::bigint AS refunded_units FROM facts GROUP BY ");
    statement.push(group).push(" ORDER BY ").push(match sort {
        ProductRanking::Units => "units DESC, net DESC",
        ProductRanking::NetSales => "net DESC, units DESC",
    });
    statement.push(", product_id, variant_id LIMIT ").bind(Bind::Int(limit));
    statement.push(
        ") SELECT best.*, COALESCE(products.title, '') AS title, variants.title AS variant_title, stock.on_hand \
         FROM best LEFT JOIN products ON products.id = best.product_id LEFT JOIN variants ON variants.id = best.variant_id, \
         LATERAL (SELECT sum(GREATEST(on_hand, 0))::bigint AS on_hand FROM stock_levels \
             JOIN variants AS each ON each.id = stock_levels.variant_id \
             WHERE track_inventory AND each.product_id = best.product_id \
             AND (best.variant_id IS NULL OR each.id = best.variant_id)) AS stock ORDER BY ",
    );
    statement.push(match sort {
        ProductRanking::Units => "best.units DESC, best.net DESC",
        ProductRanking::NetSales => "best.net DESC, best.units DESC",
    });
    statement.push(", best.product_id, best.variant_id");
}
