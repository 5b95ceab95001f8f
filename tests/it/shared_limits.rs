//! Rate limits that processes count together in Redis, and each for itself while it is away.

use std::process::Stdio;

use serde_json::json;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::harness::{CartHandle, TestApp, guard};

/// A Redis server without a file.
struct Redis {
    port: u16,
    child: Child,
}

impl Redis {
    async fn start(port: u16) -> Self {
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed by script/bootstrap test");
        guard(async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Self { port, child }
    }

    async fn kill(mut self) -> u16 {
        self.child.kill().await.unwrap();
        self.port
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_count_together_while_redis_answers_and_apart_while_not() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let redis = Redis::start(port).await;
    let url = format!("redis://127.0.0.1:{port}");
    let app = TestApp::with(&[
        ("MERX_RATE_LIMIT", "on"),
        ("MERX_LIMIT_CHECKOUTS_PER_CART", "2"),
        ("MERX_LIMIT_CHECKOUTS_PER_ADDRESS", "100000"),
        ("MERX_LIMIT_REQUESTS_PER_ADDRESS", "100000"),
        ("MERX_REDIS_URL", url.as_str()),
    ])
    .await;
    let other = app.process(&[]).await;
    let bases = [app.base_url.as_str(), other.base_url.as_str()];
    let ask = async |base: &str, cart: &CartHandle| app.checkout_call(base, cart, "k").send().await;

    let cart = app.cart_with(json!({})).await;
    for base in bases {
        ask(base, &cart).await.problem(422, "cart_incomplete");
    }
    for base in bases {
        let refused = ask(base, &cart).await;
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=31).contains(&wait), "one in thirty seconds: {wait}");
        assert_eq!(refused.problem(429, "rate_limited")["limit"], "checkouts-per-cart");
    }

    let port = redis.kill().await;
    let cart = app.cart_with(json!({})).await;
    for base in bases {
        for _ in 0..2 {
            ask(base, &cart).await.problem(422, "cart_incomplete");
        }
        ask(base, &cart).await.problem(429, "rate_limited");
    }

    let _redis = Redis::start(port).await;
    guard(async {
        loop {
            // Two in one process, one in the other: too many only for both together.
            let cart = app.cart_with(json!({})).await;
            for base in bases {
                ask(base, &cart).await.problem(422, "cart_incomplete");
            }
            if ask(bases[0], &cart).await.status == 429 {
                return;
            }
        }
    })
    .await;
    other.kill().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_holds_nobody_up() {
    // It takes connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let app = TestApp::with(&[
        ("MERX_RATE_LIMIT", "on"),
        ("MERX_LIMIT_CHECKOUTS_PER_CART", "1"),
        ("MERX_REDIS_URL", url.as_str()),
    ])
    .await;
    let cart = app.cart_with(json!({})).await;
    app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    app.try_checkout(&cart, "k").await.problem(429, "rate_limited");
    app.finish().await;
}
