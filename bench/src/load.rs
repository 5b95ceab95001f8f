//! The load: so many clients, each with a connection of its own, as fast as they are answered.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::scenarios::{Scenario, Worker};
use crate::shop::Shop;

/// What a run measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Rounds of the scenario a second.
    pub(crate) per_second: u64,
    /// Half of the measured requests were faster.
    pub(crate) p50: Duration,
    /// All but one in a hundred were faster.
    pub(crate) p99: Duration,
}

impl Outcome {
    /// What so many rounds, each of its time, in a while amount to.
    pub(crate) fn of(mut times: Vec<Duration>, took: Duration) -> Self {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied();
        let (p50, p99) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
        Self { per_second: per_second(times.len(), took), p50, p99 }
    }

    /// The one in the middle by throughput.
    pub(crate) fn median(mut outcomes: Vec<Self>) -> Result<Self, String> {
        outcomes.sort_by_key(|outcome| outcome.per_second);
        outcomes.get(outcomes.len() / 2).copied().ok_or_else(|| "nothing was measured".to_owned())
    }
}

/// How many of them there were each second.
pub(crate) fn per_second(number: usize, took: Duration) -> u64 {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    u64::try_from(number).unwrap_or_default() * 1000 / millis
}

/// Runs a scenario with so many clients for a while. Any answer but 2xx ends it.
pub(crate) async fn run(
    shop: &Shop,
    scenario: Scenario,
    clients: usize,
    duration: Duration,
) -> Result<Outcome, String> {
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for _ in 0..clients {
        let mut worker = Worker::new(shop).await?;
        tasks.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < duration {
                times.push(scenario.round(&mut worker).await?);
            }
            Ok::<_, String>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        times.extend(finished.map_err(|error| error.to_string())??);
    }
    Ok(Outcome::of(times, started.elapsed()))
}
