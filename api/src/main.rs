//! The `merx` command.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use merx::app::App;
use merx::audit::{self, Action, Author, Entry};
use merx::clock::Clock;
use merx::config::Config;
use merx::db::roles;
use merx::discounts::import::Taken;
use merx::ids::ApiKeyId;
use merx::imports::model::{Counts, ImportRow, Options, Outcome};
use merx::money::Currency;
use merx::run::{self, Running, StopSignal};
use merx::staff::api_keys::{self, Scope};
use merx::staff::commands::StaffCommand;
use merx::staff::key_commands;
use merx::{catalog, check, http, imports, jobs};
use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;

/// It gives memory back that was used once, at the start or by an import, where the system's keeps it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Headless commerce: products, carts, checkout, orders.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (jobs are run by `merx worker`)
    Serve,
    /// Run background jobs
    Worker,
    /// Everything on this machine, without any account: database, sandbox, demo shop, API, worker
    #[cfg(feature = "dev")]
    Dev(merx::dev::Options),
    /// Bring the database to this version's schema
    Migrate,
    /// Fill an empty shop with the demo catalogue
    #[cfg(feature = "dev")]
    Seed {
        /// Give it a year of so many orders as well, with all that follows them
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(merx::dev::history::MOST_ORDERS)))]
        orders: u32,
    },
    /// Import Shopify's product CSV; prints the rows that were refused, and a summary
    Import(ImportArguments),
    /// Write all products as Shopify's product CSV to the standard output
    Export {
        /// Shield cells that a spreadsheet would take for formulas
        #[arg(long)]
        excel: bool,
    },
    /// Build what products are found by anew, after MERX_LOCALES changed
    Reindex,
    /// Take Stripe's active promotion codes over as discounts; those that are there already stay as they are
    ImportPromotionCodes {
        /// Only report what would happen
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the OpenAPI document as YAML
    Openapi,
    /// Audit the database against the invariants; exits 1 when one is broken. See docs/RUNBOOK.md
    Check {
        /// Say what could be mended without a person: counters derived anew, work queued that nobody does
        #[arg(long)]
        repair: bool,
        /// Mend it
        #[arg(long, requires = "repair")]
        apply: bool,
    },
    /// Staff API keys
    Keys {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Members of staff
    Staff {
        #[command(subcommand)]
        command: StaffCommand,
    },
    /// The account at Stripe
    Stripe {
        #[command(subcommand)]
        command: StripeCommand,
    },
    /// Background jobs
    Jobs {
        #[command(subcommand)]
        command: JobCommand,
    },
}

#[derive(clap::Args)]
struct ImportArguments {
    /// The file; `-` is the standard input
    file: std::path::PathBuf,
    /// Only report what would happen
    #[arg(long)]
    dry_run: bool,
    /// The currency of `Variant Price` and `Cost per item`; the shop's own when absent
    #[arg(long)]
    currency: Option<Currency>,
    /// Also set the stock of variants that are there to the file's quantities
    #[arg(long)]
    set_inventory: bool,
    /// When the quantities were true, such as 2026-11-24T08:00:00Z; a variant whose stock moved since is refused
    #[arg(long, requires = "set_inventory")]
    as_of: Option<DateTime<Utc>>,
    /// Print every row's outcome, not only refused ones
    #[arg(long)]
    verbose: bool,
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a key and print it, once
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// Comma-separated scopes; `storefront` alone makes a key for a storefront's server, `sf_…`
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
    },
    /// Show all keys, without their secrets
    List,
    /// Make a key worthless
    Revoke {
        /// Its id, `key_…`, as `merx keys list` shows it
        id: ApiKeyId,
    },
}

#[derive(Subcommand)]
enum StripeCommand {
    /// Make or mend the webhook endpoint, print its secret once, and look at mode and tax
    Setup {
        /// How Stripe reaches this service, such as https://shop.example
        #[arg(long)]
        url: String,
    },
}

#[derive(Subcommand)]
enum JobCommand {
    /// Run everything that is due, then exit
    Run,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("merx: TLS was set up twice.");
        return ExitCode::FAILURE;
    }
    // Connections and checkouts live on this runtime, not on actix's single-threaded workers.
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("merx: no threads could be started: {error}.");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(execute(arguments.command)) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("merx: {message}");
            ExitCode::FAILURE
        }
    }
}

fn start_logging() {
    let filter = EnvFilter::try_from_env("MERX_LOG").unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let is_json = std::env::var("MERX_LOG_FORMAT").is_ok_and(|format| format == "json");
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if is_json { subscriber.json().init() } else { subscriber.init() }
}

fn config() -> Result<Config, String> {
    Config::read(&|name| std::env::var(name).ok())
}

#[cfg(feature = "dev")]
async fn seed(orders: u32) -> Result<(), String> {
    let app = App::new(config()?)?;
    println!("{}", merx::dev::seed::seed(&app).await.map_err(|error| error.to_string())?);
    if orders > 0 {
        let past = merx::dev::history::seed(&app, orders).await.map_err(|error| error.to_string())?;
        println!("{}", past.told);
    }
    Ok(())
}

async fn execute(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve => serve().await?,
        Command::Worker => work().await?,
        #[cfg(feature = "dev")]
        Command::Dev(options) => merx::dev::run(options).await?,
        Command::Migrate => {
            let migrated = run::migrate(&config()?, false).await?;
            println!("{} migrations run. {}", migrated.count, migrated.role);
        }
        #[cfg(feature = "dev")]
        Command::Seed { orders } => seed(orders).await?,
        Command::Import(arguments) => return import(arguments).await,
        Command::Export { excel } => {
            let app = App::new(config()?)?;
            let mut conn = app.connection().await.map_err(|error| error.to_string())?;
            let target = std::io::BufWriter::new(std::io::stdout());
            let count = imports::export::export(&mut conn, target, app.config.default_currency, excel).await;
            eprintln!("{} products.", count.map_err(|error| error.to_string())?);
        }
        Command::Reindex => {
            let app = App::new(config()?)?;
            let mut conn = app.connection().await.map_err(|error| error.to_string())?;
            let count = catalog::write::refresh_all(&mut conn, app.config.locale(), app.clock.now()).await;
            println!("{} products indexed.", count.map_err(|error| error.to_string())?);
        }
        Command::ImportPromotionCodes { dry_run } => {
            let app = App::new(config()?)?;
            let report = merx::discounts::import::import(&app, dry_run).await.map_err(|error| error.to_string())?;
            for (code, taken) in &report {
                match taken {
                    Taken::Created => println!("{code}: created"),
                    Taken::Present => println!("{code}: there already"),
                    Taken::Refused(why) => println!("{code}: left out: {why}"),
                }
            }
            println!("{} promotion codes.", report.len());
        }
        Command::Openapi => print!("{}", http::openapi::yaml()?),
        Command::Check { repair, apply } => return check_database(repair, apply).await,
        Command::Keys { command } => keys(command).await?,
        Command::Staff { command } => {
            let app = App::new(config()?)?;
            let told = merx::staff::commands::run(&app, command).await;
            println!("{}", told.map_err(|error| error.to_string())?);
        }
        Command::Stripe { command: StripeCommand::Setup { url } } => {
            let app = App::new(config()?)?;
            for line in merx::webhooks_in::setup::setup(&app, &url).await? {
                println!("{line}");
            }
        }
        Command::Jobs { command: JobCommand::Run } => {
            let app = App::new(config()?)?;
            let count = jobs::worker::run_due(&app).await.map_err(|error| error.to_string())?;
            println!("{count} jobs run.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Exits 1 when a row was refused. Works on a thread of the runtime, beside its connection, as each change of threads costs as
/// much as a statement.
async fn import(arguments: ImportArguments) -> Result<ExitCode, String> {
    tokio::spawn(run_import(arguments)).await.map_err(|error| error.to_string())?
}

async fn run_import(arguments: ImportArguments) -> Result<ExitCode, String> {
    let app = App::new(config()?)?;
    let path = if arguments.file.as_os_str() == "-" { keep_input()? } else { arguments.file.clone() };
    let options = Options {
        dry_run: arguments.dry_run,
        currency: arguments.currency.unwrap_or(app.config.default_currency),
        set_inventory: arguments.set_inventory,
        as_of: arguments.as_of,
    };
    if !options.dry_run {
        note_import(&app, &arguments.file, &options).await.map_err(|error| error.to_string())?;
    }
    let tell = |row: &ImportRow| {
        if arguments.verbose || row.outcome == Outcome::Failed || !row.messages.is_empty() {
            let name = row.sku.as_ref().or(row.handle.as_ref()).map_or("", String::as_str);
            println!("line {} {name}: {} {}", row.line, row.outcome, row.messages.join("; "));
        }
    };
    let summary = imports::run::import_file(&app, || std::fs::File::open(&path), &options, tell).await;
    if path != arguments.file {
        // What cannot be deleted is the system's to clean up.
        let _ = std::fs::remove_file(&path);
    }
    let summary = summary.map_err(|error| error.to_string())?;
    if !summary.ignored_columns.is_empty() {
        println!("Not used: {}.", summary.ignored_columns.join(", "));
    }
    let counts = |what: &str, counts: &Counts| {
        let Counts { created, updated, unchanged, failed } = counts;
        println!("{what}: {created} created, {updated} updated, {unchanged} unchanged, {failed} refused.");
    };
    counts("Rows", &summary.rows);
    counts("Products", &summary.products);
    if options.dry_run {
        println!("A dry run: nothing was changed.");
    }
    Ok(if summary.rows.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One entry of the audit log for the whole file, before its first product.
async fn note_import(app: &App, file: &std::path::Path, options: &Options) -> merx::error::Result<()> {
    let entry = Entry::new(Action::ImportCreated, file.display()).made(options);
    audit::record(&mut *app.connection().await?, &Author::command_line(), entry, app.clock.now()).await
}

/// The standard input as a file, as an import reads it twice.
fn keep_input() -> Result<std::path::PathBuf, String> {
    let path = std::env::temp_dir().join(format!("merx-import-{}.csv", std::process::id()));
    let kept = std::fs::File::create(&path).and_then(|mut file| std::io::copy(&mut std::io::stdin(), &mut file));
    kept.map_err(|error| format!("The input could not be kept in {}: {error}.", path.display()))?;
    Ok(path)
}

async fn keys(command: KeyCommand) -> Result<(), String> {
    let app = App::new(config()?)?;
    let (mut conn, now) = (app.connection().await.map_err(|error| error.to_string())?, app.clock.now());
    match command {
        KeyCommand::Create { name, scopes } => {
            if scopes.contains(&Scope::Storefront) && scopes.len() > 1 {
                return Err("A storefront's key has no other scope: it is on a server that shoppers reach.".to_owned());
            }
            let made = key_commands::issue(&mut conn, &name, &scopes, now).await;
            println!("{}", made.map_err(|error| error.to_string())?);
        }
        KeyCommand::List => {
            for key in api_keys::list(&mut conn).await.map_err(|error| error.to_string())? {
                let state = if key.revoked_at.is_some() { "revoked" } else { "valid" };
                let (scopes, made) = (key.scopes.join(","), key.created_at.format("%Y-%m-%d"));
                println!("{} …{} {state} {made} {} ({scopes})", key.id, key.token_hint, key.name);
            }
        }
        KeyCommand::Revoke { id } => {
            let revoked = key_commands::withdraw(&mut conn, id, now).await;
            revoked.map_err(|error| error.to_string())?;
            println!("{id} is revoked.");
        }
    }
    Ok(())
}

async fn serve() -> Result<(), String> {
    let mut signal = StopSignal::listen()?;
    let config = config()?;
    let listener = run::bind(config.bind)?;
    reach_database(&config).await?;
    let app = App::new(config)?;
    let mut running = Running::new(Arc::clone(&app));
    running.serve(listener).map_err(|error| error.to_string())?;
    tracing::info!("Serving {}", app.config.public_url);
    signal.received().await;
    running.stop().await;
    Ok(())
}

async fn work() -> Result<(), String> {
    let mut signal = StopSignal::listen()?;
    let config = config()?;
    reach_database(&config).await?;
    let running = Running::new(App::new(config)?);
    running.work();
    tracing::info!("Working");
    signal.received().await;
    running.stop().await;
    Ok(())
}

async fn reach_database(config: &Config) -> Result<(), String> {
    merx::db::pool::connect_once(config.database_url.expose_secret())
        .await
        .map(|_| ())
        .map_err(|error| format!("PostgreSQL cannot be reached ({error}). Start it, or correct DATABASE_URL."))
}

async fn check_database(repair: bool, apply: bool) -> Result<ExitCode, String> {
    let config = config()?;
    let now = Clock::new(config.clock_file.clone()).now();
    let mut conn = merx::db::pool::connect_once(config.database_url.expose_secret())
        .await
        .map_err(|error| format!("PostgreSQL cannot be reached ({error}). Start it, or correct DATABASE_URL."))?;
    if repair {
        let told = check::repair::repair(&mut conn, apply, now).await.map_err(|error| error.to_string())?;
        for line in told {
            println!("repair: {line}");
        }
        if !apply {
            println!("A dry run: nothing was changed. Add --apply to mend.");
        }
    }
    for table in roles::rewritable(&mut conn).await.map_err(|error| error.to_string())? {
        println!("warning: this role may rewrite {table}; let the service be another than the owner (docs/AUDIT.md).");
    }
    let findings = check::run(&mut conn, now).await.map_err(|error| error.to_string())?;
    for finding in &findings {
        println!("invariant {}: {}", finding.invariant, finding.detail);
    }
    println!("{} findings.", findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
