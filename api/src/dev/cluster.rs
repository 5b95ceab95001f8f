//! A private PostgreSQL from the system's binaries: started, stopped, and never left behind.
//!
//! The server runs under a small shell that holds our end of a pipe: when this process ends, however it ends, the
//! pipe closes and the shell stops the server. As root it runs as `postgres` or `nobody`, as PostgreSQL refuses root.

use std::hash::{Hash, Hasher};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel_async::RunQueryDsl;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::db::{Connection, pool};
use crate::tokens::random_secret;

/// Waits for a line or the end of its input, then stops the server fast and waits for it.
const SUPERVISOR: &str = r#""$@" & server=$!; trap '' INT TERM HUP; read -r _; kill -INT "$server"; wait "$server""#;

/// Whose the databases are.
const OWNER: &str = "merx";

/// Whom the service is in the database.
const SERVICE_ROLE: &str = "merx_app";

/// The longest path of a socket that every system takes, in bytes (`sun_path` of macOS, the shortest of them).
const LONGEST_SOCKET: usize = 103;

const START_PATIENCE: Duration = Duration::from_secs(60);

const NOT_FOUND: &str = "PostgreSQL's server programs were not found. Run script/bootstrap, or install them \
    (Debian: apt-get install postgresql; macOS: brew install postgresql@15), or set DATABASE_URL.";

/// Whether data must survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production.
    Full,
    /// For tests: no fsync.
    None,
}

/// A running PostgreSQL.
pub struct Cluster {
    supervisor: Child,
    port: u16,
    password: String,
    /// The directory of its socket, unless that is too deep down.
    socket: Option<PathBuf>,
}

/// Whom the server runs as.
#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Starts the cluster kept in `<data_dir>/postgres`, making it first when there is none.
    ///
    /// # Errors
    /// One line with the remedy.
    pub async fn start(data_dir: &Path, durability: Durability) -> Result<Self, String> {
        let binaries = find_binaries().ok_or(NOT_FOUND)?;
        let user = server_user()?;
        let home = place(data_dir, user)?;
        let password = password(data_dir)?;
        if !home.join("PG_VERSION").exists() {
            initialise(&binaries, &home, user, &password)?;
        }
        wait_for_predecessor(&home)?;
        let port = free_port()?;
        let socket = may_hold_socket(&home, port).then(|| home.clone());
        let log = data_dir.join("postgres.log");
        let supervisor = launch(&binaries, &home, &log, user, port, socket.as_deref(), durability)?;
        let cluster = Self { supervisor, port, password, socket };
        let started = Instant::now();
        let mut conn = loop {
            match pool::connect_once(&cluster.url("postgres")).await {
                Ok(conn) => break conn,
                Err(error) if started.elapsed() > START_PATIENCE => {
                    return Err(format!("PostgreSQL does not start ({error}). See {}.", log.display()));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        cluster.create_service_role(&mut conn).await?;
        Ok(cluster)
    }

    /// The role that the service is; it has the password of the owner, which only we can read.
    async fn create_service_role(&self, conn: &mut Connection) -> Result<(), String> {
        let create = format!("CREATE ROLE {SERVICE_ROLE} LOGIN PASSWORD '{}'", self.password);
        match diesel::sql_query(create).execute(conn).await {
            Err(error) if !error.to_string().contains("already exists") => {
                Err(format!("The role {SERVICE_ROLE} cannot be created: {error}."))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The address of a database in the cluster, as its owner reaches it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{OWNER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The address of a database in the cluster, as the service reaches it: by its socket, where there is one.
    #[must_use]
    pub fn service_url(&self, database: &str) -> String {
        self.local_url(SERVICE_ROLE, database)
    }

    /// The address of a database in the cluster on the shortest way, as its owner reaches it.
    #[must_use]
    pub fn owner_url(&self, database: &str) -> String {
        self.local_url(OWNER, database)
    }

    fn local_url(&self, role: &str, database: &str) -> String {
        let socket = self.socket.as_ref().map(|directory| directory.as_os_str().as_bytes());
        let host = socket.map(|path| percent_encode(path, NON_ALPHANUMERIC).to_string());
        let host = host.as_deref().unwrap_or("127.0.0.1");
        format!("postgres://{role}:{}@{host}:{}/{database}", self.password, self.port)
    }

    /// Makes a database unless it exists, and answers its address as that of its owner.
    ///
    /// # Errors
    /// The server's message.
    pub async fn create_database(&self, name: &str) -> Result<String, String> {
        let mut conn = pool::connect_once(&self.url("postgres")).await.map_err(|error| error.to_string())?;
        match diesel::sql_query(format!("CREATE DATABASE \"{name}\"")).execute(&mut conn).await {
            Err(error) if !error.to_string().contains("already exists") => {
                Err(format!("{name} cannot be created: {error}."))
            }
            Ok(_) | Err(_) => Ok(self.url(name)),
        }
    }

    /// Stops the server and waits until it has.
    pub async fn stop(mut self) {
        drop(self.supervisor.stdin.take());
        let stopped = tokio::task::spawn_blocking(move || self.supervisor.wait()).await;
        if !matches!(stopped, Ok(Ok(_))) {
            tracing::warn!("PostgreSQL's end could not be observed");
        }
    }
}

/// Whether the server may have its socket in a directory: by its length, as it stands between quotes in a list, and as clients
/// read it, for whom a comma parts two hosts.
fn may_hold_socket(directory: &Path, port: u16) -> bool {
    let socket = directory.join(format!(".s.PGSQL.{port}"));
    socket.to_str().is_some_and(|path| path.len() <= LONGEST_SOCKET && !path.contains(['"', ',']))
}

fn find_binaries() -> Option<PathBuf> {
    let complete = |dir: &PathBuf| dir.join("postgres").is_file() && dir.join("initdb").is_file();
    let configured = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success());
    let configured = configured.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let on_path =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let mut usual = Vec::new();
    for (base, below) in
        [("/usr/lib/postgresql", "bin"), ("/opt/homebrew/opt", "bin"), ("/usr/local/opt", "bin"), ("/usr", "bin")]
    {
        let Ok(entries) = std::fs::read_dir(base) else { continue };
        usual.extend(entries.flatten().map(|entry| entry.path().join(below)));
    }
    usual.sort();
    usual.reverse();
    configured.into_iter().chain(on_path).chain(usual).find(complete)
}

/// `None` when we are not root, and so are a user that PostgreSQL accepts.
fn server_user() -> Result<Option<User>, String> {
    let id = Command::new("id").arg("-u").output().map_err(|error| format!("`id` cannot be run: {error}."))?;
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return Ok(None);
    }
    let users =
        std::fs::read_to_string("/etc/passwd").map_err(|error| format!("/etc/passwd cannot be read: {error}."))?;
    let find = |name: &str| {
        let mut fields = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        Some(User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    };
    let user = find("postgres").or_else(|| find("nobody"));
    user.map(Some).ok_or_else(|| {
        "PostgreSQL refuses root, and there is neither a user `postgres` nor `nobody`. Add one.".to_owned()
    })
}

/// The directory of the cluster: inside the data directory when the server's user can reach it, else below /var/lib.
fn place(data_dir: &Path, user: Option<User>) -> Result<PathBuf, String> {
    let home = data_dir.join("postgres");
    if home.exists() {
        return home.canonicalize().map_err(|error| format!("{} cannot be used: {error}.", home.display()));
    }
    let wrong = |error: std::io::Error| format!("{} cannot be made: {error}.", home.display());
    let Some(user) = user else {
        std::fs::create_dir(&home).map_err(wrong)?;
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).map_err(wrong)?;
        return Ok(home);
    };
    let reachable = Command::new("test").arg("-x").arg(data_dir).uid(user.uid).gid(user.gid).current_dir("/").status();
    let place = if reachable.is_ok_and(|status| status.success()) {
        std::fs::create_dir(&home).map_err(wrong)?;
        home.clone()
    } else {
        let mut hasher = std::hash::DefaultHasher::new();
        data_dir.hash(&mut hasher);
        let elsewhere = PathBuf::from(format!("/var/lib/merx/{:016x}", hasher.finish()));
        std::fs::create_dir_all(&elsewhere).and_then(|()| symlink(&elsewhere, &home)).map_err(wrong)?;
        elsewhere
    };
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o700)).map_err(wrong)?;
    chown(&place, Some(user.uid), Some(user.gid)).map_err(wrong)?;
    Ok(place)
}

fn password(data_dir: &Path) -> Result<String, String> {
    let path = data_dir.join("database.password");
    if let Ok(password) = std::fs::read_to_string(&path) {
        return Ok(password.trim().to_owned());
    }
    let password = random_secret("pg_");
    super::write(&path, &password)?;
    Ok(password)
}

fn as_user(command: &mut Command, user: Option<User>) -> &mut Command {
    if let Some(user) = user {
        command.gid(user.gid).uid(user.uid);
    }
    command.current_dir("/").env_remove("PGDATA").env("LC_ALL", "C.UTF-8")
}

fn initialise(binaries: &Path, home: &Path, user: Option<User>, password: &str) -> Result<(), String> {
    let failed =
        |detail: String| format!("PostgreSQL's data directory cannot be made in {}: {detail}.", home.display());
    // Beside the directory, which must be empty, and only as long as initdb reads it.
    let file = home.with_extension("password");
    super::write(&file, password)?;
    if let Some(user) = user {
        chown(&file, Some(user.uid), Some(user.gid)).map_err(|error| failed(error.to_string()))?;
    }
    let mut command = Command::new(binaries.join("initdb"));
    command.arg(format!("--username={OWNER}"));
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions", "--pwfile"]);
    command.arg(&file).arg("-D").arg(home);
    let output = as_user(&mut command, user).output();
    let removed = std::fs::remove_file(&file);
    let output = output.and_then(|output| removed.map(|()| output)).map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or("initdb failed").to_owned()))
}

/// After a crash of ours the old server may still be stopping.
fn wait_for_predecessor(home: &Path) -> Result<(), String> {
    let started = Instant::now();
    loop {
        let pid = std::fs::read_to_string(home.join("postmaster.pid")).ok();
        let pid = pid.and_then(|text| text.lines().next().map(str::to_owned));
        let Some(pid) = pid else { return Ok(()) };
        let alive =
            Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !alive {
            return Ok(());
        }
        if started.elapsed() > Duration::from_secs(20) {
            return Err(format!(
                "PostgreSQL (process {pid}) still uses {}. Stop it with `kill -INT {pid}`.",
                home.display()
            ));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn free_port() -> Result<u16, String> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("No free port on 127.0.0.1: {error}."))
}

fn launch(
    binaries: &Path,
    home: &Path,
    log: &Path,
    user: Option<User>,
    port: u16,
    socket: Option<&Path>,
    durability: Durability,
) -> Result<Child, String> {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(|error| format!("{} cannot be written: {error}.", log.display()))?;
    let copy = log.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(SUPERVISOR)
        .arg("sh")
        .arg(binaries.join("postgres"))
        .arg("-D")
        .arg(home)
        .args(["-p", &port.to_string()]);
    let sockets = socket.map(|directory| format!("\"{}\"", directory.display())).unwrap_or_default();
    let sockets = format!("unix_socket_directories={sockets}");
    let mut settings = vec!["listen_addresses=127.0.0.1", &sockets, "max_connections=200", "log_min_messages=warning"];
    if durability == Durability::None {
        settings.extend(["fsync=off", "full_page_writes=off", "shared_buffers=256MB"]);
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    // A process group of its own: Ctrl-C must reach us first, then we stop the server.
    command.process_group(0).stdin(Stdio::piped()).stdout(copy).stderr(log);
    as_user(&mut command, user).spawn().map_err(|error| format!("PostgreSQL cannot be started: {error}."))
}
