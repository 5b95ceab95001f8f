//! The table.

use std::fmt::Write as _;
use std::time::Duration;

use crate::analytics::Answered;
use crate::floors::Floor;
use crate::holds::Holds;
use crate::inbox::Poured;
use crate::load::Outcome;
use crate::scenarios::Scenario;
use crate::shop::Imported;

/// Lines of Markdown, in the order of measuring.
pub(crate) struct Report {
    floors: String,
    scenarios: String,
    rest: String,
}

fn millis(duration: Duration) -> String {
    let micros = duration.as_micros();
    format!("{}.{:02}", micros / 1000, micros % 1000 / 10)
}

impl Report {
    pub(crate) const fn new() -> Self {
        Self { floors: String::new(), scenarios: String::new(), rest: String::new() }
    }

    pub(crate) fn floors(&mut self, floors: Vec<Floor>) {
        for floor in floors {
            let _ = writeln!(self.floors, "| {} | {} |", floor.name, floor.per_second);
        }
    }

    pub(crate) fn start_up(&mut self, times: Vec<Duration>) {
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let _ = writeln!(
            self.rest,
            "| start to first answer of /readyz, median of {} | {} ms |",
            times.len(),
            millis(median)
        );
    }

    pub(crate) fn memory(&mut self, when: &str, kilobytes: u64) {
        let _ = writeln!(self.rest, "| resident memory of the service, {when} | {} MB |", kilobytes / 1024);
    }

    pub(crate) fn scenario(&mut self, scenario: Scenario, clients: usize, outcome: Outcome) {
        let Outcome { per_second, p50, p99 } = outcome;
        let line = format!("| {} | {clients} | {per_second} | {} | {} |", scenario.name(), millis(p50), millis(p99));
        eprintln!("{line}");
        let _ = writeln!(self.scenarios, "{line}");
    }

    pub(crate) fn holds(&mut self, holds: &Holds) {
        let percent = |load: u64| format!("{}.{:02} %", load / 100, load % 100);
        let Holds { worker_load, database_load, closed_per_minute } = holds;
        let _ = writeln!(
            self.rest,
            "| looking after 100,000 live checkouts | {} of a core by the worker, {} by PostgreSQL |",
            percent(*worker_load),
            percent(*database_load)
        );
        let _ = writeln!(self.rest, "| holds that end together, closed at Stripe | {closed_per_minute} a minute |");
    }

    pub(crate) fn inbox(&mut self, what: &str, poured: &Poured) {
        let Poured { events, deliveries, again, acknowledged, drained, drain_per_second } = poured;
        let Outcome { per_second, p50, p99 } = acknowledged;
        let _ = writeln!(
            self.rest,
            "| {events} events of Stripe, {deliveries} deliveries, {what} | {per_second} acknowledged a second, p50 {} ms, \
             p99 {} ms, {again} sent again; all done after {} s, {drain_per_second} a second |",
            millis(*p50),
            millis(*p99),
            drained.as_secs(),
        );
    }

    pub(crate) fn analytics(&mut self, (rolled_up, answered): &(Duration, Vec<Answered>)) {
        let seconds = rolled_up.as_secs();
        let _ = writeln!(self.rest, "| 1,000,000 orders rolled up anew | {seconds} s |");
        for Answered { name, median, slowest } in answered {
            let (median, slowest) = (millis(*median), millis(*slowest));
            let _ = writeln!(self.rest, "| {name}, of 1,000,000 orders | {median} ms, at most {slowest} ms |");
        }
    }

    pub(crate) fn import(&mut self, imported: Imported) {
        let Imported { rows, took, peak_kilobytes } = imported;
        let _ = writeln!(
            self.rest,
            "| `merx import` of {rows} rows | {} s, at most {} MB |",
            took.as_secs(),
            peak_kilobytes / 1024
        );
    }

    pub(crate) fn print(&self) {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        println!(
            "{cores} cores, shared by service, worker, PostgreSQL (fsync on), sandbox and load; 1,000 products × 2 variants.\n"
        );
        println!("| scenario | clients | per second | p50 ms | p99 ms |\n|---|---|---|---|---|\n{}", self.scenarios);
        println!("| PostgreSQL alone, pgbench, 16 clients, prepared | per second |\n|---|---|\n{}", self.floors);
        println!("| | |\n|---|---|\n{}", self.rest);
    }
}
