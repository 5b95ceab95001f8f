//! The `merx` command.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use merx::app::App;
use merx::config::Config;
use merx::run::{self, Running, StopSignal};
use merx::staff::api_keys::{self, Scope};
use merx::{check, http, jobs};
use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;

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
    Seed,
    /// Print the OpenAPI document as YAML
    Openapi,
    /// Audit the database against the invariants; exits 1 when one is broken
    Check,
    /// Staff API keys
    Keys {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Background jobs
    Jobs {
        #[command(subcommand)]
        command: JobCommand,
    },
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Make a key and print it, once
    Create {
        /// What it is for
        #[arg(long)]
        name: String,
        /// Comma-separated scopes
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
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

async fn execute(command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve => serve().await?,
        Command::Worker => work().await?,
        #[cfg(feature = "dev")]
        Command::Dev(options) => merx::dev::run(options).await?,
        Command::Migrate => println!("{} migrations run.", run::migrate(&config()?, false).await?),
        #[cfg(feature = "dev")]
        Command::Seed => {
            let app = App::new(config()?)?;
            println!("{}", merx::dev::seed::seed(&app).await.map_err(|error| error.to_string())?);
        }
        Command::Openapi => print!("{}", http::openapi::yaml()?),
        Command::Check => return audit().await,
        Command::Keys { command: KeyCommand::Create { name, scopes } } => {
            let app = App::new(config()?)?;
            println!("{}", create_key(&app, &name, &scopes).await.map_err(|error| error.to_string())?);
        }
        Command::Jobs { command: JobCommand::Run } => {
            let app = App::new(config()?)?;
            let count = jobs::worker::run_due(&app).await.map_err(|error| error.to_string())?;
            println!("{count} jobs run.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create_key(app: &App, name: &str, scopes: &[Scope]) -> merx::error::Result<String> {
    let mut conn = app.connection().await?;
    api_keys::create(&mut conn, name, scopes, app.clock.now()).await.map(|(_, token)| token)
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

async fn audit() -> Result<ExitCode, String> {
    let config = config()?;
    let mut conn = merx::db::pool::connect_once(config.database_url.expose_secret())
        .await
        .map_err(|error| format!("PostgreSQL cannot be reached ({error}). Start it, or correct DATABASE_URL."))?;
    let findings = check::run(&mut conn).await.map_err(|error| error.to_string())?;
    for finding in &findings {
        println!("invariant {}: {}", finding.invariant, finding.detail);
    }
    println!("{} findings.", findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
