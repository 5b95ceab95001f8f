//! A year of a million orders: how long the analytics take to answer for all of it.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use merx::analytics::roll_up;
use merx::clock::Clock;
use merx::db::pool;

use crate::client::Client;
use crate::shop::Shop;

/// How often each is asked.
const TIMES: usize = 30;

/// What was measured of one question.
pub(crate) struct Answered {
    pub(crate) name: &'static str,
    pub(crate) median: Duration,
    pub(crate) slowest: Duration,
}

/// Rows alone, evenly over the year: 1,500,000 carts, of which a million were paid, two lines each; of every twentieth order
/// a line was given back. Nothing looks at what they refer to, which would take hours; keys ascend, as those of a shop do.
const YEAR: [&str; 9] = [
    "SET session_replication_role = replica",
    "SET synchronous_commit = off",
    "SET statement_timeout = 0",
    "CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
         $$ SELECT (kind || lpad(to_hex(n), 31, '0'))::uuid $$",
    "INSERT INTO carts (id, status, currency, email, metadata, token_version, version, expires_at, created_at, updated_at,
         discount_codes, tax_ids, tax_exemption, first_line_at)
     SELECT pg_temp.id('c', n), CASE WHEN n % 3 = 0 THEN 'abandoned' ELSE 'completed' END, 'EUR', NULL, '{}', 1, 1,
         at + interval '30 days', at, at, '{}', '[]', 'none', at
     FROM (SELECT n, now() - interval '365 days' + n * (interval '365 days' / 1500001) - interval '10 minutes' AS at
         FROM generate_series(1, 1500000) AS n) AS moments",
    "INSERT INTO orders (id, number, cart_id, status, payment_status, fulfillment_status, payment_review, currency, email,
         metadata, subtotal, discount, shipping, shipping_discount, tax_added, tax_included, total, captured, token_version,
         version, placed_at, paid_at, updated_at, discounts, tax, refund_claimed, refund_imported, disputed, dispute_status,
         bought_before)
     SELECT pg_temp.id('0', n), 'B' || n, pg_temp.id('c', n), 'completed', 'paid', 'delivered', false, 'EUR',
         'buyer' || n % 400000 || '@example.com', '{}', 4000, 0, 490, 0, 0, 717, 4490, 4490, 1, 1, at - interval '5 minutes',
         at, at, '[]', '{\"shipping\": {\"included\": {\"amount\": 78}}}', 0, 0, 0, 'none', n > 400000
     FROM (SELECT n, now() - interval '365 days' + n * (interval '365 days' / 1500001) AS at
         FROM generate_series(1, 1500000) AS n WHERE n % 3 <> 0) AS moments",
    "INSERT INTO order_line_items (id, order_id, position, variant_id, product_id, sku, title, variant_title,
         requires_shipping, metadata, quantity, unit_price, subtotal, discount, tax_added, tax_included, total, discounts,
         tax_breakdown, fulfilled_quantity, restocked_quantity, refunded_quantity, refunded_amount, refunded_tax, removed_quantity)
     SELECT pg_temp.id('a', 2 * n + part), pg_temp.id('0', n), part, sold.id, sold.product_id, 'S', 'Thing',
         'Default', true, '{}', 1, price, price, 0, 0, price * 19 / 119, price, '[]', '[]', 1, 0, 0, 0, 0, 0
     FROM (SELECT id, product_id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places FROM variants) AS sold
     JOIN (SELECT n, part, CASE part WHEN 0 THEN 1500 ELSE 2500 END AS price, n::bigint * (n + part * 7) AS draw
         FROM generate_series(1, 1500000) AS n, generate_series(0, 1) AS part WHERE n % 3 <> 0) AS drawn
         ON sold.place = drawn.draw % sold.places",
    "INSERT INTO refunds (id, order_id, status, amount, currency, reason, payment_intent_id, sends, created_at, updated_at,
         source, shipping, tax, requested_by, tax_mode, succeeded_at)
     SELECT overlay(id::text placing 'f' from 1)::uuid, id, 'succeeded', 1500, 'EUR', 'returned', 'pi', 1, paid_at, paid_at, 'merx', 0, 239,
         'bench', 'lines', paid_at + interval '2 hours' FROM orders WHERE number LIKE 'B%7' AND right(number, 2) < '50'",
    "INSERT INTO refund_line_items (refund_id, line_item_id, quantity, amount, tax, removed, restock)
     SELECT refunds.id, line.id, 1, 1500, 239, 0, 0 FROM refunds JOIN order_line_items AS line
         ON line.order_id = refunds.order_id AND line.position = 0",
];

async fn execute(conn: &mut AsyncPgConnection, statement: &str) -> Result<(), String> {
    diesel::sql_query(statement).execute(conn).await.map(|_| ()).map_err(|error| error.to_string())
}

/// Makes the year, rolls it up, and asks for all of it.
pub(crate) async fn measure(shop: &Shop) -> Result<(Duration, Vec<Answered>), String> {
    let mut conn = pool::connect_once(shop.database_url()).await.map_err(|error| error.to_string())?;
    for statement in YEAR {
        execute(&mut conn, statement).await?;
    }
    execute(&mut conn, "VACUUM ANALYZE").await?;
    eprintln!("1,000,000 orders are made");
    let started = Instant::now();
    let now = Clock::new(None).now();
    roll_up::rebuild(&mut conn, now).await.map_err(|error| error.to_string())?;
    let rolled_up = started.elapsed();
    execute(&mut conn, "VACUUM ANALYZE").await?;
    let (today, bearer) = (now.date_naive(), shop.staff("analytics:read").await?);
    let year = format!("from={}&to={today}&time_zone=Europe/Berlin", today - TimeDelta::days(364));
    let mut client = Client::connect(shop.api()).await?;
    let mut all = Vec::new();
    for (name, path) in [
        ("revenue of a year by day", format!("revenue?{year}&bucket=day")),
        ("revenue of a year by month", format!("revenue?{year}&bucket=month")),
        ("summary of a year", format!("summary?{year}")),
        ("products of a year", format!("products?{year}")),
        ("funnel of a year", format!("funnel?{year}")),
        ("stock of 2,000 variants", "inventory".to_owned()),
    ] {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let started = Instant::now();
            let headers = [("Authorization", bearer.as_str())];
            client.send(Method::GET, &format!("/v1/admin/analytics/{path}"), &headers, None).await?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let median = times.get(TIMES / 2).copied().unwrap_or_default();
        all.push(Answered { name, median, slowest: times.last().copied().unwrap_or_default() });
    }
    Ok((rolled_up, all))
}
