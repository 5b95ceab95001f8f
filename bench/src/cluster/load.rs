//! Clients that buy while things are done to the cluster.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::scenarios::{Bought, Worker};
use crate::shop::Shop;

/// How many buy at once.
const CLIENTS: usize = 16;

/// Clients that buy until they are stopped.
pub(super) struct Load {
    stopped: Arc<AtomicBool>,
    failures: Arc<AtomicU64>,
    paid: Arc<Mutex<HashSet<String>>>,
    started: Instant,
    tasks: JoinSet<Result<(), String>>,
}

impl Load {
    pub(super) async fn start(shop: &Shop) -> Result<Self, String> {
        let mut load = Self {
            stopped: Arc::default(),
            failures: Arc::default(),
            paid: Arc::default(),
            started: Instant::now(),
            tasks: JoinSet::new(),
        };
        for _ in 0..CLIENTS {
            let worker = Worker::new(shop).await?;
            let (stopped, failures, paid) =
                (Arc::clone(&load.stopped), Arc::clone(&load.failures), Arc::clone(&load.paid));
            load.tasks.spawn(async move { buy(worker, &stopped, &failures, &paid).await });
        }
        Ok(load)
    }

    pub(super) async fn paid(&self) -> usize {
        self.paid.lock().await.len()
    }

    /// Ends it; answers the orders that were paid, the failures, and how long it took.
    pub(super) async fn stop(mut self) -> Result<(HashSet<String>, u64, Duration), String> {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(finished) = self.tasks.join_next().await {
            finished.map_err(|error| error.to_string())??;
        }
        let paid = std::mem::take(&mut *self.paid.lock().await);
        Ok((paid, self.failures.load(Ordering::Relaxed), self.started.elapsed()))
    }
}

/// Buys again and again; what fails is counted and made again, the checkout under its key.
async fn buy(
    mut worker: Worker,
    stopped: &AtomicBool,
    failures: &AtomicU64,
    paid: &Mutex<HashSet<String>>,
) -> Result<(), String> {
    while !stopped.load(Ordering::Relaxed) {
        let mut bought = Bought::default();
        let since = Instant::now();
        loop {
            match worker.buy(&mut bought).await {
                Ok(order) => {
                    paid.lock().await.insert(order);
                    break;
                }
                Err(error) if since.elapsed() > Duration::from_secs(90) => return Err(error),
                Err(error) => {
                    if failures.fetch_add(1, Ordering::Relaxed) < 5 {
                        eprintln!("made again: {error}");
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    worker.reconnect().await?;
                }
            }
        }
    }
    Ok(())
}
