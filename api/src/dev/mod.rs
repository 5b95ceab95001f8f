//! `merx dev`: the whole of Merx on one machine, without accounts or configuration.

pub mod cluster;
pub mod copies;
pub mod history;
pub mod seed;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandbox::Sandbox;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::config::{Config, is_live_key};
use crate::run::{self, Running, StopSignal};
use crate::staff::api_keys::{self, Scope};
use crate::staff::key_commands;
use crate::staff::members::{self, StaffStatus};
use crate::staff::roles::{BuiltInRole, RoleRef};
use crate::staff::{account, commands};
use crate::tokens::random_secret;
use cluster::{Cluster, Durability};

/// The e-mail address of the owner.
const OWNER: &str = "owner@merx.example";

/// How `merx dev` is started.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where the API listens
    #[arg(long, env = "MERX_BIND", default_value = "127.0.0.1:8080")]
    pub bind: SocketAddr,
    /// Where the database and secrets are kept
    #[arg(long, env = "MERX_DATA_DIR", default_value = ".merx")]
    pub data_dir: PathBuf,
    /// Delete all data first
    #[arg(long)]
    pub fresh: bool,
    /// How many orders a shop without any is given, over the last year, once it runs; 0 for none
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(..=i64::from(history::MOST_ORDERS)))]
    pub orders: u32,
}

/// What the data directory keeps between starts.
#[derive(Debug, Serialize, Deserialize)]
struct Secrets {
    token_key: String,
    webhook_secret: String,
    admin_key: Option<String>,
    #[serde(default)]
    owner_password: Option<String>,
}

/// Who can log in to the dashboard.
#[derive(Debug, Serialize)]
struct Owner {
    email: &'static str,
    password: String,
}

/// What scripts and people read to reach a running `merx dev`: `<data-dir>/dev.json`.
#[derive(Debug, Serialize)]
struct Description<'a> {
    base_url: &'a str,
    docs_url: String,
    mailbox_url: String,
    dashboard_url: String,
    database_url: &'a str,
    migration_database_url: &'a str,
    sandbox_url: Option<String>,
    admin_key: &'a str,
    staff: &'a Owner,
    webhook_secret: &'a str,
}

/// One database, as its two roles reach it.
struct Databases {
    service: String,
    owner: String,
}

/// Runs until Ctrl-C.
///
/// # Errors
/// One line with the remedy.
pub async fn run(options: Options) -> Result<(), String> {
    if variable("STRIPE_SECRET_KEY").is_some_and(|key| is_live_key(&key) == Ok(true)) {
        return Err("merx dev takes no live key. Use a test key (sk_test_…), or none for the sandbox.".to_owned());
    }
    if options.fresh && variable("DATABASE_URL").is_some() {
        return Err(
            "--fresh deletes only what merx dev made. Unset DATABASE_URL, or empty that database by hand.".to_owned()
        );
    }
    let mut signal = StopSignal::listen()?;
    let data_dir = prepare(&options)?;
    let lock = lock(&data_dir)?;
    // Of a run that was killed; its absence says that nothing runs yet.
    remove(&data_dir.join("dev.json"))?;
    let listener = run::bind(options.bind)?;
    let cluster = match variable("DATABASE_URL") {
        Some(_) => None,
        None => Some(Cluster::start(&data_dir, Durability::Full).await?),
    };
    let outcome = run_on(&options, &data_dir, listener, cluster.as_ref(), &mut signal).await;
    if let Some(cluster) = cluster {
        cluster.stop().await;
    }
    drop(lock);
    outcome
}

/// A variable of the environment; an empty one counts as unset.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn prepare(options: &Options) -> Result<PathBuf, String> {
    let wrong = |error: std::io::Error| {
        format!("{} cannot be used ({error}). Choose another with --data-dir.", options.data_dir.display())
    };
    std::fs::create_dir_all(&options.data_dir).map_err(wrong)?;
    options.data_dir.canonicalize().map_err(wrong)
}

/// One `merx dev` per data directory.
fn lock(data_dir: &Path) -> Result<std::fs::File, String> {
    let path = data_dir.join("dev.lock");
    let file =
        std::fs::File::create(&path).map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
    file.try_lock().map_err(|error| {
        let dir = data_dir.display();
        format!("Another merx dev uses {dir} ({error}). Stop it, or choose another directory with --data-dir.")
    })?;
    Ok(file)
}

async fn run_on(
    options: &Options,
    data_dir: &Path,
    listener: std::net::TcpListener,
    cluster: Option<&Cluster>,
    signal: &mut StopSignal,
) -> Result<(), String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let databases = match cluster {
        Some(cluster) => {
            let owner = cluster.create_database("merx").await?;
            Databases { service: cluster.service_url("merx"), owner }
        }
        None => {
            let service = variable("DATABASE_URL").unwrap_or_default();
            Databases { owner: variable("MIGRATION_DATABASE_URL").unwrap_or_else(|| service.clone()), service }
        }
    };
    if options.fresh {
        forget(data_dir)?;
    }
    let mut secrets = secrets(data_dir)?;
    let base_url = format!("http://{address}");
    let sandbox = match variable("STRIPE_SECRET_KEY") {
        Some(_) => None,
        None => Some(start_sandbox(address, &base_url, &secrets, data_dir).await?),
    };
    let config = config(address, &databases, sandbox.as_ref(), &secrets)?;
    if options.fresh {
        run::migrate(&config, true).await?;
    }
    run::migrate(&config, false).await?;
    let app = App::new(config)?;
    let admin_key = admin_key(&app, &mut secrets, data_dir).await.map_err(|error| error.to_string())?;
    let owner = owner(&app, &mut secrets, data_dir).await.map_err(|error| error.to_string())?;
    seed::seed(&app).await.map_err(|error| error.to_string())?;
    let mut running = Running::new(Arc::clone(&app));
    running.serve(listener).map_err(|error| error.to_string())?;
    running.work();
    let description = Description {
        base_url: &base_url,
        docs_url: format!("{base_url}/docs/"),
        mailbox_url: format!("{base_url}/dev/mailbox"),
        dashboard_url: format!("{base_url}/admin/"),
        database_url: &databases.service,
        migration_database_url: &databases.owner,
        sandbox_url: sandbox.as_ref().map(Sandbox::url),
        admin_key: &admin_key,
        staff: &owner,
        webhook_secret: &secrets.webhook_secret,
    };
    write(&data_dir.join("dev.json"), &serde_json::to_string_pretty(&description).map_err(|error| error.to_string())?)?;
    println!("{}", welcome(&description, &app).await);
    // The shop is open meanwhile.
    tokio::select! {
        () = signal.received() => {}
        () = make_past(&app, sandbox.as_ref(), options.orders) => signal.received().await,
    }
    println!("Stopping…");
    running.stop().await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    // Nobody should believe that a stopped server is there.
    remove(&data_dir.join("dev.json"))
}

/// Gives the shop a year behind it, while it runs already.
async fn make_past(app: &App, sandbox: Option<&Sandbox>, orders: u32) {
    match history::seed(app, orders).await {
        Ok(past) => {
            if let Some(sandbox) = sandbox {
                sandbox.adopt(&past.payments);
            }
            tracing::info!("{}", past.told);
        }
        Err(error) => tracing::error!(error = %error, "The demo shop's past could not be made"),
    }
}

fn forget(data_dir: &Path) -> Result<(), String> {
    remove(&data_dir.join("secrets.json"))?;
    remove(&data_dir.join("sandbox.json"))
}

fn remove(path: &Path) -> Result<(), String> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} cannot be deleted: {error}.", path.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn secrets(data_dir: &Path) -> Result<Secrets, String> {
    let path = data_dir.join("secrets.json");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return serde_json::from_str(&text)
            .map_err(|error| format!("{} is damaged ({error}). Start with --fresh.", path.display()));
    }
    let secrets = Secrets {
        token_key: random_secret("tk_"),
        webhook_secret: random_secret("whsec_"),
        admin_key: None,
        owner_password: None,
    };
    save(data_dir, &secrets)?;
    Ok(secrets)
}

fn save(data_dir: &Path, secrets: &Secrets) -> Result<(), String> {
    write(&data_dir.join("secrets.json"), &serde_json::to_string_pretty(secrets).map_err(|error| error.to_string())?)
}

/// Writes a file that only we may read.
fn write(path: &Path, text: &str) -> Result<(), String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let fresh = path.with_extension("new");
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&fresh, path));
    written.map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}

/// The sandbox on the port after the API's, so that its links stay the same; any port when that one is taken.
async fn start_sandbox(
    address: SocketAddr,
    base_url: &str,
    secrets: &Secrets,
    data_dir: &Path,
) -> Result<Sandbox, String> {
    let config = |port| sandbox::Config {
        bind: SocketAddr::new(address.ip(), port),
        webhook_url: Some(format!("{base_url}/v1/webhooks/stripe")),
        webhook_secrets: vec![secrets.webhook_secret.clone()],
        shippo_webhook_url: Some(format!("{base_url}/v1/webhooks/shippo?token={}", secrets.webhook_secret)),
        clock_file: std::env::var_os("MERX_CLOCK_FILE").map(PathBuf::from),
        state_file: Some(data_dir.join("sandbox.json")),
        ..sandbox::Config::default()
    };
    let preferred = address.port().checked_add(1).unwrap_or_default();
    match Sandbox::start(config(preferred)).await {
        Ok(sandbox) => Ok(sandbox),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Sandbox::start(config(0)).await.map_err(|error| format!("The sandbox cannot start: {error}."))
        }
        Err(error) => Err(format!("The sandbox cannot start: {error}.")),
    }
}

/// The environment, with defaults for everything that is not set.
fn config(
    address: SocketAddr,
    databases: &Databases,
    sandbox: Option<&Sandbox>,
    secrets: &Secrets,
) -> Result<Config, String> {
    let mut defaults: HashMap<&str, String> = HashMap::from([
        ("MERX_BIND", address.to_string()),
        ("DATABASE_URL", databases.service.clone()),
        ("MERX_TOKEN_KEYS", secrets.token_key.clone()),
        ("MERX_STORE_NAME", "Northbound Goods".to_owned()),
        ("MERX_CURRENCIES", "EUR,USD,GBP,JPY".to_owned()),
        ("MERX_LOCALES", "en,de".to_owned()),
        ("MERX_REDIRECT_ORIGINS", "loopback".to_owned()),
        ("MERX_CORS_ORIGINS", "*".to_owned()),
        ("MERX_ENV", "dev".to_owned()),
        ("MERX_DEV_MAILBOX", "on".to_owned()),
        ("MERX_WEBHOOKS_ALLOW_PRIVATE", "true".to_owned()),
        ("STRIPE_WEBHOOK_SECRETS", secrets.webhook_secret.clone()),
    ]);
    if variable("DATABASE_URL").is_none() {
        defaults.insert("MIGRATION_DATABASE_URL", databases.owner.clone());
    }
    if let Some(sandbox) = sandbox {
        defaults.insert("STRIPE_SECRET_KEY", "sk_test_sandbox".to_owned());
        defaults.insert("STRIPE_API_BASE", sandbox.url());
        defaults.insert("MERX_STRIPE_REQUESTS_PER_SECOND", "1000".to_owned());
        defaults.insert("MERX_STRIPE_REQUESTS_PER_SECOND_PER_ENDPOINT", "1000".to_owned());
        defaults.insert("SHIPPO_API_TOKEN", "shippo_test_sandbox".to_owned());
        defaults.insert("SHIPPO_WEBHOOK_TOKENS", secrets.webhook_secret.clone());
        defaults.insert("SHIPPO_API_BASE", format!("{}/shippo", sandbox.url()));
        defaults.insert("MERX_ECB_URL", format!("{}/ecb/stats/eurofxref/eurofxref-daily.xml", sandbox.url()));
        defaults.insert("MERX_SHIPPO_REQUESTS_PER_SECOND", "1000".to_owned());
    }
    Config::read(&|name| variable(name).or_else(|| defaults.get(name).cloned()))
}

async fn admin_key(app: &App, secrets: &mut Secrets, data_dir: &Path) -> crate::error::Result<String> {
    let mut conn = app.connection().await?;
    if let Some(key) = &secrets.admin_key
        && let Some((_, _, scopes)) = api_keys::find(&mut conn, key, app.clock.now()).await?
        // One of an older version lacks the scopes of this one.
        && Scope::ALL.iter().all(|scope| scopes.contains(scope))
    {
        return Ok(key.clone());
    }
    let key = key_commands::issue(&mut conn, "merx dev", &Scope::ALL, app.clock.now()).await?;
    secrets.admin_key = Some(key.clone());
    save(data_dir, secrets).map_err(crate::error::Error::Internal)?;
    Ok(key)
}

/// An owner who can log in by the password that is printed, whatever it was changed to since.
async fn owner(app: &App, secrets: &mut Secrets, data_dir: &Path) -> crate::error::Result<Owner> {
    let password = secrets.owner_password.clone().unwrap_or_else(|| random_secret("").chars().take(16).collect());
    let found = {
        let mut conn = app.connection().await?;
        members::by_email(&mut conn, OWNER).await?
    };
    let role = RoleRef::BuiltIn(BuiltInRole::Owner);
    match found {
        None => drop(commands::create(app, (OWNER, "Olivia Owner", role), Some(&password)).await?),
        Some(found)
            if found.status == StaffStatus::Active
                && app.passwords.verify(&password, found.password_hash.as_deref()).await? => {}
        Some(found) => account::force_password(app, found.id, &password).await?,
    }
    secrets.owner_password = Some(password.clone());
    save(data_dir, secrets).map_err(crate::error::Error::Internal)?;
    Ok(Owner { email: OWNER, password })
}

async fn welcome(description: &Description<'_>, app: &App) -> String {
    let base = description.base_url;
    let variant = seed::a_variant(app).await.unwrap_or_else(|| "var_…".to_owned());
    let sandbox = description.sandbox_url.as_deref().unwrap_or("none (STRIPE_SECRET_KEY is set)");
    format!(
        r#"
Merx is running.

  API        {base}/v1/products
  Dashboard  {dashboard}
  Reference  {docs}
  Mailbox    {mailbox}
  Sandbox    {sandbox}
  Staff key  {key}
  Login      {email}, password {password}

Buy something (copy, paste, and pay on the page whose address comes last):

  CART=$(curl -s {base}/v1/carts -H 'Content-Type: application/json' -d '{{
    "email": "ada@example.com",
    "line_items": [{{"variant_id": "{variant}", "quantity": 1}}],
    "shipping_address": {{"name": "Ada Lovelace", "line1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"}}
  }}')
  ID=$(echo "$CART" | grep -oE 'cart_[0-9a-z]{{26}}' | head -1); TOKEN=$(echo "$CART" | grep -oE 'ct_[A-Za-z0-9_-]{{43}}')
  curl -s {base}/v1/checkouts -H 'Content-Type: application/json' -H "X-Cart-Token: $TOKEN" -H "Idempotency-Key: $(date +%s%N)" -d '{{
    "cart_id": "'$ID'", "success_url": "{base}/docs/", "cancel_url": "{base}/docs/"
  }}' | grep -o '"url":"[^"]*"'

Stop with Ctrl-C."#,
        dashboard = description.dashboard_url,
        docs = description.docs_url,
        mailbox = description.mailbox_url,
        key = description.admin_key,
        email = description.staff.email,
        password = description.staff.password,
    )
}
