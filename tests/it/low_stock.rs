//! Stock that runs low: told once for each crossing; alerts read and acknowledged.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::TestApp;

async fn adjust(app: &TestApp, variant: &str, delta: i64) {
    let body = json!({"delta": delta, "reason": if delta < 0 { "damaged" } else { "received" }});
    app.staff_post(&format!("/v1/admin/variants/{variant}/stock-adjustments"), body).send().await.expect(201);
}

/// The open alerts of a kind.
async fn open(app: &TestApp, kind: &str) -> Vec<Value> {
    let list = app.staff_get(&format!("/v1/admin/alerts?kind={kind}&open=true")).send().await.expect(200);
    list["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sales_at_once_cross_the_threshold_once() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 10, "low_stock_threshold": 5})).await;
    let mut checkouts = Vec::new();
    for _ in 0..8 {
        checkouts.push(app.checked_out(&variant, 1).await.1);
    }
    assert_eq!(open(&app, "low_stock").await.len(), 0, "a hold is no crossing");
    app.webhooks("drop").await;
    for checkout in &checkouts {
        app.pay(checkout, "paid").await;
    }
    // The shoppers' pages ask at once, and each takes its order's payment over.
    join_all(checkouts.iter().map(|checkout| app.look(checkout))).await;
    assert_eq!(app.stock(&variant).await, (2, 0));
    let alerts = open(&app, "low_stock").await;
    assert_eq!((alerts.len(), app.alerts("low_stock").await), (1, 1));
    assert_eq!(alerts[0]["cause"], variant.as_str());
    // More came: the alert is over, and the next crossing is another.
    adjust(&app, &variant, 10).await;
    assert!(open(&app, "low_stock").await.is_empty());
    adjust(&app, &variant, -8).await;
    assert_eq!((open(&app, "low_stock").await.len(), app.alerts("low_stock").await), (1, 2));
    // Lower still, or acknowledged: nobody is told again before more came.
    let alert = open(&app, "low_stock").await[0]["id"].as_str().unwrap().to_owned();
    let acknowledged =
        app.staff_post(&format!("/v1/admin/alerts/{alert}/acknowledge"), json!({})).send().await.expect(200);
    assert!(acknowledged["acknowledged_at"].is_string() && acknowledged["acknowledged_by"].is_string());
    let again = app.staff_post(&format!("/v1/admin/alerts/{alert}/acknowledge"), json!({})).send().await.expect(200);
    assert_eq!(again, acknowledged);
    adjust(&app, &variant, -1).await;
    assert_eq!(app.alerts("low_stock").await, 2);
    app.catch_up().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_orders_and_new_thresholds_cross_as_well_and_a_scan_finds_what_was_missed() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 3})).await;
    let policy = |body: Value| app.staff_patch(&format!("/v1/admin/variants/{variant}"), body).send();
    assert_eq!(app.alerts("low_stock").await, 0, "without a threshold nothing is low");
    policy(json!({"low_stock_threshold": 2})).await.expect(200);
    let sold = app.paid(&variant, 2).await;
    assert_eq!(open(&app, "low_stock").await.len(), 1);
    app.about(&sold, "cancel", json!({"reason": "other"})).send().await.expect(200);
    app.run_jobs().await;
    assert!(open(&app, "low_stock").await.is_empty(), "its units are back");
    policy(json!({"low_stock_threshold": 3})).await.expect(200);
    assert_eq!(open(&app, "low_stock").await.len(), 1);
    assert_eq!(policy(json!({"low_stock_threshold": null})).await.expect(200)["inventory"]["low_stock_threshold"], 0);
    assert!(open(&app, "low_stock").await.is_empty());
    policy(json!({"low_stock_threshold": 3})).await.expect(200);
    // As if the change that crossed had told nobody.
    app.sql("UPDATE stock_levels SET low_since = NULL").await;
    app.sql("DELETE FROM alerts").await;
    let now = app.app.clock.now();
    let job = merx::jobs::Job::ScanStock;
    merx::jobs::queue::enqueue(&mut app.database().await, job, "test", now, now).await.unwrap();
    app.run_jobs().await;
    assert_eq!(open(&app, "low_stock").await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_archived_is_not_low_until_it_is_restored() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 1, "low_stock_threshold": 2})).await;
    let path = format!("/v1/admin/variants/{variant}");
    assert_eq!(open(&app, "low_stock").await.len(), 1);
    app.staff_delete(&path).send().await.expect(204);
    assert!(open(&app, "low_stock").await.is_empty(), "nobody has to order more of it");
    let restored = app.staff_patch(&path, json!({"archived": false})).send().await.expect(200);
    assert_eq!((open(&app, "low_stock").await.len(), &restored["archived_at"]), (1, &Value::Null));
    app.staff_patch(&path, json!({"archived": true, "low_stock_threshold": 3})).send().await.expect(200);
    assert!(open(&app, "low_stock").await.is_empty());
    // Of two that a file brings, the one that it brings archived is told of to nobody.
    let file = "Handle,Title,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Tracker,\
                Merx: Low Stock Threshold,Merx: Variant Archived\r\n\
                hat,Hat,active,Size,S,HAT-S,10.00,shopify,2,FALSE\r\nhat,,,,M,HAT-M,10.00,shopify,2,TRUE\r\n";
    let head = "Content-Disposition: form-data; name=\"file\"; filename=\"hats.csv\"\r\nContent-Type: text/csv";
    let body = format!("--part\r\n{head}\r\n\r\n{file}\r\n--part--\r\n");
    let sent = app.call("POST", "/v1/admin/imports").bearer(&app.admin_key);
    sent.body("multipart/form-data; boundary=part", body).send().await.expect(202);
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM variants WHERE sku LIKE 'HAT-%'").await, 2);
    assert_eq!((open(&app, "low_stock").await.len(), app.alerts("low_stock").await), (1, 3));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_low_is_a_list_and_a_file() {
    let app = TestApp::start().await;
    app.variant_with(json!({"on_hand": 1, "low_stock_threshold": 2, "sku": "=1+1"})).await;
    app.variant_with(json!({"on_hand": 0, "low_stock_threshold": 2, "sku": "GONE"})).await;
    app.variant_with(json!({"on_hand": 9, "low_stock_threshold": 2, "sku": "PLENTY"})).await;
    app.variant_with(json!({"on_hand": 0, "low_stock_threshold": 2, "sku": "UNTRACKED", "track_inventory": false}))
        .await;
    let list = async |query: &str| app.staff_get(&format!("/v1/admin/low-stock{query}")).send().await.expect(200);
    let skus = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap().to_owned()).collect()
    };
    let first = list("?limit=1").await;
    let rest = list(&format!("?limit=1&cursor={}", first["page"]["next_cursor"].as_str().unwrap())).await;
    let mut all = [skus(&first), skus(&rest)].concat();
    all.sort();
    assert_eq!((all, &rest["page"]["has_more"]), (vec!["=1+1".to_owned(), "GONE".to_owned()], &json!(false)));
    assert_eq!(skus(&list("?out_of_stock=true").await), ["GONE"]);
    assert_eq!(skus(&list("?out_of_stock=false").await), ["=1+1"]);
    let file = app.staff_get("/v1/admin/low-stock.csv?out_of_stock=false").send().await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = file.text.lines().collect();
    assert_eq!((lines.len(), lines[0].split(',').next()), (2, Some("sku")));
    assert!(lines[1].starts_with("'=1+1,Shirt,"), "{}", file.text);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_listed_newest_first_by_kind_and_state() {
    let app = TestApp::start().await;
    for on_hand in 0..3 {
        app.variant_with(json!({"on_hand": on_hand, "low_stock_threshold": 5})).await;
    }
    let list = async |query: &str| app.staff_get(&format!("/v1/admin/alerts{query}")).send().await.expect(200);
    let first = list("?limit=2").await;
    let rest = list(&format!("?limit=2&cursor={}", first["page"]["next_cursor"].as_str().unwrap())).await;
    assert_eq!((first["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (2, 1));
    let id = first["data"][0]["id"].as_str().unwrap();
    app.staff_post(&format!("/v1/admin/alerts/{id}/acknowledge"), json!({})).send().await.expect(200);
    for (query, count) in [("?open=true", 2), ("?open=false", 1), ("?kind=low_stock", 3), ("?kind=dispute", 0)] {
        assert_eq!(list(query).await["data"].as_array().unwrap().len(), count, "{query}");
    }
    app.staff_get("/v1/admin/alerts?kind=nonsense").send().await.problem(400, "invalid_query");
    let path = "/v1/admin/alerts/alrt_01jd8x3v5ke2t9qj6f4z0w7m8r/acknowledge";
    app.staff_post(path, json!({})).send().await.problem(404, "not_found");
    app.finish().await;
}
