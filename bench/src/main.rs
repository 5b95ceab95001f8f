//! Measures the service on this machine: `script/bench` builds and runs it, and prints a table.
//!
//! The service runs as people run it, in processes of its own, on a PostgreSQL with fsync on; the load generator and
//! the sandbox in Stripe's place share the machine with it. Everything is on loopback and ends by itself.

mod analytics;
mod floors;
mod holds;
mod inbox;
mod load;
mod reader;
mod report;
mod scenarios;
mod shop;

use std::time::Duration;

use inbox::Weather;
use load::Outcome;
use report::Report;
use scenarios::Scenario;
use shop::Shop;

/// How many clients ask at once.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// How many ask for quotes beside.
const QUOTING: usize = 8;

/// How often each measurement is made; the median counts.
const TIMES: usize = 3;

fn main() -> Result<(), String> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return Err("TLS was set up twice.".to_owned());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let seconds = number("MERX_BENCH_SECONDS", 4)?;
    let rows = number("MERX_BENCH_IMPORT_ROWS", 100_000)?;
    let holding = std::env::var("MERX_BENCH_HOLDS").unwrap_or_default();
    let pouring = std::env::var("MERX_BENCH_INBOX").unwrap_or_default();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        if std::env::var("MERX_BENCH_ANALYTICS").is_ok_and(|wish| wish == "only") {
            measure_analytics().await
        } else if holding == "only" || pouring == "only" {
            measure_alone(holding == "only").await
        } else {
            measure(Duration::from_secs(seconds), rows, holding != "0", pouring != "0").await
        }
    })
}

fn number(name: &str, default: u64) -> Result<u64, String> {
    std::env::var(name).map_or(Ok(default), |text| text.parse().map_err(|error| format!("{name}=`{text}`: {error}.")))
}

/// The scenarios to measure: all, or those whose names hold what `MERX_BENCH_ONLY` says.
fn wanted(scenario: Scenario) -> bool {
    std::env::var("MERX_BENCH_ONLY").map_or(true, |part| scenario.name().contains(&part))
}

async fn run(shop: &Shop, scenario: Scenario, duration: Duration, report: &mut Report) -> Result<(), String> {
    for clients in CLIENTS {
        let mut outcomes = Vec::new();
        for _ in 0..TIMES {
            outcomes.push(load::run(shop, scenario, clients, duration).await?);
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
    report.print();
    Ok(())
}

/// The analytics alone; what they are of is made behind the service's back, so it is not audited.
async fn measure_analytics() -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    shop.serve().await?;
    report.analytics(&analytics::measure(&shop).await?);
    shop.stop_service().await?;
    shop.close().await;
    report.print();
    Ok(())
}

/// Stripe's events, on a quiet machine and on one that suffers.
async fn pour(shop: &mut Shop, report: &mut Report) -> Result<(), String> {
    report.inbox("worker and database well", &inbox::measure(shop, Weather::Fair).await?);
    report
        .inbox("each commit 10 ms slower, the worker killed five times", &inbox::measure(shop, Weather::Storm).await?);
    Ok(())
}

async fn measure(duration: Duration, import_rows: u64, holding: bool, pouring: bool) -> Result<(), String> {
    let mut shop = Shop::open().await?;
    let mut report = Report::new();
    report.floors(floors::measure(&shop, duration).await?);
    report.start_up(shop.start_up_times().await?);
    shop.serve().await?;
    report.memory("idle", shop.memory()?);
    for scenario in Scenario::PLAIN.into_iter().filter(|scenario| wanted(*scenario)) {
        run(&shop, scenario, duration, &mut report).await?;
    }
    if holding {
        report.holds(&holds::measure(&shop).await?);
    }
    if pouring {
        pour(&mut shop, &mut report).await?;
    }
    shop.ask_providers().await?;
    for scenario in Scenario::WITH_PROVIDERS.into_iter().filter(|scenario| wanted(*scenario)) {
        let is_beside = matches!(scenario, Scenario::CartAndLineBesideQuotes);
        let quoting = if is_beside { Some(shop.keep_quoting(QUOTING).await?) } else { None };
        run(&shop, scenario, duration, &mut report).await?;
        if let Some(mut quoting) = quoting {
            shop.clear_faults().await?;
            quoting.shutdown().await;
        }
    }
    shop.stop_service().await?;
    if import_rows > 0 {
        report.import(shop.import_many(import_rows).await?);
    }
    shop.check().await?;
    shop.close().await;
    report.print();
    Ok(())
}
