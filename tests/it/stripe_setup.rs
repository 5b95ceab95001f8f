//! `merx stripe setup`: the endpoint at Stripe is made, mended, and delivers with the secret that was printed.

use merx::jobs::Job;
use serde_json::{Value, json};

use crate::harness::{TestApp, guard};

async fn endpoints(app: &TestApp) -> Vec<Value> {
    app.sandbox_get("/v1/webhook_endpoints").await["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_is_made_once_and_mended() {
    let app = TestApp::start().await;
    let setup = async |url: &str| app.command(&["stripe", "setup", "--url", url]).await;
    let (code, out) = setup("https://shop.example/").await;
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("test mode") && out.contains("whsec_") && out.contains("Stripe Tax is active"), "{out}");
    assert!(out.contains("DE") && out.contains("US-NY") && out.contains("CA-ON"), "{out}");
    let made = endpoints(&app).await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["url"], "https://shop.example/v1/webhooks/stripe");
    assert_eq!(made[0]["enabled_events"].as_array().unwrap().len(), 20);
    assert_eq!(made[0]["api_version"], "2026-09-30.endive");
    let (_, again) = setup("https://shop.example/v1/webhooks/stripe").await;
    assert!(again.contains("already") && !again.contains("whsec_"), "the secret is shown once: {again}");
    let path = format!("/v1/webhook_endpoints/{}", made[0]["id"].as_str().unwrap());
    app.stripe_post(&path, "enabled_events[0]=charge.refunded&disabled=true").await;
    let (_, mended) = setup("https://shop.example").await;
    assert!(mended.contains("now sends exactly our events"), "{mended}");
    assert_eq!(endpoints(&app).await, made);
    // One of another version cannot be mended; it is named.
    let old = "url=https://shop.example/v1/webhooks/stripe&enabled_events[0]=*&api_version=2020-08-27";
    let old = app.stripe_post("/v1/webhook_endpoints", old).await["id"].as_str().unwrap().to_owned();
    let (code, named) = setup("https://shop.example").await;
    assert!(code == 0 && named.contains(&old) && named.contains("2020-08-27"), "{named}");
    assert_eq!(endpoints(&app).await.len(), 2);
    // So is a second one of our version.
    let version = made[0]["api_version"].as_str().unwrap();
    let spare = format!("url=https://shop.example/v1/webhooks/stripe&enabled_events[0]=*&api_version={version}");
    app.stripe_post("/v1/webhook_endpoints", &spare).await;
    let (code, named) = setup("https://shop.example").await;
    assert!(code == 0 && named.contains("in the same version: delete it"), "{named}");
    assert_eq!(endpoints(&app).await.len(), 3);
    let (code, _) = setup("shop.example").await;
    assert_eq!(code, 1);
    app.finish().await;
}

/// What `/readyz` warns of.
async fn warnings(app: &TestApp) -> Vec<String> {
    let ready = app.get("/readyz").send().await.expect(200);
    let warnings = ready["warnings"].as_array().unwrap().iter();
    warnings
        .map(|warning| {
            assert_eq!(warning["kind"], "webhook_endpoint_drift");
            warning["cause"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_not_as_it_should_be_is_warned_of_until_it_is_mended() {
    let app = TestApp::with(&[("MERX_PUBLIC_URL", "https://shop.example")]).await;
    let setup = async || app.command(&["stripe", "setup", "--url", "https://shop.example"]).await;
    assert!(warnings(&app).await.is_empty());
    // A worker looks when it starts.
    let worker = app.worker(&[]).await;
    guard(async { while warnings(&app).await.is_empty() {} }).await;
    worker.terminate().await;
    assert_eq!(warnings(&app).await, ["missing"]);
    let (code, out) = setup().await;
    assert!(code == 0 && warnings(&app).await.is_empty(), "{out}");
    let path = format!("/v1/webhook_endpoints/{}", endpoints(&app).await[0]["id"].as_str().unwrap());
    let changes = [
        ("disabled=true", "disabled"),
        ("disabled=false&enabled_events[0]=charge.refunded", "events"),
        ("url=https://elsewhere.example/v1/webhooks/stripe", "missing"),
    ];
    for (change, cause) in changes {
        app.stripe_post(&path, change).await;
        for _ in 0..2 {
            app.run_now(Job::CheckWebhookEndpoint).await;
            assert_eq!(warnings(&app).await, [cause]);
        }
    }
    assert_eq!(app.alerts("webhook_endpoint_drift").await, 4, "each is told once");
    let old = "url=https://shop.example/v1/webhooks/stripe&enabled_events[0]=*&api_version=2020-08-27";
    app.stripe_post("/v1/webhook_endpoints", old).await;
    app.run_now(Job::CheckWebhookEndpoint).await;
    assert_eq!(warnings(&app).await, ["version"]);
    let (_, out) = setup().await;
    assert!(out.contains("was made") && warnings(&app).await.is_empty(), "{out}");
    // A key that may not look is told as that; while Stripe is down nothing is known, and nothing changes.
    let refused = |status: u16, times: u32| json!({"match": {"path": "/v1/webhook_endpoints"}, "kind": "status", "status": status, "times": times});
    app.fault(refused(403, 1)).await;
    app.run_now(Job::CheckWebhookEndpoint).await;
    assert_eq!(warnings(&app).await, ["unreadable"]);
    app.fault(refused(500, 0)).await;
    assert!(merx::webhooks_in::drift::check(&app.app).await.is_err());
    assert_eq!(warnings(&app).await, ["unreadable"]);
    app.control_delete("faults").await;
    app.run_now(Job::CheckWebhookEndpoint).await;
    assert!(warnings(&app).await.is_empty());
    // Another address than the one that is looked after is said.
    let (_, other) = app.command(&["stripe", "setup", "--url", "https://other.example"]).await;
    assert!(other.contains("set STRIPE_WEBHOOK_URL to https://other.example/v1/webhooks/stripe"), "{other}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_address_that_stripe_reaches_nothing_is_asked() {
    let off: &[(&str, &str)] = &[("MERX_PUBLIC_URL", "https://shop.example"), ("STRIPE_WEBHOOK_URL", "off")];
    for variables in [&[], off] {
        let app = TestApp::with(variables).await;
        app.run_now(Job::CheckWebhookEndpoint).await;
        assert!(warnings(&app).await.is_empty());
        assert!(app.provider_calls("GET /v1/webhook_endpoints").await.is_empty());
        app.finish().await;
    }
}

/// A key that may not read how Stripe Tax stands makes no endpoint, whose secret nobody would see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_endpoint_is_made_when_the_command_fails() {
    let app = TestApp::start().await;
    app.fault(json!({"match": {"path": "/v1/tax/settings"}, "kind": "status", "status": 403, "times": 0})).await;
    let (code, _) = app.command(&["stripe", "setup", "--url", "https://shop.example"]).await;
    assert_ne!(code, 0);
    assert!(endpoints(&app).await.is_empty());
    app.finish().await;
}

/// What Stripe sends to the endpoint that was made is accepted under the secret that was printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_delivers_with_the_printed_secret() {
    let app = TestApp::start().await;
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (code, out) = app.command(&["stripe", "setup", "--url", &format!("http://{address}")]).await;
    assert_eq!(code, 0, "{out}");
    let secret = out.split_whitespace().find(|word| word.starts_with("whsec_")).unwrap();
    let service = app.process(&[("MERX_BIND", &address), ("STRIPE_WEBHOOK_SECRETS", secret)]).await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    let of_session = "/v1/admin/inbox/attempts?limit=100";
    let all = app.staff_get(of_session).send().await.expect(200);
    let all = all["data"].as_array().unwrap();
    let verdicts: Vec<&Value> = all
        .iter()
        .filter(|attempt| attempt["type"] == "checkout.session.completed")
        .map(|attempt| &attempt["verdict"])
        .collect();
    assert_eq!(verdicts, [&json!("duplicate"), &json!("accepted")], "both endpoints got it, and it counts once");
    service.terminate().await;
    app.finish().await;
}
