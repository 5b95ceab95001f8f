//! Sending e-mails: each once where SMTP permits, whatever the mail server does, and whoever dies.

use serde_json::{Value, json};

use crate::harness::{Deed, SmtpServer, TestApp, Tls, address, token_of};

const FROM: &str = "Camp <orders@shop.example>";

/// A service with this mail server, and further variables.
async fn app_with(smtp: &SmtpServer, variables: &[(&str, &str)]) -> TestApp {
    let url = smtp.url("", "");
    let own = [("MERX_SMTP_URL", url.as_str()), ("MERX_MAIL_FROM", FROM), ("MERX_STORE_NAME", "Camp")];
    TestApp::with(&[&own[..], variables].concat()).await
}

/// Queues a sample to somebody, and answers its id.
async fn sample(app: &TestApp, recipient: &str) -> String {
    let sent = app.staff_post("/v1/admin/email-templates/password_changed/test", json!({"recipient": recipient}));
    sent.send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn email(app: &TestApp, id: &str) -> Value {
    app.staff_get(&format!("/v1/admin/emails/{id}")).send().await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_an_order_is_mailed_once_each() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[("MERX_MAIL_REPLY_TO", "help@shop.example")]).await;
    let variant = app.variant(20).await;
    let bought = async |email: &str, locale: &str, outcome: &str| {
        let line = json!({"variant_id": variant, "quantity": 2});
        let body = json!({"email": email, "locale": locale, "shipping_address": address(), "line_items": [line]});
        let checkout = app.checkout(&app.cart_with(body).await).await;
        app.pay(&checkout, outcome).await;
        app.run_jobs().await;
        checkout
    };
    let shipped = bought("ada@example.com", "en", "paid").await;
    let mail = smtp.taken().remove(0);
    let number = app.order(&shipped).await["number"].as_str().unwrap().to_owned();
    assert_eq!(mail.subject, format!("Your order {number}"));
    assert!(mail.text.contains("2 × Shirt: €39.98") && mail.text.contains("Total: €44.88"), "{}", mail.text);
    assert!(mail.html.contains("Torstraße 1") && mail.headers.contains("multipart/alternative"), "{}", mail.headers);
    for header in ["From: Camp <orders@shop.example>", "Reply-To: help@shop.example", "Auto-Submitted: auto-generated"]
    {
        assert!(mail.headers.contains(header), "{}", mail.headers);
    }
    let id = mail.message_id.strip_suffix("@shop.example").unwrap();
    assert!(id.starts_with("mail_") && mail.headers.contains(&format!("Resend-Idempotency-Key: {id}")));
    // Its link opens it, for thirty days.
    let token = token_of(&json!({"text": mail.text}));
    let open = || app.get(&format!("/v1/orders/{}", shipped.order_id)).header("X-Order-Token", &token).send();
    open().await.expect(200);
    let body = json!({"carrier": "DHL", "tracking_number": "0034", "tracking_url": "https://track.example/0034"});
    app.about(&shipped, "fulfillments", body).send().await.expect(201);
    app.refund_amount(&shipped, 100, "EUR").await;
    let expected = ["Your order {}", "Your order {} is on its way", "A refund for your order {}"];
    assert_eq!(smtp.subjects("ada@example.com"), expected.map(|subject| subject.replace("{}", &number)));
    assert!(smtp.taken()[1].text.contains("https://track.example/0034") && smtp.taken()[2].text.contains("€1.00"));
    let cancelled = bought("eva@example.com", "de-AT", "paid").await;
    app.about(&cancelled, "cancel", json!({"reason": "out_of_stock"})).send().await.expect(200);
    app.run_jobs().await;
    let number = app.order(&cancelled).await["number"].as_str().unwrap().to_owned();
    let mut german = smtp.subjects("eva@example.com");
    german.sort();
    let expected =
        ["Eine Erstattung zu Ihrer Bestellung {}", "Ihre Bestellung {}", "Ihre Bestellung {} wurde storniert"];
    assert_eq!(german, expected.map(|subject| subject.replace("{}", &number)));
    let late = bought("joe@example.com", "fr", "delayed").await;
    app.pay(&late, "delayed_success").await;
    app.run_jobs().await;
    let failed = bought("max@example.com", "en", "delayed").await;
    app.pay(&failed, "delayed_failure").await;
    app.run_jobs().await;
    let number = app.order(&late).await["number"].as_str().unwrap().to_owned();
    assert_eq!(smtp.subjects("joe@example.com"), ["Your payment is on its way", &format!("Your order {number}")]);
    assert_eq!(smtp.subjects("max@example.com"), ["Your payment is on its way", "Your payment failed"]);
    // Whoever says the same again causes nothing.
    app.catch_up().await;
    app.reconcile().await;
    assert_eq!(smtp.taken().len(), 10);
    app.advance(30 * 86_400).await;
    open().await.problem(404, "not_found");
    app.finish().await;
}

/// Nothing is said of a shipment before it leaves, unless its carrier is known; then each step once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_leaves_and_arrives_is_mailed_once_each() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[]).await;
    let order = app.paid(&app.variant(1).await, 1).await;
    let sent = app.about(&order, "fulfillments", json!({})).send().await.expect(201);
    app.run_jobs().await;
    assert_eq!(smtp.taken().len(), 1, "the confirmation only");
    let id = sent["fulfillments"][0]["id"].as_str().unwrap();
    let path = format!("/v1/admin/orders/{}/fulfillments/{id}", order.order_id);
    for status in ["in_transit", "in_transit", "delivered", "delivered"] {
        app.staff_patch(&path, json!({"status": status})).send().await.expect(200);
        app.run_jobs().await;
    }
    let subjects = smtp.subjects("ada@example.com");
    let ends: Vec<bool> = subjects
        .iter()
        .zip(["", " is on its way", " has arrived"])
        .map(|(subject, end)| subject.starts_with("Your order ") && subject.ends_with(end))
        .collect();
    assert_eq!(ends, [true; 3], "{subjects:?}");
    assert!(smtp.taken().pop().unwrap().text.contains("1 × Shirt"));
    app.finish().await;
}

/// Who says no language is written to in the shop's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_without_a_language_is_in_the_shop_s() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[("MERX_LOCALES", "de")]).await;
    app.paid(&app.variant(1).await, 1).await;
    assert!(smtp.taken()[0].subject.starts_with("Ihre Bestellung "), "{:?}", smtp.taken());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_refuses_stalls_or_hangs_up_loses_no_mail() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[("MERX_SMTP_TIMEOUT_MS", "700")]).await;
    // 4xx, wherever: later, and once.
    smtp.next(&[Deed::AtRecipient("451 4.7.1 greylisted"), Deed::AtEnd("452 4.3.1 full")]);
    let id = sample(&app, "ada@example.com").await;
    for tries in 1..=2 {
        app.run_jobs().await;
        let seen = email(&app, &id).await;
        assert_eq!((&seen["status"], &seen["attempts"]), (&json!("queued"), &json!(tries)));
        assert!(seen["last_error"].as_str().unwrap().contains("transient error (45"), "{seen}");
        app.advance(6).await;
    }
    app.run_jobs().await;
    let seen = email(&app, &id).await;
    assert_eq!((&seen["status"], &seen["attempts"], &seen["last_error"]), (&json!("sent"), &json!(3), &Value::Null));
    assert_eq!(smtp.taken().len(), 1);
    // 5xx: never again, and the shop is told.
    smtp.next(&[Deed::AtRecipient("550 5.1.1 no such user")]);
    let id = sample(&app, "nobody@example.com").await;
    app.run_jobs().await;
    app.advance(86_400).await;
    app.run_jobs().await;
    let seen = email(&app, &id).await;
    assert_eq!((&seen["status"], &seen["attempts"]), (&json!("failed"), &json!(1)));
    assert!(seen["last_error"].as_str().unwrap().contains("no such user"), "{seen}");
    assert_eq!((app.alerts("email_failed").await, smtp.taken().len()), (1, 1));
    let told =
        "SELECT count(*) FROM alerts WHERE kind = 'email_failed' AND detail LIKE '%(550)%' AND detail NOT LIKE '%@%'";
    assert_eq!(app.count(told).await, 1);
    // No answer after the mail was taken: it comes twice, as the same one.
    for deed in [Deed::FallSilent, Deed::HangUp] {
        let before = smtp.taken().len();
        smtp.next(&[deed]);
        let id = sample(&app, "eve@example.com").await;
        app.run_jobs().await;
        assert_eq!(email(&app, &id).await["status"], "queued", "{deed:?}");
        app.advance(3).await;
        app.run_jobs().await;
        assert_eq!(email(&app, &id).await["status"], "sent", "{deed:?}");
        let ids: Vec<String> = smtp.taken().split_off(before).into_iter().map(|mail| mail.message_id).collect();
        assert_eq!(ids, [format!("{id}@shop.example"), format!("{id}@shop.example")], "{deed:?}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_tried_for_hours_and_then_told() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    let app = TestApp::with(&[("MERX_SMTP_URL", url.as_str()), ("MERX_MAIL_FROM", FROM)]).await;
    let id = sample(&app, "ada@example.com").await;
    for _ in 0..19 {
        assert_eq!(email(&app, &id).await["status"], "queued");
        app.run_jobs().await;
        app.advance(2 * 3600).await;
    }
    let seen = email(&app, &id).await;
    assert_eq!((&seen["status"], &seen["attempts"]), (&json!("failed"), &json!(19)));
    assert_eq!((app.alerts("email_failed").await, app.alerts("dead_job").await), (1, 0));
    app.finish().await;
}

/// A worker that dies before the server has the mail sends it once, one that dies after it twice, as the same one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_while_it_sends_loses_no_mail() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[]).await;
    for (fault, copies) in [("kill:before_mail", 1), ("kill:after_mail", 2)] {
        let recipient = format!("{copies}@example.com");
        let id = sample(&app, &recipient).await;
        app.worker(&[("MERX_FAULT", fault)]).await.died().await;
        app.run_jobs().await;
        assert_eq!(email(&app, &id).await["status"], "queued", "the dead worker's lease lasts");
        app.advance(125).await;
        app.run_jobs().await;
        let seen = email(&app, &id).await;
        assert_eq!((&seen["status"], &seen["attempts"]), (&json!("sent"), &json!(2)), "{fault}");
        let mails = smtp.taken().into_iter().filter(|mail| mail.recipient == recipient);
        let ids: Vec<String> = mails.map(|mail| mail.message_id).collect();
        assert_eq!(ids, vec![format!("{id}@shop.example"); copies], "{fault}");
    }
    app.finish().await;
}

/// A real worker, several mails at once, connections used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_mails_go_out_once_each() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[]).await;
    for number in 0..20 {
        sample(&app, &format!("{number}@example.com")).await;
    }
    let workers = [app.worker(&[]).await, app.worker(&[]).await];
    smtp.has_taken(20).await;
    for worker in workers {
        worker.terminate().await;
    }
    let mut ids: Vec<String> = smtp.taken().into_iter().map(|mail| mail.message_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), smtp.taken().len()), (20, 20));
    assert_eq!(app.count("SELECT count(*) FROM emails WHERE status = 'sent' AND attempts = 1").await, 20);
    assert!(smtp.heard("NOOP"), "no connection was used again");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_us_is_no_fault_of_the_mail() {
    let smtp = SmtpServer::start().await;
    smtp.answer_auth("535 5.7.8 bad credentials");
    let url = smtp.url("shop:geheim@", "");
    let app = TestApp::with(&[("MERX_SMTP_URL", url.as_str()), ("MERX_MAIL_FROM", FROM)]).await;
    let id = sample(&app, "ada@example.com").await;
    app.run_jobs().await;
    assert_eq!(email(&app, &id).await["status"], "queued");
    assert_eq!(app.alerts("credentials_refused").await, 1);
    smtp.answer_auth("235 2.7.0 welcome");
    app.advance(3).await;
    app.run_jobs().await;
    assert_eq!(email(&app, &id).await["status"], "sent");
    app.finish().await;
    // A server that cannot do TLS gets neither mail nor password.
    let smtp = SmtpServer::start().await;
    smtp.answer_auth("235 2.7.0 welcome");
    let url = smtp.url("shop:geheim@", "?tls=required");
    let app = TestApp::with(&[("MERX_SMTP_URL", url.as_str()), ("MERX_MAIL_FROM", FROM)]).await;
    let id = sample(&app, "ada@example.com").await;
    app.run_jobs().await;
    assert_eq!(email(&app, &id).await["status"], "queued");
    assert!(smtp.heard("EHLO") && !smtp.heard("AUTH") && !smtp.heard("MAIL"));
    assert_eq!(app.alerts("credentials_refused").await, 1);
    app.finish().await;
}

/// From the first byte or by STARTTLS: the server is who its certificate says, and only then gets password and mail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_go_by_tls_to_a_server_that_is_trusted_and_that_trusts_us() {
    for tls in [Tls::Wrapped, Tls::Started] {
        let smtp = SmtpServer::with_tls(tls).await;
        smtp.accept_login("shop", "geheim@1");
        let (url, authority) = (smtp.tls_url(tls, "shop:geheim%401@"), smtp.authority());
        let own = [("MERX_SMTP_URL", url.as_str()), ("MERX_MAIL_FROM", FROM)];
        let trusting = [&own[..], &[("MERX_SMTP_CA_FILE", authority.to_str().unwrap())]].concat();
        let app = TestApp::with(&trusting).await;
        let id = sample(&app, "ada@example.com").await;
        app.run_jobs().await;
        assert_eq!(email(&app, &id).await["status"], "sent", "{tls:?}");
        let taken = smtp.taken().remove(0);
        assert_eq!(
            (taken.recipient.as_str(), taken.subject.as_str()),
            ("ada@example.com", "[Test] Your password was changed")
        );
        // The server's password is another for a while.
        smtp.accept_login("shop", "other");
        app.finish().await;
        let app = TestApp::with(&trusting).await;
        let id = sample(&app, "ada@example.com").await;
        app.run_jobs().await;
        let seen = email(&app, &id).await;
        assert_eq!((&seen["status"], app.alerts("credentials_refused").await), (&json!("queued"), 1));
        assert!(seen["last_error"].as_str().unwrap().contains("535"), "{seen}");
        smtp.accept_login("shop", "geheim@1");
        app.advance(3).await;
        app.run_jobs().await;
        assert_eq!((email(&app, &id).await["status"].as_str(), smtp.taken().len()), (Some("sent"), 2));
        app.finish().await;
        // Who does not know the authority tells the server nothing.
        let stranger = TestApp::with(&own).await;
        let id = sample(&stranger, "ada@example.com").await;
        stranger.run_jobs().await;
        let seen = email(&stranger, &id).await;
        assert_eq!((&seen["status"], stranger.alerts("credentials_refused").await), (&json!("queued"), 1), "{seen}");
        assert_eq!(smtp.taken().len(), 2);
        let clear = smtp.heard_in_clear();
        assert!(clear.iter().all(|verb| verb == "EHLO" || verb == "STARTTLS"), "{clear:?}");
        stranger.finish().await;
        std::fs::remove_file(authority).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_are_mailed_at_once_and_many_of_them_together() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[("MERX_ALERT_EMAIL", "boss@shop.example")]).await;
    let raise = async |cause: &str| {
        let (mut conn, now) = (app.database().await, app.app.clock.now());
        let kind = merx::alerts::AlertKind::StaleRates;
        merx::alerts::raise(&mut conn, kind, cause, None, &format!("Detail of {cause}."), now).await.unwrap();
    };
    raise("one").await;
    raise("one").await;
    app.run_jobs().await;
    let boss = || smtp.taken().into_iter().filter(|mail| mail.recipient == "boss@shop.example").collect::<Vec<_>>();
    assert_eq!(boss().len(), 1);
    assert!(boss()[0].subject == "Camp: stale_rates" && boss()[0].text.contains("Detail of one."), "{:?}", boss());
    for cause in ["two", "three", "four"] {
        raise(cause).await;
        app.run_jobs().await;
    }
    assert_eq!(boss().len(), 1, "the next one waits");
    app.advance(301).await;
    app.run_jobs().await;
    assert_eq!((boss().len(), boss()[1].subject.as_str()), (2, "Camp: 3 alerts"));
    assert!(
        ["two", "three", "four"].iter().all(|cause| boss()[1].text.contains(&format!("Detail of {cause}.")))
            && !boss()[1].text.contains("Detail of one.")
    );
    // Their own mails fail: told once more, and not for ever.
    smtp.next(&[Deed::AtEnd("554 no"); 6]);
    raise("five").await;
    for _ in 0..5 {
        app.advance(301).await;
        app.run_jobs().await;
    }
    assert_eq!((app.alerts("email_failed").await, boss().len()), (1, 2));
    assert_eq!(app.count("SELECT count(*) FROM emails WHERE kind = 'alert' AND status = 'failed'").await, 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_held_than_there_is_alarms_the_shop_by_mail() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[("MERX_ALERT_EMAIL", "boss@shop.example")]).await;
    let variant = app.variant(5).await;
    app.checked_out(&variant, 4).await;
    let count = async |delta: i64| {
        let body = json!({"delta": delta, "reason": "correction"});
        let path = format!("/v1/admin/variants/{variant}/stock-adjustments");
        app.staff_post(&path, body).send().await.expect(201)["inventory"]["shortage"].clone()
    };
    assert_eq!(count(-1).await, 0, "all that is held is there");
    app.run_jobs().await;
    let boss = || smtp.taken().into_iter().filter(|mail| mail.recipient == "boss@shop.example").collect::<Vec<_>>();
    assert_eq!(boss().len(), 0);
    assert_eq!(count(-3).await, 3);
    app.run_jobs().await;
    assert_eq!((boss().len(), boss()[0].subject.as_str()), (1, "Camp: shortage"));
    let said = format!("{variant}: 4 units are held for shoppers, but only 1 are there.");
    assert!(boss()[0].text.replace('\n', " ").contains(&said), "{}", boss()[0].text);
    // Worse is the same alarm.
    assert_eq!(count(-1).await, 4);
    app.advance(301).await;
    app.run_jobs().await;
    assert_eq!((boss().len(), app.alerts("shortage").await), (1, 1));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_look_at_mails_and_send_them_again() {
    let smtp = SmtpServer::start().await;
    let app = app_with(&smtp, &[]).await;
    let order = app.paid(&app.variant(1).await, 1).await;
    app.register("eve@example.com").await;
    let list = async |query: &str| {
        let list = app.staff_get(&format!("/v1/admin/emails?{query}")).send().await.expect(200);
        list["data"].as_array().unwrap().clone()
    };
    let found = list(&format!("order_id={}&kind=order_confirmation&status=sent", order.order_id)).await;
    assert_eq!((found.len(), &found[0]["recipient"]), (1, &json!("ada@example.com")));
    assert_eq!(list("recipient=ADA@example.com").await, found);
    assert_eq!(list("status=failed").await, Vec::<Value>::new());
    app.staff_get("/v1/admin/emails?kind=nonsense").send().await.problem(400, "invalid_query");
    let id = found[0]["id"].as_str().unwrap();
    let shown = email(&app, id).await;
    let said = shown["content"].to_string();
    assert!(said.contains("/orders/ord_") && said.contains("token=hidden") && !said.contains("ol_"), "{said}");
    let verify = list("kind=verify_email").await[0]["id"].as_str().unwrap().to_owned();
    let said = email(&app, &verify).await["content"].to_string();
    assert!(said.contains("/verify-email?token=hidden") && !said.contains("ev_"), "{said}");
    // Again: a new mail, once for a key, whose link lives from now on.
    app.advance(29 * 86_400).await;
    let resend = || {
        let call = app.call("POST", &format!("/v1/admin/emails/{id}/resend")).bearer(&app.admin_key);
        call.header("Idempotency-Key", "again").send()
    };
    let again = resend().await.expect(201);
    assert_eq!(resend().await.expect(201), again);
    assert_eq!((&again["resend_of"], &again["attempts"]), (&json!(id), &json!(0)));
    app.run_jobs().await;
    let copies: Vec<_> = smtp.taken().into_iter().filter(|mail| mail.recipient == "ada@example.com").collect();
    assert_eq!((copies.len(), &copies[0].subject), (2, &copies[1].subject));
    assert_ne!(copies[0].message_id, copies[1].message_id);
    app.advance(2 * 86_400).await;
    let open = async |mail: &str| {
        let token = token_of(&json!({"text": mail}));
        app.get(&format!("/v1/orders/{}", order.order_id)).header("X-Order-Token", &token).send().await.status
    };
    assert_eq!((open(&copies[0].text).await, open(&copies[1].text).await), (404, 200));
    // One that waits for its next try is tried at once.
    smtp.next(&[Deed::AtEnd("451 later")]);
    let id = sample(&app, "joe@example.com").await;
    app.run_jobs().await;
    let same =
        app.call("POST", &format!("/v1/admin/emails/{id}/resend")).bearer(&app.admin_key).send().await.expect(201);
    assert_eq!((&same["id"], &same["status"]), (&json!(id), &json!("queued")));
    app.run_jobs().await;
    assert_eq!(smtp.subjects("joe@example.com"), ["[Test] Your password was changed"]);
    let bad = app.staff_post("/v1/admin/email-templates/alert/test", json!({"recipient": "nobody"})).send().await;
    assert_eq!(bad.problem(422, "validation_failed")["errors"][0]["pointer"], "/recipient");
    app.staff_get("/v1/admin/emails/mail_01jd8x3v5ke2t9qj6f4z0w7m8r").send().await.problem(404, "not_found");
    app.finish().await;
}

/// Without a mail server mails wait, and none of them goes out when there is one later; the mailbox shows them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_mail_server_mails_are_kept_for_a_time() {
    let app = TestApp::start().await;
    let order = app.paid(&app.variant(1).await, 1).await;
    let mail = app.mails("order_confirmation", "ada@example.com").await.remove(0);
    assert_eq!(mail["status"], "queued");
    let path = format!("/dev/mailbox/{}", mail["id"].as_str().unwrap());
    let page = app.get(&path).undocumented().send().await;
    assert!(page.text == mail["html"] && page.text.contains(&order.order_id), "{}", page.text);
    assert!(page.header("content-security-policy").contains("sandbox"));
    assert!(app.get("/dev/mailbox").undocumented().send().await.text.contains(&path));
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'send_email' AND status <> 'done'").await, 0);
    app.advance(91 * 86_400).await;
    let now = app.app.clock.now();
    merx::jobs::queue::enqueue(&mut app.database().await, merx::jobs::Job::Prune, "test", now, now).await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM emails").await, 0);
    app.finish().await;
}
