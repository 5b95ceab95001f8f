//! Accounts: registration without telling who has one, sessions, passwords, addresses, orders, Stripe.

use merx::config::Config;
use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{CustomerHandle, PASSWORD, Reply, TestApp, address, token_of};

/// A lawful password that is nobody's.
const OTHER: &str = "another horse battery";

/// An answer without what differs between any two.
fn told(reply: &Reply) -> (u16, Value, Vec<(String, String)>) {
    let mut body = reply.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (reply.status, body, headers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_registers_verifies_logs_in_and_out_and_changes_themselves() {
    let app = TestApp::start().await;
    app.register("Ada@Example.com").await;
    assert_eq!(app.count("SELECT count(*) FROM customers").await, 0, "nothing before the link is followed");
    app.try_log_in("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    let mail = app.mails("verify_email", "Ada@Example.com").await.remove(0);
    assert_eq!((&mail["locale"], &mail["status"]), (&json!("de"), &json!("queued")));
    let token = token_of(&mail);
    assert!(mail["text"].as_str().unwrap().contains(&format!("{}/verify-email?token=ev_", app.base_url)), "{mail}");
    let verified = app.verify(&token).await.expect(200);
    assert_eq!(verified["customer"]["email"], "Ada@Example.com");
    assert_eq!((&verified["customer"]["name"], &verified["customer"]["locale"]), (&json!("Ada"), &json!("de")));
    app.verify(&token).await.problem(409, "already_verified");
    let first = CustomerHandle::new(&verified);
    let second = app.log_in(" ADA@example.com ").await;
    assert_eq!(first.id, second.id);
    assert!(second.access.starts_with("cst_") && second.refresh.starts_with("crt_"));

    let me = app.me(&second.access).await;
    let tag = me.header("etag").to_owned();
    let me = me.expect(200);
    assert_eq!((&me["id"], &me["open_cart_id"], &me["version"]), (&json!(first.id), &Value::Null, &json!(1)));
    let change = |body: Value, tag: &str| {
        app.patch("/v1/customers/me", body).bearer(&second.access).header("If-Match", tag).send()
    };
    let body = json!({"name": null, "phone": "+49 30 1", "metadata": {"tier": "gold"}});
    let changed = change(body, &tag).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["phone"], &changed["locale"], &changed["metadata"]["tier"]),
        (&Value::Null, &json!("+49 30 1"), &json!("de"), &json!("gold"))
    );
    change(json!({"name": "A"}), &tag).await.problem(412, "precondition_failed");

    let list = app.get("/v1/customers/me/sessions").bearer(&second.access).send().await.expect(200);
    let current: Vec<(&Value, &Value)> =
        list["data"].as_array().unwrap().iter().map(|session| (&session["id"], &session["is_current"])).collect();
    assert_eq!(current, [(&json!(second.session), &json!(true)), (&json!(first.session), &json!(false))]);
    app.call("DELETE", "/v1/customer-sessions").bearer(&second.access).send().await.expect(204);
    app.me(&second.access).await.problem(401, "unauthenticated");
    app.refresh(&second.refresh).await.problem(401, "session_revoked");
    app.me(&first.access).await.expect(200);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_tells_who_has_an_account_or_an_order() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    app.customer("known@example.com").await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let (known, unknown) = ("known@example.com", "nobody@example.com");
    type Body = fn(&str) -> Value;
    let attempts: [(&str, Body); 4] = [
        ("/v1/customers", |email| json!({"email": email})),
        ("/v1/customers/request-password-reset", |email| json!({"email": email})),
        ("/v1/customer-sessions", |email| json!({"email": email, "password": OTHER})),
        ("/v1/order-lookups", |email| json!({"email": email, "number": "1001"})),
    ];
    for (path, of) in attempts {
        let known = if path == "/v1/order-lookups" { "ada@example.com" } else { known };
        let verifications = app.app.passwords.verifications();
        let told_known = told(&app.post(path, of(known)).send().await);
        let halfway = app.app.passwords.verifications();
        let told_unknown = told(&app.post(path, of(unknown)).send().await);
        assert_eq!(told_known, told_unknown, "{path}");
        // The work is the same as well: as many passwords compared, as many rows and jobs written.
        assert_eq!(app.app.passwords.verifications() - halfway, halfway - verifications, "{path}");
        let of = |email: &str| format!("SELECT count(*) FROM account_requests WHERE email = '{email}'");
        assert_eq!(app.count(&of(known)).await, app.count(&of(unknown)).await, "{path}");
        app.run_jobs().await;
        assert_eq!(app.count("SELECT count(*) FROM account_requests").await, 0, "{path}");
    }
    assert!(app.app.passwords.verifications() >= 2, "a login of nobody compares a password too");
    assert_eq!(app.mails("account_exists", known).await.len(), 1);
    assert_eq!(app.mails("reset_password", known).await.len(), 1);
    assert_eq!(app.mails("order_link", "ada@example.com").await.len(), 1);
    let to_nobody: Vec<Value> = app
        .mailbox()
        .await
        .into_iter()
        .filter(|mail| mail["recipient"] == unknown)
        .map(|mail| mail["kind"].clone())
        .collect();
    assert_eq!(to_nobody, [json!("verify_email")]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_registers_somebody_else_s_address_first_gains_nothing() {
    let app = TestApp::start().await;
    let victim = "victim@example.com";
    let body = json!({"email": victim, "password": OTHER});
    let refused = app.post("/v1/customers", body).send().await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/password", "a registration takes no password");
    app.register(victim).await;
    let planted = app.mailed_token("verify_email", victim).await;
    app.register("Victim@example.com").await;
    let own = app.mailed_token("verify_email", "Victim@example.com").await;
    assert_ne!(planted, own);
    let verified = CustomerHandle::new(&app.verify(&own).await.expect(200));
    app.verify(&planted).await.problem(409, "already_verified");
    // Later registrations change nothing either, and only the owner hears of them.
    app.register(victim).await;
    assert_eq!(app.mails("account_exists", "Victim@example.com").await.len(), 1);
    assert_eq!(app.log_in(victim).await.id, verified.id);
    assert_eq!(app.count("SELECT count(*) FROM customers").await, 1);
    app.finish().await;
}

/// The owner of the mailbox may take a link that somebody else caused for their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_a_planted_link_has_an_account_that_only_they_can_open() {
    let app = TestApp::start().await;
    let victim = "victim@example.com";
    app.register(victim).await;
    let planted = app.mailed_token("verify_email", victim).await;
    let choose = |body: Value| app.post("/v1/customers/verify", body).send();
    let none = choose(json!({"token": planted})).await.problem(422, "validation_failed");
    assert_eq!(none["errors"][0]["pointer"], "/password");
    for easy in ["1234567".to_owned(), "x".repeat(129), "VICTIM@example.com".to_owned()] {
        let body = json!({"token": planted, "password": easy});
        assert_eq!(choose(body).await.problem(422, "validation_failed")["errors"][0]["pointer"], "/password");
    }
    app.try_log_in(victim, OTHER).await.problem(401, "invalid_credentials");
    assert_eq!(app.count("SELECT count(*) FROM customers").await, 0);
    let owner = CustomerHandle::new(&app.verify(&planted).await.expect(200));
    app.try_log_in(victim, OTHER).await.problem(401, "invalid_credentials");
    assert_eq!(app.log_in(victim).await.id, owner.id);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_follow_two_links_at_once_make_one_account() {
    let app = TestApp::start().await;
    app.register("a@example.com").await;
    let one = app.mailed_token("verify_email", "a@example.com").await;
    app.register("A@example.com").await;
    let other = app.mailed_token("verify_email", "A@example.com").await;
    let (one, other) = tokio::join!(app.verify(&one), app.verify(&other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(app.count("SELECT count(*) FROM customers").await, 1);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_end_and_wrong_tokens_say_so() {
    let app = TestApp::start().await;
    app.register("late@example.com").await;
    let token = app.mailed_token("verify_email", "late@example.com").await;
    for wrong in ["ev_", "x", &token.replacen("ev_", "pr_", 1), &format!("{token}x"), &token[..token.len() - 1]] {
        assert_eq!(app.verify(wrong).await.problem(422, "invalid_token")["errors"][0]["pointer"], "/token");
    }
    app.advance(24 * 3600).await;
    app.verify(&token).await.problem(422, "invalid_token");
    assert_eq!(app.count("SELECT count(*) FROM customers").await, 0);
    // Registering again sends another link.
    app.register("late@example.com").await;
    let fresh = app.mailed_token("verify_email", "late@example.com").await;
    app.verify(&fresh).await.expect(200);
    app.run_jobs().await;
    app.finish().await;
}

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
    let wrong = change(OTHER, OTHER).await.problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    let wrong = change(PASSWORD, "ADA@example.com").await.problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["pointer"], "/password");
    app.me(&there.access).await.expect(200);
    let ask = json!({"email": "ada@example.com"});
    app.post("/v1/customers/request-password-reset", ask).send().await.expect(202);
    app.run_jobs().await;
    let link = app.mailed_token("reset_password", "ada@example.com").await;
    assert_eq!(app.mails("password_changed", "ada@example.com").await, Vec::<Value>::new());
    change(PASSWORD, OTHER).await.expect(204);
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
    app.try_log_in("ada@example.com", OTHER).await.expect(201);
    change(OTHER, PASSWORD).await.expect(204);
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
    reset(&late, OTHER).await.problem(422, "invalid_token");
    let (one, other) = (ask().await, ask().await);
    let easy = reset(&one, "ada@example.com").await.problem(422, "validation_failed");
    assert_eq!(easy["errors"][0]["pointer"], "/password");
    let session = CustomerHandle::new(&app.refresh(&customer.refresh).await.expect(200));
    let (first, second) = tokio::join!(reset(&one, OTHER), reset(&one, "a third horse battery"));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422], "only one of two takes effect");
    assert_eq!(app.mails("password_changed", "ada@example.com").await.len(), 1);
    reset(&other, PASSWORD).await.problem(422, "invalid_token");
    app.me(&session.access).await.problem(401, "unauthenticated");
    app.refresh(&session.refresh).await.problem(401, "session_revoked");
    app.try_log_in("ada@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    let mut logins = Vec::new();
    for password in [OTHER, "a third horse battery"] {
        logins.push(app.try_log_in("ada@example.com", password).await.status);
    }
    logins.sort_unstable();
    assert_eq!(logins, [201, 401]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_named() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let new = |more: Value| {
        let mut body = json!({"email": "new@example.com"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (method, path, body, pointer) in [
        ("POST", "/v1/customers", new(json!({"email": "no address"})), "/email"),
        ("POST", "/v1/customers", new(json!({"name": ""})), "/name"),
        ("POST", "/v1/customers", new(json!({"locale": "german"})), "/locale"),
        ("POST", "/v1/customers", new(json!({"is_admin": true})), "/is_admin"),
        ("POST", "/v1/customers", json!({"name": "Ada"}), "/email"),
        ("POST", "/v1/customers/request-password-reset", json!({"email": "x"}), "/email"),
        ("POST", "/v1/customer-sessions", json!({"email": "x", "password": "y"}), "/email"),
        ("POST", "/v1/order-lookups", json!({"email": "a@example.com", "number": ""}), "/number"),
        ("PATCH", "/v1/customers/me", json!({"email": "b@example.com"}), "/email"),
        ("PATCH", "/v1/customers/me", json!({"phone": "1"}), "/phone"),
        ("POST", "/v1/customers/me/addresses", json!({"address": {"country": "ZZ"}}), "/address/country"),
    ] {
        let reply = app.call(method, path).json(body).bearer(&customer.access).send().await;
        assert_eq!(reply.problem(422, "validation_failed")["errors"][0]["pointer"], pointer, "{path}");
    }
    assert_eq!(app.count("SELECT count(*) FROM account_requests").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_have_one_default_of_each_kind_and_an_end() {
    let app = TestApp::start().await;
    let customer = app.customer("ada@example.com").await;
    let path = "/v1/customers/me/addresses";
    let add = |body: Value| app.post(path, body).bearer(&customer.access).send();
    let first = json!({"address": address(), "is_default_shipping": true, "is_default_billing": true});
    let first = add(first).await.expect(201);
    let second = add(json!({"address": address(), "is_default_shipping": true})).await.expect(201);
    let flags = async || {
        let list = app.get(path).bearer(&customer.access).send().await.expect(200);
        let flag = |entry: &Value, name: &str| entry[name].as_bool().unwrap();
        let entries = list["data"].as_array().unwrap();
        entries.iter().map(|a| (flag(a, "is_default_shipping"), flag(a, "is_default_billing"))).collect::<Vec<_>>()
    };
    assert_eq!(flags().await, [(false, true), (true, false)]);
    let at = |entry: &Value| format!("{path}/{}", entry["id"].as_str().unwrap());
    let change = |entry: &Value, body: Value| app.patch(&at(entry), body).bearer(&customer.access).send();
    change(&first, json!({"is_default_shipping": true})).await.expect(200);
    let moved = change(&second, json!({"address": {"country": "FR"}, "is_default_billing": true})).await.expect(200);
    assert_eq!((&moved["address"]["country"], &moved["address"]["city"]), (&json!("FR"), &Value::Null));
    assert_eq!(flags().await, [(true, false), (false, true)]);
    change(&first, json!({"is_default_shipping": false})).await.expect(200);
    change(&first, json!({"address": null})).await.problem(422, "validation_failed");
    assert_eq!(flags().await, [(false, false), (false, true)]);
    app.call("DELETE", &at(&first)).bearer(&customer.access).send().await.expect(204);
    app.call("DELETE", &at(&first)).bearer(&customer.access).send().await.problem(404, "not_found");
    for _ in 0..49 {
        add(json!({"address": address()})).await.expect(201);
    }
    add(json!({"address": address()})).await.problem(422, "too_many_addresses");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_somebody_else_s_is_not_there() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let owner = app.customer("ada@example.com").await;
    let stranger = app.customer("eve@example.com").await;
    let entry = app.post("/v1/customers/me/addresses", json!({"address": address()})).bearer(&owner.access);
    let entry = format!("/v1/customers/me/addresses/{}", entry.send().await.expect(201)["id"].as_str().unwrap());
    let session = format!("/v1/customers/me/sessions/{}", owner.session);
    let order = format!("/v1/orders/{}", checkout.order_id);
    app.patch(&entry, json!({})).bearer(&stranger.access).send().await.problem(404, "not_found");
    app.call("DELETE", &entry).bearer(&stranger.access).send().await.problem(404, "not_found");
    app.call("DELETE", &session).bearer(&stranger.access).send().await.problem(404, "not_found");
    app.get(&order).bearer(&stranger.access).send().await.problem(404, "not_found");
    for path in ["orders", "addresses"] {
        let list = app.get(&format!("/v1/customers/me/{path}")).bearer(&stranger.access).send().await.expect(200);
        assert_eq!(list["data"], json!([]), "{path}");
    }
    app.get(&order).bearer(&owner.access).send().await.expect(200);
    // Of a token and a session, one is enough.
    let with = |token: &str, access: &str| app.get(&order).header("X-Order-Token", token).bearer(access).send();
    with("ot_stale", &owner.access).await.expect(200);
    with("ot_stale", &stranger.access).await.problem(404, "not_found");
    with(&checkout.order_token, &stranger.access).await.expect(200);
    app.call("DELETE", &session).bearer(&owner.access).send().await.expect(204);
    app.me(&owner.access).await.problem(401, "unauthenticated");
    app.get(&order).bearer(&owner.access).send().await.problem(401, "unauthenticated");
    with(&checkout.order_token, &owner.access).await.expect(200);
    with("ot_stale", &owner.access).await.problem(404, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_bought_as_a_guest_becomes_the_customer_s() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let mut bought = Vec::new();
    for _ in 0..3 {
        bought.push(app.checked_out(&variant, 1).await.1);
    }
    let other = json!({"email": "eve@example.com", "shipping_address": address(), "line_items": [{"variant_id": variant, "quantity": 1}]});
    let strange = app.checkout(&app.cart_with(other).await).await;
    for checkout in bought.iter().chain([&strange]) {
        app.pay(checkout, "paid").await;
    }
    app.run_jobs().await;
    let (_, unpaid) = app.checked_out(&variant, 1).await;
    assert_eq!(app.staff_order(&bought[0]).await["customer_id"], Value::Null);
    let customer = app.customer("ADA@example.com").await;
    assert_eq!(app.staff_order(&unpaid).await["customer_id"], Value::Null, "anybody can start one under any address");
    let page = |query: &str| app.get(&format!("/v1/customers/me/orders{query}")).bearer(&customer.access).send();
    let first = page("?limit=2").await.expect(200);
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let second = page(&format!("?limit=2&cursor={cursor}")).await.expect(200);
    let listed: Vec<&str> = [&first, &second]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|order| order["id"].as_str().unwrap())
        .collect();
    let wanted: Vec<&str> = bought.iter().rev().map(|checkout| checkout.order_id.as_str()).collect();
    assert_eq!(listed, wanted);
    assert_eq!(app.staff_order(&bought[0]).await["customer_id"], customer.id.as_str());
    // Who has only the token learns no customer; the session tells, also beside it.
    assert_eq!(app.order(&bought[0]).await["customer_id"], Value::Null);
    assert_eq!(app.look(&bought[0]).await["order"]["customer_id"], Value::Null);
    let both = app.get(&format!("/v1/orders/{}", bought[0].order_id)).header("X-Order-Token", &bought[0].order_token);
    assert_eq!(both.bearer(&customer.access).send().await.expect(200)["customer_id"], customer.id.as_str());
    // What they buy as a guest later is theirs at the next login.
    app.pay(&unpaid, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.staff_order(&unpaid).await["customer_id"], Value::Null);
    app.log_in("ada@example.com").await;
    let claimed = app.staff_order(&unpaid).await;
    assert_eq!(claimed["customer_id"], customer.id.as_str());
    assert_eq!(claimed["timeline"].to_string().matches("\"claimed\"").count(), 1);
    assert_eq!(app.staff_order(&strange).await["customer_id"], Value::Null);
    // A storefront's server has its key as the bearer.
    let key = api_keys::create(&mut app.database().await, "web", &[Scope::Storefront], app.app.clock.now()).await;
    let order = format!("/v1/orders/{}", bought[0].order_id);
    let call = app.get(&order).bearer(&key.unwrap().1).header("X-Customer-Token", &customer.access);
    call.send().await.expect(200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailed_link_opens_its_order_for_seven_days_and_nothing_else() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let (_, other) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let number = app.order(&checkout).await["number"].as_str().unwrap().to_owned();
    let ask = async |email: &str, number: &str| {
        let body = json!({"email": email, "number": number});
        app.post("/v1/order-lookups", body).send().await.expect(202);
        app.run_jobs().await;
    };
    ask("eve@example.com", &number).await;
    ask("ada@example.com", "999999").await;
    assert_eq!(app.mailbox().await, Vec::<Value>::new());
    ask("ADA@example.com", &format!(" {number} ")).await;
    let token = app.mailed_token("order_link", "ada@example.com").await;
    let open = |path: String| app.get(&path).header("X-Order-Token", &token).send();
    let order = format!("/v1/orders/{}", checkout.order_id);
    assert_eq!(open(order.clone()).await.expect(200)["number"], number.as_str());
    open(format!("/v1/orders/{}", other.order_id)).await.problem(404, "not_found");
    open(format!("/v1/checkouts/{}", checkout.id)).await.problem(404, "not_found");
    app.advance(7 * 86_400 - 60).await;
    open(order.clone()).await.expect(200);
    app.advance(60).await;
    open(order).await.problem(404, "not_found");
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_at_stripe_once_although_the_worker_died() {
    let app = TestApp::start().await;
    app.register("ada@example.com").await;
    let token = app.mailed_token("verify_email", "ada@example.com").await;
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_stripe_customer")]).await;
    let customer = CustomerHandle::new(&app.verify(&token).await.expect(200));
    doomed.died().await;
    let unknown = "SELECT count(*) FROM customers WHERE stripe_customer_id IS NULL";
    assert_eq!(app.count(unknown).await, 1);
    app.me(&customer.access).await.expect(200);
    // Long after Stripe has forgotten the key.
    app.advance(26 * 3600).await;
    app.run_jobs().await;
    let known = app.sandbox_get("/v1/customers").await["data"].as_array().unwrap().clone();
    assert_eq!(known.len(), 1);
    assert_eq!((&known[0]["metadata"]["customer_id"], &known[0]["name"]), (&json!(customer.id), &json!("Ada")));
    let id = known[0]["id"].as_str().unwrap();
    assert_eq!(app.count(&format!("SELECT count(*) FROM customers WHERE stripe_customer_id = '{id}'")).await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_whole_while_stripe_fails_and_known_to_it_later() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    app.fault(json!({"kind": "status", "status": 500, "times": 0, "match": {"path": "/v1/customers"}})).await;
    let customer = app.customer("ada@example.com").await;
    app.me(&customer.access).await.expect(200);
    // A checkout meanwhile names the e-mail address.
    let cart = app.cart(&[(&variant, 1)]).await;
    let (cart, _) = app.claim(&customer, &cart).await;
    let checkout = app.checkout(&cart).await;
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!((&session["customer"], &session["customer_email"]), (&Value::Null, &json!("ada@example.com")));
    app.control_delete("faults").await;
    app.advance(3600).await;
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM customers WHERE stripe_customer_id IS NOT NULL").await, 1);
    assert_eq!(app.sandbox_get("/v1/customers").await["data"].as_array().unwrap().len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_and_account_mails_are_limited_for_known_and_unknown_alike() {
    let app = TestApp::with(&[
        ("MERX_RATE_LIMIT", "on"),
        ("MERX_TRUSTED_PROXIES", "127.0.0.1/32"),
        ("MERX_LIMIT_LOGINS_PER_ACCOUNT", "3"),
        ("MERX_LIMIT_ACCOUNT_MAILS_PER_ACCOUNT", "2"),
    ])
    .await;
    app.customer("known@example.com").await;
    // The password that was chosen behind the link counts, too.
    for (email, tries) in [("Known@example.com", 2), ("nobody@example.com", 3)] {
        for _ in 0..tries {
            app.try_log_in(email, OTHER).await.problem(401, "invalid_credentials");
        }
        let refused = app.try_log_in(&email.to_lowercase(), OTHER).await.problem(429, "rate_limited");
        assert_eq!(refused["limit"], "logins-per-account");
    }
    // Whoever tries from elsewhere keeps nobody out.
    let elsewhere = app.post("/v1/customer-sessions", json!({"email": "known@example.com", "password": PASSWORD}));
    elsewhere.header("X-Forwarded-For", "203.0.113.9").send().await.expect(201);
    let ask = |email: &str| app.post("/v1/customers/request-password-reset", json!({"email": email})).send();
    // A link that works is no way around the limit, as each use costs a hash.
    ask("known@example.com").await.expect(202);
    app.run_jobs().await;
    let token = app.mailed_token("reset_password", "known@example.com").await;
    let body = json!({"token": token, "password": OTHER});
    let refused = app.post("/v1/customers/reset-password", body).send().await.problem(429, "rate_limited");
    assert_eq!(refused["limit"], "logins-per-account");
    for email in ["a@example.com", "b@example.com"] {
        for _ in 0..2 {
            ask(email).await.expect(202);
        }
        let refused = ask(email).await.problem(429, "rate_limited");
        assert_eq!(refused["limit"], "account-mails-per-account");
    }
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_that_mails_were_caused_and_never_their_links() {
    let app = TestApp::start().await;
    app.register("ada@example.com").await;
    let reply = app.staff_get("/v1/admin/emails?limit=1").send().await;
    assert!(!reply.text.contains("token") && !reply.text.contains("ev_"), "{}", reply.text);
    let list = reply.expect(200);
    assert_eq!(list["data"][0]["recipient"], "ada@example.com");
    assert_eq!((&list["data"][0]["kind"], &list["data"][0]["status"]), (&json!("verify_email"), &json!("queued")));
    let page = app.get("/dev/mailbox").undocumented().send().await;
    // A page of another origin in the developer's browser reads nothing.
    for path in ["/dev/mailbox", "/dev/mailbox.json"] {
        let foreign = app.get(path).header("Origin", "https://evil.example").undocumented();
        foreign.send().await.problem(404, "not_found");
    }
    let token = app.mailed_token("verify_email", "ada@example.com").await;
    assert!(page.text.contains(&format!("<a href=\"{}/verify-email?token={token}\">", app.base_url)), "{}", page.text);
    let holds = async |column: &str| {
        let secret = &token[29..];
        app.count(&format!("SELECT count(*) FROM emails WHERE {column}::text LIKE '%{secret}%'")).await
    };
    assert_eq!((holds("data").await, holds("emails").await), (0, 0), "the database holds no link");
    app.finish().await;
}

/// One mailbox has one spelling, and what is in no header a surprise is all that an address may hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_kept_as_mail_servers_see_it() {
    let app = TestApp::start().await;
    for bad in
        ["a@x\r\nBcc: many.example [127.0.0.1]", "a@[127.0.0.1]", "a b@example.com", "a@b@example.com", "ä@example.com"]
    {
        let refused = app.post("/v1/carts", json!({"email": bad})).send().await.problem(422, "validation_failed");
        assert_eq!(refused["errors"][0]["pointer"], "/email", "{bad}");
    }
    for (given, kept) in [("Ada@Bücher.DE", "Ada@xn--bcher-kva.de"), (" ada@shİp.example ", "ada@xn--ship-ubd.example")]
    {
        let cart = app.post("/v1/carts", json!({"email": given})).send().await.expect(201);
        let kept_so = cart["email"].as_str().unwrap();
        assert!(kept_so == kept || given.contains('İ') && kept_so.starts_with("ada@xn--"), "{kept_so}");
    }
    app.finish().await;
}

/// However often somebody asks, a mailbox gets so many mails an hour, and the answer stays the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_not_flooded() {
    let app = TestApp::start().await;
    app.customer("ada@example.com").await;
    let ask = async |email: &str| {
        app.post("/v1/customers/request-password-reset", json!({"email": email})).send().await.expect(202);
    };
    for round in 0..25 {
        ask(if round % 2 == 0 { "ada@example.com" } else { "ADA@example.com" }).await;
    }
    app.run_jobs().await;
    let mails = "SELECT count(*) FROM emails WHERE lower(recipient) = 'ada@example.com'";
    assert_eq!(app.count(mails).await, 20);
    app.advance(3601).await;
    ask("ada@example.com").await;
    app.run_jobs().await;
    assert_eq!(app.count(mails).await, 21);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mailbox_is_for_development_only() {
    let app = TestApp::with(&[("MERX_DEV_MAILBOX", "off")]).await;
    for path in ["/dev/mailbox", "/dev/mailbox.json"] {
        app.get(path).undocumented().send().await.problem(404, "not_found");
    }
    app.finish().await;
    let read = |key: &'static str, environment: &'static str| {
        Config::read(&|name| match name {
            "DATABASE_URL" => Some("postgres://merx@localhost/merx".to_owned()),
            "STRIPE_SECRET_KEY" => Some(key.to_owned()),
            "MERX_TOKEN_KEYS" => Some("a key of at least thirty-two characters".to_owned()),
            "MERX_DEV_MAILBOX" => Some("on".to_owned()),
            "MERX_STOREFRONT_URL" => Some("https://shop.example".to_owned()),
            "MERX_ENV" => Some(environment.to_owned()),
            _ => None,
        })
    };
    assert!(read("sk_test_x", "dev").unwrap().dev_mailbox);
    for (key, environment) in [("sk_live_x", "dev"), ("sk_test_x", "staging")] {
        assert!(read(key, environment).unwrap_err().contains("MERX_DEV_MAILBOX"));
    }
}
