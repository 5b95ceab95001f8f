//! What stands beside the services: load balancer, pool of connections, standby, counters.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use actix_web::http::Method;
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::shop::{Shop, free_address, stop};

/// The first PgBouncer that prepares statements in transaction mode.
const PGBOUNCER_SINCE: [u32; 2] = [1, 21];

/// A pool of connections to one PostgreSQL, in transaction mode.
pub(super) struct PgBouncer {
    child: Child,
    address: SocketAddr,
    file: PathBuf,
    database_url: String,
}

impl PgBouncer {
    /// Starts it before a database, if one is installed that is new enough.
    pub(super) async fn start(shop: &Shop, database_url: &str) -> Result<Option<Self>, String> {
        let said = Command::new("pgbouncer").arg("--version").output().await;
        let said = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        let version = said.split_whitespace().nth(1).unwrap_or_default();
        let numbers: Vec<u32> = version.split('.').filter_map(|number| number.parse().ok()).collect();
        if numbers.get(..2).is_none_or(|numbers| numbers < PGBOUNCER_SINCE.as_slice()) {
            let [major, minor] = PGBOUNCER_SINCE;
            eprintln!("without PgBouncer, as {major}.{minor} is wanted, and found is: {version}");
            return Ok(None);
        }
        let (file, address) = (shop.directory().join("pgbouncer.ini"), free_address()?);
        configure(shop, &file, address, database_url)?;
        let mut command = as_owner(shop, Path::new("pgbouncer"))?;
        let child = command.arg("-q").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("pgbouncer cannot be started: {error}"))?;
        Ok(Some(Self { child, address, file, database_url: database_url.to_owned() }))
    }

    /// The database's address behind it.
    pub(super) fn url(&self) -> Result<String, String> {
        with_host(&self.database_url, &self.address.to_string())
    }

    /// From now on it asks another server.
    pub(super) async fn turn_to(&self, shop: &Shop, database_url: &str) -> Result<(), String> {
        configure(shop, &self.file, self.address, database_url)?;
        let id = self.child.id().unwrap_or_default().to_string();
        let asked = Command::new("kill").args(["-HUP", &id]).status().await;
        asked.map(|_| ()).map_err(|error| error.to_string())
    }

    pub(super) async fn stop(mut self) -> Result<(), String> {
        stop(&mut self.child).await
    }
}

/// Its settings, which hold a password and so are for PostgreSQL's user alone.
fn configure(shop: &Shop, file: &Path, address: SocketAddr, database_url: &str) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("pgbouncer.ini cannot be written: {error}");
    let (_, rest) = database_url.split_once("://").ok_or("the database's address has no scheme")?;
    let (user, password) = rest.split_once('@').and_then(|(who, _)| who.split_once(':')).ok_or("it has no password")?;
    let host: SocketAddr =
        host_of(database_url)?.parse().map_err(|error| format!("the database's address: {error}"))?;
    let name = database_url.rsplit('/').next().unwrap_or_default();
    let settings = format!(
        "[databases]\n{name} = host={} port={} dbname={name} user={user} password={password}\n\
         [pgbouncer]\nlisten_addr = {}\nlisten_port = {}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
         max_prepared_statements = 1000\nmax_client_conn = 400\ndefault_pool_size = 60\nignore_startup_parameters = options\n\
         server_login_retry = 1\n",
        host.ip(),
        host.port(),
        address.ip(),
        address.port(),
    );
    let written = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut new = options.write(true).create(true).truncate(true).mode(0o600).open(&written).map_err(wrong)?;
    new.write_all(settings.as_bytes()).map_err(wrong)?;
    let owner = std::fs::metadata(home(shop)?).map_err(wrong)?;
    chown(&written, Some(owner.uid()), Some(owner.gid())).map_err(wrong)?;
    std::fs::rename(&written, file).map_err(wrong)
}

/// A Redis without a file; its address.
pub(super) fn start_redis() -> Result<(Child, String), String> {
    let address = free_address()?;
    let mut command = Command::new("redis-server");
    command.args(["--port", &address.port().to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn();
    let child =
        child.map_err(|error| format!("redis-server cannot be started: {error}; apt-get install redis-server"))?;
    Ok((child, format!("redis://{address}")))
}

pub(super) async fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut client) = Client::connect(address).await else { return false };
    client.send(Method::GET, "/readyz", &[], None).await.is_ok()
}

pub(super) fn host_of(url: &str) -> Result<&str, String> {
    let host = url.rsplit_once('@').and_then(|(_, rest)| rest.split('/').next());
    host.ok_or_else(|| "the database's address has no host".to_owned())
}

pub(super) fn with_host(url: &str, host: &str) -> Result<String, String> {
    Ok(url.replace(host_of(url)?, host))
}

fn postgres_program(name: &str) -> Result<PathBuf, String> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = installed.map(|entry| entry.path().join("bin").join(name)).find(|program| program.is_file());
    found.ok_or_else(|| format!("PostgreSQL's {name} is not installed"))
}

/// Where the primary keeps its data; whoever owns that runs all servers, as PostgreSQL refuses root.
fn home(shop: &Shop) -> Result<PathBuf, String> {
    shop.directory().join("postgres").canonicalize().map_err(|error| error.to_string())
}

/// A command as PostgreSQL's user.
fn as_owner(shop: &Shop, program: &Path) -> Result<Command, String> {
    let owner = std::fs::metadata(home(shop)?).map_err(|error| error.to_string())?;
    let own = std::fs::metadata("/proc/self").map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.current_dir("/").kill_on_drop(true);
    if owner.uid() != own.uid() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    Ok(command)
}

/// A copy of the primary that follows it.
pub(super) struct Standby {
    server: Child,
    home: PathBuf,
}

impl Standby {
    pub(super) async fn start(shop: &Shop, address: SocketAddr) -> Result<Self, String> {
        let (primary, home) = (home(shop)?, home(shop)?.with_extension("standby"));
        let owner = std::fs::metadata(primary).map_err(|error| error.to_string())?;
        std::fs::DirBuilder::new().mode(0o700).create(&home).map_err(|error| error.to_string())?;
        chown(&home, Some(owner.uid()), Some(owner.gid())).map_err(|error| error.to_string())?;
        let mut copy = as_owner(shop, &postgres_program("pg_basebackup")?)?;
        copy.args([
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--dbname",
            shop.database_url(),
        ]);
        let copied = copy.arg("--pgdata").arg(&home).output().await.map_err(|error| error.to_string())?;
        if !copied.status.success() {
            return Err(format!("pg_basebackup: {}", String::from_utf8_lossy(&copied.stderr)));
        }
        let mut server = as_owner(shop, &postgres_program("postgres")?)?;
        server.arg("-D").arg(&home).args(["-p", &address.port().to_string()]);
        for setting in
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "hot_standby_feedback=on"]
        {
            server.args(["-c", setting]);
        }
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        Ok(Self { server, home })
    }

    /// Ends it, and removes what it kept.
    pub(super) async fn stop(mut self) -> Result<(), String> {
        stop(&mut self.server).await?;
        std::fs::remove_dir_all(&self.home).map_err(|error| error.to_string())
    }
}

/// As when the machine is gone: the server and all of its processes at once.
pub(super) async fn kill_primary(directory: &Path) -> Result<(), String> {
    let file = directory.join("postgres").join("postmaster.pid");
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let server = text.lines().next().ok_or("the primary has no process")?;
    let children = Command::new("pgrep").args(["-P", server]).output().await.map_err(|error| error.to_string())?;
    let children = String::from_utf8_lossy(&children.stdout).into_owned();
    let killed = Command::new("kill").arg("-9").arg(server).args(children.split_whitespace()).status().await;
    killed.map(|_| ()).map_err(|error| error.to_string())
}

pub(super) fn start_haproxy(shop: &Shop, services: impl Iterator<Item = SocketAddr>) -> Result<Child, String> {
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
