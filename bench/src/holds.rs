//! Many live checkouts: what looking after them costs, and how fast holds that end together are closed at Stripe.

use std::time::{Duration, Instant};

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use merx::db::pool;
use tokio::task::JoinSet;

use crate::scenarios::Worker;
use crate::shop::Shop;

/// Live checkouts while the jobs' cost is measured.
const LIVE: i64 = 100_000;

/// Of those, checkouts with a session at Stripe, which end together.
const ENDING: i64 = 10_000;

/// How many make them at once.
const CLIENTS: i64 = 32;

/// How long the cost is watched: two runs of the reconciler and a bit.
const WATCH: Duration = Duration::from_secs(70);

/// What was measured.
pub(crate) struct Holds {
    /// Hundredths of a percent of one core, by the worker.
    pub(crate) worker_load: u64,
    /// The same by all of PostgreSQL.
    pub(crate) database_load: u64,
    /// Holds closed a minute.
    pub(crate) closed_per_minute: u64,
}

/// Each checkout that lives, but cannot be paid anywhere: rows alone, copied from a real one.
const COPIES: &str = "
    WITH pattern AS (
        SELECT checkouts.id, checkouts.cart_id, checkouts.order_id FROM checkouts WHERE status = 'open' LIMIT 1
    ), ids AS MATERIALIZED (
        SELECT gen_random_uuid() AS cart_id, gen_random_uuid() AS order_id, gen_random_uuid() AS checkout_id FROM generate_series(1, $1)
    ), new_carts AS (
        INSERT INTO carts SELECT (jsonb_populate_record(carts, jsonb_build_object('id', ids.cart_id))).*
        FROM ids, carts WHERE carts.id = (SELECT cart_id FROM pattern)
    ), new_orders AS (
        INSERT INTO orders SELECT (jsonb_populate_record(orders, jsonb_build_object('id', ids.order_id, 'cart_id', ids.cart_id,
            'metadata', '{\"copy\": true}'::jsonb))).*
        FROM ids, orders WHERE orders.id = (SELECT order_id FROM pattern)
    ), new_lines AS (
        INSERT INTO order_line_items SELECT (jsonb_populate_record(line, jsonb_build_object('id', gen_random_uuid(), 'order_id', ids.order_id))).*
        FROM ids, order_line_items AS line WHERE line.order_id = (SELECT order_id FROM pattern)
    ), new_checkouts AS (
        INSERT INTO checkouts SELECT (jsonb_populate_record(checkouts, jsonb_build_object('id', ids.checkout_id, 'cart_id', ids.cart_id,
            'order_id', ids.order_id, 'session_id', 'cs_copy_' || ids.checkout_id, 'idempotency_key', ids.checkout_id,
            'hold_expires_at', now() + interval '20 days', 'session_expires_at', now() + interval '20 days'))).*
        FROM ids, checkouts WHERE checkouts.id = (SELECT id FROM pattern)
    ), new_jobs AS (
        INSERT INTO jobs (id, kind, payload, dedupe_key, status, run_at, attempts, max_attempts, created_at)
        SELECT gen_random_uuid(), 'advance_checkout', '{}', 'copy:' || checkout_id, 'queued', now() + interval '20 days', 0, 20, now() FROM ids
    )
    INSERT INTO reservations SELECT (jsonb_populate_record(held, jsonb_build_object('order_id', ids.order_id))).*
    FROM ids, reservations AS held WHERE held.order_id = (SELECT order_id FROM pattern)";

/// What the copies hold, in the stock's own counter; run after they are made.
const COUNT: &str = "UPDATE stock_levels AS level SET reserved = (SELECT COALESCE(sum(quantity), 0) FROM reservations
    WHERE variant_id = level.variant_id AND status = 'held')";

const FORGET: &[&str] = &[
    // Whole orders go at once, so nothing is left that refers to what is not there; checking each row takes minutes.
    "SET session_replication_role = replica",
    "DELETE FROM jobs WHERE dedupe_key LIKE 'copy:%'",
    "DELETE FROM reservations USING orders WHERE orders.id = order_id AND orders.metadata = '{\"copy\": true}'",
    "DELETE FROM checkouts WHERE session_id LIKE 'cs_copy_%'",
    "DELETE FROM order_line_items USING orders WHERE orders.id = order_id AND orders.metadata = '{\"copy\": true}'",
    "DELETE FROM orders WHERE metadata = '{\"copy\": true}'",
    "DELETE FROM carts WHERE status = 'checking_out' AND NOT EXISTS (SELECT FROM orders WHERE cart_id = carts.id)",
    COUNT,
];

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

pub(crate) async fn execute(conn: &mut AsyncPgConnection, statement: &str) -> Result<(), String> {
    diesel::sql_query(statement).execute(conn).await.map(|_| ()).map_err(|error| error.to_string())
}

pub(crate) async fn count(conn: &mut AsyncPgConnection, query: &str) -> Result<i64, String> {
    let row: Count = diesel::sql_query(query).get_result(conn).await.map_err(|error| error.to_string())?;
    Ok(row.count)
}

/// Measures with service and worker running.
pub(crate) async fn measure(shop: &Shop) -> Result<Holds, String> {
    let mut tasks = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut worker = Worker::new(shop).await?;
        tasks.spawn(async move {
            for _ in 0..ENDING / CLIENTS + 1 {
                worker.hold().await?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.map_err(|error| error.to_string())??;
    }
    eprintln!("{ENDING} checkouts are open");
    let mut conn = pool::connect_once(shop.database_url()).await.map_err(|error| error.to_string())?;
    execute(&mut conn, "SET statement_timeout = 0").await?;
    let copies = LIVE - count(&mut conn, "SELECT count(*) FROM checkouts WHERE status = 'open'").await?;
    let made = diesel::sql_query(COPIES).bind::<diesel::sql_types::BigInt, _>(copies).execute(&mut conn).await;
    made.map_err(|error| error.to_string())?;
    for statement in [COUNT, "ANALYZE"] {
        execute(&mut conn, statement).await?;
    }
    eprintln!("{copies} copies are made");
    let (worker_load, database_load) = watch(shop).await?;
    let closed_per_minute = close_all(&mut conn).await?;
    for statement in FORGET {
        execute(&mut conn, statement).await?;
    }
    Ok(Holds { worker_load, database_load, closed_per_minute })
}

async fn watch(shop: &Shop) -> Result<(u64, u64), String> {
    let before = (shop.worker_ticks()?, database_ticks());
    tokio::time::sleep(WATCH).await;
    let after = (shop.worker_ticks()?, database_ticks());
    // A tick is a hundredth of a second, so ticks a second are percent.
    let load = |before: u64, after: u64| after.saturating_sub(before) * 100 / WATCH.as_secs();
    Ok((load(before.0, after.0), load(before.1, after.1)))
}

/// Ends all holds of real checkouts at once, and waits until all are closed.
async fn close_all(conn: &mut AsyncPgConnection) -> Result<u64, String> {
    let open = "SELECT count(*) FROM checkouts WHERE status = 'open' AND session_id NOT LIKE 'cs_copy_%'";
    let ending = count(conn, open).await?;
    execute(
        conn,
        "UPDATE checkouts SET hold_expires_at = now() WHERE status = 'open' AND session_id NOT LIKE 'cs_copy_%'",
    )
    .await?;
    let started = Instant::now();
    execute(conn, "UPDATE jobs SET run_at = now() WHERE kind = 'advance_checkout' AND status = 'queued' AND dedupe_key LIKE 'hold:%'").await?;
    // Cheap to ask, so that asking is no load of its own; then the checkouts themselves.
    let left = "SELECT count(*) FROM jobs WHERE kind = 'advance_checkout' AND status IN ('queued', 'running') AND run_at <= now()";
    while count(conn, left).await? > 0 || count(conn, open).await? > 0 {
        if started.elapsed() > Duration::from_secs(600) {
            return Err("the holds were not closed in ten minutes".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    Ok(u64::try_from(ending).unwrap_or_default() * 60_000 / millis)
}

/// Hundredths of seconds that PostgreSQL's processes have worked.
fn database_ticks() -> u64 {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(|id| ticks(id, "postgres")).sum()
}

/// What a process of this name has worked, with its ended children: `utime`, `stime`, `cutime`, `cstime` of proc(5).
pub(crate) fn ticks(process: u32, name: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (head, rest) = stat.rsplit_once(") ")?;
    if !head.ends_with(&format!("({name}")) {
        return None;
    }
    Some(rest.split(' ').skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum())
}
