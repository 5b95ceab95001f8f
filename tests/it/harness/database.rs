//! One PostgreSQL for all tests of a run, one database for each test, copied from a migrated template.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel_async::RunQueryDsl;
use merx::config::Config;
use merx::db::pool;
use merx::dev::cluster::{Cluster, Durability};
use tokio::sync::{Mutex, OnceCell};

struct Server {
    cluster: Cluster,
    // Held until the process ends: two runs must not share a directory.
    _lock: std::fs::File,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static COPYING: Mutex<()> = Mutex::const_new(());
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database's addresses, as its owner and as the service reach it.
#[derive(Clone)]
pub(super) struct Urls {
    pub(super) owner: String,
    pub(super) service: String,
}

impl Urls {
    fn of(cluster: &Cluster, name: &str) -> Self {
        Self { owner: cluster.url(name), service: cluster.service_url(name) }
    }

    /// The same at another port.
    fn at(&self, port: u16) -> Self {
        let moved = |url: &str| {
            let (before, after) = url.rsplit_once(':').unwrap();
            format!("{before}:{port}/{}", after.split_once('/').unwrap().1)
        };
        Self { owner: moved(&self.owner), service: moved(&self.service) }
    }
}

/// The addresses of a new database with the present schema.
pub(super) async fn fresh() -> Urls {
    let server = SERVER.get_or_init(start).await;
    let name = format!("it_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let _turn = COPYING.lock().await;
    execute(server, &format!("CREATE DATABASE {name} TEMPLATE template_merx")).await;
    Urls::of(&server.cluster, &name)
}

/// Drops the database of a test that succeeded.
pub(super) async fn discard(url: &str) {
    let server = SERVER.get_or_init(start).await;
    let name = url.rsplit('/').next().unwrap();
    execute(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn execute(server: &Server, statement: &str) {
    let mut conn = pool::connect_once(&server.cluster.url("postgres")).await.unwrap();
    diesel::sql_query(statement).execute(&mut conn).await.unwrap();
}

async fn start() -> Server {
    let (directory, lock) = directory();
    let cluster = Cluster::start(&directory, Durability::None).await.unwrap();
    let server = Server { cluster, _lock: lock };
    // What failed or interrupted runs left.
    for name in leftovers(&server).await {
        execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
    server.cluster.create_database("template_merx").await.unwrap();
    prepare(&Urls::of(&server.cluster, "template_merx")).await;
    server
}

/// The present schema, and a zone.
async fn prepare(urls: &Urls) {
    let variables = |name: &str| match name {
        "DATABASE_URL" => Some(urls.service.clone()),
        "MIGRATION_DATABASE_URL" => Some(urls.owner.clone()),
        "STRIPE_SECRET_KEY" => Some("sk_test_of_the_template".to_owned()),
        "MERX_TOKEN_KEYS" => Some("a key of at least thirty-two characters".to_owned()),
        _ => None,
    };
    merx::run::migrate(&Config::read(&variables).unwrap(), false).await.unwrap();
    ship_everywhere(&urls.owner).await;
}

/// Removes what tests that failed an hour ago left behind: each a gigabyte or more.
fn remove_leftovers(all: &Path) {
    for entry in std::fs::read_dir(all).unwrap().flatten() {
        let is_private = entry.file_name().to_string_lossy().starts_with("private-");
        let age = entry.metadata().ok().and_then(|known| known.modified().ok()?.elapsed().ok()).unwrap_or_default();
        if is_private && age > Duration::from_secs(3600) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A PostgreSQL for one test alone, which it may kill.
pub(crate) struct Private {
    cluster: Cluster,
    directory: PathBuf,
    pub(super) urls: Urls,
}

impl Private {
    /// A new one, as durable as in production.
    pub(super) async fn start() -> Self {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_leftovers(all);
        let directory = all.join(format!("private-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&directory).unwrap();
        let cluster = Cluster::start(&directory, Durability::Full).await.unwrap();
        cluster.create_database("merx").await.unwrap();
        let urls = Urls::of(&cluster, "merx");
        prepare(&urls).await;
        Self { cluster, directory, urls }
    }

    /// `pg_ctl`'s mode `immediate`, as if the machine had lost its power, and a new start on the same port.
    pub(crate) async fn crash_and_restart(&self) {
        self.control(&["restart", "-m", "immediate", "-w"]).await;
    }

    async fn control(&self, arguments: &[&str]) {
        let home = self.home();
        let mut command = self.program("pg_ctl");
        command.args(arguments).arg("-D").arg(&home).arg("-l").arg(home.join("restarted.log"));
        let status = command.stdout(std::process::Stdio::null()).status().await.unwrap();
        assert!(status.success(), "pg_ctl {arguments:?}: {status}");
    }

    /// All that the server has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("postgres.log")).unwrap()
    }

    fn home(&self) -> PathBuf {
        self.directory.join("postgres").canonicalize().unwrap()
    }

    /// A program of the server's, as its user.
    fn program(&self, name: &str) -> tokio::process::Command {
        let home = self.home();
        let owner = std::fs::metadata(&home).unwrap();
        // The command line that the server was started with names its programs.
        let options = std::fs::read_to_string(home.join("postmaster.opts")).unwrap();
        let program = Path::new(options.split_whitespace().next().unwrap()).with_file_name(name);
        let mut command = tokio::process::Command::new(program);
        command.current_dir("/");
        if owner.uid() != std::fs::metadata("/proc/self").unwrap().uid() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }

    /// A standby that follows it.
    pub(crate) async fn standby(&self) -> Standby {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (primary, home) = (self.home(), self.home().with_extension("standby"));
        let owner = std::fs::metadata(&primary).unwrap();
        std::fs::DirBuilder::new().mode(0o700).create(&home).unwrap();
        std::os::unix::fs::chown(&home, Some(owner.uid()), Some(owner.gid())).unwrap();
        let mut copy = self.program("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--dbname", &self.cluster.url("postgres")]);
        let copied = copy.arg("--pgdata").arg(&home).output().await.unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        let mut server = self.program("postgres");
        server.arg("-D").arg(&home).args(["-p", &port.to_string(), "-c", "hot_standby_feedback=on"]);
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        // Beside the primary's, so that their addresses differ in the port alone.
        server.arg("-c").arg(format!("unix_socket_directories=\"{}\"", primary.display()));
        server.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).kill_on_drop(true);
        let standby = Standby { server: server.spawn().unwrap(), home, urls: self.urls.at(port) };
        super::guard(async {
            while pool::connect_once(&standby.urls.owner).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        standby
    }

    /// Ends it, and removes what it kept.
    pub(super) async fn stop(self) {
        self.control(&["stop", "-m", "fast", "-w"]).await;
        let home = self.directory.join("postgres").canonicalize().unwrap();
        self.cluster.stop().await;
        let _ = std::fs::remove_dir_all(home);
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A standby of a test's own PostgreSQL.
pub(crate) struct Standby {
    server: tokio::process::Child,
    home: PathBuf,
    urls: Urls,
}

impl Standby {
    /// Its address as the service reaches it.
    pub(crate) fn service_url(&self) -> &str {
        &self.urls.service
    }

    /// What the primary does is applied no more, from now on.
    pub(crate) async fn pause(&self) {
        #[derive(diesel::QueryableByName)]
        struct Paused {
            #[diesel(sql_type = diesel::sql_types::Bool)]
            paused: bool,
        }
        let mut conn = pool::connect_once(&self.urls.owner).await.unwrap();
        diesel::sql_query("SELECT pg_wal_replay_pause()").execute(&mut conn).await.unwrap();
        super::guard(async {
            let state = "SELECT pg_get_wal_replay_pause_state() = 'paused' AS paused";
            while !diesel::sql_query(state).get_result::<Paused>(&mut conn).await.unwrap().paused {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// It goes on.
    pub(crate) async fn resume(&self) {
        let mut conn = pool::connect_once(&self.urls.owner).await.unwrap();
        diesel::sql_query("SELECT pg_wal_replay_resume()").execute(&mut conn).await.unwrap();
    }

    /// Ends it.
    pub(crate) async fn kill(mut self) {
        self.server.kill().await.unwrap();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// One zone for all the world with one rate, as most tests sell something that is sent.
async fn ship_everywhere(url: &str) {
    let band = |currency: &str, price: i64| serde_json::json!({"currency": currency, "price": price});
    let zone = serde_json::json!({"name": "World", "regions": [{"country": "*"}], "rates": [{"name": "Standard shipping", "basis": "weight",
        "bands": [band("EUR", 490), band("USD", 590), band("JPY", 800), band("KWD", 1500)]}]});
    let zone = serde_json::from_value(zone).unwrap();
    let mut conn = pool::connect_once(url).await.unwrap();
    merx::shipping::zones::create(&mut conn, &zone, merx::clock::Clock::new(None).now()).await.unwrap();
}

async fn leftovers(server: &Server) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let mut conn = pool::connect_once(&server.cluster.url("postgres")).await.unwrap();
    let names: Vec<Name> =
        diesel::sql_query("SELECT datname::text AS name FROM pg_database WHERE datname ~ '^(it_|template_merx)'")
            .load(&mut conn)
            .await
            .unwrap();
    names.into_iter().map(|row| row.name).collect()
}

/// `target/it`, kept between runs; another directory while a run uses that one.
fn directory() -> (PathBuf, std::fs::File) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it");
    for directory in [target.clone(), target.with_extension(std::process::id().to_string())] {
        std::fs::create_dir_all(&directory).unwrap();
        let lock = std::fs::File::create(directory.join("lock")).unwrap();
        if lock.try_lock().is_ok() {
            return (directory, lock);
        }
    }
    panic!("no directory for the tests' PostgreSQL");
}
