//! The shape of growth: the same calls, one after the other by one client, on a shop that grows a thousandfold. What is kept
//! of answers is turned off, so that each call asks the database.

use std::time::{Duration, Instant};

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hyper::Method;
use merx::db::pool;
use merx::dev::copies;

use crate::holds::execute;
use crate::load::Client;
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

/// What one size took: each call's name with the median of its times, in one order.
pub(crate) type Medians = Vec<(&'static str, Duration)>;

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

async fn names(conn: &mut AsyncPgConnection, query: &str) -> Result<Vec<String>, String> {
    let rows: Vec<Name> = diesel::sql_query(query).load(conn).await.map_err(|error| error.to_string())?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Measures each size in turn.
pub(crate) async fn measure(shop: &mut Shop) -> Result<Vec<Medians>, String> {
    shop.serve().await?;
    buy(shop).await?;
    shop.stop_service().await?;
    let mut conn = pool::connect_once(shop.database_url()).await.map_err(|error| error.to_string())?;
    let wrong = |error: merx::error::Error| error.to_string();
    copies::keep(&mut conn).await.map_err(wrong)?;
    let (mut all, mut before) = (Vec::new(), 1);
    for size in SIZES {
        copies::grow(&mut conn, before, size).await.map_err(wrong)?;
        execute(&mut conn, "CHECKPOINT").await?;
        before = size;
        eprintln!("{size},000 products and orders are made");
        shop.serve_from_the_database().await?;
        let medians = ask(shop, &mut conn).await?;
        for (name, median) in &medians {
            eprintln!("{name}: {} µs", median.as_micros());
        }
        all.push(medians);
        shop.stop_service().await?;
    }
    Ok(all)
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
async fn ask(shop: &mut Shop, conn: &mut AsyncPgConnection) -> Result<Medians, String> {
    let number = TIMES.0 + TIMES.1;
    let drawn =
        |what: &str, table: &str| format!("SELECT {what}::text AS name FROM {table} ORDER BY random() LIMIT {number}");
    shop.sell(names(conn, &drawn("id", "variants")).await?);
    let bearer = shop.staff("orders:read").await?;
    let mut medians = Vec::new();
    for (name, path, of) in [
        ("product by key", "/v1/products/", drawn("id", "products")),
        ("product by slug", "/v1/products/", drawn("slug", "products")),
        ("staff: order by key", "/v1/admin/orders/", drawn("id", "orders")),
        ("staff: orders by number", "/v1/admin/orders?q=", drawn("number", "orders")),
        (
            "staff: page of orders",
            "/v1/admin/orders?limit=50&placed_to=",
            drawn("to_json(placed_at) #>> '{}'", "orders"),
        ),
    ] {
        let paths: Vec<String> =
            names(conn, &of).await?.iter().map(|of| format!("{path}{}", of.replace('+', "%2B"))).collect();
        medians.push((name, median_of(shop, &bearer, &paths).await?));
    }
    for (name, scenario) in [
        ("page of products by price, each with another filter and cursor", Scenario::ColdList),
        ("create cart + add line", Scenario::CartAndLine),
        ("checkout", Scenario::Checkout),
        ("full-text search", Scenario::Search),
    ] {
        let mut worker = Worker::new(shop).await?;
        let mut times = Vec::new();
        for _ in 0..number {
            times.push(scenario.round(&mut worker).await?);
        }
        medians.push((name, median(times)));
    }
    Ok(medians)
}

async fn median_of(shop: &Shop, bearer: &str, paths: &[String]) -> Result<Duration, String> {
    let mut client = Client::connect(shop.api()).await?;
    let mut times = Vec::new();
    for path in paths {
        let started = Instant::now();
        client.send(Method::GET, path, &[("Authorization", bearer)], None).await?;
        times.push(started.elapsed());
    }
    Ok(median(times))
}

/// Of those after the first, in which the database reads and plans what it then keeps.
fn median(times: Vec<Duration>) -> Duration {
    let mut times: Vec<Duration> = times.into_iter().skip(TIMES.0).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
