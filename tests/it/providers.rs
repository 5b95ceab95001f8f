//! Stripe slow, refusing, failing, losing its answers.

use serde_json::{Value, json};

use crate::harness::TestApp;

const CREATE: &str = "/v1/checkout/sessions";

fn on_create(fault: Value) -> Value {
    let mut fault = fault;
    fault["match"] = json!({"method": "POST", "path": CREATE, "exact": true});
    fault
}

/// Whatever happened on the way: one session, one order, and it can be paid.
async fn succeeds_with(fault: Value, tries: usize) {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(on_create(fault)).await;
    let checkout = app.checkout(&cart).await;
    let calls = app.provider_calls(&format!("POST {CREATE}")).await;
    assert_eq!(calls.len(), tries);
    let mut bodies: Vec<String> =
        calls.iter().map(|call| format!("{}{}", call["idempotency_key"], call["body"])).collect();
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "every try is the same request");
    assert_eq!(app.sandbox_get("/_control/summary").await["sessions"].as_array().unwrap().len(), 1);
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_500_is_tried_again() {
    succeeds_with(json!({"kind": "status", "status": 500}), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_is_tried_again_after_its_retry_after() {
    succeeds_with(json!({"kind": "status", "status": 429, "retry_after": 1}), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_before_the_session_was_made_is_tried_again() {
    succeeds_with(json!({"kind": "reset"}), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_after_the_session_was_made_finds_that_session() {
    succeeds_with(json!({"kind": "reset", "after_execution": true}), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_slower_than_the_timeout_finds_that_session() {
    succeeds_with(json!({"kind": "delay", "delay_ms": 2500, "after_execution": true}), 2).await;
}

/// Stripe stores its own 500s and replays them: the session is found by our order id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_500_is_seen_through_by_listing_sessions() {
    succeeds_with(json!({"kind": "status", "status": 500, "after_execution": true}), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_undoes_everything_and_says_why() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(on_create(json!({"kind": "status", "status": 400, "code": "currency_not_allowed"}))).await;
    let problem = app.try_checkout(&cart, "k").await.problem(422, "payment_rejected");
    assert_eq!(problem["provider_code"], "currency_not_allowed");
    assert_eq!(app.stock(&variant).await, (3, 0));
    assert_eq!(app.read_cart(&cart).await["status"], "open");
    // The key's checkout is over; a new key tries anew.
    app.try_checkout(&cart, "k").await.problem(409, "checkout_closed");
    app.checkout_under(&cart, "k2").await;
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

/// A wrong key proves nothing: the checkout waits, a person is told, and once the key works it goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_release_nothing_and_raise_an_alert() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(on_create(json!({"kind": "status", "status": 401}))).await;
    let reply = app.try_checkout(&cart, "k").await;
    assert_eq!(reply.header("retry-after"), "5");
    reply.problem(503, "provider_unavailable");
    assert_eq!(app.stock(&variant).await, (3, 1));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'credentials_refused'").await, 1);
    let checkout = app.checkout_under(&cart, "k").await;
    assert_eq!(checkout.body["status"], "open");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_answers_503_and_the_same_key_gets_the_same_checkout_later() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(on_create(json!({"kind": "status", "status": 503, "times": 3}))).await;
    app.try_checkout(&cart, "k").await.problem(503, "provider_unavailable");
    let held = app.count("SELECT count(*) FROM checkouts WHERE status = 'creating'").await;
    assert_eq!((held, app.stock(&variant).await), (1, (3, 1)));
    let mut other = crate::harness::checkout_body(&cart);
    other["cancel_url"] = json!("https://shop.example/other");
    let other = app.post("/v1/checkouts", other).header("X-Cart-Token", &cart.token).header("Idempotency-Key", "k");
    other.send().await.problem(422, "idempotency_mismatch");
    let checkout = app.checkout_under(&cart, "k").await;
    assert_eq!(app.count("SELECT count(*) FROM checkouts").await, 1);
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.finish().await;
}

/// A long outage: the shopper is gone, recovery undoes the checkout once the session can no longer exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_longer_than_the_session_ends_undone() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(on_create(json!({"kind": "status", "status": 503, "times": 0}))).await;
    app.try_checkout(&cart, "k").await.problem(503, "provider_unavailable");
    app.advance(30 * 60).await;
    app.reconcile().await;
    assert_eq!(app.stock(&variant).await, (3, 1), "released before the session's end");
    app.advance(30 * 60).await;
    app.reconcile().await;
    assert_eq!(app.stock(&variant).await, (3, 0));
    assert_eq!(app.read_cart(&cart).await["status"], "open");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_with_a_wrong_total_is_never_opened() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(on_create(json!({"kind": "wrong_total"}))).await;
    app.try_checkout(&cart, "k").await.problem(500, "internal_error");
    let session = app.sandbox_get("/_control/summary").await["sessions"][0].clone();
    assert_eq!(session["status"], "expired");
    assert_eq!(app.stock(&variant).await, (3, 0));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'wrong_session_total'").await, 1);
    app.checkout_under(&cart, "k2").await;
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

/// A client that hangs up cuts nothing in two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_finds_its_checkout_finished() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:before_create")]).await;
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    {
        let call = app.checkout_call(&app.base_url, &cart, "k").try_send();
        tokio::select! {
            _ = call => panic!("the checkout should stall"),
            () = crate::harness::guard(app.app.faults.reached()) => {}
        }
    }
    app.app.faults.release();
    // The work goes on without us; its answer is stored under the key.
    let reply = crate::harness::guard(async {
        loop {
            let reply = app.try_checkout(&cart, "k").await;
            if reply.status != 409 {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(reply.header("idempotent-replayed"), "true");
    reply.expect(201);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

/// Two failed calls open the circuit: the next checkout is told at once, without a call; the setting decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_circuit_opens_after_failures_and_closes_after_a_pause() {
    for (pause, third, expected) in [("3600000", 6, 503), ("1", 7, 201)] {
        let breaker = [("MERX_PROVIDER_BREAKER_FAILURES", "2"), ("MERX_PROVIDER_BREAKER_PAUSE_MS", pause)];
        let app = TestApp::with(&breaker).await;
        let variant = app.variant(9).await;
        app.fault(on_create(json!({"kind": "status", "status": 503, "times": 6}))).await;
        for _ in 0..2 {
            let cart = app.cart(&[(&variant, 1)]).await;
            app.try_checkout(&cart, "k").await.problem(503, "provider_unavailable");
        }
        let ready = app.get("/readyz").send().await.expect(200);
        assert_eq!(ready["providers"][0], json!({"name": "stripe", "circuit": "open"}));
        let metrics = app.get("/metrics").bearer(&app.admin_key).send().await.text;
        assert!(metrics.contains("merx_provider_circuit_open{provider=\"stripe\"} 1"), "{metrics}");
        assert!(metrics.contains("merx_provider_calls_total{provider=\"stripe\",outcome=\"failed\"} 2"), "{metrics}");
        let cart = app.cart(&[(&variant, 1)]).await;
        assert_eq!(app.try_checkout(&cart, "k").await.status, expected);
        assert_eq!(app.provider_calls(&format!("POST {CREATE}")).await.len(), third);
        let circuit = if expected == 201 { "closed" } else { "open" };
        assert_eq!(app.get("/readyz").send().await.expect(200)["providers"][0]["circuit"], circuit);
        app.finish().await;
    }
}
