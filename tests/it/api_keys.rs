//! API keys over HTTP: made, used, rotated, expired, revoked.

use serde_json::{Value, json};

use crate::harness::TestApp;

async fn create(app: &TestApp, body: Value) -> Value {
    app.staff_post("/v1/admin/api-keys", body).send().await.expect(201)
}

fn path(key: &Value) -> String {
    format!("/v1/admin/api-keys/{}", key["id"].as_str().unwrap())
}

async fn opens(app: &TestApp, token: &Value) -> u16 {
    app.get("/v1/admin/orders").bearer(token.as_str().unwrap()).send().await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_shown_once_and_tells_when_it_was_used() {
    let app = TestApp::start().await;
    let reply = app.staff_post("/v1/admin/api-keys", json!({"name": "ERP", "scopes": ["orders:read"]})).send().await;
    let location = reply.header("location").to_owned();
    let made = reply.expect(201);
    assert_eq!(location, path(&made));
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("sk_") && token.ends_with(made["last_four"].as_str().unwrap()));
    assert_eq!((&made["prefix"], &made["last_used_at"]), (&json!("sk_"), &Value::Null));
    assert!(made["created_by"].as_str().unwrap().starts_with("key_"));
    let shown = app.staff_get(&location).send().await;
    assert!(!shown.text.contains(&token) && !shown.text.contains("\"token\""), "{}", shown.text);
    assert_eq!(opens(&app, &made["token"]).await, 200);
    app.get("/v1/admin/products").bearer(&token).send().await.problem(403, "insufficient_scope");
    let used = async || app.staff_get(&location).send().await.expect(200)["last_used_at"].clone();
    let first = used().await;
    assert!(first.is_string());
    opens(&app, &made["token"]).await;
    assert_eq!(used().await, first, "noted once a minute");
    app.advance(61).await;
    opens(&app, &made["token"]).await;
    assert_ne!(used().await, first);
    // A name and an end are changed; the scopes stay.
    let renamed = app.staff_patch(&location, json!({"name": "ERP, new"})).send().await.expect(200);
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("ERP, new"), &json!(2)));
    let refused = app.staff_patch(&location, json!({"scopes": ["orders:write"]})).send().await;
    assert_eq!(refused.problem(422, "validation_failed")["errors"][0]["pointer"], "/scopes");
    let list = app.staff_get("/v1/admin/api-keys?limit=1").send().await.expect(200);
    assert_eq!((&list["data"][0]["id"], &list["page"]["has_more"]), (&made["id"], &json!(true)));
    // Of a version to come: it opens nothing, and breaks nothing.
    app.sql("UPDATE api_keys SET scopes = '{orders:read,moon:land}' WHERE name = 'ERP, new'").await;
    assert_eq!(opens(&app, &made["token"]).await, 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_works_under_both_tokens_until_the_overlap_ends() {
    let app = TestApp::start().await;
    let made = create(&app, json!({"name": "ERP", "scopes": ["orders:read"]})).await;
    let rotate = async |hours: i64| {
        let body = json!({"overlap_hours": hours});
        app.staff_post(&format!("{}/rotate", path(&made)), body).send().await.expect(200)
    };
    let second = rotate(24).await;
    assert_eq!((&second["id"], &second["version"]), (&made["id"], &json!(2)));
    assert_ne!(second["last_four"], made["last_four"]);
    assert!(second["former_token_until"].is_string());
    assert_eq!((opens(&app, &made["token"]).await, opens(&app, &second["token"]).await), (200, 200));
    app.advance(24 * 3600).await;
    assert_eq!((opens(&app, &made["token"]).await, opens(&app, &second["token"]).await), (401, 200));
    let shown = app.staff_get(&path(&made)).send().await.expect(200);
    assert_eq!(shown["former_token_until"], Value::Null);
    // Only the token before the last rotation goes on, and at once only the new one without an overlap.
    let (third, fourth) = (rotate(24).await, rotate(24).await);
    let statuses =
        [opens(&app, &second["token"]).await, opens(&app, &third["token"]).await, opens(&app, &fourth["token"]).await];
    assert_eq!(statuses, [401, 200, 200]);
    let fifth = rotate(0).await;
    assert_eq!((opens(&app, &fourth["token"]).await, opens(&app, &fifth["token"]).await), (401, 200));
    let long = json!({"overlap_hours": 721});
    let long = app.staff_post(&format!("{}/rotate", path(&made)), long).send().await.problem(422, "validation_failed");
    assert_eq!(long["errors"][0]["pointer"], "/overlap_hours");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_ends_when_it_expires_and_when_it_is_revoked() {
    let app = TestApp::start().await;
    let in_hours = |hours: i64| (app.app.clock.now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
    let past = json!({"name": "ERP", "scopes": ["orders:read"], "expires_at": in_hours(-1)});
    let past = app.staff_post("/v1/admin/api-keys", past).send().await.problem(422, "validation_failed");
    assert_eq!(past["errors"][0]["pointer"], "/expires_at");
    let made = create(&app, json!({"name": "ERP", "scopes": ["orders:read"], "expires_at": in_hours(1)})).await;
    let rotate = || app.staff_post(&format!("{}/rotate", path(&made)), json!({"overlap_hours": 24})).send();
    assert_eq!(opens(&app, &made["token"]).await, 200);
    app.advance(3601).await;
    assert_eq!(opens(&app, &made["token"]).await, 401);
    rotate().await.problem(409, "wrong_status");
    app.staff_patch(&path(&made), json!({"expires_at": null})).send().await.expect(200);
    assert_eq!(opens(&app, &made["token"]).await, 200);
    // A key gives neither itself nor another more time than it has.
    let terms = |end: Value| json!({"name": "T", "scopes": ["api_keys:write"], "expires_at": end});
    let brief = create(&app, terms(json!(in_hours(3)))).await;
    let token = brief["token"].as_str().unwrap();
    for end in [Value::Null, json!(in_hours(4))] {
        let longer = json!({"expires_at": end});
        let refused = app.call("PATCH", &path(&brief)).json(longer).bearer(token).send().await;
        assert_eq!(refused.problem(422, "validation_failed")["errors"][0]["pointer"], "/expires_at");
        let refused = app.post("/v1/admin/api-keys", terms(end)).bearer(token).send().await;
        assert_eq!(refused.problem(422, "validation_failed")["errors"][0]["pointer"], "/expires_at");
    }
    app.post("/v1/admin/api-keys", terms(json!(in_hours(2)))).bearer(token).send().await.expect(201);
    let second = rotate().await.expect(200);
    let revoke = || app.staff_delete(&path(&made)).send();
    revoke().await.expect(204);
    assert_eq!((opens(&app, &made["token"]).await, opens(&app, &second["token"]).await), (401, 401), "both at once");
    revoke().await.expect(204);
    rotate().await.problem(409, "wrong_status");
    app.staff_patch(&path(&made), json!({"name": "x"})).send().await.problem(409, "wrong_status");
    let shown = app.staff_get(&path(&made)).send().await.expect(200);
    assert!(shown["revoked_at"].is_string());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storefront_s_key_is_made_and_rotated_likewise() {
    let app = TestApp::start().await;
    let made = create(&app, json!({"name": "web", "scopes": ["storefront"]})).await;
    assert!(made["token"].as_str().unwrap().starts_with("sf_"));
    assert_eq!(made["prefix"], "sf_");
    let mixed = json!({"name": "web", "scopes": ["storefront", "orders:read"]});
    let mixed = app.staff_post("/v1/admin/api-keys", mixed).send().await.problem(422, "validation_failed");
    assert_eq!(mixed["errors"][0]["pointer"], "/scopes/0");
    let second = app.staff_post(&format!("{}/rotate", path(&made)), json!({"overlap_hours": 1})).send().await;
    let second = second.expect(200);
    assert!(second["token"].as_str().unwrap().starts_with("sf_"));
    for token in [&made["token"], &second["token"]] {
        app.get("/v1/store").bearer(token.as_str().unwrap()).send().await.expect(200);
    }
    assert_eq!(opens(&app, &second["token"]).await, 401);
    app.finish().await;
}
