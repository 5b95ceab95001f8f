//! Stripe's events: verified over raw bytes, stored before the 200, processed once.

use diesel_async::SimpleAsyncConnection;
use merx::tokens::hmac_sha256;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{TestApp, WEBHOOK_SECRET, guard};

pub(crate) fn sign(app: &TestApp, secret: &str, body: &str, age: i64) -> String {
    let time = app.app.clock.now().timestamp() - age;
    let mac = hmac_sha256(secret.as_bytes(), &[time.to_string().as_bytes(), b".", body.as_bytes()]);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={time},v1={hex}")
}

pub(crate) async fn deliver(app: &TestApp, signature: &str, body: &str) -> crate::harness::Reply {
    let call = app.call("POST", "/v1/webhooks/stripe").header("Stripe-Signature", signature);
    call.body("application/json", body.to_owned()).send().await
}

pub(crate) fn event(id: &str, kind: &str, object: Value) -> String {
    json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_signed_events_are_stored() {
    let app = TestApp::with(&[("STRIPE_WEBHOOK_SECRETS", "whsec_new,whsec_old")]).await;
    let body = event("evt_1", "customer.created", json!({"id": "cus_1"}));
    for secret in ["whsec_new", "whsec_old"] {
        assert_eq!(deliver(&app, &sign(&app, secret, &body, 0), &body).await.expect(200), json!({"received": true}));
    }
    let good = sign(&app, "whsec_new", &body, 0);
    deliver(&app, &good, &body.replace("cus_1", "cus_2")).await.problem(400, "invalid_signature");
    deliver(&app, &good, &body.replace(":", ": ")).await.problem(400, "invalid_signature");
    deliver(&app, &sign(&app, "whsec_new", &body, 301), &body).await.problem(400, "invalid_signature");
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.problem(400, "invalid_signature");
    deliver(&app, "", &body).await.problem(400, "invalid_signature");
    let garbage = "not json";
    deliver(&app, &sign(&app, "whsec_new", garbage, 0), garbage).await.problem(400, "malformed_body");
    let large = "x".repeat(1024 * 1024 + 1);
    deliver(&app, &sign(&app, "whsec_new", &large, 0), &large).await.problem(413, "body_too_large");
    assert_eq!(app.count("SELECT count(*) FROM webhook_events").await, 1);
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'ignored'").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_other_shops_and_other_modes_are_ignored() {
    let app = TestApp::start().await;
    let session = json!({"id": "cs_test_foreign", "status": "complete", "payment_status": "paid", "amount_total": 1, "currency": "eur",
        "client_reference_id": "something", "metadata": {}});
    let body = event("evt_1", "checkout.session.completed", session);
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200);
    let live = body.replace("evt_1", "evt_2").replace("\"livemode\":false", "\"livemode\":true");
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &live, 0), &live).await.expect(200);
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'ignored'").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'wrong_mode'").await, 1);
    app.finish().await;
}

/// Old news never turns anything back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_out_of_order_and_late_change_nothing() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.webhooks("reverse").await;
    app.pay(&checkout, "delayed").await;
    app.pay(&checkout, "delayed_success").await;
    app.webhooks("normal").await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("confirmed"), &json!("paid")));
    let stale = json!({"id": checkout.session_id, "status": "expired", "payment_status": "unpaid", "amount_total": 2489, "currency": "eur"});
    let body = event("evt_stale", "checkout.session.expired", stale);
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200);
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(app.stock(&variant).await, (4, 0));
    app.finish().await;
}

/// The database is away: the event is not acknowledged, so Stripe sends it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_stored_is_not_acknowledged() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.sql("ALTER TABLE webhook_events RENAME TO webhook_events_away").await;
    app.webhooks("hold").await;
    app.pay(&checkout, "paid").await;
    let events = app.sandbox_get("/v1/events?type=checkout.session.completed").await;
    let id = events["data"][0]["id"].as_str().unwrap();
    let answer = app.control(&format!("events/{id}/deliver"), json!({})).await;
    assert_eq!(answer["statuses"], json!([500]));
    app.sql("ALTER TABLE webhook_events_away RENAME TO webhook_events").await;
    app.webhooks("normal").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.finish().await;
}

/// Stripe keeps the buyer until we have answered: whoever comes back finds the order paid, also if no worker runs and Stripe
/// cannot be asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_has_taken_effect_when_the_buyer_comes_back() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.fault(json!({"kind": "status", "status": 500, "times": 9, "match": {"method": "GET"}})).await;
    let page = checkout.body["url"].as_str().unwrap();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    assert_eq!(client.post(page).form(&[("outcome", "paid")]).send().await.unwrap().status(), 303);
    let seen = app.look(&checkout).await;
    assert_eq!((&seen["status"], &seen["order"]["payment_status"]), (&json!("completed"), &json!("paid")));
    assert_eq!(told(&app).await, ["processed, tried 1 times"]);
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'process_event'").await, 0);
    app.control_delete("faults").await;
    app.run_jobs().await;
    app.finish().await;
}

/// The events of payments, as staff see them.
async fn told(app: &TestApp) -> Vec<String> {
    let events = app.staff_get("/v1/admin/inbox/events?type=checkout.session.completed").send().await.expect(200);
    let told = |event: &Value| format!("{}, tried {} times", event["status"].as_str().unwrap(), event["tries"]);
    events["data"].as_array().unwrap().iter().map(told).collect()
}

/// An order that somebody holds: its payment is stored and acknowledged all the same, and takes effect by its job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_cannot_take_effect_at_once_is_left_to_a_job() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let mut conn = app.database().await;
    let hold = "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT FROM carts FOR UPDATE; SELECT FROM orders FOR UPDATE";
    conn.batch_execute(hold).await.unwrap();
    app.pay(&checkout, "paid").await;
    app.deliveries_done().await;
    assert_eq!(told(&app).await, ["pending, tried 0 times"]);
    conn.batch_execute("ROLLBACK").await.unwrap();
    app.run_jobs().await;
    assert_eq!(told(&app).await, ["processed, tried 1 times"]);
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(app.stock(&variant).await, (4, 0));
    app.finish().await;
}

/// In a flood, acknowledging goes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_among_many_deliveries_is_left_to_a_job() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:at_the_door")]).await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let mut slow = Vec::new();
    for _ in 0..13 {
        let mut stream = TcpStream::connect(app.base_url.trim_start_matches("http://")).await.unwrap();
        let head = "POST /v1/webhooks/stripe HTTP/1.1\r\nhost: shop\r\ncontent-length: 2\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.unwrap();
        guard(app.app.faults.reached()).await;
        slow.push(stream);
    }
    app.app.faults.release();
    app.pay(&checkout, "paid").await;
    app.deliveries_done().await;
    assert_eq!(told(&app).await, ["pending, tried 0 times"]);
    drop(slow);
    app.run_jobs().await;
    assert_eq!(told(&app).await, ["processed, tried 1 times"]);
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.finish().await;
}

/// A payment that gets no turn among others soon is stored, and takes effect by its job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_gets_no_turn_is_left_to_a_job() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_settling"), ("MERX_DB_POOL_SIZE", "2")]).await;
    let variant = app.variant(5).await;
    let (_, first) = app.checked_out(&variant, 1).await;
    let (_, second) = app.checked_out(&variant, 1).await;
    app.pay(&first, "paid").await;
    guard(app.app.faults.reached()).await;
    app.pay(&second, "paid").await;
    app.deliveries_done().await;
    assert_eq!(app.order(&first).await["payment_status"], "paid");
    assert_eq!(app.order(&second).await["payment_status"], "unpaid");
    app.app.faults.release();
    app.run_jobs().await;
    assert_eq!(told(&app).await, ["processed, tried 1 times", "processed, tried 1 times"]);
    assert_eq!(app.order(&second).await["payment_status"], "paid");
    assert_eq!(app.stock(&variant).await, (3, 0));
    app.finish().await;
}

/// An event whose processing fails stays pending with its job, and is processed later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_needs_stripe_waits_for_stripe() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.fault(json!({"kind": "status", "status": 500, "times": 3, "match": {"method": "GET"}})).await;
    app.pay(&checkout, "delayed").await;
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'pending'").await, 1);
    app.advance(10).await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["payment_status"], "processing");
    app.pay(&checkout, "delayed_success").await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncated_odd_and_unknown_events_break_nothing() {
    let app = TestApp::start().await;
    let object = json!({"id": "cs_test_none", "status": "complete", "payment_status": "paid", "amount_total": 5, "currency": "eur", "client_reference_id": "ord_01jd8x3v5ke2t9qj6f4z0w7m8r", "metadata": {}});
    let body = event("evt_1", "checkout.session.completed", object);
    // Cut off on the way: the signature says so. Cut off before it was signed: the JSON says so.
    let whole = sign(&app, WEBHOOK_SECRET, &body, 0);
    for length in (0..body.len()).step_by(7) {
        deliver(&app, &whole, &body[..length]).await.problem(400, "invalid_signature");
        let signed = sign(&app, WEBHOOK_SECRET, &body[..length], 0);
        deliver(&app, &signed, &body[..length]).await.problem(400, "malformed_body");
    }
    let mac = whole.split_once("v1=").unwrap().1.to_owned();
    let time = whole.split_once(',').unwrap().0.to_owned();
    for header in [
        "nonsense",
        "t=,v1=",
        "t=1",
        "v1=00",
        "t=1,v1=zz",
        "t=99999999999999999999,v1=00",
        &format!("{time},v0={mac}"),
        &format!("{time},v1={}", &mac[..60]),
    ] {
        deliver(&app, header, &body).await.problem(400, "invalid_signature");
    }
    for odd in [
        "[]",
        "{}",
        "7",
        "null",
        "{\"id\": 7, \"type\": \"x\"}",
        "{\"id\": \"evt_x\", \"type\": [], \"livemode\": false}",
        // What PostgreSQL does not keep either, where nobody looks at it.
        &body.replacen('{', "{\"odd\": \"\\ud800\",", 1),
        &body.replacen('{', "{\"odd\": 1e999999,", 1),
        &body.replacen('{', &format!("{{\"odd\": {}{},", "[".repeat(20_000), "]".repeat(20_000)), 1),
    ] {
        let reply = deliver(&app, &sign(&app, WEBHOOK_SECRET, odd, 0), odd).await;
        reply.problem(400, "malformed_body");
    }
    assert_eq!(app.count("SELECT count(*) FROM webhook_events").await, 0);
    // Several signatures while secrets rotate: one that is right is enough.
    let both = format!("{time},v1={},v1={mac},v1=00", "0".repeat(64));
    deliver(&app, &both, &body).await.expect(200);
    for (id, kind) in
        [("evt_2", "customer.subscription.deleted"), ("evt_3", "no.such.type"), ("evt_4", "refund.updated")]
    {
        let unknown = event(id, kind, json!({"id": "x_1", "object": "whatever", "nested": [[[{}]]]}));
        deliver(&app, &sign(&app, WEBHOOK_SECRET, &unknown, 0), &unknown).await.expect(200);
    }
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'ignored'").await, 4);
    app.finish().await;
}
