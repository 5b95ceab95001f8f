//! One variant that everybody wants: 64 shoppers check out carts that were made before, until nothing is left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::load::Outcome;
use crate::scenarios::Worker;
use crate::shop::Shop;

/// How many shoppers there are.
const SHOPPERS: usize = 64;

/// Shoppers who come too late, each run.
const TOO_LATE: usize = 100;

/// The carts that nobody has checked out yet.
type Carts = Arc<Mutex<Vec<(String, String)>>>;

/// The median of so many runs, in each of which exactly the units that there are are sold.
pub(crate) async fn measure(shop: &Shop, units: usize, times: usize) -> Result<Outcome, String> {
    let variant = shop.variants().first().cloned().ok_or("the shop has no variants")?;
    let mut outcomes = Vec::new();
    for _ in 0..times {
        outcomes.push(run(shop, &variant, units).await?);
    }
    // Others buy it afterwards.
    shop.leave(&variant, 1_000_000).await?;
    Outcome::median(outcomes)
}

async fn run(shop: &Shop, variant: &str, units: usize) -> Result<Outcome, String> {
    let carts = Carts::default();
    each(shop, 16, |mut worker| {
        let (carts, variant) = (Arc::clone(&carts), variant.to_owned());
        async move {
            loop {
                let cart = worker.cart_of(&variant).await?;
                let mut carts = carts.lock().await;
                if carts.len() >= units + TOO_LATE {
                    return Ok(Vec::new());
                }
                carts.push(cart);
            }
        }
    })
    .await?;
    shop.leave(variant, i64::try_from(units).map_err(|error| error.to_string())?).await?;
    let started = Instant::now();
    let answers = each(shop, SHOPPERS, |mut worker| {
        let carts = Arc::clone(&carts);
        async move {
            let mut answers = Vec::new();
            loop {
                let Some(cart) = carts.lock().await.pop() else { return Ok(answers) };
                let asked = Instant::now();
                let sold = worker.check_out(&cart).await?;
                answers.push((sold, asked.elapsed()));
            }
        }
    })
    .await?;
    let took = started.elapsed();
    let sold = answers.iter().filter(|(sold, _)| *sold).count();
    let left = shop.available(variant).await?;
    if sold != units || left != 0 {
        return Err(format!("of {units} units {sold} were sold, and {left} are left"));
    }
    Ok(Outcome::of(answers.into_iter().map(|(_, took)| took).collect(), took))
}

type Answers = Vec<(bool, Duration)>;

/// Runs so many clients to their end.
async fn each<F>(shop: &Shop, clients: usize, client: impl Fn(Worker) -> F) -> Result<Answers, String>
where
    F: Future<Output = Result<Answers, String>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        tasks.spawn(client(Worker::new(shop).await?));
    }
    let mut all = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        all.extend(finished.map_err(|error| error.to_string())??);
    }
    Ok(all)
}
