//! `merx dev`: one command, everything up; Ctrl-C, everything gone; a second start finds its data.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::harness::{address, guard};

struct Dev {
    child: Child,
    description: Value,
}

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("merx-dev-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(directory: &Path, bind: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merx"));
    command.args(["dev", "--bind", bind, "--data-dir"]).arg(directory).args(more);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("MERX_LOG", "error");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn start(directory: &Path, more: &[&str]) -> Dev {
    let mut child = command(directory, "127.0.0.1:0", more).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = guard(async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("Stop with Ctrl-C") {
                return true;
            }
        }
        false
    })
    .await;
    if !ready {
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
        panic!("merx dev did not start: {errors}");
    }
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let description = std::fs::read_to_string(directory.join("dev.json")).unwrap();
    Dev { child, description: serde_json::from_str(&description).unwrap() }
}

impl Dev {
    fn url(&self, name: &str) -> String {
        self.description[name].as_str().unwrap().to_owned()
    }

    async fn signal(&mut self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        guard(self.child.wait()).await.unwrap();
    }
}

/// Whether a PostgreSQL still runs on the data of a directory.
fn database_runs(directory: &Path) -> bool {
    let Ok(pid) = std::fs::read_to_string(directory.join("postgres/postmaster.pid")) else { return false };
    let pid = pid.lines().next().unwrap_or_default().to_owned();
    std::process::Command::new("kill").args(["-0", &pid]).stderr(Stdio::null()).status().unwrap().success()
}

async fn get(url: String) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_sells_stops_without_a_trace_and_remembers() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = Directory::new();
    let mut dev = start(&directory.0, &[]).await;
    let (base, sandbox) = (dev.url("base_url"), dev.url("sandbox_url"));
    let http = reqwest::Client::new();
    let products = get(format!("{base}/v1/products?q=trail-shirt&expand=variants")).await;
    let variant = products["data"].as_array().unwrap().iter().find(|product| product["slug"] == "trail-shirt").unwrap()
        ["variants"][0]["id"]
        .clone();
    let cart = json!({"email": "ada@example.com", "shipping_address": address(), "line_items": [{"variant_id": variant, "quantity": 1}]});
    let cart: Value = http.post(format!("{base}/v1/carts")).json(&cart).send().await.unwrap().json().await.unwrap();
    let request =
        json!({"cart_id": cart["id"], "success_url": "http://localhost:3000/", "cancel_url": "http://localhost:3000/"});
    let post = http
        .post(format!("{base}/v1/checkouts"))
        .header("X-Cart-Token", cart["cart_token"].as_str().unwrap())
        .json(&request);
    let checkout: Value = post.send().await.unwrap().json().await.unwrap();
    let page = checkout["url"].as_str().unwrap().to_owned();
    assert!(page.starts_with(&sandbox));
    let customer = json!({"email": "ada@example.com"});
    assert_eq!(http.post(format!("{base}/v1/customers")).json(&customer).send().await.unwrap().status(), 202);
    let mailbox = dev.url("mailbox_url");
    guard(async {
        while !http.get(&mailbox).send().await.unwrap().text().await.unwrap().contains("/verify-email?token=ev_") {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    dev.signal("-INT").await;
    assert!(!database_runs(&directory.0), "PostgreSQL was left behind");
    assert!(!directory.0.join("dev.json").exists());

    // Again: same data, same staff key and login, and the payment page of before can still be paid.
    let (key, login) = (dev.url("admin_key"), dev.description["staff"].clone());
    let mut dev = start(&directory.0, &[]).await;
    assert_eq!((dev.url("admin_key"), &dev.description["staff"]), (key.clone(), &login));
    let session = http.post(format!("{}/v1/admin/session", dev.url("base_url"))).json(&login).send().await.unwrap();
    assert_eq!(session.status(), 201);
    let session: Value = session.json().await.unwrap();
    assert_eq!(session["staff"]["role"]["id"], "owner");
    let session = checkout["session_id"].as_str().unwrap();
    let answer = http
        .post(format!("{}/_control/checkout-sessions/{session}/pay", dev.url("sandbox_url")))
        .json(&json!({"outcome": "paid"}));
    assert_eq!(answer.send().await.unwrap().status(), 200);
    let order = format!("{}/v1/admin/orders/{}", dev.url("base_url"), checkout["order"]["id"].as_str().unwrap());
    guard(async {
        loop {
            let order: Value = http.get(&order).bearer_auth(&key).send().await.unwrap().json().await.unwrap();
            if order["status"] == "confirmed" {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;

    // Killed without warning, the database stops by itself; the next start is fine.
    dev.signal("-KILL").await;
    guard(async {
        while database_runs(&directory.0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut dev = start(&directory.0, &["--fresh", "--orders", "0"]).await;
    let orders: Value = http
        .get(format!("{}/v1/admin/orders", dev.url("base_url")))
        .bearer_auth(dev.url("admin_key"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(orders["data"], json!([]));
    assert_ne!(dev.url("admin_key"), key);
    dev.signal("-TERM").await;
    assert!(!database_runs(&directory.0), "PostgreSQL was left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_its_way_is_one_clear_line() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = Directory::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let fails = async |mut command: Command, words: &[&str]| {
        let output = guard(command.output()).await.unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        for word in words {
            assert!(text.contains(word), "`{word}` is not in: {text}");
        }
    };
    fails(command(&directory.0, &bind, &[]), &[&bind, "--bind"]).await;
    let mut live = command(&directory.0, "127.0.0.1:0", &[]);
    live.env("STRIPE_SECRET_KEY", "sk_live_x");
    fails(live, &["live key", "sk_test_"]).await;
    let mut foreign = command(&directory.0, "127.0.0.1:0", &["--fresh"]);
    foreign.env("DATABASE_URL", "postgres://merx@127.0.0.1:1/merx");
    fails(foreign, &["--fresh", "DATABASE_URL"]).await;
    let mut nowhere = command(&directory.0, "127.0.0.1:0", &[]);
    nowhere.env("DATABASE_URL", "postgres://merx@127.0.0.1:1/merx");
    fails(nowhere, &["PostgreSQL cannot be reached", "DATABASE_URL"]).await;
    let mut wrong = command(&directory.0, "127.0.0.1:0", &[]);
    wrong.env("MERX_HOLD_MINUTES", "soon").env("DATABASE_URL", "postgres://merx@127.0.0.1:1/merx");
    fails(wrong, &["MERX_HOLD_MINUTES"]).await;
    let file = directory.0.join("file");
    std::fs::write(&file, "").unwrap();
    fails(command(&file, "127.0.0.1:0", &[]), &["--data-dir"]).await;
    let mut serve = Command::new(env!("CARGO_BIN_EXE_merx"));
    serve.arg("serve").env_clear().env("MERX_LOG", "error");
    fails(serve, &["DATABASE_URL is not set"]).await;
}
