//! Endpoints of outbound webhooks: their secrets, where they may be, how many, and when they are given up.

use serde_json::{Value, json};

use crate::harness::{Receiver, TestApp};
use crate::outbound_webhooks::{path, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_once_and_the_former_one_signs_for_another_day() {
    let (app, receiver) = (TestApp::with_webhooks().await, Receiver::start());
    let create = || {
        let body = json!({"url": receiver.url, "event_types": ["order.paid"]});
        app.staff_post("/v1/admin/webhook-endpoints", body).header("Idempotency-Key", "one").send()
    };
    let endpoint = create().await.expect(201);
    assert_eq!(create().await.expect(201), endpoint, "a repeat answers the same secret");
    assert_eq!(app.count("SELECT count(*) FROM idempotency_keys WHERE body::text LIKE '%whsec%'").await, 0);
    let shown = app.staff_get(&path(&endpoint, "")).send().await.expect(200);
    assert!(shown.get("secret").is_none());
    let rotate = async || {
        let call = app.call("POST", &path(&endpoint, "/rotate-secret")).bearer(&app.admin_key);
        call.send().await.expect(200)["secret"].as_str().unwrap().to_owned()
    };
    let first = endpoint["secret"].as_str().unwrap().to_owned();
    // The answer to the first rotation is lost, say.
    let (lost, third) = (rotate().await, rotate().await);
    let variant = app.variant(5).await;
    app.paid(&variant, 1).await;
    let seen = receiver.seen()[0].clone();
    let messages: Vec<Value> = [&first, &lost, &third].map(|secret| seen.to_verify(secret)).to_vec();
    assert!(verified(&messages).await.iter().all(|answer| answer["verified"].is_object()));
    // However often it is rotated within the day, only the two before sign as well.
    let (fourth, fifth) = (rotate().await, rotate().await);
    app.paid(&variant, 1).await;
    let seen = receiver.seen()[1].clone();
    let messages: Vec<Value> = [&third, &fourth, &fifth].map(|secret| seen.to_verify(secret)).to_vec();
    assert!(verified(&messages).await.iter().all(|answer| answer["verified"].is_object()));
    let messages: Vec<Value> = [&first, &lost].map(|secret| seen.to_verify(secret)).to_vec();
    assert!(verified(&messages).await.iter().all(|answer| answer["refused"].is_string()));
    app.advance(25 * 3600).await;
    app.paid(&variant, 1).await;
    let seen = receiver.seen();
    let signatures: Vec<usize> = seen.iter().map(|seen| seen.signature.split(' ').count()).collect();
    assert_eq!(signatures, [3, 3, 1]);
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_gone_or_fails_for_long_is_disabled_and_told() {
    let (app, gone, failing) = (TestApp::with_webhooks().await, Receiver::start(), Receiver::start());
    gone.answer(410, &[], "");
    failing.answer(503, &[], "");
    let (left, broken) =
        (app.endpoint(&gone.url, &["order.paid"]).await, app.endpoint(&failing.url, &["order.paid"]).await);
    let variant = app.variant(20).await;
    app.paid(&variant, 1).await;
    let read = async |endpoint: &Value| app.staff_get(&path(endpoint, "")).send().await.expect(200);
    let state = |endpoint: &Value| (endpoint["status"].clone(), endpoint["disabled_reason"].clone());
    assert_eq!(state(&read(&left).await), (json!("disabled"), json!("gone")));
    assert_eq!(app.alerts("webhook_endpoint_disabled").await, 1);
    // Another order, for which the endpoint has not failed so often when it is disabled.
    app.advance(2 * 86_400).await;
    app.paid(&variant, 1).await;
    for _ in 0..12 {
        app.advance(12 * 3600).await;
        app.run_jobs().await;
    }
    assert_eq!(state(&read(&broken).await), (json!("disabled"), json!("failing")));
    assert_eq!(app.alerts("webhook_endpoint_disabled").await, 2);
    let of_broken = format!("endpoint_id={}", broken["id"].as_str().unwrap());
    let dead = app.deliveries(&format!("{of_broken}&status=dead")).await;
    assert_eq!((dead.len(), &dead[0]["attempts"]), (1, &json!(10)));
    let replay = format!("/v1/admin/webhook-deliveries/{}/replay", dead[0]["id"].as_str().unwrap());
    app.call("POST", &replay).bearer(&app.admin_key).send().await.problem(409, "webhook_endpoint_disabled");
    // Nothing is sent to it, and what happens meanwhile is not kept for it.
    let seen = failing.seen().len();
    app.paid(&variant, 1).await;
    app.advance(86_400).await;
    app.run_jobs().await;
    assert_eq!((failing.seen().len(), app.deliveries(&of_broken).await.len()), (seen, 2));
    // Enabled again, what waited is sent at once; what died is replayed.
    failing.answer(200, &[], "");
    app.staff_patch(&path(&broken, ""), json!({"status": "enabled"})).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(failing.taken().len(), 1);
    let again = app.call("POST", &replay).bearer(&app.admin_key).send().await.expect(200);
    assert_eq!((&again["status"], &again["attempts"]), (&json!("pending"), &json!(0)));
    app.run_jobs().await;
    assert_eq!(failing.taken().len(), 2);
    assert_eq!(app.deliveries(&format!("{of_broken}&status=succeeded")).await.len(), 2);
    gone.stop().await;
    failing.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_into_private_networks() {
    let (app, receiver) = (TestApp::start().await, Receiver::start());
    let port = receiver.url.split(':').nth(2).unwrap();
    for url in [
        "http://example.com/",
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://[fd00::1]/",
        "https://user:secret@example.com/",
        "ftp://example.com/",
        "hooks",
    ] {
        let body = json!({"url": url, "event_types": ["*"]});
        let problem =
            app.staff_post("/v1/admin/webhook-endpoints", body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{url}");
    }
    // A name is seen through when it is connected to, whatever it led to before.
    let endpoint = app.endpoint(&format!("https://localhost:{port}"), &["order.paid"]).await;
    let test = async || app.call("POST", &path(&endpoint, "/test")).bearer(&app.admin_key).send().await.expect(200);
    let refused = test().await;
    assert_eq!((&refused["succeeded"], &refused["error"]), (&json!(false), &json!("localhost has no public address")));
    let variant = app.variant(5).await;
    app.paid(&variant, 1).await;
    assert_eq!(app.deliveries("").await[0]["last_error"], "localhost has no public address");
    // An address that was allowed when the endpoint was made.
    app.sql(&format!("UPDATE webhook_endpoints SET url = 'https://127.0.0.1:{port}/'")).await;
    assert!(test().await["error"].as_str().unwrap().contains("public address"));
    app.advance(6).await;
    app.run_jobs().await;
    assert!(app.deliveries("").await[0]["last_error"].as_str().unwrap().contains("public address"));
    assert!(receiver.seen().is_empty());
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_are_few_and_carry_a_version() {
    let app = TestApp::start().await;
    let url = "https://hooks.invalid/";
    let endpoint = app.endpoint(url, &["*"]).await;
    let tag = app.staff_get(&path(&endpoint, "")).send().await.header("etag").to_owned();
    let rename = |tag: &str| {
        let call = app.staff_patch(&path(&endpoint, ""), json!({"description": "ERP", "event_types": ["order.paid"]}));
        call.header("If-Match", tag).send()
    };
    let renamed = rename(&tag).await.expect(200);
    assert_eq!((&renamed["description"], &renamed["event_types"]), (&json!("ERP"), &json!(["order.paid"])));
    rename(&tag).await.problem(412, "precondition_failed");
    app.call("DELETE", &path(&endpoint, ""))
        .bearer(&app.admin_key)
        .header("If-Match", &tag)
        .send()
        .await
        .problem(412, "precondition_failed");
    for _ in 1..15 {
        app.endpoint(url, &["*"]).await;
    }
    let body = json!({"url": url, "event_types": ["*"]});
    let more = || app.staff_post("/v1/admin/webhook-endpoints", body.clone()).send();
    // One place is left for two at once.
    let (one, other) = tokio::join!(more(), more());
    assert_eq!((one.status.min(other.status), one.status.max(other.status)), (201, 422));
    more().await.problem(422, "too_many_webhook_endpoints");
    app.call("DELETE", &path(&endpoint, "")).bearer(&app.admin_key).send().await.expect(204);
    app.staff_get(&path(&endpoint, "")).send().await.problem(404, "not_found");
    app.call("POST", &path(&endpoint, "/test")).bearer(&app.admin_key).send().await.problem(404, "not_found");
    let replay = app.staff_post(&path(&endpoint, "/replay"), json!({"since": "2026-01-01T00:00:00Z"}));
    replay.send().await.problem(404, "not_found");
    more().await.expect(201);
    app.finish().await;
}
