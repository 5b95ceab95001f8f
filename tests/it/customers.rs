//! Customers: registration, addresses, what becomes theirs, and their twin at Stripe.

use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{CustomerHandle, OTHER_PASSWORD, PASSWORD, Reply, TestApp, address, token_of};

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
        ("/v1/customer-sessions", |email| json!({"email": email, "password": OTHER_PASSWORD})),
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
    let body = json!({"email": victim, "password": OTHER_PASSWORD});
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
    app.try_log_in(victim, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
    assert_eq!(app.count("SELECT count(*) FROM customers").await, 0);
    let owner = CustomerHandle::new(&app.verify(&planted).await.expect(200));
    app.try_log_in(victim, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
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
