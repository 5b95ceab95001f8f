//! The shop that is measured: a PostgreSQL, the sandbox, and the service and worker in processes of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use merx::dev::cluster::{Cluster, Durability};
use sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::goods::catalogue;
use crate::holds::ticks;
use crate::scenarios::Worker;

/// Products of the measured shop, with two variants each.
pub(crate) const PRODUCTS: usize = 1000;

/// Signs what the bench delivers itself.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of_the_bench";

/// Everything that runs beside the load.
pub(crate) struct Shop {
    directory: PathBuf,
    cluster: Cluster,
    sandbox: Sandbox,
    database_url: String,
    api: SocketAddr,
    webhook_secrets: String,
    service: Option<Child>,
    worker: Option<Child>,
    variants: Arc<Vec<String>>,
}

/// What an import of many rows took.
pub(crate) struct Imported {
    pub(crate) rows: u64,
    pub(crate) took: Duration,
    pub(crate) peak_kilobytes: u64,
}

impl Shop {
    /// Starts the database and the sandbox, and fills the shop by `merx import`.
    pub(crate) async fn open() -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("merx-bench-{}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let cluster = Cluster::start(&directory, Durability::Full).await?;
        cluster.create_database("bench").await?;
        let database_url = cluster.owner_url("bench");
        let api = free_address()?;
        let sandbox = Sandbox::start(sandbox::Config::default()).await.map_err(|error| error.to_string())?;
        let (service, worker, variants, webhook_secrets) = (None, None, Arc::default(), WEBHOOK_SECRET.to_owned());
        let mut shop =
            Self { directory, cluster, sandbox, database_url, api, webhook_secrets, service, worker, variants };
        shop.run(&["migrate"]).await?;
        shop.set_stripe_up().await?;
        shop.import("products.csv", &catalogue(PRODUCTS, 2, "product")).await?;
        Ok(shop)
    }

    pub(crate) fn api(&self) -> SocketAddr {
        self.api
    }

    pub(crate) fn sandbox(&self) -> SocketAddr {
        self.sandbox.address()
    }

    /// Where the database is on this machine: by its socket, where it has one.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Where the database is for other machines.
    pub(crate) fn remote_database_url(&self) -> String {
        self.cluster.url("bench")
    }

    /// Where the shop keeps what it needs.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn variants(&self) -> Arc<Vec<String>> {
        Arc::clone(&self.variants)
    }

    pub(crate) fn merx(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .env("DATABASE_URL", &self.database_url)
            .env("STRIPE_SECRET_KEY", "sk_test_of_the_bench")
            .env("STRIPE_API_BASE", self.sandbox.url())
            .env("STRIPE_WEBHOOK_SECRETS", &self.webhook_secrets)
            .env("MERX_TOKEN_KEYS", "the key of the bench of 32 characters or more")
            .env("MERX_BIND", self.api.to_string())
            .env("MERX_REDIRECT_ORIGINS", "loopback")
            .env("MERX_RATE_LIMIT", "off")
            .env("MERX_ENV", "test")
            .env("MERX_STRIPE_REQUESTS_PER_SECOND", "100000")
            .env("MERX_STRIPE_REQUESTS_PER_SECOND_PER_ENDPOINT", "100000")
            .env("SHIPPO_API_TOKEN", "shippo_test_of_the_bench")
            .env("SHIPPO_API_BASE", format!("{}/shippo", self.sandbox.url()))
            .env("MERX_SHIPPO_REQUESTS_PER_SECOND", "100000")
            .env("MERX_SHIPPO_QUOTES_PER_DAY", "0")
            .env("MERX_TAX_CALCULATIONS_PER_DAY", "0")
            .env("MERX_LOG", "warn")
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end; answers what it printed.
    async fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.merx(arguments).output().await.map_err(|error| error.to_string())?;
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            return Ok(said.into_owned());
        }
        Err(format!("merx {}: {said}{wrong}", arguments.join(" ")))
    }

    /// Stripe sends what a shop's endpoint asks for, and no more.
    async fn set_stripe_up(&mut self) -> Result<(), String> {
        let said = self.run(&["stripe", "setup", "--url", &format!("http://{}", self.api)]).await?;
        let (_, secret) = said.split_once("STRIPE_WEBHOOK_SECRETS: ").ok_or("no secret of the endpoint was shown")?;
        let secret = secret.split_whitespace().next().unwrap_or_default();
        self.webhook_secrets = format!("{WEBHOOK_SECRET},{secret}");
        Ok(())
    }

    async fn import(&self, name: &str, file: &str) -> Result<(), String> {
        let path = self.directory.join(name);
        std::fs::write(&path, file).map_err(|error| error.to_string())?;
        self.run(&["import", &path.display().to_string()]).await.map(|_| ())
    }

    /// From the start of `merx serve` to its first answer, so many times, and the memory of one that was asked for nothing else.
    pub(crate) async fn start_up_times(&self, number: usize) -> Result<(Vec<Duration>, u64), String> {
        let (mut times, mut idle) = (Vec::new(), 0);
        for _ in 0..number {
            let started = Instant::now();
            let mut process = self.merx(&["serve"]).stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?;
            self.wait_for("/readyz").await?;
            times.push(started.elapsed());
            if times.len() == number {
                // Until what the start needed was given back.
                tokio::time::sleep(Duration::from_secs(2)).await;
                idle = kilobytes(process.id().unwrap_or_default(), "VmRSS").unwrap_or_default();
            }
            stop(&mut process).await?;
        }
        times.sort_unstable();
        Ok((times, idle))
    }

    async fn wait_for(&self, path: &str) -> Result<(), String> {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            if let Ok(mut client) = Client::connect(self.api).await
                && client.send(Method::GET, path, &[], None).await.is_ok()
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err("the service does not answer".to_owned())
    }

    /// Starts service and worker, and reads the catalogue.
    pub(crate) async fn serve(&mut self) -> Result<(), String> {
        self.service = Some(self.spawn("serve")?);
        self.start_worker()?;
        self.prepare().await
    }

    /// Starts a service that keeps no answers, and no worker.
    pub(crate) async fn serve_from_the_database(&mut self) -> Result<(), String> {
        let mut service = self.merx(&["serve"]);
        service.env("MERX_CATALOG_CACHE_MB", "0").stdout(Stdio::null());
        self.service = Some(service.spawn().map_err(|error| error.to_string())?);
        self.prepare().await
    }

    /// From now on these variants are bought.
    pub(crate) fn sell(&mut self, variants: Vec<String>) {
        self.variants = Arc::new(variants);
    }

    /// Waits until the service answers, and reads the catalogue unless that is known.
    pub(crate) async fn prepare(&mut self) -> Result<(), String> {
        self.wait_for("/readyz").await?;
        if !self.variants.is_empty() {
            return Ok(());
        }
        self.create_zone().await?;
        let mut client = Client::connect(self.api).await?;
        let (mut variants, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/products?expand=variants&limit=100{cursor}");
            let page = client.send(Method::GET, &path, &[], None).await?;
            let page: Value = serde_json::from_slice(page).map_err(|error| error.to_string())?;
            let products = page.pointer("/data").and_then(Value::as_array).into_iter().flatten();
            let of_product = products.flat_map(|product| product.pointer("/variants").and_then(Value::as_array));
            let ids = of_product.flatten().filter_map(|variant| variant.pointer("/id").and_then(Value::as_str));
            variants.extend(ids.map(str::to_owned));
            match page.pointer("/page/next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        self.variants = Arc::new(variants);
        Ok(())
    }

    fn spawn(&self, part: &str) -> Result<Child, String> {
        self.merx(&[part]).stdout(Stdio::null()).spawn().map_err(|error| error.to_string())
    }

    /// Starts the worker, which must not run.
    pub(crate) fn start_worker(&mut self) -> Result<(), String> {
        self.worker = Some(self.spawn("worker")?);
        Ok(())
    }

    /// Kills the worker in the middle of what it does.
    pub(crate) async fn kill_worker(&mut self) -> Result<(), String> {
        let mut worker = self.worker.take().ok_or("the worker does not run")?;
        worker.kill().await.map_err(|error| error.to_string())
    }

    /// Lets the worker finish what it does.
    pub(crate) async fn stop_worker(&mut self) -> Result<(), String> {
        match self.worker.take() {
            Some(mut worker) => stop(&mut worker).await,
            None => Ok(()),
        }
    }

    /// Whether Stripe's events are delivered to the service.
    pub(crate) async fn deliver_webhooks(&self, delivers: bool) -> Result<(), String> {
        let mode = json!({"mode": if delivers { "normal" } else { "drop" }}).to_string();
        let mut sandbox = Client::connect(self.sandbox()).await?;
        sandbox.send(Method::POST, "/_control/webhooks", &[], Some(mode)).await.map(|_| ())
    }

    async fn create_zone(&self) -> Result<(), String> {
        let zone = json!({"name": "World", "regions": [{"country": "*"}], "rates": [
            {"name": "Standard", "basis": "weight", "bands": [{"currency": "EUR", "price": 490}]}]});
        let mut client = Client::connect(self.api).await?;
        let bearer = self.staff("settings:write").await?;
        let headers = [("Authorization", bearer.as_str())];
        client.send(Method::POST, "/v1/admin/shipping-zones", &headers, Some(zone.to_string())).await?;
        Ok(())
    }

    /// What staff send as `Authorization`.
    pub(crate) async fn staff(&self, scope: &str) -> Result<String, String> {
        let made = self.merx(&["keys", "create", "--name", "bench", "--scopes", scope]).output().await;
        let key = String::from_utf8_lossy(&made.map_err(|error| error.to_string())?.stdout).trim().to_owned();
        Ok(format!("Bearer {key}"))
    }

    /// How many of a variant can be had.
    pub(crate) async fn available(&self, variant: &str) -> Result<i64, String> {
        self.adjust(variant, 1).await?;
        self.adjust(variant, -1).await
    }

    /// Has so many of a variant to be had.
    pub(crate) async fn leave(&self, variant: &str, units: i64) -> Result<(), String> {
        let available = self.available(variant).await?;
        self.adjust(variant, units - available).await.map(|_| ())
    }

    /// Puts units on the shelf or takes them away; answers how many can be had.
    async fn adjust(&self, variant: &str, delta: i64) -> Result<i64, String> {
        let bearer = self.staff("inventory:write").await?;
        let adjustment = json!({"delta": delta, "reason": "correction"}).to_string();
        let path = format!("/v1/admin/variants/{variant}/stock-adjustments");
        let headers = [("Authorization", bearer.as_str())];
        let mut client = Client::connect(self.api).await?;
        let answer = client.send(Method::POST, &path, &headers, Some(adjustment)).await?;
        let answer: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
        let units = |name: &str| answer.pointer(&format!("/inventory/{name}")).and_then(Value::as_i64);
        units("on_hand")
            .zip(units("reserved"))
            .map(|(on_hand, reserved)| on_hand - reserved)
            .ok_or_else(|| answer.to_string())
    }

    /// From now on carriers and Stripe Tax are asked, and one service is on offer.
    pub(crate) async fn ask_providers(&self) -> Result<(), String> {
        let origin =
            json!({"name": "Bench", "line1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "country": "DE"});
        let sending =
            json!({"provider": "shippo", "origin": origin, "allowed_services": ["dhl_ecommerce_parcels_ground"]});
        let bearer = self.staff("settings:write").await?;
        let headers = [("Authorization", bearer.as_str())];
        let mut client = Client::connect(self.api).await?;
        for (path, settings) in
            [("/v1/admin/shipping-settings", sending), ("/v1/admin/tax-settings", json!({"provider": "stripe"}))]
        {
            client.send(Method::PATCH, path, &headers, Some(settings.to_string())).await?;
        }
        Ok(())
    }

    /// So many clients who ask for quotes, one after the other, from providers that take 200 ms, until they are stopped.
    pub(crate) async fn keep_quoting(&self, clients: usize) -> Result<tokio::task::JoinSet<()>, String> {
        let mut sandbox = Client::connect(self.sandbox()).await?;
        for path in ["/shippo", "/v1/tax"] {
            let fault = json!({"match": {"path": path}, "kind": "delay", "delay_ms": 200, "times": 0});
            sandbox.send(Method::POST, "/_control/faults", &[], Some(fault.to_string())).await?;
        }
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..clients {
            let mut worker = Worker::new(self).await?;
            tasks.spawn(async move { while worker.quote().await.is_ok() {} });
        }
        Ok(tasks)
    }

    /// Providers answer at once again.
    pub(crate) async fn clear_faults(&self) -> Result<(), String> {
        let mut sandbox = Client::connect(self.sandbox()).await?;
        sandbox.send(Method::DELETE, "/_control/faults", &[], None).await.map(|_| ())
    }

    /// The service's resident memory in kilobytes.
    pub(crate) fn memory(&self) -> Result<u64, String> {
        let id = self.service.as_ref().and_then(Child::id).ok_or("the service does not run")?;
        kilobytes(id, "VmRSS").ok_or_else(|| "the service's memory cannot be read".to_owned())
    }

    /// Hundredths of seconds that the worker has worked.
    pub(crate) fn worker_ticks(&self) -> Result<u64, String> {
        let id = self.worker.as_ref().and_then(Child::id).ok_or("the worker does not run")?;
        ticks(id, "merx").ok_or_else(|| "the worker's time cannot be read".to_owned())
    }

    /// Stops service and worker.
    pub(crate) async fn stop_service(&mut self) -> Result<(), String> {
        self.stop_worker().await?;
        match self.service.take() {
            Some(mut service) => stop(&mut service).await,
            None => Ok(()),
        }
    }

    /// Imports so many products of one variant each, and watches the memory that it takes.
    pub(crate) async fn import_many(&self, rows: u64) -> Result<Imported, String> {
        let path = self.directory.join("many.csv");
        let products = usize::try_from(rows).unwrap_or_default();
        std::fs::write(&path, catalogue(products, 1, "many")).map_err(|error| error.to_string())?;
        let started = Instant::now();
        let mut process = self.merx(&["import", &path.display().to_string()]).stdout(Stdio::null()).spawn();
        let process = process.as_mut().map_err(|error| error.to_string())?;
        let id = process.id().unwrap_or_default();
        let mut peak = 0;
        loop {
            // The high-water mark grows only, so that the last reading is the peak.
            peak = kilobytes(id, "VmHWM").unwrap_or(peak).max(peak);
            match tokio::time::timeout(Duration::from_millis(100), process.wait()).await {
                Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => break,
                Ok(status) => return Err(format!("the import ended with {status:?}")),
                Err(_still_running) => {}
            }
        }
        Ok(Imported { rows, took: started.elapsed(), peak_kilobytes: peak })
    }

    /// Runs what is due, then the audit, which must find nothing.
    pub(crate) async fn check(&self) -> Result<(), String> {
        self.run(&["check"]).await.map(|_| ())
    }

    /// Ends everything.
    pub(crate) async fn close(self) {
        self.sandbox.stop().await;
        self.cluster.stop().await;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The service beside this program: built in the same way.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name("merx")
}

pub(crate) fn free_address() -> Result<SocketAddr, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
}

pub(crate) async fn stop(process: &mut Child) -> Result<(), String> {
    if let Some(id) = process.id() {
        let asked = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        asked.map_err(|error| error.to_string())?;
    }
    process.wait().await.map(|_| ()).map_err(|error| error.to_string())
}

fn kilobytes(process: u32, member: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(member))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
