//! What other systems are told of stock, once for each crossing; and the shop's default of what counts as low.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Receiver, Seen, TestApp};

const SETTINGS: &str = "/v1/admin/inventory-settings";

async fn adjust(app: &TestApp, variant: &str, delta: i64) {
    let body = json!({"delta": delta, "reason": if delta < 0 { "damaged" } else { "received" }});
    app.staff_post(&format!("/v1/admin/variants/{variant}/stock-adjustments"), body).send().await.expect(201);
}

async fn patch(app: &TestApp, variant: &str, body: Value) {
    app.staff_patch(&format!("/v1/admin/variants/{variant}"), body).send().await.expect(200);
}

/// What was told since the last look, as type and units on hand.
async fn news(app: &TestApp, receiver: &Receiver, seen: &mut usize) -> Vec<(String, i64)> {
    app.run_jobs().await;
    let all = receiver.taken();
    let told = |seen: &Seen| {
        let payload = seen.payload();
        let kind = payload["type"].as_str().unwrap().trim_start_matches("inventory.").to_owned();
        (kind, payload["data"]["on_hand"].as_i64().unwrap())
    };
    let mut news: Vec<(String, i64)> = all[*seen..].iter().map(told).collect();
    *seen = all.len();
    news.sort();
    news
}

fn of(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(kind, on_hand)| ((*kind).to_owned(), *on_hand)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_systems_are_told_once_for_each_crossing() {
    let (app, receiver, mut seen) = (TestApp::with_webhooks().await, Receiver::start(), 0);
    app.endpoint(&receiver.url, &["inventory.low_stock", "inventory.out_of_stock", "inventory.restocked"]).await;
    let variant = app.variant_with(json!({"on_hand": 5, "low_stock_threshold": 3, "sku": "CAMP-1"})).await;
    let mut checkouts = Vec::new();
    for _ in 0..5 {
        checkouts.push(app.checked_out(&variant, 1).await.1);
    }
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[]), "a hold is no crossing");
    app.webhooks("drop").await;
    for checkout in &checkouts {
        app.pay(checkout, "paid").await;
    }
    join_all(checkouts.iter().map(|checkout| app.look(checkout))).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[("low_stock", 3), ("out_of_stock", 0)]));
    let low = receiver.taken().iter().map(Seen::payload).find(|payload| payload["type"] == "inventory.low_stock");
    let data = &low.unwrap()["data"];
    let units = |member: &str| data[member].as_i64().unwrap();
    assert_eq!((&data["variant_id"], &data["sku"]), (&json!(variant), &json!("CAMP-1")));
    assert_eq!(data["product_id"], app.read_variant(&variant).await["product_id"]);
    assert_eq!((units("low_stock_threshold"), units("available")), (3, 3 - units("reserved")));
    // Back by one: there, and still low. Then enough.
    app.about(&checkouts[0], "cancel", json!({"reason": "other"})).send().await.expect(200);
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[("restocked", 1)]));
    adjust(&app, &variant, 1).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[]));
    adjust(&app, &variant, 8).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[("restocked", 10)]));
    adjust(&app, &variant, -10).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[("low_stock", 0), ("out_of_stock", 0)]));
    // What is archived does not count, and is not back by that.
    patch(&app, &variant, json!({"archived": true})).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[]));
    patch(&app, &variant, json!({"archived": false, "low_stock_threshold": 0})).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[("out_of_stock", 0)]));
    // What begins with nothing has not run out.
    let new = app.variant_with(json!({"on_hand": 0})).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[]));
    adjust(&app, &new, 1).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[("restocked", 1)]));
    let untracked = app.variant_with(json!({"on_hand": 1, "track_inventory": false})).await;
    adjust(&app, &untracked, -1).await;
    app.run_now(merx::jobs::Job::ScanStock).await;
    assert_eq!(news(&app, &receiver, &mut seen).await, of(&[]));
    app.catch_up().await;
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_s_default_counts_where_a_variant_says_nothing() {
    let app = TestApp::start().await;
    let variant = async |members: Value| {
        let mut all = json!({"on_hand": 4});
        all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        app.variant_with(all).await
    };
    let silent = variant(json!({})).await;
    let never = variant(json!({"low_stock_threshold": 0})).await;
    let own = variant(json!({"low_stock_threshold": 2})).await;
    variant(json!({"track_inventory": false})).await;
    let low = async || {
        let list = app.staff_get("/v1/admin/low-stock").send().await.expect(200);
        let ids = list["data"].as_array().unwrap().iter().map(|item| item["variant_id"].as_str().unwrap().to_owned());
        let mut ids: Vec<String> = ids.collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    let default = async |threshold: i64| {
        let body = json!({"default_low_stock_threshold": threshold});
        let changed = app.staff_patch(SETTINGS, body).send().await.expect(200);
        app.run_jobs().await;
        changed
    };
    let first = app.staff_get(SETTINGS).send().await.expect(200);
    assert_eq!(first, json!({"default_low_stock_threshold": 0, "version": 1}));
    assert_eq!(default(5).await, json!({"default_low_stock_threshold": 5, "version": 2}));
    let stale = app.staff_patch(SETTINGS, json!({"default_low_stock_threshold": 9})).header("If-Match", "\"v1\"");
    stale.send().await.problem(412, "precondition_failed");
    let odd = app.staff_patch(SETTINGS, json!({"default_low_stock_threshold": -1})).send().await;
    assert_eq!(odd.problem(422, "validation_failed")["errors"][0]["pointer"], "/default_low_stock_threshold");
    assert_eq!(low().await, sorted(&[&silent]));
    let shown = app.read_variant(&silent).await;
    assert_eq!(
        (&shown["inventory"]["low_stock_threshold"], &shown["inventory"]["uses_default_threshold"]),
        (&json!(5), &json!(true))
    );
    assert_eq!(shown["availability"], "low_stock", "shoppers see it as well");
    assert_eq!(app.read_variant(&never).await["availability"], "in_stock");
    // A new one has it at once; it is told once, however often it is looked.
    let new = variant(json!({})).await;
    assert_eq!((low().await, app.alerts("low_stock").await), (sorted(&[&silent, &new]), 2));
    for _ in 0..2 {
        app.run_now(merx::jobs::Job::ScanStock).await;
        default(5).await;
    }
    assert_eq!(app.alerts("low_stock").await, 2);
    // Lower: over. Higher again: another crossing. One that has its own, or never counts, may follow the default.
    default(3).await;
    assert_eq!(low().await, sorted(&[]));
    patch(&app, &never, json!({"low_stock_threshold": null})).await;
    assert_eq!(app.read_variant(&never).await["inventory"]["low_stock_threshold"], 3);
    default(4).await;
    assert_eq!((low().await, app.alerts("low_stock").await), (sorted(&[&silent, &never, &new]), 5));
    patch(&app, &own, json!({"low_stock_threshold": null})).await;
    patch(&app, &silent, json!({"low_stock_threshold": 0})).await;
    assert_eq!(low().await, sorted(&[&own, &never, &new]));
    // As if the default had been spread while somebody made a variant by the old one.
    app.sql("UPDATE stock_levels SET low_stock_threshold = 0 WHERE uses_default_threshold").await;
    app.run_now(merx::jobs::Job::ScanStock).await;
    assert_eq!(app.count("SELECT count(*) FROM stock_levels WHERE low_stock_threshold = 4").await, 4);
    // A file keeps both apart: empty is the default, 0 is never.
    let mut file = Vec::new();
    let currency = "EUR".parse().unwrap();
    merx::imports::export::export(&mut app.database().await, &mut file, currency, false).await.unwrap();
    let mut rows = csv::Reader::from_reader(&file[..]);
    let column = rows.headers().unwrap().iter().position(|name| name == "Merx: Low Stock Threshold").unwrap();
    let mut thresholds: Vec<String> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    thresholds.sort();
    assert_eq!(thresholds, ["", "", "", "", "0"]);
    app.finish().await;
}
