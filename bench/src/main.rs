//! Measures the service on this machine: `script/bench` builds and runs it, and prints a table.
//!
//! The service runs as people run it, in processes of its own, on a PostgreSQL with fsync on; the load generator and
//! the sandbox in Stripe's place share the machine with it. Everything is on loopback and ends by itself.

mod analytics;
mod client;
mod cluster;
mod earlier;
mod floors;
mod goods;
mod growth;
mod holds;
mod hot;
mod inbox;
mod instructions;
mod load;
mod report;
mod scenarios;
mod shop;

use std::time::Duration;

use inbox::Weather;
use load::Outcome;
use report::Report;
use scenarios::Scenario;
use shop::Shop;

/// As the service has, for the load takes its share of the same processors.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// How long each measurement lasts.
    duration: Duration,
    /// How many clients ask at once.
    clients: &'static [usize],
    /// How often each measurement is made; the median counts.
    times: usize,
    /// Products of the large shop; 0 for none.
    products: u64,
    /// Units of the variant that everybody wants.
    units: usize,
    /// Whether it is all, with what takes minutes.
    is_whole: bool,
}

/// How many ask for quotes beside.
const QUOTING: usize = 8;

impl Extent {
    /// A smoke test that judges no times.
    const SHORT: Self =
        Self { duration: Duration::from_secs(1), clients: &[16], times: 1, products: 0, units: 100, is_whole: false };

    fn wanted() -> Result<Self, String> {
        if std::env::var("MERX_BENCH_SHORT").is_ok_and(|wish| wish == "1") {
            return Ok(Self::SHORT);
        }
        Ok(Self {
            duration: Duration::from_secs(number("MERX_BENCH_SECONDS", 4)?),
            clients: &[1, 16, 64],
            times: 3,
            products: number("MERX_BENCH_IMPORT_ROWS", 100_000)?,
            units: 2000,
            is_whole: true,
        })
    }
}

fn main() -> Result<(), String> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return Err("TLS was set up twice.".to_owned());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let extent = Extent::wanted()?;
    let only = |name: &str| std::env::var(format!("MERX_BENCH_{name}")).is_ok_and(|wish| wish == "only");
    let holding = std::env::var("MERX_BENCH_HOLDS").unwrap_or_default();
    let pouring = std::env::var("MERX_BENCH_INBOX").unwrap_or_default();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        if only("ANALYTICS") {
            measure_analytics().await
        } else if only("GROWTH") {
            measure_growth().await
        } else if only("CLUSTER") {
            measure_cluster().await
        } else if only("INSTRUCTIONS") {
            count_instructions().await
        } else if holding == "only" || pouring == "only" {
            measure_alone(holding == "only").await
        } else {
            measure(extent, holding != "0", pouring != "0").await
        }
    })
}

fn number(name: &str, default: u64) -> Result<u64, String> {
    std::env::var(name).map_or(Ok(default), |text| text.parse().map_err(|error| format!("{name}=`{text}`: {error}.")))
}

/// The scenarios to measure: all, or those whose names hold what `MERX_BENCH_ONLY` says.
fn wanted(scenario: &str) -> bool {
    std::env::var("MERX_BENCH_ONLY").map_or(true, |part| scenario.contains(&part))
}

async fn run(shop: &Shop, scenario: Scenario, extent: Extent, report: &mut Report) -> Result<(), String> {
    for &clients in extent.clients {
        let mut outcomes = Vec::new();
        for _ in 0..extent.times {
            outcomes.push(load::run(shop, scenario, clients, extent.duration).await?);
        }
        report.scenario(scenario, clients, Outcome::median(outcomes)?);
    }
    report.memory(scenario.name(), shop.memory()?);
    Ok(())
}

/// The live checkouts alone, or Stripe's events alone, in a few minutes.
async fn measure_alone(holding: bool) -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    shop.serve().await?;
    if holding {
        report.holds(&holds::measure(&shop).await?);
    } else {
        pour(&mut shop, &mut report).await?;
    }
    shop.stop_service().await?;
    shop.check().await?;
    shop.close().await;
    tell(&report)
}

/// The analytics alone; what they are of is made behind the service's back, so it is not audited.
async fn measure_analytics() -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    shop.serve().await?;
    report.analytics(&analytics::measure(&shop).await?);
    shop.stop_service().await?;
    shop.close().await;
    tell(&report)
}

/// The shape of growth alone; what grows is made behind the service's back, so it is not audited.
async fn measure_growth() -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    let grown = growth::measure(&mut shop).await;
    shop.close().await;
    report.growth(&grown?);
    tell(&report)
}

/// Several processes, and the loss of the database's machine.
async fn measure_cluster() -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    let seen = cluster::measure(&mut shop).await;
    shop.close().await;
    report.cluster(&seen?);
    tell(&report)
}

/// What does not depend on the machine.
async fn count_instructions() -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let counts = instructions::measure(&mut shop).await;
    shop.close().await;
    println!("{}", counts?);
    Ok(())
}

/// Stripe's events, on a quiet machine and on one that suffers.
async fn pour(shop: &mut Shop, report: &mut Report) -> Result<(), String> {
    report.inbox("the worker started afterwards", &inbox::measure(shop, Weather::Apart).await?);
    report.inbox("worker and database well", &inbox::measure(shop, Weather::Fair).await?);
    report
        .inbox("each commit 10 ms slower, the worker killed five times", &inbox::measure(shop, Weather::Storm).await?);
    Ok(())
}

async fn measure(extent: Extent, holding: bool, pouring: bool) -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    report.floors(vec![floors::bare(extent.duration).await?]);
    report.floors(floors::measure(&shop, extent.duration).await?);
    let (times, idle) = shop.start_up_times(if extent.is_whole { 5 } else { 1 }).await?;
    report.start_up(times);
    report.memory("idle", idle);
    shop.serve().await?;
    report.memory("with the catalogue in memory", shop.memory()?);
    for scenario in Scenario::PLAIN.into_iter().filter(|scenario| wanted(scenario.name())) {
        run(&shop, scenario, extent, &mut report).await?;
    }
    if wanted("one hot variant") {
        report.hot(hot::measure(&shop, extent.units, extent.times).await?);
    }
    if holding && extent.is_whole {
        report.holds(&holds::measure(&shop).await?);
    }
    if pouring && extent.is_whole {
        pour(&mut shop, &mut report).await?;
    }
    shop.ask_providers().await?;
    for scenario in Scenario::WITH_PROVIDERS.into_iter().filter(|scenario| wanted(scenario.name())) {
        let is_beside = matches!(scenario, Scenario::CartAndLineBesideQuotes);
        let quoting = if is_beside { Some(shop.keep_quoting(QUOTING).await?) } else { None };
        run(&shop, scenario, extent, &mut report).await?;
        if let Some(mut quoting) = quoting {
            shop.clear_faults().await?;
            quoting.shutdown().await;
        }
    }
    shop.stop_service().await?;
    if extent.products > 0 {
        report.import(shop.import_many(extent.products).await?);
        shop.serve().await?;
        run(&shop, Scenario::Search, extent, &mut report).await?;
        shop.stop_service().await?;
    }
    shop.check().await?;
    shop.close().await;
    tell(&report)
}

/// Prints what was measured; all of it is kept as well.
fn tell(report: &Report) -> Result<(), String> {
    let text = report.text();
    println!("{text}");
    if let Ok(title) = std::env::var("MERX_BENCH_KEEP") {
        let date = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).date_naive().to_string();
        let file = earlier::keep(&date, &format!("# {title}\n\n{text}"))?;
        eprintln!("Kept in {}", file.display());
    }
    Ok(())
}
