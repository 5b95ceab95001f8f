//! What PostgreSQL and actix themselves do here, measured in the same run: the ladder that the service's figures stand on.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::load::per_second;
use crate::shop::Shop;

/// What a figure of the service stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ladder {
    /// An actix handler that sends as many bytes and does nothing else.
    Bare,
    /// The join of a list.
    List,
    /// The writes that an order cannot do without.
    Order,
    /// The same, all on one row.
    Hot,
}

impl Ladder {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare actix handler, bytes of a list",
            Self::List => "pgbench, list join of 20 products",
            Self::Order => "pgbench, order transaction of 6 statements",
            Self::Hot => "pgbench, the same on one hot row",
        }
    }
}

/// How often a second that ran, with 16 clients.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    pub(crate) ladder: Ladder,
    pub(crate) per_second: u64,
}

/// What a list reads: twenty products with their variants, stock and prices.
const LIST: &str = "SELECT p.id, p.slug, p.title, v.id, v.sku, s.on_hand, s.reserved, price.amount
    FROM (SELECT * FROM products WHERE status = 'active' ORDER BY created_at DESC, id DESC LIMIT 20) AS p
    JOIN variants AS v ON v.product_id = p.id JOIN stock_levels AS s ON s.variant_id = v.id
    JOIN variant_prices AS price ON price.variant_id = v.id AND price.currency = 'EUR';";

/// The writes that an order cannot do without, on tables of their own.
const ORDER: &str = "\\set id random(1, 2000)
BEGIN;
INSERT INTO bench_orders (body) VALUES ('an order') RETURNING id;
INSERT INTO bench_orders (body) VALUES ('a line');
INSERT INTO bench_orders (body) VALUES ('a checkout');
UPDATE bench_stock SET reserved = reserved + 1 WHERE id = :id;
COMMIT;";

/// The same row for everybody.
const HOT: &str = "BEGIN;
INSERT INTO bench_orders (body) VALUES ('an order');
UPDATE bench_stock SET reserved = reserved + 1 WHERE id = 1;
COMMIT;";

/// Measures with 16 clients and prepared statements.
pub(crate) async fn measure(shop: &Shop, duration: Duration) -> Result<Vec<Floor>, String> {
    let Some(pgbench) = find_pgbench() else {
        eprintln!("SKIPPED: pgbench's floors, as there is no pgbench beside PostgreSQL's programs");
        return Ok(Vec::new());
    };
    let tables = "CREATE TABLE IF NOT EXISTS bench_orders (id bigserial PRIMARY KEY, body text);
        CREATE TABLE IF NOT EXISTS bench_stock (id bigint PRIMARY KEY, reserved bigint);
        INSERT INTO bench_stock SELECT id, 0 FROM generate_series(1, 2000) AS id ON CONFLICT DO NOTHING;";
    pgbench_once(&pgbench, shop, tables).await?;
    let mut floors = Vec::new();
    for (ladder, script) in [(Ladder::List, LIST), (Ladder::Order, ORDER), (Ladder::Hot, HOT)] {
        floors.push(Floor { ladder, per_second: pgbench_run(&pgbench, shop, script, duration).await? });
    }
    pgbench_once(&pgbench, shop, "DROP TABLE bench_orders; DROP TABLE bench_stock;").await?;
    Ok(floors)
}

/// Measures a handler that does nothing but send what a list would be.
pub(crate) async fn bare(duration: Duration) -> Result<Floor, String> {
    const BYTES: usize = 32 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let (started, handle) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let body = web::Bytes::from(vec![b' '; BYTES]);
            let app = move || {
                let body = body.clone();
                App::new().route("/", web::get().to(move || std::future::ready(HttpResponse::Ok().body(body.clone()))))
            };
            let server = HttpServer::new(app).workers(2).listen(listener).map(HttpServer::run);
            if let Ok(server) = server {
                // Nobody waits for it when the receiver is gone.
                let _ = started.send(server.handle());
                let _ = server.await;
            }
        });
    });
    let handle = handle.recv().map_err(|error| error.to_string())?;
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..16 {
        let mut client = Client::connect(address).await?;
        tasks.spawn(async move {
            let mut rounds = 0;
            while begun.elapsed() < duration {
                client.get("/").await?;
                rounds += 1;
            }
            Ok::<usize, String>(rounds)
        });
    }
    let mut rounds = 0;
    while let Some(finished) = tasks.join_next().await {
        rounds += finished.map_err(|error| error.to_string())??;
    }
    let per_second = per_second(rounds, begun.elapsed());
    handle.stop(false).await;
    Ok(Floor { ladder: Ladder::Bare, per_second })
}

fn find_pgbench() -> Option<PathBuf> {
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let directories = on_path.chain(installed.map(|entry| entry.path().join("bin")));
    directories.map(|directory| directory.join("pgbench")).find(|program| program.is_file())
}

async fn pgbench_once(pgbench: &Path, shop: &Shop, script: &str) -> Result<(), String> {
    run(pgbench, shop, script, &["--client=1", "--transactions=1"]).await.map(|_| ())
}

async fn pgbench_run(pgbench: &Path, shop: &Shop, script: &str, duration: Duration) -> Result<u64, String> {
    let time = format!("--time={}", duration.as_secs());
    let said = run(pgbench, shop, script, &["--client=16", "--jobs=2", "--protocol=prepared", &time]).await?;
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let whole = line.and_then(|line| line.split(['.', ' ']).next()).and_then(|whole| whole.parse().ok());
    whole.ok_or_else(|| format!("pgbench said no tps: {said}"))
}

async fn run(pgbench: &Path, shop: &Shop, script: &str, arguments: &[&str]) -> Result<String, String> {
    let file = std::env::temp_dir().join(format!("merx-bench-{}.sql", std::process::id()));
    std::fs::write(&file, script).map_err(|error| error.to_string())?;
    let output = Command::new(pgbench)
        .args(["--no-vacuum", "--file"])
        .arg(&file)
        .args(arguments)
        .arg(shop.database_url())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| error.to_string())?;
    let _ = std::fs::remove_file(&file);
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)))
}
