//! Past one process: three services and two workers behind HAProxy, on a PostgreSQL with a synchronous standby that is also
//! read, by PgBouncer in transaction mode, with limits counted in Redis. Many race for what there is little of; then the
//! services are restarted one after the other under load; then the primary is killed and the standby promoted.

mod load;
mod peers;
mod races;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use merx::db::pool;
use merx::ids::OrderId;
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::holds::{count, execute};
use crate::shop::{Shop, free_address, stop};
use load::Load;
use peers::{PgBouncer, Standby, host_of, is_ready, kill_primary, start_haproxy, start_redis, with_host};
pub(crate) use races::Raced;

/// How many services there are.
const SERVICES: usize = 3;

/// How many workers there are.
const WORKERS: usize = 2;

/// How long the load lasts before and after what is done to the cluster.
const AROUND: Duration = Duration::from_secs(5);

/// What was seen.
pub(crate) struct Seen {
    /// Whether the services asked the database by PgBouncer.
    pub(crate) is_pooled: bool,
    /// How the races went.
    pub(crate) raced: Raced,
    /// Pages of the catalogue and reports that the standby answered.
    pub(crate) read_from_standby: u64,
    /// Orders paid while the services were restarted, and how many a second that is.
    pub(crate) rolling: (usize, u64),
    /// Requests that failed meanwhile.
    pub(crate) rolling_failures: u64,
    /// Orders paid while the primary was killed.
    pub(crate) failover: usize,
    /// Requests that failed then, and were made again.
    pub(crate) failover_failures: u64,
    /// From the kill until the first order after it was paid.
    pub(crate) without_service: Duration,
}

/// Where things are.
struct Addresses {
    /// The database as services and workers ask it.
    pooled: String,
    /// Both servers, of which the one that takes writes is used.
    direct: String,
    standby: String,
    redis: String,
}

/// Everything that runs beside the shop.
struct Cluster {
    services: Vec<(SocketAddr, Child)>,
    workers: Vec<Child>,
    haproxy: Child,
    standby: Standby,
    redis: Child,
    pgbouncer: Option<PgBouncer>,
    addresses: Addresses,
}

/// Runs it all, on a shop whose service does not run.
pub(crate) async fn measure(shop: &mut Shop) -> Result<Seen, String> {
    let mut cluster = Cluster::start(shop).await?;
    shop.prepare().await?;
    let raced = races::run(shop).await?;
    let read_from_standby = cluster.read_from_standby(shop).await?;
    let (rolling, rolling_failures, rolled_in) = {
        let load = Load::start(shop).await?;
        tokio::time::sleep(AROUND).await;
        cluster.restart_services(shop).await?;
        tokio::time::sleep(AROUND).await;
        load.stop().await?
    };
    let load = Load::start(shop).await?;
    tokio::time::sleep(AROUND).await;
    kill_primary(shop.directory()).await?;
    let killed = Instant::now();
    cluster.promote(shop).await?;
    let known = load.paid().await;
    while load.paid().await == known {
        if killed.elapsed() > Duration::from_secs(60) {
            return Err("no order was paid in the minute after the primary was killed".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let without_service = killed.elapsed();
    tokio::time::sleep(AROUND).await;
    let (failover, failover_failures, _) = load.stop().await?;
    let (failed_over, paid) = (failover.len(), rolling.union(&failover).cloned().collect::<HashSet<String>>());
    cluster.stop_services().await?;
    verify(shop, &cluster, &paid).await?;
    let is_pooled = cluster.pgbouncer.is_some();
    cluster.stop().await?;
    let per_second = crate::load::per_second(rolling.len(), rolled_in);
    Ok(Seen {
        is_pooled,
        raced,
        read_from_standby,
        rolling: (rolling.len(), per_second),
        rolling_failures,
        failover: failed_over,
        failover_failures,
        without_service,
    })
}

#[derive(diesel::QueryableByName)]
struct Confirmed {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: OrderId,
}

/// Every order that a client was told is paid is there, none of a cart that has another, and the books are right.
async fn verify(shop: &Shop, cluster: &Cluster, paid: &HashSet<String>) -> Result<(), String> {
    let mut conn = pool::connect_once(&cluster.addresses.standby).await.map_err(|error| error.to_string())?;
    let confirmed = diesel::sql_query("SELECT id FROM orders WHERE status = 'confirmed'");
    let confirmed = diesel_async::RunQueryDsl::load(confirmed, &mut conn).await;
    let confirmed: Vec<Confirmed> = confirmed.map_err(|error| error.to_string())?;
    let of_carts = "SELECT count(DISTINCT cart_id) FROM orders WHERE status = 'confirmed'";
    let carts = count(&mut conn, of_carts).await?;
    if i64::try_from(confirmed.len()) != Ok(carts) {
        return Err(format!("{} orders are paid for {carts} carts", confirmed.len()));
    }
    let there: HashSet<String> = confirmed.iter().map(|order| order.id.to_string()).collect();
    if let Some(lost) = paid.iter().find(|order| !there.contains(*order)) {
        return Err(format!("{lost} was acknowledged and is lost"));
    }
    let output = shop.merx(&["check"]).env("DATABASE_URL", &cluster.addresses.direct).output().await;
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
}

impl Cluster {
    async fn start(shop: &Shop) -> Result<Self, String> {
        let (primary, standby) = (shop.remote_database_url(), free_address()?);
        let standby_url = with_host(&primary, &standby.to_string())?;
        let both = format!("{},{standby}", host_of(&primary)?);
        let direct = format!("{}?target_session_attrs=read-write", with_host(&primary, &both)?);
        let standby = Standby::start(shop, standby).await?;
        let mut conn = pool::connect_once(&primary).await.map_err(|error| error.to_string())?;
        for setting in [
            // What the service asks for when it connects, and PgBouncer leaves out.
            "ALTER ROLE CURRENT_USER SET statement_timeout = '30s'",
            "ALTER ROLE CURRENT_USER SET lock_timeout = '10s'",
            "ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = '30s'",
            "ALTER ROLE CURRENT_USER SET timezone = 'UTC'",
            "ALTER ROLE CURRENT_USER SET random_page_cost = 1.1",
            "ALTER ROLE CURRENT_USER SET jit = off",
            "ALTER SYSTEM SET synchronous_standby_names = '*'",
            "SELECT pg_reload_conf()",
        ] {
            execute(&mut conn, setting).await?;
        }
        let pgbouncer = PgBouncer::start(shop, &primary).await?;
        let pooled = pgbouncer.as_ref().map_or_else(|| Ok(direct.clone()), PgBouncer::url)?;
        let (redis, redis_url) = start_redis()?;
        let addresses = Addresses { pooled, direct, standby: standby_url, redis: redis_url };
        let mut services = Vec::new();
        for _ in 0..SERVICES {
            let address = free_address()?;
            services.push((address, addresses.serve(shop, address)?));
        }
        let workers = (0..WORKERS).map(|_| addresses.start(shop.merx(&["worker"])));
        let workers = workers.collect::<Result<Vec<Child>, String>>()?;
        let haproxy = start_haproxy(shop, services.iter().map(|(address, _)| *address))?;
        Ok(Self { services, workers, haproxy, standby, redis, pgbouncer, addresses })
    }

    /// What the standby answered, by the services' own count.
    async fn read_from_standby(&self, shop: &Shop) -> Result<u64, String> {
        let (bearer, mut all) = (shop.staff("metrics:read").await?, 0);
        for (address, _) in &self.services {
            let mut client = Client::connect(*address).await?;
            let metrics = client.send(Method::GET, "/metrics", &[("Authorization", &bearer)], None).await?;
            let metrics = String::from_utf8_lossy(metrics).into_owned();
            let used =
                metrics.lines().find_map(|line| line.strip_prefix("merx_replica_reads_total{outcome=\"used\"} "));
            all += used.and_then(|used| used.parse::<u64>().ok()).unwrap_or_default();
        }
        if all == 0 { Err("the standby answered nothing".to_owned()) } else { Ok(all) }
    }

    /// One service after the other: the next when the one before answers again.
    async fn restart_services(&mut self, shop: &Shop) -> Result<(), String> {
        for (address, process) in &mut self.services {
            stop(process).await?;
            *process = self.addresses.serve(shop, *address)?;
            let started = Instant::now();
            while !is_ready(*address).await {
                if started.elapsed() > Duration::from_secs(20) {
                    return Err("a service does not come back".to_owned());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // HAProxy looks every 100 ms.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// The standby becomes the primary, which whoever does this tells PgBouncer.
    async fn promote(&self, shop: &Shop) -> Result<(), String> {
        let mut conn = pool::connect_once(&self.addresses.standby).await.map_err(|error| error.to_string())?;
        execute(&mut conn, "SELECT pg_promote()").await?;
        match &self.pgbouncer {
            Some(pgbouncer) => pgbouncer.turn_to(shop, &self.addresses.standby).await,
            None => Ok(()),
        }
    }

    async fn stop_services(&mut self) -> Result<(), String> {
        for process in self.services.iter_mut().map(|(_, process)| process).chain(&mut self.workers) {
            stop(process).await?;
        }
        Ok(())
    }

    async fn stop(mut self) -> Result<(), String> {
        stop(&mut self.haproxy).await?;
        stop(&mut self.redis).await?;
        if let Some(pgbouncer) = self.pgbouncer.take() {
            pgbouncer.stop().await?;
        }
        self.standby.stop().await
    }
}

impl Addresses {
    /// A service or worker that knows all of them.
    fn start(&self, mut command: Command) -> Result<Child, String> {
        command.env("DATABASE_URL", &self.pooled).env("DATABASE_DIRECT_URL", &self.direct);
        command.env("DATABASE_REPLICA_URL", &self.standby).env("MERX_REDIS_URL", &self.redis);
        // Every buyer has the same address, and repeats what failed; the limit of checkouts per cart is raced for.
        command
            .env("MERX_RATE_LIMIT", "on")
            .env("MERX_LIMIT_CHECKOUTS_PER_CART", races::CHECKOUTS_PER_CART.to_string());
        for name in ["REQUESTS_PER_ADDRESS", "CHECKOUTS_PER_ADDRESS", "DISCOUNT_CODES_PER_ADDRESS"] {
            command.env(format!("MERX_LIMIT_{name}"), "1000000");
        }
        for name in ["ADDRESS", "CUSTOMER"] {
            command.env(format!("MERX_LIMIT_HELD_UNITS_PER_{name}"), "1000000");
        }
        command.stdout(Stdio::null()).spawn().map_err(|error| error.to_string())
    }

    fn serve(&self, shop: &Shop, address: SocketAddr) -> Result<Child, String> {
        let mut command = shop.merx(&["serve"]);
        command.env("MERX_BIND", address.to_string()).env("MERX_LEAVE_SECONDS", "1");
        self.start(command)
    }
}
