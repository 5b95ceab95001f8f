//! A worker whose thread is busy keeps nobody waiting but those whose connections it serves.

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{TestApp, WEBHOOK_SECRET, guard};
use crate::webhooks::{deliver, event, sign};

/// As many as the pool has connections.
const AT_ONCE: usize = 10;

/// Connections to the database are opened by whichever worker needs one first, and used by all. Were they driven by the
/// thread of the worker that opened them, half of the requests here would wait for the busy one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_worker_does_not_stall_the_connections_that_others_use() {
    let app = TestApp::with(&[("MERX_WORKERS", "2"), ("MERX_FAULT", "hog:at_the_door")]).await;
    let cart = app.cart_with(json!({})).await;
    let address = format!("{}/v1/carts/{}", app.base_url, cart.id);
    // Each over a connection of its own, which the workers take in turn.
    let read_by = |count: usize| {
        let mut reading = JoinSet::new();
        for _ in 0..count {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let request = client.get(&address).header("X-Cart-Token", &cart.token);
            reading.spawn(async move { request.send().await.unwrap().status().as_u16() });
        }
        reading
    };
    // All connections are opened, by both.
    let mut lock = app.database().await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut lock, "BEGIN; LOCK TABLE carts").await.unwrap();
    let mut warming = read_by(4 * AT_ONCE);
    guard(async {
        while app.app.pool_state().in_use < i64::try_from(AT_ONCE).unwrap() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(lock);
    while let Some(status) = guard(warming.join_next()).await {
        assert_eq!(status.unwrap(), 200);
    }
    let body = event("evt_slow", "no.such.type", json!({"id": "x"}));
    let hog = async { deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200) };
    let others = async {
        guard(app.app.faults.reached()).await;
        let mut reading = read_by(2 * AT_ONCE);
        for _ in 0..AT_ONCE - 2 {
            assert_eq!(guard(reading.join_next()).await.unwrap().unwrap(), 200);
        }
        app.app.faults.release();
        while let Some(status) = guard(reading.join_next()).await {
            assert_eq!(status.unwrap(), 200);
        }
    };
    tokio::join!(hog, others);
    app.finish().await;
}
