//! Sessions and passwords of customers.

use serde_json::{Value, json};

use crate::harness::{CustomerHandle, OTHER_PASSWORD, PASSWORD, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_renewed_and_a_stolen_refresh_token_ends_it() {
    let app = TestApp::start().await;
    let first = app.customer("ada@example.com").await;
    app.advance(3601).await;
    app.me(&first.access).await.problem(401, "unauthenticated");
    let second = CustomerHandle::new(&app.refresh(&first.refresh).await.expect(200));
    assert_eq!((&second.session, &second.id), (&first.session, &first.id));
    app.me(&second.access).await.expect(200);
    // Within ten seconds it is a lost answer.
    app.advance(9).await;
    let again = CustomerHandle::new(&app.refresh(&first.refresh).await.expect(200));
    app.me(&again.access).await.expect(200);
    app.me(&second.access).await.expect(200);
    app.advance(2).await;
    app.refresh(&first.refresh).await.problem(401, "session_revoked");
    for access in [&second.access, &again.access] {
        app.me(access).await.problem(401, "unauthenticated");
    }
    for refresh in [&second.refresh, &again.refresh] {
        app.refresh(refresh).await.problem(401, "session_revoked");
    }
    app.refresh("crt_made_up").await.problem(401, "invalid_credentials");
    // Access and refresh tokens do not stand in for each other.
    let third = app.log_in("ada@example.com").await;
    app.me(&third.refresh).await.problem(401, "unauthenticated");
    app.refresh(&third.access).await.problem(401, "invalid_credentials");
    app.finish().await;
}

/// Who stole a refresh token may use it within the grace as well, and then holds one of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_two_go_on_with_ends() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let refreshed = async |token: &str| CustomerHandle::new(&app.refresh(token).await.expect(200));
    let owner = refreshed(&customer.refresh).await;
    app.advance(5).await;
    let thief = refreshed(&customer.refresh).await;
    app.advance(3600).await;
    // The thief's first: the owner's next use tells.
    let thief = refreshed(&thief.refresh).await;
    app.advance(11).await;
    app.refresh(&owner.refresh).await.problem(401, "session_revoked");
    app.refresh(&thief.refresh).await.problem(401, "session_revoked");
    app.me(&thief.access).await.problem(401, "unauthenticated");

    // Two that cross each time, as two tabs do, go on as long as they do.
    let session = app.log_in("ada@example.com").await;
    let (mut one, mut other) = (refreshed(&session.refresh).await, refreshed(&session.refresh).await);
    for _ in 0..3 {
        app.advance(3600).await;
        one = refreshed(&one.refresh).await;
        app.advance(5).await;
        other = refreshed(&other.refresh).await;
    }
    app.advance(3600).await;
    other = refreshed(&other.refresh).await;
    app.advance(11).await;
    app.refresh(&one.refresh).await.problem(401, "session_revoked");
    app.refresh(&other.refresh).await.problem(401, "session_revoked");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_lives_as_long_as_it_is_renewed() {
    let app = TestApp::start().await;
    let mut session = app.customer("ada@example.com").await;
    for _ in 0..3 {
        app.advance(29 * 86_400).await;
        session = CustomerHandle::new(&app.refresh(&session.refresh).await.expect(200));
    }
    app.me(&session.access).await.expect(200);
    app.advance(30 * 86_400).await;
    app.refresh(&session.refresh).await.problem(401, "session_revoked");
    app.advance(86_400).await;
    let now = app.app.clock.now();
    merx::customers::prune(&mut app.database().await, now).await.unwrap();
    for table in ["customer_sessions", "customer_refresh_tokens", "customer_registrations"] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    app.refresh(&session.refresh).await.problem(401, "invalid_credentials");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshes_at_once_both_get_tokens_that_work() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let (one, other) = tokio::join!(app.refresh(&customer.refresh), app.refresh(&customer.refresh));
    let (one, other) = (CustomerHandle::new(&one.expect(200)), CustomerHandle::new(&other.expect(200)));
    assert_ne!(one.access, other.access);
    for session in [&one, &other] {
        app.me(&session.access).await.expect(200);
    }
    let next = CustomerHandle::new(&app.refresh(&one.refresh).await.expect(200));
    app.me(&next.access).await.expect(200);
    assert_eq!(app.count("SELECT count(*) FROM customer_sessions").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let here = app.customer("ada@example.com").await;
    let there = app.log_in("ada@example.com").await;
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "password": new});
        app.post("/v1/customers/me/password", body).bearer(&here.access).send()
    };
    let wrong = change(OTHER_PASSWORD, OTHER_PASSWORD).await.problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    let wrong = change(PASSWORD, "ADA@example.com").await.problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/password");
    app.me(&there.access).await.expect(200);
    let ask = json!({"email": "ada@example.com"});
    app.post("/v1/customers/request-password-reset", ask).send().await.expect(202);
    app.run_jobs().await;
    let link = app.mailed_token("reset_password", "ada@example.com").await;
    assert_eq!(app.mails("password_changed", "ada@example.com").await, Vec::<Value>::new());
    change(PASSWORD, OTHER_PASSWORD).await.expect(204);
    assert_eq!(
        app.mails("password_changed", "ada@example.com").await[0]["locale"],
        "de",
        "who did not do it hears of it"
    );
    let reset = json!({"token": link, "password": PASSWORD});
    app.post("/v1/customers/reset-password", reset).send().await.problem(422, "invalid_token");
    app.me(&here.access).await.expect(200);
    app.me(&there.access).await.problem(401, "unauthenticated");
    app.refresh(&there.refresh).await.problem(401, "session_revoked");
    app.try_log_in("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    app.try_log_in("ada@example.com", OTHER_PASSWORD).await.expect(201);
    change(OTHER_PASSWORD, PASSWORD).await.expect(204);
    assert_eq!(app.mails("password_changed", "ada@example.com").await.len(), 2, "one for each change");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_reset_once_within_the_hour_and_ends_every_session() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let ask = async || {
        let body = json!({"email": "ADA@example.com"});
        app.post("/v1/customers/request-password-reset", body).send().await.expect(202);
        app.run_jobs().await;
        app.mailed_token("reset_password", "ada@example.com").await
    };
    let reset = |token: &str, password: &str| {
        app.post("/v1/customers/reset-password", json!({"token": token, "password": password})).send()
    };
    let late = ask().await;
    app.advance(3600).await;
    reset(&late, OTHER_PASSWORD).await.problem(422, "invalid_token");
    let (one, other) = (ask().await, ask().await);
    let easy = reset(&one, "ada@example.com").await.problem(422, "validation_failed");
    assert_eq!(easy["errors"][0]["pointer"], "/password");
    let session = CustomerHandle::new(&app.refresh(&customer.refresh).await.expect(200));
    let (first, second) = tokio::join!(reset(&one, OTHER_PASSWORD), reset(&one, "a third horse battery"));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422], "only one of two takes effect");
    assert_eq!(app.mails("password_changed", "ada@example.com").await.len(), 1);
    reset(&other, PASSWORD).await.problem(422, "invalid_token");
    app.me(&session.access).await.problem(401, "unauthenticated");
    app.refresh(&session.refresh).await.problem(401, "session_revoked");
    app.try_log_in("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    let mut logins = Vec::new();
    for password in [OTHER_PASSWORD, "a third horse battery"] {
        logins.push(app.try_log_in("ada@example.com", password).await.status);
    }
    logins.sort_unstable();
    assert_eq!(logins, [201, 401]);
    app.finish().await;
}
