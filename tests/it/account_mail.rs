//! Mails about accounts and orders: whom they reach, how many, and what they open.

use merx::config::Config;
use serde_json::json;

use crate::harness::{OTHER_PASSWORD, PASSWORD, TestApp};

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
    let links = app.mailbox().await.into_iter().filter(|mail| mail["kind"] == "order_link").count();
    assert_eq!(links, 0);
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
            app.try_log_in(email, OTHER_PASSWORD).await.problem(401, "invalid_credentials");
        }
        let refused = app.try_log_in(&email.to_lowercase(), OTHER_PASSWORD).await.problem(429, "rate_limited");
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
    let body = json!({"token": token, "password": OTHER_PASSWORD});
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
    let account = 1;
    assert_eq!(app.count(mails).await, account + 10);
    // Who asks for one kind holds up no other: least of all what lets staff in again.
    app.invite("ada@example.com", "owner").await;
    app.run_jobs().await;
    let token = app.mailed_token("staff_invitation", "ada@example.com").await;
    app.accept(&token).await.expect(201);
    app.post("/v1/admin/password-resets", json!({"email": "ada@example.com"})).send().await.expect(202);
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM emails WHERE kind = 'staff_password_reset'").await, 1);
    let before = app.count(mails).await;
    app.advance(3601).await;
    ask("ada@example.com").await;
    app.run_jobs().await;
    assert_eq!(app.count(mails).await, before + 1);
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
