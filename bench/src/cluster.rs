//! Past one process: three services and two workers behind HAProxy, on a PostgreSQL with a synchronous standby. The services
//! are restarted one after the other under load, then the primary is killed and the standby promoted.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use merx::db::pool;
use merx::ids::OrderId;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::holds::{count, execute};
use crate::load::Client;
use crate::scenarios::{Bought, Worker};
use crate::shop::{Shop, free_address, stop};

/// How many services there are.
const SERVICES: usize = 3;

/// How many workers there are.
const WORKERS: usize = 2;

/// How many buy at once.
const CLIENTS: usize = 16;

/// How long the load lasts before and after what is done to the cluster.
const AROUND: Duration = Duration::from_secs(5);

/// What was seen.
pub(crate) struct Seen {
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

/// Everything that runs beside the shop.
struct Cluster {
    services: Vec<(SocketAddr, Child)>,
    workers: Vec<Child>,
    haproxy: Child,
    standby: Child,
    /// Both servers, of which the one that takes writes is used.
    url: String,
    standby_url: String,
}

/// Runs it all, on a shop whose service does not run.
pub(crate) async fn measure(shop: &mut Shop) -> Result<Seen, String> {
    let mut cluster = Cluster::start(shop).await?;
    shop.prepare().await?;
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
    let (killed, known) = (Instant::now(), load.paid().await);
    cluster.promote().await?;
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
    cluster.stop().await?;
    let per_second = crate::load::per_second(rolling.len(), rolled_in);
    Ok(Seen {
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
    let mut conn = pool::connect_once(&cluster.standby_url).await.map_err(|error| error.to_string())?;
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
    let output = shop.merx(&["check"]).env("DATABASE_URL", &cluster.url).output().await;
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) }
}

/// Clients that buy until they are stopped.
struct Load {
    stopped: Arc<AtomicBool>,
    failures: Arc<AtomicU64>,
    paid: Arc<Mutex<HashSet<String>>>,
    started: Instant,
    tasks: JoinSet<Result<(), String>>,
}

impl Load {
    async fn start(shop: &Shop) -> Result<Self, String> {
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

    async fn paid(&self) -> usize {
        self.paid.lock().await.len()
    }

    /// Ends it; answers the orders that were paid, the failures, and how long it took.
    async fn stop(mut self) -> Result<(HashSet<String>, u64, Duration), String> {
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

impl Cluster {
    async fn start(shop: &Shop) -> Result<Self, String> {
        let (primary, standby) = (shop.database_url().to_owned(), free_address()?);
        let standby_url = with_host(&primary, &standby.to_string())?;
        let both = format!("{},{standby}", host_of(&primary)?);
        let url = format!("{}?target_session_attrs=read-write", with_host(&primary, &both)?);
        let standby = start_standby(shop, standby).await?;
        let mut conn = pool::connect_once(&primary).await.map_err(|error| error.to_string())?;
        execute(&mut conn, "ALTER SYSTEM SET synchronous_standby_names = '*'").await?;
        execute(&mut conn, "SELECT pg_reload_conf()").await?;
        let mut services = Vec::new();
        for _ in 0..SERVICES {
            let address = free_address()?;
            services.push((address, serve(shop, &url, address)?));
        }
        let workers = (0..WORKERS).map(|_| {
            shop.merx(&["worker"])
                .env("DATABASE_URL", &url)
                .stdout(Stdio::null())
                .spawn()
                .map_err(|error| error.to_string())
        });
        let workers = workers.collect::<Result<Vec<Child>, String>>()?;
        let haproxy = start_haproxy(shop, services.iter().map(|(address, _)| *address))?;
        Ok(Self { services, workers, haproxy, standby, url, standby_url })
    }

    /// One service after the other: the next when the one before answers again.
    async fn restart_services(&mut self, shop: &Shop) -> Result<(), String> {
        for (address, process) in &mut self.services {
            stop(process).await?;
            *process = serve(shop, &self.url, *address)?;
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

    async fn promote(&self) -> Result<(), String> {
        let mut conn = pool::connect_once(&self.standby_url).await.map_err(|error| error.to_string())?;
        execute(&mut conn, "SELECT pg_promote()").await
    }

    async fn stop_services(&mut self) -> Result<(), String> {
        for process in self.services.iter_mut().map(|(_, process)| process).chain(&mut self.workers) {
            stop(process).await?;
        }
        Ok(())
    }

    async fn stop(mut self) -> Result<(), String> {
        stop(&mut self.haproxy).await?;
        stop(&mut self.standby).await
    }
}

async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut client) = Client::connect(address).await else { return false };
    client.send(Method::GET, "/readyz", &[], None).await.is_ok()
}

fn serve(shop: &Shop, url: &str, address: SocketAddr) -> Result<Child, String> {
    let mut command = shop.merx(&["serve"]);
    command.env("DATABASE_URL", url).env("MERX_BIND", address.to_string()).env("MERX_LEAVE_SECONDS", "1");
    command.stdout(Stdio::null());
    command.spawn().map_err(|error| error.to_string())
}

fn host_of(url: &str) -> Result<&str, String> {
    let host = url.rsplit_once('@').and_then(|(_, rest)| rest.split('/').next());
    host.ok_or_else(|| "the database's address has no host".to_owned())
}

fn with_host(url: &str, host: &str) -> Result<String, String> {
    Ok(url.replace(host_of(url)?, host))
}

fn postgres_program(name: &str) -> Result<PathBuf, String> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = installed.map(|entry| entry.path().join("bin").join(name)).find(|program| program.is_file());
    found.ok_or_else(|| format!("PostgreSQL's {name} is not installed"))
}

/// A command as PostgreSQL's user, which refuses root.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/").kill_on_drop(true);
    command
}

async fn start_standby(shop: &Shop, address: SocketAddr) -> Result<Child, String> {
    let home = PathBuf::from("/var/lib/postgresql").join(format!("merx-standby-{}", std::process::id()));
    let mut copy = as_postgres(&postgres_program("pg_basebackup")?);
    copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--dbname", shop.database_url()]);
    let copied = copy.arg("--pgdata").arg(&home).output().await.map_err(|error| error.to_string())?;
    if !copied.status.success() {
        return Err(format!("pg_basebackup: {}", String::from_utf8_lossy(&copied.stderr)));
    }
    let mut server = as_postgres(&postgres_program("postgres")?);
    server.arg("-D").arg(&home).args(["-p", &address.port().to_string()]);
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"] {
        server.args(["-c", setting]);
    }
    server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())
}

/// As when the machine is gone: the server and all of its processes at once.
async fn kill_primary(directory: &Path) -> Result<(), String> {
    let file = directory.join("postgres").join("postmaster.pid");
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let server = text.lines().next().ok_or("the primary has no process")?;
    let children = Command::new("pgrep").args(["-P", server]).output().await.map_err(|error| error.to_string())?;
    let children = String::from_utf8_lossy(&children.stdout).into_owned();
    let killed = Command::new("kill").arg("-9").arg(server).args(children.split_whitespace()).status().await;
    killed.map(|_| ()).map_err(|error| error.to_string())
}

fn start_haproxy(shop: &Shop, services: impl Iterator<Item = SocketAddr>) -> Result<Child, String> {
    let servers: Vec<String> =
        services.enumerate().map(|(number, address)| format!("  server merx{number} {address}\n")).collect();
    let config = format!(
        "global\n  maxconn 2000\n\
         defaults\n  mode http\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n  timeout check 2s\n  option http-server-close\n\
         \x20 retries 5\n  option redispatch 1\n  retry-on conn-failure\n\
         frontend api\n  bind {}\n  default_backend services\n\
         backend services\n  balance roundrobin\n  option httpchk GET /readyz\n  default-server check inter 100ms fall 1 rise 1\n{}",
        shop.api(),
        servers.concat()
    );
    let file = shop.directory().join("haproxy.cfg");
    std::fs::write(&file, config).map_err(|error| error.to_string())?;
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().map_err(|error| format!("haproxy cannot be started: {error}; apt-get install haproxy"))
}
