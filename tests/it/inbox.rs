//! The webhook inbox for staff: what was delivered, what became of it, and what they do about it.

use futures_util::future::join_all;
use merx::jobs::{Job, JobKind, worker};
use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{SHIPPO_WEBHOOK_TOKEN, TestApp, WEBHOOK_SECRET};
use crate::jobs::poison;
use crate::webhooks::{deliver, event, sign};

const ATTEMPTS: &str = "/v1/admin/inbox/attempts";
const EVENTS: &str = "/v1/admin/inbox/events";

async fn read(app: &TestApp, path: &str) -> Value {
    app.staff_get(path).send().await.expect(200)
}

fn column<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list["data"].as_array().unwrap().iter().map(|row| row[member].as_str().unwrap()).collect()
}

/// The only event of a list.
async fn only(app: &TestApp, query: &str) -> Value {
    let list = read(app, &format!("{EVENTS}?{query}")).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{query}: {list}");
    list["data"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_delivery_is_logged_with_what_we_made_of_it() {
    let app = TestApp::with(&[("MERX_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let good = event("evt_1", "no.such.type", json!({"id": "x"}));
    let large = "x".repeat(1024 * 1024 + 1);
    let send = async |signature: &str, body: &str| {
        let call = app.call("POST", "/v1/webhooks/stripe").header("Stripe-Signature", signature);
        let call = call.header("X-Forwarded-For", "203.0.113.7").header("User-Agent", "Stripe/1.0");
        call.body("application/json", body.to_owned()).send().await.status
    };
    let signed = |body: &str, age: i64| sign(&app, WEBHOOK_SECRET, body, age);
    assert_eq!(send(&signed(&good, 0), &good).await, 200);
    assert_eq!(send(&signed(&good, 0), &good).await, 200);
    assert_eq!(send(&sign(&app, "whsec_other", &good, 0), &good).await, 400);
    assert_eq!(send(&signed(&good, 301), &good).await, 400);
    assert_eq!(send(&signed("not json", 0), "not json").await, 400);
    assert_eq!(send(&signed(&large, 0), &large).await, 413);
    let all = read(&app, ATTEMPTS).await;
    let verdicts = ["too_large", "malformed", "too_old", "bad_signature", "duplicate", "accepted"];
    assert_eq!(column(&all, "verdict"), verdicts);
    let [too_large, first] = [&all["data"][0], &all["data"][5]];
    assert_eq!((&first["provider_event_id"], &first["type"]), (&json!("evt_1"), &json!("no.such.type")));
    assert_eq!((&first["address"], &first["user_agent"]), (&json!("203.0.113.7"), &json!("Stripe/1.0")));
    let digest = merx::tokens::hex(&merx::tokens::sha256(good.as_bytes()));
    assert_eq!((&first["body_sha256"], &first["reason"]), (&json!(digest), &Value::Null));
    assert_eq!((&too_large["body_sha256"], &too_large["provider_event_id"]), (&Value::Null, &Value::Null));
    assert!(all["data"][3]["reason"].as_str().unwrap().contains("no signature matches"), "{all}");
    // Filters and pages.
    let of_event = read(&app, &format!("{ATTEMPTS}?provider_event_id=evt_1&address=203.0.113.7")).await;
    assert_eq!(column(&of_event, "verdict"), verdicts[2..]);
    assert_eq!(column(&read(&app, &format!("{ATTEMPTS}?verdict=duplicate")).await, "verdict"), ["duplicate"]);
    assert!(column(&read(&app, &format!("{ATTEMPTS}?since=2999-01-01T00:00:00Z")).await, "verdict").is_empty());
    let page = read(&app, &format!("{ATTEMPTS}?limit=4")).await;
    let next = page["page"]["next_cursor"].as_str().unwrap();
    let rest = read(&app, &format!("{ATTEMPTS}?limit=4&cursor={next}")).await;
    assert_eq!([column(&page, "verdict"), column(&rest, "verdict")].concat(), verdicts);
    app.staff_get(&format!("{ATTEMPTS}?verdict=odd")).send().await.problem(400, "invalid_query");
    app.run_jobs().await;
    // Kept for 30 days.
    app.advance(30 * 24 * 3600 + 3600).await;
    app.run_now(Job::Prune).await;
    assert!(column(&read(&app, ATTEMPTS).await, "verdict").is_empty());
    assert!(column(&read(&app, "/v1/admin/inbox/refusals").await, "address").is_empty());
    app.finish().await;
}

/// Nobody fills the table: from the hundredth on forged deliveries are counted only. Twenty of them are told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_forged_deliveries_is_counted_and_told() {
    let app = TestApp::with(&[("MERX_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let body = event("evt_forged", "checkout.session.completed", json!({"id": "cs_1"}));
    let forge = async |address: &str| {
        let call = app.call("POST", "/v1/webhooks/stripe").header("Stripe-Signature", "t=1,v1=00");
        let call = call.header("X-Forwarded-For", address).body("application/json", body.clone());
        call.send().await.problem(400, "invalid_signature");
    };
    for _ in 0..19 {
        forge("2001:db8::1").await;
    }
    merx::jobs::watch::watch(&app.app).await.unwrap();
    assert_eq!(app.alerts("webhook_signatures").await, 0);
    for _ in 0..7 {
        join_all((0..15).map(|_| forge("203.0.113.7"))).await;
    }
    let list = read(&app, &format!("{ATTEMPTS}?address=203.0.113.7&limit=100")).await;
    assert_eq!((list["data"].as_array().unwrap().len(), &list["page"]["has_more"]), (100, &json!(false)));
    let counts = read(&app, "/v1/admin/inbox/refusals").await;
    let total = |address: &str| -> i64 {
        let rows = counts["data"].as_array().unwrap().iter().filter(|row| row["address"] == address);
        rows.map(|row| row["refused"].as_i64().unwrap()).sum()
    };
    assert_eq!((total("203.0.113.7"), total("2001:db8::")), (105, 19), "{counts}");
    for _ in 0..2 {
        merx::jobs::watch::watch(&app.app).await.unwrap();
    }
    let told = "SELECT count(*) FROM alerts WHERE kind = 'webhook_signatures' AND detail LIKE '%100 from 203.0.113.7%'";
    assert_eq!(app.count(told).await, 1);
    assert_eq!(app.count("SELECT count(*) FROM webhook_events").await, 0);
    app.finish().await;
}

/// Shoppers who use up all connections do not keep Stripe waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_have_connections_of_their_own() {
    let app = TestApp::with(&[("MERX_DB_POOL_SIZE", "1")]).await;
    let busy = app.app.connection().await.unwrap();
    let body = event("evt_1", "no.such.type", json!({"id": "x"}));
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200);
    deliver(&app, "t=1,v1=00", &body).await.problem(400, "invalid_signature");
    drop(busy);
    assert_eq!(column(&read(&app, ATTEMPTS).await, "verdict"), ["bad_signature", "accepted"]);
    app.run_jobs().await;
    app.finish().await;
}

/// Shippo comes in by the same door: its deliveries are logged, its forgers told, and shoppers do not keep it waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_of_shippo_are_logged_as_well() {
    let app = TestApp::with(&[("MERX_DB_POOL_SIZE", "1")]).await;
    let url = format!("/v1/webhooks/shippo?token={SHIPPO_WEBHOOK_TOKEN}");
    let body = json!({"event": "batch_created", "test": true, "data": {}});
    let busy = app.app.connection().await.unwrap();
    for _ in 0..2 {
        app.post(&url, body.clone()).send().await.expect(200);
    }
    app.post("/v1/webhooks/shippo?token=x", body.clone()).send().await.problem(400, "invalid_signature");
    app.post(&url, json!({"no": "event"})).send().await.problem(400, "malformed_body");
    drop(busy);
    let all = read(&app, ATTEMPTS).await;
    assert_eq!(column(&all, "verdict"), ["malformed", "bad_signature", "duplicate", "accepted"]);
    assert_eq!(column(&all, "provider"), ["shippo"; 4]);
    let [forged, first] = [&all["data"][1], &all["data"][3]];
    assert_eq!(forged["body_sha256"], Value::Null, "without the token the body is not read");
    assert_eq!((&first["type"], &first["provider_event_id"]), (&json!("batch_created"), &first["body_sha256"]));
    let stored = only(&app, &format!("provider_event_id={}", first["provider_event_id"].as_str().unwrap())).await;
    assert_eq!(stored["provider"], "shippo");
    app.run_jobs().await;
    for _ in 0..19 {
        app.post("/v1/webhooks/shippo?token=x", body.clone()).send().await.problem(400, "invalid_signature");
    }
    merx::jobs::watch::watch(&app.app).await.unwrap();
    let told = "SELECT count(*) FROM alerts WHERE kind = 'webhook_signatures'";
    assert_eq!((app.count(told).await, app.count(&format!("{told} AND detail LIKE '%shippo%'")).await), (1, 1));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_events_but_whom_they_are_about_only_with_a_scope() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    app.paid(&variant, 1).await;
    let paid = only(&app, "type=checkout.session.completed&status=processed&source=webhook").await;
    assert_eq!((&paid["tries"], &paid["last_error"], &paid["next_try_at"]), (&json!(1), &Value::Null, &Value::Null));
    assert!(paid["processed_at"].is_string() && paid["payload"].is_null(), "{paid}");
    let intent = only(&app, "type=payment_intent.succeeded").await;
    assert_eq!((&intent["status"], &intent["ignored_because"]), (&json!("ignored"), &json!("not_needed")));
    let path = format!("{EVENTS}/{}", paid["id"].as_str().unwrap());
    let of_intent = format!("{EVENTS}/{}", intent["id"].as_str().unwrap());
    let (_, key) = {
        let mut conn = app.database().await;
        api_keys::create(&mut conn, "reader", &[Scope::InboxRead], app.app.clock.now()).await.unwrap()
    };
    for (path, personal) in [(&path, "ada@example.com"), (&of_intent, "Torstra")] {
        let clear = read(&app, path).await["payload"].to_string();
        assert!(clear.contains(personal), "{personal} is not in {clear}");
        let masked = app.get(path).bearer(&key).send().await.expect(200)["payload"].clone();
        let object = &masked["data"]["object"];
        let known: Value = serde_json::from_str(&clear).unwrap();
        for kept in ["id", "currency", "metadata"] {
            assert_eq!(object[kept], known["data"]["object"][kept], "{kept}");
        }
        let masked = masked.to_string();
        for personal in ["ada@", "Ada", "Torstra", "10119", "Berlin"] {
            assert!(!masked.contains(personal), "{personal} in {masked}");
        }
    }
    let provider_id = paid["provider_event_id"].as_str().unwrap();
    assert_eq!(only(&app, &format!("provider_event_id={provider_id}")).await["id"], paid["id"]);
    app.staff_post(&format!("{path}/retry"), json!({})).send().await.problem(409, "wrong_status");
    app.staff_post(&format!("{path}/discard"), json!({"reason": "r"})).send().await.problem(409, "wrong_status");
    app.finish().await;
}

/// An event that died is seen, retried, discarded, mended and retried again; at each step `merx check` agrees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_event_is_named_retried_and_discarded() {
    let app = TestApp::start().await;
    poison(&app).await;
    for _ in 0..JobKind::ProcessEvent.max_attempts() {
        worker::run_due(&app.app).await.unwrap();
        app.advance(2 * 3600).await;
    }
    let dead = only(&app, "status=dead").await;
    assert_eq!((&dead["tries"], &dead["provider_event_id"]), (&json!(20), &json!("evt_poison")));
    assert!(dead["last_error"].as_str().unwrap().contains("unreadable"), "{dead}");
    let open = "SELECT count(*) FROM alerts WHERE kind = 'dead_job' AND acknowledged_at IS NULL";
    assert_eq!(app.count(&format!("{open} AND detail LIKE '%evt_poison%'")).await, 1);
    assert_eq!(app.findings().await, Vec::new());
    let path = format!("{EVENTS}/{}", dead["id"].as_str().unwrap());
    // The dead job itself is taken up again, with all its tries, and the alert's cause is gone.
    let retried = app.staff_post(&format!("{path}/retry"), json!({})).send().await.expect(200);
    assert_eq!(retried["status"], "pending");
    assert!(retried["next_try_at"].is_string(), "{retried}");
    assert_eq!(app.count(open).await, 0);
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'process_event'").await, 1);
    assert_eq!(app.findings().await, Vec::new());
    worker::run_due(&app.app).await.unwrap();
    assert_eq!(read(&app, &path).await["tries"], 21);
    // While it waits for its next try, a retry gives it all tries again.
    app.staff_post(&format!("{path}/retry"), json!({})).send().await.expect(200);
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'process_event' AND attempts = 0").await, 1);
    // Given up while it waits for its next try.
    let by_hand = json!({"reason": "entered by hand"});
    let discarded = app.staff_post(&format!("{path}/discard"), by_hand).send().await.expect(200);
    assert_eq!((&discarded["status"], &discarded["next_try_at"]), (&json!("discarded"), &Value::Null));
    assert_eq!(discarded["discarded"]["reason"], "entered by hand");
    assert!(discarded["discarded"]["by"].as_str().unwrap().starts_with("key_"));
    app.advance(3600).await;
    app.run_jobs().await;
    assert_eq!(read(&app, &path).await["tries"], 21, "nobody tries it any more");
    assert_eq!(app.findings().await, Vec::new());
    let mended = event("evt_poison", "no.such.type", json!({"id": "x"}));
    app.sql(&format!("UPDATE webhook_events SET payload = '{mended}'")).await;
    let many = json!({"status": "discarded", "since": "2026-01-01T00:00:00Z", "type": "x"});
    let answer = app.staff_post(&format!("{EVENTS}/retry"), many).send().await.expect(200);
    assert_eq!(answer, json!({"retried": 1, "has_more": false}));
    app.run_jobs().await;
    let ended = read(&app, &path).await;
    assert_eq!((&ended["status"], &ended["ignored_because"]), (&json!("ignored"), &json!("unknown_type")));
    assert_eq!((&ended["discarded"], &ended["tries"]), (&Value::Null, &json!(22)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_are_retried_by_status_and_time() {
    let app = TestApp::start().await;
    for (id, kind) in [("evt_1", "a.b"), ("evt_2", "a.b"), ("evt_3", "c.d")] {
        let body = event(id, kind, json!({"id": "x"}));
        deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200);
    }
    app.run_jobs().await;
    let retry = async |body: Value| app.staff_post(&format!("{EVENTS}/retry"), body).send().await;
    let since = "2026-01-01T00:00:00Z";
    let future = retry(json!({"status": "ignored", "since": "2999-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!(future["retried"], 0);
    let typed = retry(json!({"status": "ignored", "since": since, "type": "a.b"})).await.expect(200);
    assert_eq!(typed, json!({"retried": 2, "has_more": false}));
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE tries = 1 AND event_type = 'a.b'").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE tries = 0 AND event_type = 'c.d'").await, 1);
    let of = async |because: &str| {
        retry(json!({"status": "ignored", "ignored_because": because, "since": since})).await.expect(200)["retried"]
            .clone()
    };
    assert_eq!((of("other_mode").await, of("unknown_type").await), (json!(0), json!(3)));
    app.run_jobs().await;
    let odd = retry(json!({"status": "dead", "ignored_because": "other_mode", "since": since})).await;
    assert_eq!(odd.problem(422, "validation_failed")["errors"][0]["pointer"], "/ignored_because");
    let refused = retry(json!({"status": "processed", "since": since})).await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/status");
    app.finish().await;
}

/// Deliveries that arrive while others are written are written together; each event is stored once all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliveries_that_arrive_together_are_each_stored_once() {
    let app = TestApp::start().await;
    let events: Vec<String> = (0..30)
        .map(|number| {
            let kind = if number % 2 == 0 { "no.such.type" } else { "checkout.session.no_such_type" };
            event(&format!("evt_{number}"), kind, json!({"id": "x", "name": "o\u{0}o"}))
        })
        .collect();
    let twice = events.iter().chain(&events);
    let answers = join_all(twice.map(async |body| deliver(&app, &sign(&app, WEBHOOK_SECRET, body, 0), body).await));
    for answer in answers.await {
        answer.expect(200);
    }
    let count = async |what: &str| app.count(&format!("SELECT count(*) FROM {what}")).await;
    assert_eq!(count("webhook_events").await, 30);
    assert_eq!(count("webhook_events WHERE status = 'ignored' AND ignored_because = 'unknown_type'").await, 15);
    assert_eq!(count("jobs WHERE kind = 'process_event'").await, 15);
    for verdict in ["accepted", "duplicate"] {
        assert_eq!(count(&format!("webhook_attempts WHERE verdict = '{verdict}'")).await, 30, "{verdict}");
    }
    app.run_jobs().await;
    assert_eq!(count("webhook_events WHERE status = 'pending'").await, 0);
    app.finish().await;
}

/// An event that names an order of ours which we do not know waits for an hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_waits_for_its_order() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let hide = |id: &str, session: &str| format!("UPDATE checkouts SET id = '{id}', session_id = '{session}'");
    let (id, elsewhere) = (app.uuid_of(&checkout.id).to_string(), uuid::Uuid::new_v4().to_string());
    app.sql(&hide(&elsewhere, "cs_elsewhere")).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let waiting = only(&app, "type=checkout.session.completed").await;
    assert_eq!((&waiting["status"], &waiting["tries"]), (&json!("pending"), &json!(1)));
    assert!(waiting["last_error"].as_str().unwrap().contains("is not known"), "{waiting}");
    assert!(waiting["next_try_at"].is_string());
    app.sql(&hide(&id, &checkout.session_id)).await;
    app.advance(10).await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    // One whose order never comes.
    let session = json!({"id": "cs_test_lost", "status": "complete", "payment_status": "paid", "amount_total": 1, "currency": "eur",
        "client_reference_id": "ord_01jd8x3v5ke2t9qj6f4z0w7m8r", "metadata": {"checkout_id": "chk_01jd8x3v5ke2t9qj6f4z0w7m8r"}});
    let body = event("evt_lost", "checkout.session.completed", session);
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200);
    app.run_jobs().await;
    app.advance(1800).await;
    app.run_jobs().await;
    assert_eq!(only(&app, "provider_event_id=evt_lost").await["status"], "pending");
    app.advance(1801).await;
    app.run_jobs().await;
    let lost = only(&app, "provider_event_id=evt_lost").await;
    assert_eq!((&lost["status"], &lost["ignored_because"]), (&json!("ignored"), &json!("order_unknown")));
    assert_eq!(app.alerts("dead_job").await, 0);
    app.finish().await;
}

/// Stripe's list has events, but none is delivered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_told_when_there_was_something_to_hear() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.webhooks("drop").await;
    app.pay(&checkout, "paid").await;
    app.catch_up().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(only(&app, "type=checkout.session.completed").await["source"], "catch_up");
    let watch = async || merx::jobs::watch::watch(&app.app).await.unwrap();
    watch().await;
    assert_eq!(app.alerts("webhooks_silent").await, 0, "it may still be delivered");
    app.advance(16 * 60).await;
    // What Shippo delivers is no word of Stripe's.
    let shippo = json!({"event": "batch_created", "test": true, "data": {}});
    app.post(&format!("/v1/webhooks/shippo?token={SHIPPO_WEBHOOK_TOKEN}"), shippo).send().await.expect(200);
    watch().await;
    assert_eq!(app.alerts("webhooks_silent").await, 1);
    // What is delivered after all ends it.
    app.sql("DELETE FROM alerts").await;
    app.webhooks("normal").await;
    let (_, other) = app.checked_out(&variant, 1).await;
    app.pay(&other, "paid").await;
    app.run_jobs().await;
    watch().await;
    assert_eq!(app.alerts("webhooks_silent").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_pile_up_are_told() {
    let app = TestApp::start().await;
    let pause = app.staff_post("/v1/admin/job-kinds/process_event/pause", json!({"reason": "Stripe is moved"}));
    pause.send().await.expect(200);
    let body = event("evt_1", "checkout.session.no_such_type", json!({"id": "x"}));
    deliver(&app, &sign(&app, WEBHOOK_SECRET, &body, 0), &body).await.expect(200);
    app.run_jobs().await;
    merx::jobs::watch::watch(&app.app).await.unwrap();
    assert_eq!(app.alerts("event_backlog").await, 0);
    app.advance(601).await;
    merx::jobs::watch::watch(&app.app).await.unwrap();
    assert_eq!(app.alerts("event_backlog").await, 1);
    let dated =
        "SELECT count(*) FROM alerts WHERE kind = 'event_backlog' AND detail LIKE '1 events wait%since 20__-__-__ %'";
    assert_eq!(app.count(dated).await, 1);
    app.staff_post("/v1/admin/job-kinds/process_event/resume", json!({})).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(only(&app, "status=ignored").await["provider_event_id"], "evt_1");
    app.finish().await;
}
