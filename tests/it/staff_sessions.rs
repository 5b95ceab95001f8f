//! Sessions and passwords of staff: the cookie, who may use it from where, and when it ends.

use merx::staff::roles::BuiltInRole;
use serde_json::{Value, json};

use crate::harness::{OTHER_PASSWORD, PASSWORD, StaffHandle, TestApp};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Ten minutes less than a session lives without use.
const ALMOST: i64 = 12 * HOUR - 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_logs_in_acts_under_the_cookie_and_logs_out() {
    let app = TestApp::start().await;
    let email = app.staff(BuiltInRole::Support).await.email;
    let reply = app.try_staff_log_in(&email.to_uppercase(), PASSWORD).await;
    let cookie = reply.header("set-cookie").to_owned();
    assert!(cookie.starts_with("merx_staff=sst_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"), "{cookie}");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(!reply.text.contains("sst_"), "the token is in the cookie alone");
    let member = StaffHandle::new(reply);
    let session = app.by(&member, "GET", "/v1/admin/session").send().await.expect(200);
    assert_eq!(session["session_id"], member.session.as_str());
    assert_eq!((&session["staff"]["role"]["id"], &session["staff"]["name"]), (&json!("support"), &json!("Grace")));
    assert_eq!(session["scopes"], json!(BuiltInRole::Support.scopes()));
    assert!(session["staff"]["last_seen_at"].is_string());
    app.by(&member, "GET", "/v1/admin/orders").send().await.expect(200);
    let refused = app.by(&member, "GET", "/v1/admin/jobs").send().await.problem(403, "insufficient_scope");
    assert_eq!(refused["required_scope"], "jobs:read");
    // Whoever names other credentials means those.
    let customer = app.by(&member, "GET", "/v1/admin/orders").bearer("cst_x").send().await;
    customer.problem(401, "unauthenticated");
    app.by(&member, "GET", "/v1/admin/jobs").bearer(&app.admin_key).send().await.expect(200);
    // A key is nobody's session, and another cookie none at all.
    app.staff_get("/v1/admin/session").send().await.problem(401, "unauthenticated");
    let odd = StaffHandle { cookie: "merx_staff=sst_made_up".to_owned(), ..member.clone() };
    assert_eq!(app.session_status(&odd).await, 401);
    let secure = StaffHandle { cookie: format!("__Host-{}", member.cookie), ..member.clone() };
    assert_eq!(app.session_status(&secure).await, 401);
    let out = app.by(&member, "DELETE", "/v1/admin/session").send().await;
    assert_eq!(out.header("set-cookie"), "merx_staff=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    out.expect(204);
    assert_eq!(app.session_status(&member).await, 401);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_https_the_cookie_is_secure_and_bound_to_the_host() {
    let app = TestApp::with(&[("MERX_PUBLIC_URL", "https://shop.example")]).await;
    let email = app.staff(BuiltInRole::Owner).await.email;
    let reply = app.try_staff_log_in(&email, PASSWORD).await;
    let cookie = reply.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-merx_staff=sst_") && cookie.ends_with("; Secure"), "{cookie}");
    let member = StaffHandle::new(reply);
    assert_eq!(app.session_status(&member).await, 200);
    let call = app.call("DELETE", "/v1/admin/session").header("Cookie", &member.cookie);
    call.header("Origin", "https://shop.example").send().await.expect(204);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_of_this_origin_change_anything_under_the_cookie() {
    let app = TestApp::with(&[("MERX_CORS_ORIGINS", "https://evil.example")]).await;
    let member = app.staff(BuiltInRole::Manager).await;
    let change = |headers: &[(&str, &str)]| {
        let slug = format!("camp-{}", headers.first().map_or("none", |(name, _)| name).to_lowercase());
        let mut call =
            app.post("/v1/admin/collections", json!({"title": "Camp", "slug": slug})).header("Cookie", &member.cookie);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.send()
    };
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        // What browsers say of the request goes before what it says of itself.
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", app.base_url.as_str())],
    ] {
        let refused = change(headers).await;
        assert!(!refused.headers.contains_key("access-control-allow-credentials"), "{headers:?}");
        refused.problem(403, "csrf_refused");
    }
    assert_eq!(app.count("SELECT count(*) FROM collections").await, 0);
    let made = change(&[("Sec-Fetch-Site", "same-origin")]).await.expect(201);
    change(&[("Origin", app.base_url.as_str())]).await.expect(201);
    // Reading is not changing: the browser keeps the answer from other origins, and the cookie at home.
    let read = app.get("/v1/admin/collections").header("Cookie", &member.cookie);
    read.header("Sec-Fetch-Site", "none").send().await.expect(200);
    // A key is not sent by browsers, so it needs no such proof.
    let path = format!("/v1/admin/collections/{}", made["id"].as_str().unwrap());
    app.staff_delete(&path).header("Origin", "https://evil.example").send().await.expect(204);
    for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")] {
        let body = json!({"email": member.email, "password": PASSWORD});
        let login = app.post("/v1/admin/session", body).header(name, value).send().await;
        assert!(!login.headers.contains_key("set-cookie"));
        login.problem(403, "csrf_refused");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_without_use_and_after_thirty_days() {
    let app = TestApp::start().await;
    let idle = app.staff(BuiltInRole::Owner).await;
    let watching = app.staff_log_in(&idle.email).await;
    app.advance(ALMOST).await;
    // A screen that is merely open is no use of the session.
    let stream = app.by(&watching, "GET", "/v1/admin/events?topics=nope").send().await;
    stream.problem(400, "invalid_query");
    let kept = app.staff_log_in(&idle.email).await;
    assert_eq!(app.session_status(&idle).await, 200);
    app.advance(ALMOST).await;
    assert_eq!(app.session_status(&watching).await, 401);
    // Its use was noted, so it goes on.
    assert_eq!(app.session_status(&idle).await, 200);
    app.advance(12 * HOUR).await;
    assert_eq!(app.session_status(&idle).await, 401);
    assert_eq!(app.session_status(&kept).await, 401);
    let busy = app.staff_log_in(&idle.email).await;
    for _ in 0..60 {
        app.advance(ALMOST).await;
        assert_eq!(app.session_status(&busy).await, 200);
    }
    app.advance(9 * HOUR).await;
    let session = app.by(&busy, "GET", "/v1/admin/session").send().await.expect(200);
    app.advance(HOUR).await;
    assert_eq!(app.session_status(&busy).await, 401, "it was to end at {}", session["expires_at"]);
    // What is over is kept for a while, and goes.
    assert_eq!(app.count("SELECT count(*) FROM staff_sessions").await, 4);
    app.advance(31 * DAY).await;
    app.run_now(merx::jobs::Job::Prune).await;
    assert_eq!(app.count("SELECT count(*) FROM staff_sessions").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sessions_are_seen_and_each_is_ended_for_itself() {
    let app = TestApp::start().await;
    let here = app.staff(BuiltInRole::Analyst).await;
    let there = app.staff_log_in(&here.email).await;
    let stranger = app.staff(BuiltInRole::Analyst).await;
    let path = format!("/v1/admin/staff/{}/sessions", here.id);
    // One's own need no scope.
    let list = app.by(&here, "GET", &path).send().await.expect(200);
    let seen: Vec<(&str, bool)> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| (session["id"].as_str().unwrap(), session["is_current"].as_bool().unwrap()))
        .collect();
    assert_eq!(seen, [(there.session.as_str(), false), (here.session.as_str(), true)]);
    app.by(&stranger, "GET", &path).send().await.problem(403, "insufficient_scope");
    let of = |session: &str| format!("{path}/{session}");
    app.by(&stranger, "DELETE", &of(&here.session)).send().await.problem(403, "insufficient_scope");
    app.by(&here, "DELETE", &of(&stranger.session)).send().await.problem(404, "not_found");
    app.by(&here, "DELETE", &of(&there.session)).send().await.expect(204);
    app.by(&here, "DELETE", &of(&there.session)).send().await.problem(404, "not_found");
    assert_eq!((app.session_status(&here).await, app.session_status(&there).await), (200, 401));
    // Whoever may change staff ends anybody's.
    app.staff_delete(&of(&here.session)).send().await.expect(204);
    assert_eq!(app.session_status(&here).await, 401);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_the_other_sessions_of_staff() {
    let app = TestApp::start().await;
    let here = app.staff(BuiltInRole::Owner).await;
    let there = app.staff_log_in(&here.email).await;
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "password": new});
        app.by(&here, "PUT", "/v1/admin/session/password").json(body).send()
    };
    let wrong = change(OTHER_PASSWORD, OTHER_PASSWORD).await.problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    let wrong = change(PASSWORD, &here.email.to_uppercase()).await.problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/password");
    change(PASSWORD, OTHER_PASSWORD).await.expect(204);
    assert_eq!((app.session_status(&here).await, app.session_status(&there).await), (200, 401));
    app.try_staff_log_in(&here.email, PASSWORD).await.problem(401, "invalid_credentials");
    app.try_staff_log_in(&here.email, OTHER_PASSWORD).await.expect(201);
    assert_eq!(app.mails("staff_password_changed", &here.email).await.len(), 1, "who did not do it hears of it");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_s_password_is_reset_once_within_the_hour() {
    let app = TestApp::start().await;
    let member = app.staff(BuiltInRole::Owner).await;
    let ask = async |email: &str| {
        let answer = app.post("/v1/admin/password-resets", json!({"email": email})).send().await.expect(202);
        assert_eq!(answer, json!({"status": "accepted"}), "the same for everybody");
        app.run_jobs().await;
    };
    let reset = |token: &str| {
        let body = json!({"token": token, "password": OTHER_PASSWORD});
        app.post("/v1/admin/password-resets/accept", body).send()
    };
    let invited = app.invite("invited@shop.example", "support").await;
    for nobody in ["nobody@shop.example", "invited@shop.example"] {
        ask(nobody).await;
        assert_eq!(app.mails("staff_password_reset", nobody).await, Vec::<Value>::new());
    }
    ask(&member.email).await;
    let late = app.mailed_token("staff_password_reset", &member.email).await;
    app.advance(HOUR).await;
    reset(&late).await.problem(422, "invalid_token");
    ask(&member.email.to_uppercase()).await;
    let mail = app.mails("staff_password_reset", &member.email).await[0].clone();
    let token = app.mailed_token("staff_password_reset", &member.email).await;
    let link = format!("{}/admin/reset#token=sr_", app.base_url);
    assert!(mail["text"].as_str().unwrap().contains(&link), "{mail}");
    // A link does what it is for, and nothing else.
    app.accept(&token).await.problem(422, "invalid_token");
    app.accept(&token.replacen("sr_", "si_", 1)).await.problem(422, "invalid_token");
    let (first, second) = tokio::join!(reset(&token), reset(&token));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422], "once");
    assert_eq!(app.session_status(&member).await, 401, "every session ended");
    app.try_staff_log_in(&member.email, PASSWORD).await.problem(401, "invalid_credentials");
    let member = StaffHandle::new(app.try_staff_log_in(&member.email, OTHER_PASSWORD).await);
    // A link that waits while its member is deactivated is void.
    ask(&member.email).await;
    let token = app.mailed_token("staff_password_reset", &member.email).await;
    let other = app.staff(BuiltInRole::Owner).await;
    let path = format!("/v1/admin/staff/{}", member.id);
    app.by(&other, "PATCH", &path).json(json!({"status": "deactivated"})).send().await.expect(200);
    reset(&token).await.problem(422, "invalid_token");
    assert_eq!(invited["status"], "invited");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_logins_are_limited_for_known_and_unknown_alike_and_apart_from_customers() {
    let app = TestApp::with(&[
        ("MERX_RATE_LIMIT", "on"),
        ("MERX_TRUSTED_PROXIES", "127.0.0.1/32"),
        ("MERX_LIMIT_LOGINS_PER_ADDRESS", "100"),
        ("MERX_LIMIT_LOGINS_PER_ACCOUNT", "3"),
    ])
    .await;
    let member = app.staff(BuiltInRole::Owner).await;
    let before = app.app.passwords.verifications();
    for (email, tries) in [(member.email.as_str(), 2), ("nobody@shop.example", 3)] {
        for _ in 0..tries {
            app.try_staff_log_in(email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
        }
        let refused = app.try_staff_log_in(&email.to_uppercase(), PASSWORD).await;
        assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
        assert_eq!(refused.problem(429, "rate_limited")["limit"], "logins-per-account");
    }
    assert_eq!(app.app.passwords.verifications() - before, 5, "the same work for somebody unknown");
    // Whoever tries from elsewhere keeps nobody out, nor does who tries the customer of the same address.
    let elsewhere = app.post("/v1/admin/session", json!({"email": member.email, "password": PASSWORD}));
    elsewhere.header("X-Forwarded-For", "203.0.113.9").send().await.expect(201);
    app.try_log_in(&member.email, PASSWORD).await.problem(401, "invalid_credentials");
    app.finish().await;
}
