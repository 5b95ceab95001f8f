//! Answers of the catalogue that are kept ready: never longer than they are right, in any process.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{TestApp, guard};

/// Answers so far that came from memory, and that were made from the database, of the app's own process.
fn counts(app: &TestApp) -> (u64, u64) {
    let counts = app.app.ready.counts();
    (counts.from_memory, counts.made)
}

/// Until the process follows what changes, it keeps nothing.
async fn following(app: &TestApp) {
    guard(async {
        loop {
            let before = counts(app);
            app.get("/v1/products?limit=1").send().await.expect(200);
            if counts(app).0 > before.0 {
                return;
            }
        }
    })
    .await;
}

async fn product(app: &TestApp, title: &str) -> Value {
    let product = json!({"title": title, "status": "active", "variants": [{"sku": format!("SKU-{title}"), "on_hand": 5,
        "low_stock_threshold": 2, "prices": [{"amount": 1000, "currency": "EUR"}]}]});
    app.staff_post("/v1/admin/products", product).send().await.expect(201)
}

/// What shoppers see of a product everywhere: in its detail, its variant, the list and a filtered list.
async fn seen(app: &TestApp, product: &Value) -> Vec<Value> {
    let (slug, variant) = (product["slug"].as_str().unwrap(), product["variants"][0]["id"].as_str().unwrap());
    let mut seen = Vec::new();
    for path in [
        format!("/v1/products/{slug}"),
        format!("/v1/variants/{variant}"),
        "/v1/products?expand=variants".to_owned(),
        "/v1/products?in_stock=true&facets=availability,collection".to_owned(),
        "/v1/products?collection=summer".to_owned(),
        "/v1/collections".to_owned(),
    ] {
        let reply = app.get(&path).send().await;
        seen.push(json!({"status": reply.status, "body": reply.body}));
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_staff_change_is_seen_by_the_next_request_in_every_answer_that_shows_it() {
    let app = TestApp::start().await;
    following(&app).await;
    let product = product(&app, "Tent").await;
    let (id, variant) = (product["id"].as_str().unwrap(), product["variants"][0]["id"].as_str().unwrap());
    let summer = app.staff_post("/v1/admin/collections", json!({"title": "Summer"})).send().await.expect(201);
    let summer = summer["id"].as_str().unwrap();
    let of_product = format!("/v1/admin/products/{id}");
    let of_variant = format!("/v1/admin/variants/{variant}");
    let stock = format!("/v1/admin/variants/{variant}/stock-adjustments");
    let of_collection = format!("/v1/admin/collections/{summer}");
    let member = format!("{of_collection}/products/{id}");
    // Which of the six answers must differ after each.
    let changes: [(&str, &str, Value, [bool; 6]); 11] = [
        ("PATCH", &of_product, json!({"title": "Big tent"}), [true, false, true, true, false, false]),
        (
            "PATCH",
            &of_variant,
            json!({"prices": [{"amount": 1200, "currency": "EUR"}]}),
            [true, true, true, true, false, false],
        ),
        ("PUT", &member, Value::Null, [true, false, false, true, true, false]),
        ("PATCH", &of_collection, json!({"title": "Sun"}), [true, false, false, true, false, true]),
        ("POST", &stock, json!({"delta": -3, "reason": "damaged"}), [true, true, true, true, true, false]),
        ("POST", &stock, json!({"delta": -2, "reason": "lost"}), [true, true, true, true, true, false]),
        ("PATCH", &of_variant, json!({"allow_backorder": true}), [true, true, true, true, true, false]),
        ("PATCH", &of_variant, json!({"track_inventory": false}), [true, true, true, true, true, false]),
        ("PATCH", &of_collection, json!({"status": "draft"}), [true, false, false, true, true, true]),
        ("DELETE", &of_collection, Value::Null, [false; 6]),
        ("DELETE", &of_product, Value::Null, [true, true, true, true, false, false]),
    ];
    for (method, path, body, differ) in changes {
        let before = seen(&app, &product).await;
        assert_eq!(seen(&app, &product).await, before, "nothing changed before {method} {path}");
        let call = app.call(method, path).bearer(&app.admin_key);
        let call = if body.is_null() { call } else { call.json(body.clone()) };
        assert!(call.send().await.status < 300, "{method} {path} {body}");
        let after = seen(&app, &product).await;
        let differs: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
        assert_eq!(differs, differ, "{method} {path} {body}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_processes_see_a_change_also_when_nobody_rings() {
    let app = TestApp::start().await;
    let product = product(&app, "Tent").await;
    let other = app.process(&[]).await;
    let path = format!("/v1/products/{}", product["slug"].as_str().unwrap());
    let sees = async |title: &str| {
        guard(async {
            while app.call_at(&other.base_url, "GET", &path).send().await.expect(200)["title"] != title {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    sees("Tent").await;
    let change =
        app.staff_patch(&format!("/v1/admin/products/{}", product["id"].as_str().unwrap()), json!({"title": "Yurt"}));
    change.send().await.expect(200);
    sees("Yurt").await;
    // As by a process that died before it could ring; and beside a transaction that has been open for long.
    let mut open = app.database().await;
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut open,
        "BEGIN; INSERT INTO catalog_changes (availability_only, created_at) VALUES (true, now())",
    )
    .await
    .unwrap();
    app.sql(
        "WITH changed AS (UPDATE products SET title = 'Igloo' RETURNING id) \
         INSERT INTO catalog_changes (product_id, created_at) SELECT id, now() FROM changed",
    )
    .await;
    sees("Igloo").await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut open, "ROLLBACK").await.unwrap();
    other.kill().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_drops_only_answers_that_show_another_availability() {
    let app = TestApp::start().await;
    following(&app).await;
    let (tent, mat) = (product(&app, "Tent").await, product(&app, "Mat").await);
    let read = async |product: &Value| {
        let path = format!("/v1/products/{}", product["slug"].as_str().unwrap());
        app.get(&path).send().await.expect(200)["variants"][0]["availability"].clone()
    };
    let variant = tent["variants"][0]["id"].as_str().unwrap();
    let made = async |product: &Value| {
        let before = counts(&app).1;
        read(product).await;
        counts(&app).1 - before
    };
    assert_eq!((made(&tent).await, made(&mat).await), (1, 1));
    // Five are there, and two count as few: two may go without anybody seeing it.
    app.checked_out(variant, 2).await;
    assert_eq!(app.count("SELECT count(*) FROM catalog_changes WHERE availability_only").await, 0);
    let (_, few) = app.checked_out(variant, 1).await;
    guard(async {
        while read(&tent).await != "low_stock" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((made(&tent).await, made(&mat).await), (0, 0));
    app.checked_out(variant, 2).await;
    guard(async {
        while read(&tent).await != "out_of_stock" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    app.post(&format!("/v1/checkouts/{}/cancel", few.id), json!({}))
        .header("X-Order-Token", &few.order_token)
        .send()
        .await
        .expect(200);
    guard(async {
        while read(&tent).await != "low_stock" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(made(&mat).await, 0);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_changes_while_an_answer_is_made_concerns_it() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_catalog_read")]).await;
    following(&app).await;
    let product = product(&app, "Tent").await;
    let path = format!("/v1/products/{}", product["slug"].as_str().unwrap());
    let change = async {
        guard(app.app.faults.reached()).await;
        let of_product = format!("/v1/admin/products/{}", product["id"].as_str().unwrap());
        app.staff_patch(&of_product, json!({"title": "Yurt"})).send().await.expect(200);
        app.app.faults.release();
    };
    let (early, ()) = tokio::join!(app.get(&path).send(), change);
    assert_eq!(early.expect(200)["title"], "Tent");
    assert_eq!(app.get(&path).send().await.expect(200)["title"], "Yurt");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_ask_for_the_same_one_loads_it() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_catalog_read")]).await;
    following(&app).await;
    let product = product(&app, "Tent").await;
    let path = format!("/v1/products/{}", product["slug"].as_str().unwrap());
    let before = counts(&app);
    let many = join_all((0..50).map(|_| app.get(&path).send()));
    let release = async {
        guard(app.app.faults.reached()).await;
        app.app.faults.release();
    };
    let (replies, ()) = tokio::join!(many, release);
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body["title"] == "Tent"));
    assert_eq!((counts(&app).0 - before.0, counts(&app).1 - before.1), (49, 1));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_bounded_and_can_be_switched_off() {
    let app = TestApp::with(&[("MERX_CATALOG_CACHE_MB", "1")]).await;
    following(&app).await;
    for number in 0..30 {
        product(&app, &format!("Tent {number}")).await;
    }
    for limit in 1..=100 {
        for more in ["", "&in_stock=true"] {
            app.get(&format!("/v1/products?expand=variants&limit={limit}{more}")).send().await.expect(200);
        }
    }
    let bytes = app.app.ready.counts().bytes;
    assert!((200_000..=1_000_000).contains(&bytes), "{bytes}");
    app.finish().await;

    let app = TestApp::with(&[("MERX_CATALOG_CACHE_MB", "0")]).await;
    for _ in 0..3 {
        app.get("/v1/products").send().await.expect(200);
    }
    assert_eq!(counts(&app), (0, 3));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_kept_is_sent_by_a_process_that_cannot_see_what_changes() {
    let app = TestApp::start().await;
    following(&app).await;
    let product = product(&app, "Tent").await;
    let path = format!("/v1/products/{}", product["slug"].as_str().unwrap());
    app.get(&path).send().await.expect(200);
    let kept = counts(&app).0;
    app.get(&path).send().await.expect(200);
    assert_eq!(counts(&app).0, kept + 1);
    app.sql("ALTER TABLE catalog_changes RENAME TO changes_out_of_reach").await;
    guard(async {
        loop {
            let before = counts(&app);
            app.get(&path).send().await.expect(200);
            if counts(&app) == (before.0, before.1 + 1) {
                return;
            }
        }
    })
    .await;
    app.sql("ALTER TABLE changes_out_of_reach RENAME TO catalog_changes").await;
    app.finish().await;
}
