//! The shape of growth: the same calls, one after the other by one client, on a shop that grows a thousandfold. What is kept
//! of answers is turned off, so that each call asks the database. What is pruned after hours or weeks does not grow with it.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use merx::db::pool;
use merx::dev::copies;
use merx::ids::VariantId;

use crate::client::Client;
use crate::holds::execute;
use crate::load::Outcome;
use crate::scenarios::{Bought, Scenario, Worker};
use crate::shop::Shop;

/// Products, and orders: at first those of the measured shop, then so many times as many.
pub(crate) const SIZES: [i64; 3] = [1, 100, 1000];

/// Orders bought by the public API, of which the others are copies.
const ORDERS: usize = 1000;

/// How many buy those at once.
const CLIENTS: usize = 20;

/// How often each call is made before it is measured, and then.
const TIMES: (usize, usize) = (30, 300);

/// What one size took, in one order.
pub(crate) type Taken = Vec<Call>;

/// What one call took.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// p50 of what nobody had asked for since it was written, so that much of it came from the disk.
    pub(crate) at_first: Option<Duration>,
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Measures each size in turn.
pub(crate) async fn measure(shop: &mut Shop) -> Result<Vec<Taken>, String> {
    shop.serve().await?;
    buy(shop).await?;
    shop.stop_service().await?;
    let mut conn = pool::connect_once(shop.database_url()).await.map_err(|error| error.to_string())?;
    let wrong = |error: merx::error::Error| error.to_string();
    copies::keep(&mut conn).await.map_err(wrong)?;
    let (mut all, mut before) = (Vec::new(), 1);
    for size in SIZES {
        copies::grow(&mut conn, (before, size), &copies::PASSING).await.map_err(wrong)?;
        execute(&mut conn, "CHECKPOINT").await?;
        before = size;
        eprintln!("{size},000 products and orders are made");
        shop.serve_from_the_database().await?;
        all.push(ask(shop, &mut conn).await?);
        shop.stop_service().await?;
    }
    Ok(all)
}

#[derive(diesel::QueryableByName)]
struct Key {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: VariantId,
}

/// Keys of a table as the API writes them, drawn by lot.
async fn keys(conn: &mut AsyncPgConnection, table: &str, prefix: &str) -> Result<Vec<String>, String> {
    let number = TIMES.0 + TIMES.1;
    let drawn = diesel::sql_query(format!("SELECT id FROM {table} ORDER BY random() LIMIT {number}"));
    let rows: Vec<Key> = drawn.load(conn).await.map_err(|error| error.to_string())?;
    let written = rows.into_iter().map(|row| row.id.to_string());
    Ok(written.map(|id| format!("{prefix}{}", id.trim_start_matches("var_"))).collect())
}

/// Texts of a table, drawn by lot.
async fn texts(conn: &mut AsyncPgConnection, table: &str, what: &str) -> Result<Vec<String>, String> {
    let number = TIMES.0 + TIMES.1;
    let drawn = diesel::sql_query(format!(
        "SELECT {what}::text AS name FROM {table} WHERE {what} IS NOT NULL ORDER BY random() LIMIT {number}"
    ));
    let rows: Vec<Name> = drawn.load(conn).await.map_err(|error| error.to_string())?;
    Ok(rows.into_iter().map(|row| row.name.replace('+', "%2B")).collect())
}

async fn buy(shop: &Shop) -> Result<(), String> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let mut worker = Worker::new(shop).await?;
        tasks.spawn(async move {
            for _ in 0..ORDERS / CLIENTS {
                worker.buy(&mut Bought::default()).await?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.map_err(|error| error.to_string())??;
    }
    Ok(())
}

/// Makes each call of what was drawn by lot.
async fn ask(shop: &mut Shop, conn: &mut AsyncPgConnection) -> Result<Taken, String> {
    shop.sell(keys(conn, "variants", "var_").await?);
    let bearer = shop.staff("orders:read").await?;
    let mut taken = Vec::new();
    let placed = "to_char(placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    for (name, path, drawn) in [
        ("product by key", "/v1/products/", keys(conn, "products", "prod_").await?),
        ("product by slug", "/v1/products/", texts(conn, "products", "slug").await?),
        ("staff: order by key", "/v1/admin/orders/", keys(conn, "orders", "ord_").await?),
        ("staff: orders by number", "/v1/admin/orders?q=", texts(conn, "orders", "number").await?),
        ("staff: page of orders", "/v1/admin/orders?limit=50&placed_to=", texts(conn, "orders", placed).await?),
    ] {
        let paths: Vec<String> = drawn.iter().map(|end| format!("{path}{end}")).collect();
        let (at_first, _) = of(times_of(shop, &bearer, &paths).await?);
        let (p50, p99) = of(times_of(shop, &bearer, &paths).await?);
        taken.push(Call { name, p50, p99, at_first: Some(at_first) });
    }
    for (name, scenario) in [
        ("page of products by price, each with another filter and cursor", Scenario::ColdList),
        ("create cart + add line", Scenario::CartAndLine),
        ("checkout", Scenario::Checkout),
        ("full-text search", Scenario::Search),
    ] {
        let mut worker = Worker::new(shop).await?;
        let mut times = Vec::new();
        for _ in 0..TIMES.0 + TIMES.1 {
            times.push(scenario.round(&mut worker).await?);
        }
        let (p50, p99) = of(times);
        taken.push(Call { name, p50, p99, at_first: None });
    }
    Ok(taken)
}

async fn times_of(shop: &Shop, bearer: &str, paths: &[String]) -> Result<Vec<Duration>, String> {
    let mut client = Client::connect(shop.api()).await?;
    let mut times = Vec::new();
    for path in paths {
        let started = Instant::now();
        client.send(Method::GET, path, &[("Authorization", bearer)], None).await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

/// p50 and p99 of those after the first, in which the database reads and plans what it then keeps.
fn of(times: Vec<Duration>) -> (Duration, Duration) {
    let Outcome { p50, p99, .. } = Outcome::of(times.into_iter().skip(TIMES.0).collect(), Duration::ZERO);
    (p50, p99)
}
