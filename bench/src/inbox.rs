//! Stripe's events, poured in twice and in any order: how fast they are acknowledged, and when their effects are there.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix_web::http::{Method, StatusCode};
use diesel_async::AsyncPgConnection;
use merx::db::pool;
use merx::tokens::hmac_sha256;
use rand::seq::SliceRandom;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::holds::{count, execute};
use crate::load::{Outcome, per_second};
use crate::scenarios::Worker;
use crate::shop::{Shop, WEBHOOK_SECRET};

/// How many events there are at least.
const EVENTS: usize = 10_000;

/// Payments whose events are looked at before it is known how many payments those many events take.
const SAMPLE: usize = 16;

/// How many deliver at once.
const CLIENTS: usize = 16;

/// How often the worker is killed in a storm.
const KILLS: u64 = 5;

/// What the service runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// The worker starts when all are acknowledged: what the door alone can do.
    Apart,
    /// Nothing is wrong.
    Fair,
    /// Each flush of the database waits for 10 ms more, and the worker is killed again and again.
    Storm,
}

/// What was measured.
pub(crate) struct Poured {
    /// Different events.
    pub(crate) events: usize,
    /// Deliveries that were acknowledged.
    pub(crate) deliveries: usize,
    /// Deliveries that were refused for now, and made again.
    pub(crate) again: u64,
    /// The acknowledged deliveries.
    pub(crate) acknowledged: Outcome,
    /// From the first delivery until no event waited any more.
    pub(crate) drained: Duration,
    /// Events with their effects a second, over that time.
    pub(crate) drain_per_second: u64,
}

/// Deliveries that nobody has made yet.
type Deliveries = Arc<Mutex<Vec<String>>>;

/// Measures with the service running; the worker runs again afterwards.
pub(crate) async fn measure(shop: &mut Shop, weather: Weather) -> Result<Poured, String> {
    shop.stop_worker().await?;
    shop.deliver_webhooks(false).await?;
    let known = listed(shop).await?;
    let mut paid = buy(shop, SAMPLE).await?;
    let of_sample = listed(shop).await?.len() - known.len();
    paid += buy(shop, (EVENTS.saturating_sub(of_sample) * SAMPLE).div_ceil(of_sample.max(1))).await?;
    let all = listed(shop).await?.into_iter();
    let events: Vec<String> = all.filter(|(id, _)| !known.contains_key(id)).map(|(_, event)| event).collect();
    eprintln!("{paid} payments made {} events", events.len());
    let mut conn = pool::connect_once(shop.database_url()).await.map_err(|error| error.to_string())?;
    let before = Effects::read(&mut conn).await?;
    if weather == Weather::Storm {
        slow_down(&mut conn, true).await?;
    }
    let poured = pour(shop, weather, &events, &mut conn).await;
    slow_down(&mut conn, false).await?;
    shop.deliver_webhooks(true).await?;
    let poured = poured?;
    before.and(events.len(), paid)?.expect(&Effects::read(&mut conn).await?)?;
    Ok(poured)
}

async fn pour(
    shop: &mut Shop,
    weather: Weather,
    events: &[String],
    conn: &mut AsyncPgConnection,
) -> Result<Poured, String> {
    let mut waiting = [events, events].concat();
    waiting.shuffle(&mut rand::rng());
    let (deliveries, waiting) = (waiting.len(), Arc::new(Mutex::new(waiting)));
    let (again, started) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = JoinSet::new();
    for _ in 0..CLIENTS {
        let client = Client::connect(shop.api()).await?;
        tasks.spawn(deliver(client, Arc::clone(&waiting), Arc::clone(&again)));
    }
    if weather == Weather::Storm {
        for _ in 0..KILLS {
            shop.start_worker()?;
            tokio::time::sleep(Duration::from_millis(rand::random_range(300..1500))).await;
            shop.kill_worker().await?;
        }
    }
    if weather != Weather::Apart {
        shop.start_worker()?;
    }
    let mut times = Vec::new();
    while let Some(finished) = tasks.join_next().await {
        times.extend(finished.map_err(|error| error.to_string())??);
    }
    let acknowledged = Outcome::of(times, started.elapsed());
    if weather == Weather::Apart {
        shop.start_worker()?;
    }
    while count(conn, "SELECT count(*) FROM webhook_events WHERE status = 'pending'").await? > 0 {
        if started.elapsed() > Duration::from_secs(600) {
            return Err("the events were not done in ten minutes".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let drained = started.elapsed();
    let again = again.load(Ordering::Relaxed);
    let drain_per_second = per_second(events.len(), drained);
    Ok(Poured { events: events.len(), deliveries, again, acknowledged, drained, drain_per_second })
}

/// Makes deliveries until none is left; one that is refused for now goes back, as Stripe would send it again.
async fn deliver(mut client: Client, waiting: Deliveries, again: Arc<AtomicU64>) -> Result<Vec<Duration>, String> {
    let mut times = Vec::new();
    loop {
        let Some(body) = waiting.lock().await.pop() else { return Ok(times) };
        let signature = sign(&body)?;
        let headers = [("Stripe-Signature", signature.as_str())];
        let started = Instant::now();
        let (status, answer) = client.ask(Method::POST, "/v1/webhooks/stripe", &headers, Some(body.clone())).await?;
        if status.is_success() {
            times.push(started.elapsed());
        } else if status == StatusCode::SERVICE_UNAVAILABLE {
            again.fetch_add(1, Ordering::Relaxed);
            waiting.lock().await.insert(0, body);
        } else {
            return Err(format!("a webhook was answered {status}: {}", String::from_utf8_lossy(answer)));
        }
    }
}

fn sign(body: &str) -> Result<String, String> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?.as_secs().to_string();
    let mac = hmac_sha256(WEBHOOK_SECRET.as_bytes(), &[time.as_bytes(), b".", body.as_bytes()]);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("t={time},v1={hex}"))
}

/// Checkouts that are paid at Stripe while nobody is told.
async fn buy(shop: &Shop, number: usize) -> Result<usize, String> {
    let mut tasks = JoinSet::new();
    let left = Arc::new(Mutex::new(number));
    for _ in 0..CLIENTS {
        let (mut worker, left) = (Worker::new(shop).await?, Arc::clone(&left));
        tasks.spawn(async move {
            loop {
                let mut left = left.lock().await;
                if *left == 0 {
                    return Ok::<_, String>(());
                }
                *left -= 1;
                drop(left);
                let session = worker.hold().await?;
                worker.pay(&session).await?;
            }
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.map_err(|error| error.to_string())??;
    }
    Ok(number)
}

/// All events of Stripe's list by their ids, as they would be delivered.
async fn listed(shop: &Shop) -> Result<HashMap<String, String>, String> {
    let mut client = Client::connect(shop.sandbox()).await?;
    let headers = [("Authorization", "Bearer sk_test_of_the_bench")];
    let (mut found, mut after) = (HashMap::new(), String::new());
    loop {
        let path = format!("/v1/events?limit=100{after}");
        let page = client.send(Method::GET, &path, &headers, None).await?;
        let page: Value = serde_json::from_slice(page).map_err(|error| error.to_string())?;
        let events = page.pointer("/data").and_then(Value::as_array).ok_or("the sandbox lists no events")?;
        let id = |event: &Value| event.pointer("/id").and_then(Value::as_str).map(str::to_owned);
        found.extend(events.iter().filter_map(|event| Some((id(event)?, event.to_string()))));
        let last = events.last().and_then(id);
        match last.filter(|_| page.pointer("/has_more") == Some(&Value::Bool(true))) {
            Some(last) => after = format!("&starting_after={last}"),
            None => return Ok(found),
        }
    }
}

/// Each flush of the log waits, as on a disk that is too slow.
async fn slow_down(conn: &mut AsyncPgConnection, slow: bool) -> Result<(), String> {
    let (delay, siblings) = if slow { (10_000, 0) } else { (0, 5) };
    execute(conn, &format!("ALTER SYSTEM SET commit_delay = {delay}")).await?;
    execute(conn, &format!("ALTER SYSTEM SET commit_siblings = {siblings}")).await?;
    execute(conn, "SELECT pg_reload_conf()").await
}

/// What events leave behind.
#[derive(Debug, PartialEq, Eq)]
struct Effects {
    events: i64,
    paid_orders: i64,
    payments_told: i64,
    sales: i64,
    dead: i64,
}

impl Effects {
    async fn read(conn: &mut AsyncPgConnection) -> Result<Self, String> {
        Ok(Self {
            events: count(conn, "SELECT count(*) FROM webhook_events").await?,
            paid_orders: count(conn, "SELECT count(*) FROM orders WHERE payment_status = 'paid'").await?,
            payments_told: count(conn, "SELECT count(*) FROM order_events WHERE kind = 'paid'").await?,
            sales: count(conn, "SELECT count(*) FROM stock_movements WHERE reason = 'sale'").await?,
            dead: count(conn, "SELECT count(*) FROM webhook_events WHERE status = 'dead'").await?,
        })
    }

    fn and(self, events: usize, paid: usize) -> Result<Self, String> {
        let number = |count: usize| i64::try_from(count).map_err(|error| error.to_string());
        let (events, paid) = (number(events)?, number(paid)?);
        Ok(Self {
            events: self.events + events,
            paid_orders: self.paid_orders + paid,
            payments_told: self.payments_told + paid,
            sales: self.sales + paid,
            dead: self.dead,
        })
    }

    fn expect(&self, found: &Self) -> Result<(), String> {
        if self == found {
            return Ok(());
        }
        Err(format!("events were lost or worked twice: expected {self:?}, found {found:?}"))
    }
}
