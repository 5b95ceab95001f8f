//! `Idempotency-Key`: a key takes effect once.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{TestApp, checkout_body, guard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_checkout_replays_its_answer_with_its_token() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let first = app.try_checkout(&cart, "k").await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let first = first.expect(201);
    let again = app.try_checkout(&cart, "k").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first);
    let at_rest = "SELECT count(*) FROM idempotency_keys WHERE body::text ~ '[co]t_[A-Za-z0-9_-]{43}'";
    assert_eq!(app.count(at_rest).await, 0);
    // The same key and body at another path are another request.
    let codes = async |discount: &str| {
        let call = app.staff_post(&format!("/v1/admin/discounts/{discount}/codes"), json!({"count": 2}));
        call.header("Idempotency-Key", "bulk").send().await
    };
    let mut discounts = Vec::new();
    for title in ["A", "B"] {
        let terms = json!({"title": title, "method": "code", "type": "percentage", "percentage": "10"});
        let made = app.staff_post("/v1/admin/discounts", terms).send().await.expect(201);
        discounts.push(made["id"].as_str().unwrap().to_owned());
    }
    codes(&discounts[0]).await.expect(201);
    codes(&discounts[1]).await.problem(422, "idempotency_mismatch");
    let mut body = checkout_body(&cart);
    body["cancel_url"] = json!("https://shop.example/other");
    let call = app.post("/v1/checkouts", body).header("X-Cart-Token", &cart.token).header("Idempotency-Key", "k");
    call.send().await.problem(422, "idempotency_mismatch");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_lack_of_stock_lasts_for_its_key() {
    let app = TestApp::start().await;
    let variant = app.variant(0).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let first = app.try_checkout(&cart, "k").await.problem(409, "insufficient_stock");
    app.staff_post(
        &format!("/v1/admin/variants/{variant}/stock-adjustments"),
        json!({"delta": 5, "reason": "received"}),
    )
    .send()
    .await
    .expect(201);
    let again = app.try_checkout(&cart, "k").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.problem(409, "insufficient_stock"), first);
    app.checkout_under(&cart, "k2").await;
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_belong_to_their_caller_and_last_a_day() {
    let app = TestApp::start().await;
    let variant = app.variant(50).await;
    let (one, two) = (app.cart(&[(&variant, 1)]).await, app.cart(&[(&variant, 1)]).await);
    let (first, second) = (app.checkout_under(&one, "k").await, app.checkout_under(&two, "k").await);
    assert_ne!(first.id, second.id);
    app.advance(25 * 3600).await;
    let (mut conn, now) = (app.database().await, app.app.clock.now());
    merx::jobs::queue::enqueue(&mut conn, merx::jobs::Job::Prune, "test", now, now).await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM idempotency_keys").await, 0);
    // The checkout remembers its key for ever: it never reserves twice under it.
    app.try_checkout(&one, "k").await.problem(409, "checkout_closed");
    assert_eq!(app.stock(&variant).await, (50, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_transaction_requests_take_effect_once_however_many_come() {
    let app = TestApp::start().await;
    let variant = app.variant(0).await;
    let path = format!("/v1/admin/variants/{variant}/stock-adjustments");
    let send = |key: String, delta: i64| {
        app.staff_post(&path, json!({"delta": delta, "reason": "received"})).header("Idempotency-Key", &key).send()
    };
    let replies = futures_util::future::join_all((0..10).map(|_| send("k".to_owned(), 3))).await;
    assert_eq!(replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty()).count(), 1);
    for reply in replies {
        assert_eq!(reply.expect(201)["inventory"]["on_hand"], 3);
    }
    send("k".to_owned(), 4).await.problem(422, "idempotency_mismatch");
    assert_eq!(app.stock(&variant).await, (3, 0));

    let key = Uuid::new_v4().to_string();
    let create = || app.post("/v1/carts", json!({})).header("Idempotency-Key", &key).send();
    let (first, second) = (create().await.expect(201), create().await.expect(201));
    assert_eq!((&first["id"], &first["cart_token"]), (&second["id"], &second["cart_token"]));
    let short =
        app.post("/v1/carts", json!({})).header("Idempotency-Key", "1").send().await.problem(400, "invalid_header");
    assert_eq!(short["errors"][0]["pointer"], "header:Idempotency-Key");
    app.finish().await;
}

/// A request that slept through its lease finds that another has taken over, and reserves nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sleeper_loses_its_claim_to_its_own_retry() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_claim")]).await;
    let other = app.process(&[("MERX_FAULT", "")]).await;
    let variant = app.variant(5).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let sleeper = async { app.try_checkout(&cart, "k").await };
    let retry = async {
        guard(app.app.faults.reached()).await;
        app.checkout_call(&other.base_url, &cart, "k").send().await.problem(409, "request_in_flight");
        app.advance(61).await;
        let answer = app.checkout_call(&other.base_url, &cart, "k").send().await.expect(201);
        app.app.faults.release();
        answer
    };
    let (slept, answer) = tokio::join!(sleeper, retry);
    slept.problem(409, "request_in_flight");
    assert_eq!(app.stock(&variant).await, (5, 2));
    assert_eq!(app.try_checkout(&cart, "k").await.expect(201)["id"], answer["id"]);
    assert_eq!(app.count("SELECT count(*) FROM orders").await, 1);
    other.kill().await;
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}
