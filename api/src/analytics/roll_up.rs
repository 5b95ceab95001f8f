//! Rolling up what waits, and, when that is in doubt, everything anew.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;
use scoped_futures::ScopedFutureExt;

use crate::app::App;
use crate::db::statement::{Bind, Statement};
use crate::db::{self, Connection};
use crate::error::Result;

/// How many sales and refunds are rolled up in one transaction.
const BATCH: i64 = 5000;

/// Carts are rolled up when their quarter is as old: whatever was begun in it is committed, or was rolled back.
const CARTS_AFTER: TimeDelta = TimeDelta::hours(1);

/// One at a time. It is written, so that a rebuild whose snapshot is of before it is told so.
const LOCK: &str = "UPDATE analytics_state SET carts_until = carts_until";

const TAKE: &str = "UPDATE analytics_pending SET taken = true \
     WHERE id IN (SELECT id FROM analytics_pending ORDER BY id LIMIT $1)";

const QUARTERS: &str = "INSERT INTO analytics_quarters AS roll (at, currency, orders, units, discounted_orders, first_orders, \
         gross, discounts, shipping, shipping_discounts, tax, total, \
         refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax) \
     SELECT at, currency, sum(orders), sum(units), sum(discounted_orders), sum(first_orders), \
         sum(gross), sum(discounts), sum(shipping), sum(shipping_discounts), sum(tax), sum(total), \
         sum(refunds), sum(refunded_units), sum(refunded), sum(refunded_goods), sum(refunded_shipping), sum(refunded_tax) \
     FROM analytics_waiting WHERE taken GROUP BY at, currency \
     ON CONFLICT (currency, at) DO UPDATE SET \
         orders = roll.orders + EXCLUDED.orders, \
         units = roll.units + EXCLUDED.units, \
         discounted_orders = roll.discounted_orders + EXCLUDED.discounted_orders, \
         first_orders = roll.first_orders + EXCLUDED.first_orders, \
         gross = roll.gross + EXCLUDED.gross, \
         discounts = roll.discounts + EXCLUDED.discounts, \
         shipping = roll.shipping + EXCLUDED.shipping, \
         shipping_discounts = roll.shipping_discounts + EXCLUDED.shipping_discounts, \
         tax = roll.tax + EXCLUDED.tax, \
         total = roll.total + EXCLUDED.total, \
         refunds = roll.refunds + EXCLUDED.refunds, \
         refunded_units = roll.refunded_units + EXCLUDED.refunded_units, \
         refunded = roll.refunded + EXCLUDED.refunded, \
         refunded_goods = roll.refunded_goods + EXCLUDED.refunded_goods, \
         refunded_shipping = roll.refunded_shipping + EXCLUDED.refunded_shipping, \
         refunded_tax = roll.refunded_tax + EXCLUDED.refunded_tax";

const VARIANTS: &str = "INSERT INTO analytics_variant_days AS roll \
         (day, variant_id, currency, product_id, units, gross, net, refunded_units, refunded_net) \
     SELECT day, variant_id, currency, (array_agg(product_id))[1], sum(units), sum(gross), sum(net), \
         sum(refunded_units), sum(refunded_net) \
     FROM analytics_waiting_lines WHERE taken GROUP BY day, variant_id, currency \
     ON CONFLICT (day, variant_id, currency) DO UPDATE SET \
         units = roll.units + EXCLUDED.units, \
         gross = roll.gross + EXCLUDED.gross, \
         net = roll.net + EXCLUDED.net, \
         refunded_units = roll.refunded_units + EXCLUDED.refunded_units, \
         refunded_net = roll.refunded_net + EXCLUDED.refunded_net";

const DROP_TAKEN: &str = "DELETE FROM analytics_pending WHERE taken";

/// The quarters from where carts are rolled up until `$1`; the view would read all carts for them.
const CARTS: &str = "WITH span AS (SELECT carts_until AS since FROM analytics_state), moments AS ( \
         SELECT created_at AS at, 1 AS carts, 0 AS carts_with_lines, 0 AS checkouts FROM carts, span \
         WHERE created_at >= since AND created_at < $1 \
         UNION ALL SELECT first_line_at, 0, 1, 0 FROM carts, span WHERE first_line_at >= since AND first_line_at < $1 \
         UNION ALL SELECT placed_at, 0, 0, 1 FROM orders, span WHERE placed_at >= since AND placed_at < $1 \
             AND NOT EXISTS (SELECT FROM orders AS earlier WHERE earlier.cart_id = orders.cart_id \
                 AND (earlier.placed_at, earlier.id) < (orders.placed_at, orders.id))) \
     INSERT INTO analytics_carts (at, carts, carts_with_lines, checkouts) \
     SELECT date_bin('15 minutes', at, '2000-01-01T00:00:00Z'), sum(carts), sum(carts_with_lines), sum(checkouts) \
     FROM moments GROUP BY 1";

const CARTS_UNTIL: &str = "UPDATE analytics_state SET carts_until = GREATEST(carts_until, $1)";

/// How far a step of carts goes, a month at most, so that the first roll-up of a large shop is not one statement.
const CARTS_STEP: &str = "SELECT LEAST($1, date_bin('15 minutes', \
         GREATEST(carts_until, COALESCE((SELECT min(created_at) FROM carts), $1)), '2000-01-01T00:00:00Z') \
         + interval '30 days') AS until FROM analytics_state";

/// Stands in the way of payments until the end of the transaction, and waits for those that have written.
const STOP: &str = "LOCK TABLE analytics_pending IN SHARE ROW EXCLUSIVE MODE";

const FORGET: [&str; 5] = [
    "DELETE FROM analytics_pending",
    "DELETE FROM analytics_quarters",
    "DELETE FROM analytics_variant_days",
    "DELETE FROM analytics_carts",
    "UPDATE analytics_state SET carts_until = '2000-01-01T00:00:00Z'",
];

const ALL_QUARTERS: &str = "INSERT INTO analytics_quarters (at, currency, orders, units, discounted_orders, first_orders, \
         gross, discounts, shipping, shipping_discounts, tax, total, \
         refunds, refunded_units, refunded, refunded_goods, refunded_shipping, refunded_tax) \
     SELECT at, currency, sum(orders), sum(units), sum(discounted_orders), sum(first_orders), \
         sum(gross), sum(discounts), sum(shipping), sum(shipping_discounts), sum(tax), sum(total), \
         sum(refunds), sum(refunded_units), sum(refunded), sum(refunded_goods), sum(refunded_shipping), sum(refunded_tax) \
     FROM analytics_figures GROUP BY at, currency";

const ALL_VARIANTS: &str = "INSERT INTO analytics_variant_days \
         (day, variant_id, currency, product_id, units, gross, net, refunded_units, refunded_net) \
     SELECT day, variant_id, currency, (array_agg(product_id))[1], sum(units), sum(gross), sum(net), \
         sum(refunded_units), sum(refunded_net) \
     FROM analytics_lines GROUP BY day, variant_id, currency";

/// Rolls up all that waits.
///
/// # Errors
/// Those of the database; what was rolled up before stays so.
pub async fn run(app: &App) -> Result<()> {
    let (mut conn, now) = (app.connection().await?, app.clock.now());
    while batch(&mut conn).await? == BATCH {}
    carts(&mut conn, now).await
}

/// Rolls up a batch in one transaction, so that each moment sees every sale once. Answers how many it were.
async fn batch(conn: &mut Connection) -> Result<i64> {
    db::transaction(conn, |conn| {
        async move {
            Statement::constant(LOCK).execute(conn).await?;
            let taken = Statement::constant(TAKE).with(Bind::Int(BATCH)).execute(conn).await?;
            if taken > 0 {
                for statement in [QUARTERS, VARIANTS, DROP_TAKEN] {
                    Statement::constant(statement).execute(conn).await?;
                }
            }
            Ok(i64::try_from(taken).unwrap_or(BATCH))
        }
        .scope_boxed()
    })
    .await
}

async fn carts(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    let until = quarter(now - CARTS_AFTER);
    while carts_step(conn, until).await? < until {}
    Ok(())
}

/// Rolls up a month of carts at most; answers until when they are.
async fn carts_step(conn: &mut Connection, last: DateTime<Utc>) -> Result<DateTime<Utc>> {
    db::transaction(conn, |conn| {
        async move {
            Statement::constant(LOCK).execute(conn).await?;
            let step: Option<Step> = Statement::constant(CARTS_STEP).with(Bind::Time(last)).optional(conn).await?;
            let until = step.map_or(last, |step| step.until);
            for statement in [CARTS, CARTS_UNTIL] {
                Statement::constant(statement).with(Bind::Time(until)).execute(conn).await?;
            }
            Ok(until)
        }
        .scope_boxed()
    })
    .await
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Timestamptz)]
    until: DateTime<Utc>,
}

/// The beginning of the quarter of an hour.
fn quarter(at: DateTime<Utc>) -> DateTime<Utc> {
    at - TimeDelta::seconds(at.timestamp().rem_euclid(900)) - TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into())
}

/// Rolls up everything anew from the orders, for a shop whose roll-ups are wrong. It sees one moment: what is sold meanwhile
/// waits to be rolled up, as ever, and nobody waits for it.
///
/// # Errors
/// Those of the database.
pub async fn rebuild(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    db::transaction(conn, |conn| {
        async move {
            diesel::sql_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(conn).await?;
            diesel::sql_query("SET LOCAL statement_timeout = '10min'").execute(conn).await?;
            anew(conn, now).await
        }
        .scope_boxed()
    })
    .await
}

/// The same inside the transaction of somebody who wrote orders in bulk; payments wait until its end.
///
/// # Errors
/// Those of the database.
pub async fn refill(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    Statement::constant(STOP).execute(conn).await?;
    anew(conn, now).await
}

async fn anew(conn: &mut Connection, now: DateTime<Utc>) -> Result<()> {
    for statement in std::iter::once(LOCK).chain(FORGET).chain([ALL_QUARTERS, ALL_VARIANTS]) {
        Statement::constant(statement).execute(conn).await?;
    }
    let until = quarter(now - CARTS_AFTER);
    for statement in [CARTS, CARTS_UNTIL] {
        Statement::constant(statement).with(Bind::Time(until)).execute(conn).await?;
    }
    Ok(())
}
