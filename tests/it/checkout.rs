//! From a cart to a paid order, and the ways out.

use serde_json::{Value, json};

use crate::harness::{TestApp, address, checkout_body};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_cart_becomes_a_numbered_order_with_its_stock_taken() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let (cart, checkout) = app.checked_out(&variant, 3).await;
    assert_eq!(checkout.body["status"], "open");
    assert_eq!(checkout.body["order"]["totals"]["total"]["amount"], 3 * 1999 + 490);
    assert_eq!(app.stock(&variant).await, (10, 3));
    assert_eq!(app.read_cart(&cart).await["status"], "checking_out");

    app.pay(&checkout, "paid").await;
    app.run_jobs().await;

    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("confirmed"), &json!("paid")));
    assert_eq!(order["number"], "1001");
    assert_eq!(app.stock(&variant).await, (7, 0));
    assert_eq!(app.read_cart(&cart).await["status"], "completed");
    let seen = app.staff_get(&format!("/v1/admin/orders/{}", checkout.order_id)).send().await.expect(200);
    let kinds: Vec<&str> =
        seen["timeline"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["placed", "checkout_opened", "paid"]);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_session_asks_for_what_the_order_says_and_nothing_else() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let (_, checkout) = app.checked_out(&variant, 2).await;
    let calls = app.provider_calls("POST /v1/checkout/sessions").await;
    assert_eq!(calls.len(), 1);
    let sent = &calls[0]["body"];
    assert_eq!(calls[0]["idempotency_key"], format!("cs:{}", checkout.id));
    assert_eq!(sent["automatic_tax"]["enabled"], "false");
    assert_eq!(sent["adaptive_pricing"]["enabled"], "false");
    assert_eq!(sent["client_reference_id"], checkout.order_id.as_str());
    assert_eq!(sent["customer_email"], "ada@example.com");
    assert_eq!(sent["line_items"][0]["price_data"]["unit_amount"], "1999");
    assert_eq!(sent["shipping_options"][0]["shipping_rate_data"]["fixed_amount"]["amount"], "490");
    assert_eq!(sent["payment_intent_data"]["shipping"]["address"]["line1"], "Torstraße 1");
    assert_eq!(sent["payment_intent_data"]["metadata"]["order_id"], checkout.order_id.as_str());
    let success = sent["success_url"].as_str().unwrap();
    assert_eq!(
        success,
        format!("https://shop.example/thanks?checkout={}&session={{CHECKOUT_SESSION_ID}}", checkout.id)
    );
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    let lifetime = session["expires_at"].as_i64().unwrap() - session["created"].as_i64().unwrap();
    assert!((40 * 60 - 5..=40 * 60 + 5).contains(&lifetime), "{lifetime}");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_return_page_knows_the_payment_without_any_webhook() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    app.webhooks("drop").await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    assert_eq!(app.look(&checkout).await["status"], "open");
    app.pay(&checkout, "paid").await;
    // Within three seconds of the last look Stripe is not asked again.
    assert_eq!(app.look(&checkout).await["status"], "open");
    app.advance(4).await;
    let seen = app.look(&checkout).await;
    assert_eq!((&seen["status"], &seen["order"]["payment_status"]), (&json!("completed"), &json!("paid")));
    assert_eq!(seen["url"], Value::Null);
    assert_eq!(app.provider_calls(&format!("GET /v1/checkout/sessions/{}", checkout.session_id)).await.len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declined_card_leaves_the_page_open_for_another() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let (status, body) = app
        .try_control(&format!("checkout-sessions/{}/pay", checkout.session_id), json!({"outcome": "declined"}))
        .await;
    assert_eq!((status, &body["error"]["decline_code"]), (402, &json!("generic_decline")));
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "pending");
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_payment_holds_the_stock_until_the_bank_answers() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (cart, checkout) = app.checked_out(&variant, 2).await;
    app.pay(&checkout, "delayed").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["payment_status"], "processing");
    app.advance(24 * 3600).await;
    app.reconcile().await;
    assert_eq!(app.stock(&variant).await, (5, 2));
    // A second checkout must wait for the first payment's outcome.
    app.try_checkout(&cart, "another").await.problem(409, "payment_processing");
    app.pay(&checkout, "delayed_success").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["payment_status"], "paid");
    assert_eq!(app.stock(&variant).await, (3, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_payment_that_fails_frees_stock_and_cart_even_when_its_webhook_is_lost() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (cart, checkout) = app.checked_out(&variant, 2).await;
    app.pay(&checkout, "delayed").await;
    app.run_jobs().await;
    app.webhooks("drop").await;
    app.pay(&checkout, "delayed_failure").await;
    app.reconcile().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("cancelled"), &json!("failed")));
    assert_eq!(app.stock(&variant).await, (5, 0));
    app.webhooks("normal").await;
    let again = app.checkout(&cart).await;
    app.pay(&again, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&again).await["status"], "confirmed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shopper_cancels_and_starts_again() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let (cart, checkout) = app.checked_out(&variant, 1).await;
    let path = format!("/v1/checkouts/{}/cancel", checkout.id);
    let cancelled = app.call("POST", &path).header("X-Cart-Token", &cart.token).send().await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(app.stock(&variant).await, (1, 0));
    assert_eq!(app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await["status"], "expired");
    // Again is no error and changes nothing.
    app.call("POST", &path).header("X-Order-Token", &checkout.order_token).send().await.expect(200);
    let again = app.checkout(&cart).await;
    assert_ne!(again.id, checkout.id);
    app.pay(&again, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&again).await["status"], "confirmed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_while_the_bank_decides_is_noted_and_refunded_on_success() {
    let app = TestApp::start().await;
    let variant = app.variant(4).await;
    let (cart, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "delayed").await;
    app.run_jobs().await;
    let path = format!("/v1/checkouts/{}/cancel", checkout.id);
    let noted = app.call("POST", &path).header("X-Cart-Token", &cart.token).send().await.expect(202);
    assert!(noted["order"]["cancel_requested_at"].is_string());
    app.pay(&checkout, "delayed_success").await;
    app.run_jobs().await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("cancelled"), &json!("refunded")));
    assert_eq!(order["refunded"]["amount"], order["totals"]["total"]["amount"]);
    assert_eq!(app.stock(&variant).await, (4, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_request_for_the_same_cart_gets_the_live_checkout_or_replaces_it() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let (cart, first) = app.checked_out(&variant, 1).await;
    let same = app.try_checkout(&cart, "other key, same request").await.expect(200);
    assert_eq!(same["id"], first.id.as_str());
    assert_eq!(same["order_token"], first.order_token.as_str());

    let mut body = checkout_body(&cart);
    body["cancel_url"] = json!("https://shop.example/elsewhere");
    let call = app.post("/v1/checkouts", body).header("X-Cart-Token", &cart.token).header("Idempotency-Key", "another");
    let second = call.send().await.expect(201);
    assert_ne!(second["id"], first.id.as_str());
    assert_eq!(app.look(&first).await["status"], "cancelled");
    assert_eq!(app.stock(&variant).await, (10, 1));

    // A price that changed makes a new checkout as well.
    app.staff_patch(&format!("/v1/admin/variants/{variant}"), json!({"prices": [{"amount": 2500, "currency": "EUR"}]}))
        .send()
        .await
        .expect(200);
    let third = app.try_checkout(&cart, "third").await.expect(201);
    assert_eq!(third["order"]["totals"]["total"]["amount"], 2500 + 490);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_that_is_being_paid_cannot_be_changed() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let (cart, checkout) = app.checked_out(&variant, 1).await;
    let path = format!("/v1/carts/{}/line-items", cart.id);
    let add =
        |token: &str| app.post(&path, json!({"variant_id": variant, "quantity": 1})).header("X-Cart-Token", token);
    let problem = add(&cart.token).send().await.problem(409, "cart_checking_out");
    assert_eq!(problem["checkout_id"], checkout.id.as_str());
    assert_eq!(problem["url"], checkout.body["url"]);
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let problem = add(&cart.token).send().await.problem(409, "cart_completed");
    assert_eq!((&problem["order_id"], &problem["url"]), (&json!(checkout.order_id), &Value::Null), "{problem}");
    let problem = app.try_checkout(&cart, "again").await.problem(409, "cart_completed");
    assert_eq!(problem["url"], Value::Null, "{problem}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_whose_hold_is_over_names_no_page_to_pay_at() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let (cart, checkout) = app.checked_out(&variant, 1).await;
    assert!(checkout.body["url"].is_string());
    app.advance(3600).await;
    let add = app.post(&format!("/v1/carts/{}/line-items", cart.id), json!({"variant_id": variant, "quantity": 1}));
    let problem = add.header("X-Cart-Token", &cart.token).send().await.problem(409, "cart_checking_out");
    assert_eq!((&problem["checkout_id"], &problem["url"]), (&json!(checkout.id), &Value::Null), "{problem}");
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_checkout_needs_is_named_all_at_once() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let cart = app
        .cart_with(
            json!({"line_items": [{"variant_id": variant, "quantity": 1}], "shipping_address": {"country": "US"}}),
        )
        .await;
    let problem = app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    let pointers: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(
        pointers,
        [
            "/email",
            "/shipping_address/name",
            "/shipping_address/line1",
            "/shipping_address/city",
            "/shipping_address/state",
            "/shipping_address/postal_code"
        ]
    );
    // The same key works once the cart is complete: nothing was stored.
    let fix = json!({"email": "ada@example.com", "shipping_address": address()});
    app.patch(&format!("/v1/carts/{}", cart.id), fix).header("X-Cart-Token", &cart.token).send().await.expect(200);
    app.checkout_under(&cart, "k").await;
    let empty = app.cart_with(json!({"email": "ada@example.com"})).await;
    app.try_checkout(&empty, "k").await.problem(422, "cart_incomplete");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_that_cannot_be_charged_are_refused_before_anything_is_held() {
    let app = TestApp::start().await;
    let digital = json!({"on_hand": 9999, "requires_shipping": false, "prices": [{"amount": 10, "currency": "EUR"}, {"amount": 1234, "currency": "KWD"}, {"amount": 99_999_999, "currency": "USD"}]});
    let variant = app.variant_with(digital).await;
    let cart = |currency: &str, quantity: i64| json!({"currency": currency, "email": "ada@example.com", "line_items": [{"variant_id": variant, "quantity": quantity}]});
    for (currency, quantity, code) in
        [("EUR", 1, "amount_too_small"), ("KWD", 1, "amount_not_chargeable"), ("USD", 2, "amount_too_large")]
    {
        let cart = app.cart_with(cart(currency, quantity)).await;
        app.try_checkout(&cart, "k").await.problem(422, code);
    }
    assert_eq!(app.stock(&variant).await, (9999, 0));
    assert!(app.provider_calls("POST").await.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_currency_is_charged_in_stripe_s_units() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    for (currency, unit, total) in [("JPY", 2000, 2800), ("KWD", 6250, 7750)] {
        let cart = app
            .cart_with(json!({"currency": currency, "email": "ada@example.com", "shipping_address": address(),
                "line_items": [{"variant_id": variant, "quantity": 1}]}))
            .await;
        let checkout = app.checkout(&cart).await;
        assert_eq!(checkout.body["order"]["line_items"][0]["unit_price"]["amount"], unit);
        let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
        assert_eq!(session["amount_total"], total);
        app.pay(&checkout, "paid").await;
        app.run_jobs().await;
        assert_eq!(app.order(&checkout).await["status"], "confirmed");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_free_order_needs_no_payment_page() {
    let app = TestApp::start().await;
    let gift = app
        .variant_with(json!({"on_hand": 3, "requires_shipping": false, "prices": [{"amount": 0, "currency": "EUR"}]}))
        .await;
    let cart =
        app.cart_with(json!({"email": "ada@example.com", "line_items": [{"variant_id": gift, "quantity": 1}]})).await;
    let checkout = app.checkout(&cart).await;
    assert_eq!((&checkout.body["status"], &checkout.body["url"]), (&json!("completed"), &Value::Null));
    assert_eq!(checkout.body["order"]["status"], "confirmed");
    assert_eq!(app.stock(&gift).await, (2, 0));
    assert!(app.provider_calls("POST").await.is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untracked_and_backordered_variants_sell_without_stock() {
    let app = TestApp::start().await;
    let file = app.variant_with(json!({"track_inventory": false, "requires_shipping": false})).await;
    let stove = app.variant_with(json!({"allow_backorder": true, "on_hand": 1})).await;
    let cart = app.cart(&[(&file, 5), (&stove, 3)]).await;
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.stock(&file).await, (0, 0));
    assert_eq!(app.stock(&stove).await, (-2, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expected_total_that_is_off_answers_with_the_right_one() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let mut body = checkout_body(&cart);
    body["expected_total"] = json!({"amount": 1999, "currency": "EUR"});
    let send = |body: Value| {
        app.post("/v1/checkouts", body).header("X-Cart-Token", &cart.token).header("Idempotency-Key", "k").send()
    };
    let problem = send(body.clone()).await.problem(409, "price_changed");
    assert_eq!(problem["totals"]["total"]["amount"], 2489);
    body["expected_total"] = problem["totals"]["total"].clone();
    send(body).await.expect(201);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_lead_to_the_shop_only() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    for url in [
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "javascript:alert(1)",
        "/thanks",
        "https://shop.example@evil.example/",
    ] {
        let mut body = checkout_body(&cart);
        body["success_url"] = json!(url);
        let problem = app
            .post("/v1/checkouts", body)
            .header("X-Cart-Token", &cart.token)
            .send()
            .await
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/success_url");
    }
    app.finish().await;
}
