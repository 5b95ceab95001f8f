//! The table.

use std::fmt::Write as _;
use std::time::Duration;

use crate::analytics::Answered;
use crate::cluster::{Raced, Seen};
use crate::earlier;
use crate::floors::{Floor, Ladder};
use crate::growth::{Call, Taken};
use crate::holds::Holds;
use crate::inbox::Poured;
use crate::load::Outcome;
use crate::scenarios::Scenario;
use crate::shop::Imported;

/// Lines of Markdown, in the order of measuring.
pub(crate) struct Report {
    floors: Vec<Floor>,
    scenarios: String,
    rest: String,
}

fn millis(duration: Duration) -> String {
    let micros = duration.as_micros();
    format!("{}.{:02}", micros / 1000, micros % 1000 / 10)
}

fn hundredths(share: u64) -> String {
    format!("{}.{:02}", share / 100, share % 100)
}

impl Report {
    pub(crate) const fn new() -> Self {
        Self { floors: Vec::new(), scenarios: String::new(), rest: String::new() }
    }

    pub(crate) fn floors(&mut self, floors: Vec<Floor>) {
        for Floor { ladder, per_second } in &floors {
            eprintln!("| {} | {per_second} |", ladder.name());
        }
        self.floors.extend(floors);
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
        self.row(scenario.name(), clients, outcome, scenario.ladder());
    }

    pub(crate) fn hot(&mut self, outcome: Outcome) {
        self.row("one hot variant, checkout alone, sold out to the unit", 64, outcome, Ladder::Hot);
    }

    fn row(&mut self, name: &str, clients: usize, outcome: Outcome, ladder: Ladder) {
        let Outcome { per_second, p50, p99 } = outcome;
        let floor = self.floors.iter().find(|floor| floor.ladder == ladder).map(|floor| floor.per_second);
        let share = floor.filter(|floor| *floor > 0).map(|floor| hundredths(per_second * 100 / floor));
        let before = earlier::per_second(name, clients).map_or_else(String::new, |before| before.to_string());
        let line = format!(
            "| {name} | {clients} | {per_second} | {} | {} | {} | {before} |",
            millis(p50),
            millis(p99),
            share.unwrap_or_default()
        );
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

    pub(crate) fn cluster(&mut self, seen: &Seen) {
        let Seen {
            rolling: (paid, per_second), rolling_failures, failover, failover_failures, without_service, ..
        } = seen;
        let Raced { units, uses, rivals, let_through: (let_through, asked) } = seen.raced;
        let pooled = if seen.is_pooled { ", by PgBouncer in transaction mode" } else { "" };
        let _ = writeln!(
            self.rest,
            "| 3 services and 2 workers behind HAProxy{pooled}, Redis, synchronous standby that is also read: races between them | \
             of {units} units as many sold, a code of {uses} uses used as often, of {rivals} who check out one cart one has a \
             session, of {rivals} refunds in full one made; {let_through} of {asked} let through by a limit; {} reads by the standby |\n\
             | each service restarted under load | {paid} orders paid, {per_second} a second, {rolling_failures} requests failed |\n\
             | the primary killed under load, the standby promoted | {failover} orders paid, the first {} ms after the kill, \
             {failover_failures} requests made again; none lost, none doubled, `merx check` clean |",
            seen.read_from_standby,
            millis(*without_service)
        );
    }

    pub(crate) fn growth(&mut self, sizes: &[Taken]) {
        let [few, many, most] = sizes else { return };
        let columns = "1,000: p50 ms | 100,000 | 1,000,000 | p99 | growth per tenfold: at first | then | 1,000,000, \
             asked for the first time: p50 ms";
        let _ =
            writeln!(self.rest, "\n| one client, nothing kept of answers; so many products and orders | {columns} |");
        let _ = writeln!(self.rest, "|---|---|---|---|---|---|---|---|");
        for ((few, many), most) in few.iter().zip(many).zip(most) {
            let growth = |from: &Call, to: &Call| to.p50.as_secs_f64() / from.p50.as_secs_f64();
            let (at_first, then) = (growth(few, many).sqrt(), growth(many, most));
            let [least, more, all, p99] = [few.p50, many.p50, most.p50, most.p99].map(millis);
            let unread = most.at_first.map(millis).unwrap_or_default();
            let name = most.name;
            let _ = writeln!(
                self.rest,
                "| {name} | {least} | {more} | {all} | {p99} | {at_first:.2} | {then:.2} | {unread} |"
            );
        }
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

    /// All of it, as it is printed and kept.
    pub(crate) fn text(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let Self { floors, scenarios, rest } = self;
        let mut text = format!(
            "{cores} cores, shared by service, worker, PostgreSQL (fsync on), sandbox and load; 1,000 products × 2 variants \
             unless it says more. Each figure is the median of its runs; `of floor` is its share of what is below, `before` what \
             the newest result had.\n\n\
             | scenario | clients | per second | p50 ms | p99 ms | of floor | before |\n|---|---|---|---|---|---|---|\n{scenarios}\n\
             | floor, 16 clients | per second |\n|---|---|\n"
        );
        for Floor { ladder, per_second } in floors {
            let _ = writeln!(text, "| {} | {per_second} |", ladder.name());
        }
        let _ = write!(text, "\n| | |\n|---|---|\n{rest}");
        text
    }
}
