//! A streaming standby that answers what need not be newest, and never lacks what is known to have changed.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::harness::{TestApp, guard};

/// A list that nobody asked for yet, so that it is in no memory.
async fn cold_list(app: &TestApp) -> serde_json::Value {
    static ASKED: AtomicU32 = AtomicU32::new(1);
    let least = ASKED.fetch_add(1, Ordering::Relaxed);
    app.get(&format!("/v1/products?min_price={least}")).send().await.expect(200)
}

/// Reads until the standby has answered one more.
async fn until_used(app: &TestApp, read: impl AsyncFn()) {
    let reads = || app.app.replica().unwrap().reads();
    guard(async {
        let before = reads().used;
        while reads().used == before {
            read().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_answers_as_far_as_it_has_come_and_the_primary_the_rest() {
    let (app, standby) = TestApp::beside_a_standby().await;
    let reads = || app.app.replica().unwrap().reads();
    let product = app.variant(5).await;
    let shown = app.get(&format!("/v1/variants/{product}")).send().await.expect(200);
    let product = shown["product_id"].as_str().unwrap();
    until_used(&app, async || assert_eq!(cold_list(&app).await["data"][0]["title"], "Shirt")).await;

    // It falls behind: what staff change is seen by the next request all the same.
    standby.pause().await;
    let path = format!("/v1/admin/products/{product}");
    app.call("PATCH", &path).bearer(&app.admin_key).json(json!({"title": "Tent"})).send().await.expect(200);
    let before = reads();
    assert_eq!(cold_list(&app).await["data"][0]["title"], "Tent");
    let after = reads();
    assert_eq!((after.used, after.behind), (before.used, before.behind + 1));
    let metrics = app.staff_get("/metrics").send().await.expect(200);
    assert!(metrics.as_str().unwrap().contains("merx_replica_reads_total{outcome=\"behind\"}"), "{metrics}");

    // It comes after: what it answers is as new.
    standby.resume().await;
    until_used(&app, async || assert_eq!(cold_list(&app).await["data"][0]["title"], "Tent")).await;
    let report = async || {
        app.staff_get("/v1/admin/analytics/inventory").send().await.expect(200);
    };
    until_used(&app, report).await;

    // It is gone: nobody notices.
    standby.kill().await;
    let before = reads();
    assert_eq!(cold_list(&app).await["data"][0]["title"], "Tent");
    report().await;
    let after = reads();
    assert_eq!((after.used, after.failed), (before.used, before.failed + 1), "it is left alone for some seconds");
    app.finish().await;
}
