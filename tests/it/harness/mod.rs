//! The service, a sandbox and a database for one test.
//!
//! Jobs run when the test says so ([`TestApp::run_jobs`]), time moves when the test says so ([`TestApp::advance`]).
//! [`TestApp::finish`] asserts that nothing is left undone and that `check` finds nothing.

mod client;
mod customers;
mod database;
mod orders;
mod process;
mod receiver;
mod shop;
mod smtp;
mod spec;
mod staff;
mod vendor;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use merx::app::App;
use merx::config::Config;
use merx::db::pool;
use merx::run::Running;
use merx::staff::api_keys::{self, Scope};
use merx::{check, jobs};
use sandbox::Sandbox;
use serde_json::{Value, json};

pub(crate) use client::{Call, Reply};
pub(crate) use customers::{CustomerHandle, OTHER_PASSWORD, PASSWORD, token_of};
pub(crate) use database::Standby;
use database::{Private, Urls};
pub(crate) use orders::states;
pub(crate) use process::Process;
pub(crate) use receiver::{Receiver, Seen};
pub(crate) use shop::{CartHandle, CheckoutHandle, address, checkout_body};
pub(crate) use smtp::{Deed, SmtpServer, Tls};
pub(crate) use spec::{body_schema, operations, validator, webhook_schema};
pub(crate) use staff::StaffHandle;

/// The webhook secret of every test.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of_the_tests";

/// The token in the address that Shippo tells of parcels at.
pub(crate) const SHIPPO_WEBHOOK_TOKEN: &str = "token-of-shippo-in-all-tests";

/// A running service with its sandbox.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) base_url: String,
    pub(crate) sandbox_url: String,
    pub(crate) admin_key: String,
    http: reqwest::Client,
    environment: HashMap<String, String>,
    database: Urls,
    pub(crate) private: Option<Private>,
    clock_file: PathBuf,
    running: Option<Running>,
    sandbox: Option<Sandbox>,
    finished: bool,
}

impl TestApp {
    /// A service with the defaults of the tests.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A service with further variables.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        Self::build(database::fresh().await, None, variables).await
    }

    /// A service with a PostgreSQL of its own, which the test may kill.
    pub(crate) async fn in_private_cluster(variables: &[(&str, &str)]) -> Self {
        let private = Private::start().await;
        Self::build(private.urls.clone(), Some(private), variables).await
    }

    /// The same with a standby that it may read.
    pub(crate) async fn beside_a_standby() -> (Self, Standby) {
        let private = Private::start().await;
        let standby = private.standby().await;
        let variables = [("DATABASE_REPLICA_URL", standby.service_url())];
        (Self::build(private.urls.clone(), Some(private), &variables).await, standby)
    }

    async fn build(database: Urls, private: Option<Private>, variables: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        if let Ok(filter) = std::env::var("MERX_LOG") {
            let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
        }
        let clock_file = std::env::temp_dir().join(format!("merx-clock-{}", uuid::Uuid::new_v4()));
        std::fs::write(&clock_file, "0").unwrap();
        let sandbox = Sandbox::start(sandbox::Config {
            webhook_secrets: vec![WEBHOOK_SECRET.to_owned()],
            clock_file: Some(clock_file.clone()),
            webhook_retry: vec![std::time::Duration::from_millis(50); 5],
            ..sandbox::Config::default()
        })
        .await
        .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut environment: HashMap<String, String> = [
            ("MERX_BIND", address.to_string()),
            ("DATABASE_URL", database.service.clone()),
            ("MIGRATION_DATABASE_URL", database.owner.clone()),
            ("MERX_DB_POOL_SIZE", "10".to_owned()),
            ("MERX_TOKEN_KEYS", "the key of the tests of 32 characters or more".to_owned()),
            ("MERX_REDIRECT_ORIGINS", "loopback,https://shop.example".to_owned()),
            ("MERX_WORKERS", "1".to_owned()),
            ("MERX_RATE_LIMIT", "off".to_owned()),
            ("MERX_ENV", "test".to_owned()),
            ("MERX_DEV_MAILBOX", "on".to_owned()),
            ("MERX_CLOCK_FILE", clock_file.display().to_string()),
            ("MERX_PROVIDER_TIMEOUT_MS", "1500".to_owned()),
            ("MERX_PROVIDER_BUDGET_MS", "10000".to_owned()),
            ("MERX_PROVIDER_BACKOFF_MS", "5".to_owned()),
            ("MERX_PROVIDER_BREAKER_FAILURES", "0".to_owned()),
            ("MERX_STRIPE_REQUESTS_PER_SECOND", "5000".to_owned()),
            ("MERX_STRIPE_REQUESTS_PER_SECOND_PER_ENDPOINT", "5000".to_owned()),
            ("SHIPPO_API_TOKEN", "shippo_test_of_the_tests".to_owned()),
            ("SHIPPO_WEBHOOK_TOKENS", SHIPPO_WEBHOOK_TOKEN.to_owned()),
            ("SHIPPO_API_BASE", format!("{}/shippo", sandbox.url())),
            ("MERX_ECB_URL", format!("{}/ecb/stats/eurofxref/eurofxref-daily.xml", sandbox.url())),
            ("MERX_SHIPPO_REQUESTS_PER_SECOND", "5000".to_owned()),
            ("STRIPE_SECRET_KEY", "sk_test_of_the_tests".to_owned()),
            ("STRIPE_API_BASE", sandbox.url()),
            ("STRIPE_WEBHOOK_SECRETS", WEBHOOK_SECRET.to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let config = Config::read(&|name| environment.get(name).cloned()).unwrap();
        let app = App::new(config).unwrap();
        let mut running = Running::new(Arc::clone(&app));
        running.serve(listener).unwrap();
        let base_url = format!("http://{address}");
        sandbox.set_webhook(format!("{base_url}/v1/webhooks/stripe"), vec![WEBHOOK_SECRET.to_owned()]);
        sandbox.set_shippo_webhook(format!("{base_url}/v1/webhooks/shippo?token={SHIPPO_WEBHOOK_TOKEN}"));
        let mut conn = app.connection().await.unwrap();
        let (_, admin_key) = api_keys::create(&mut conn, "tests", &Scope::ALL, app.clock.now()).await.unwrap();
        drop(conn);
        Self {
            app,
            base_url,
            sandbox_url: sandbox.url(),
            admin_key,
            // Shorter than servers wait for the first request on a connection, so that none is used while it is closed.
            http: reqwest::Client::builder()
                .no_proxy()
                .pool_idle_timeout(std::time::Duration::from_secs(2))
                .build()
                .unwrap(),
            environment,
            database,
            private,
            clock_file,
            running: Some(running),
            sandbox: Some(sandbox),
            finished: false,
        }
    }

    /// A connection of its own as the owner of the tables, for looking behind the API.
    pub(crate) async fn database(&self) -> AsyncPgConnection {
        pool::connect_once(&self.database.owner).await.unwrap()
    }

    /// A connection of its own as the service.
    pub(crate) async fn database_of_service(&self) -> AsyncPgConnection {
        pool::connect_once(&self.database.service).await.unwrap()
    }

    /// Runs a statement behind the API's back.
    pub(crate) async fn sql(&self, statement: &str) {
        diesel::sql_query(statement).execute(&mut self.database().await).await.unwrap();
    }

    /// One number from the database.
    pub(crate) async fn count(&self, query: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let row: Count = diesel::sql_query(query).get_result(&mut self.database().await).await.unwrap();
        row.count
    }

    /// Moves the clock of service, worker and sandbox.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.control("clock", json!({"advance_seconds": seconds})).await;
    }

    /// Waits until the sandbox has delivered its events and runs what is due, until nothing more comes of it.
    pub(crate) async fn run_jobs(&self) {
        loop {
            self.deliveries_done().await;
            if jobs::worker::run_due(&self.app).await.unwrap() == 0 {
                return;
            }
        }
    }

    /// What the worker does by the clock, then everything due.
    pub(crate) async fn reconcile(&self) {
        self.run_now(jobs::Job::Reconcile).await;
    }

    /// Lists Stripe's events, then does everything due.
    pub(crate) async fn catch_up(&self) {
        self.run_now(jobs::Job::CatchUpEvents).await;
    }

    /// Does this, and everything due.
    pub(crate) async fn run_now(&self, job: jobs::Job) {
        let now = self.app.clock.now();
        merx::jobs::queue::enqueue(&mut self.database().await, job, "test", now, now).await.unwrap();
        self.run_jobs().await;
    }

    /// Waits until no delivery of the sandbox is under way.
    pub(crate) async fn deliveries_done(&self) {
        let quiet = async {
            loop {
                let state = self.sandbox_get("/_control/webhooks").await;
                if state["pending"].as_u64() == state["held"].as_u64() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        guard(quiet).await;
    }

    /// A POST to the sandbox's control side, which must succeed.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(path, body).await;
        assert_eq!(status, 200, "control {path}: {answer}");
        answer
    }

    /// Takes something of the sandbox's control side back.
    pub(crate) async fn control_delete(&self, path: &str) {
        self.http.delete(format!("{}/_control/{path}", self.sandbox_url)).send().await.unwrap();
    }

    /// A POST to the sandbox's control side, whatever it answers.
    pub(crate) async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.http.post(format!("{}/_control/{path}", self.sandbox_url)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The same with an owned path, for many at once.
    pub(crate) async fn try_control_owned(&self, path: String, body: Value) -> (u16, Value) {
        self.try_control(&path, body).await
    }

    /// A GET from the sandbox.
    pub(crate) async fn sandbox_get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.sandbox_url)).bearer_auth("sk_test_of_the_tests");
        request.send().await.unwrap().json().await.unwrap()
    }

    /// A form to the sandbox's Stripe side, as somebody who works in Stripe's dashboard would send it.
    pub(crate) async fn stripe_post(&self, path: &str, form: &str) -> Value {
        let request = self.http.post(format!("{}{path}", self.sandbox_url)).bearer_auth("sk_test_of_the_tests");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned());
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert!(answer["error"].is_null(), "{path}: {answer}");
        answer
    }

    /// What the service asked of the sandbox, as `METHOD /path`.
    pub(crate) async fn provider_calls(&self, start: &str) -> Vec<Value> {
        let log = self.sandbox_get("/_control/log").await;
        let calls = log["data"].as_array().unwrap().iter();
        calls
            .filter(|call| {
                format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap()).starts_with(start)
            })
            .cloned()
            .collect()
    }

    /// Sends later events elsewhere.
    pub(crate) fn redirect_webhooks(&self, url: &str) {
        self.sandbox.as_ref().unwrap().set_webhook(url.to_owned(), vec![WEBHOOK_SECRET.to_owned()]);
    }

    /// Another service process on the same database, sandbox and clock.
    pub(crate) async fn process(&self, variables: &[(&str, &str)]) -> Process {
        Process::start(&self.environment, variables).await
    }

    /// A worker process on the same database, sandbox and clock.
    pub(crate) async fn worker(&self, variables: &[(&str, &str)]) -> Process {
        Process::start_worker(&self.environment, variables).await
    }

    /// Runs the `merx` command on the same database and clock; answers its exit code and what it printed.
    pub(crate) async fn command(&self, arguments: &[&str]) -> (i32, String) {
        process::command(&self.environment, arguments).await
    }

    /// The same with further variables.
    pub(crate) async fn command_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
        let mut environment = self.environment.clone();
        environment.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        process::command(&environment, arguments).await
    }

    /// The address of the database as its owner reaches it.
    pub(crate) fn owner_url(&self) -> String {
        self.database.owner.clone()
    }

    /// What `merx check` finds.
    pub(crate) async fn findings(&self) -> Vec<check::Finding> {
        check::run(&mut self.database().await, self.app.clock.now()).await.unwrap()
    }

    /// Stops everything; asserts that no job is left, and that `check` finds nothing.
    pub(crate) async fn finish(self) {
        assert_eq!(self.findings().await, Vec::new(), "merx check");
        let dead = self.count("SELECT count(*) FROM jobs WHERE status = 'dead'").await;
        let left = self
            .count("SELECT count(*) FROM jobs WHERE status = 'running' OR status = 'queued' AND kind = 'process_event'")
            .await;
        assert_eq!((dead, left), (0, 0), "dead jobs, jobs left");
        let log = self.sandbox_get("/_control/log").await;
        assert_eq!(vendor::faults(&log), Vec::<String>::new(), "what the vendors would not have understood");
        self.abandon().await;
    }

    /// Stops everything, where rows were made behind the service's back that no audit would let pass.
    pub(crate) async fn abandon(mut self) {
        self.finished = true;
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        if let Some(sandbox) = self.sandbox.take() {
            sandbox.stop().await;
        }
        match self.private.take() {
            Some(private) => private.stop().await,
            None => database::discard(&self.database.owner).await,
        }
        let _ = std::fs::remove_file(&self.clock_file);
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        assert!(self.finished || std::thread::panicking(), "a test ended without app.finish()");
    }
}

/// Fails a test that hangs.
pub(crate) async fn guard<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(60), work).await.expect("the test hangs")
}
