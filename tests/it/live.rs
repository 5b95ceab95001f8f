//! The main job, a tax transaction and a refund at the real Stripe and Shippo (`script/test-live`), and the open points of
//! the vendors' documents (a)–(g). The same steps are rehearsed against the sandbox, so that they are known to work.

use serde_json::{Value, json};

use crate::harness::{TestApp, address, checkout_body};

/// Who is asked.
struct Account {
    stripe: String,
    key: String,
    shippo: String,
    token: String,
}

impl Account {
    async fn stripe(&self, method: reqwest::Method, path: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let http = reqwest::Client::new();
        let request = http.request(method, format!("{}/v1{path}", self.stripe)).bearer_auth(&self.key);
        let request = if form.is_empty() { request } else { request.form(form) };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn shippo(&self, path: &str, body: Value) -> (u16, Value) {
        let http = reqwest::Client::new();
        let request =
            http.post(format!("{}{path}", self.shippo)).header("Authorization", format!("ShippoToken {}", self.token));
        let answer = request.header("SHIPPO-API-VERSION", "2018-02-08").json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Pays a session as Stripe's own CLI does.
    async fn pay(&self, session: &str, total: &str) {
        let card = [
            ("type", "card"),
            ("card[number]", "4242424242424242"),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2034"),
            ("card[cvc]", "123"),
            ("billing_details[email]", "ada@example.com"),
            ("billing_details[name]", "Ada"),
            ("billing_details[address][country]", "DE"),
        ];
        let (_, method) = self.stripe(reqwest::Method::POST, "/payment_methods", &card).await;
        let confirm = [("payment_method", method["id"].as_str().unwrap()), ("expected_amount", total)];
        let (status, paid) =
            self.stripe(reqwest::Method::POST, &format!("/payment_pages/{session}/confirm"), &confirm).await;
        assert_eq!(status, 200, "{paid}");
    }
}

async fn run(app: TestApp, account: Account) {
    let mut origin = address();
    origin["phone"] = json!("+493012345");
    app.staff_patch(
        "/v1/admin/shipping-settings",
        json!({"provider": "shippo", "origin": origin, "origin_email": "post@example.com"}),
    )
    .send()
    .await
    .expect(200);
    app.staff_patch("/v1/admin/tax-settings", json!({"provider": "stripe"})).send().await.expect(200);
    app.staff_post("/v1/admin/discounts", json!({"title": "Tenth", "type": "percentage", "percentage": "10"}))
        .send()
        .await
        .expect(201);
    let variant = app.variant_with(json!({"on_hand": 9, "weight_grams": 400})).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let path = format!("/v1/carts/{}", cart.id);
    let quote = async || {
        app.call("POST", &format!("{path}/quote"))
            .header("X-Cart-Token", &cart.token)
            .json(json!({}))
            .send()
            .await
            .expect(200)
    };
    let rate = quote().await["shipping_rates"][0]["id"].clone();
    app.call("PUT", &format!("{path}/shipping-rate"))
        .header("X-Cart-Token", &cart.token)
        .json(json!({"rate_id": rate}))
        .send()
        .await
        .expect(200);
    let quoted = quote().await;
    println!("quoted: {} with {}", quoted["totals"]["total"], quoted["shipping_rate"]["name"]);
    let mut body = checkout_body(&cart);
    body["quote_id"] = quoted["quote_id"].clone();
    // (a), (b), (e): a fixed shipping option without address collection, a coupon beside it, and the tax line.
    let checkout =
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body).send().await.expect(201);
    let session = checkout["session_id"].as_str().unwrap();
    let total = quoted["totals"]["total"]["amount"].to_string();
    let (_, lines) =
        account.stripe(reqwest::Method::GET, &format!("/checkout/sessions/{session}/line_items"), &[]).await;
    let names: Vec<&str> =
        lines["data"].as_array().unwrap().iter().map(|line| line["description"].as_str().unwrap()).collect();
    println!("(a) (b) (e) accepted; (g) lines in this order: {names:?}");
    account.pay(session, &total).await;
    let order_path = format!("/v1/orders/{}", checkout["order"]["id"].as_str().unwrap());
    let token = checkout["order_token"].as_str().unwrap();
    let seen = app
        .get(&format!("/v1/checkouts/{}", checkout["id"].as_str().unwrap()))
        .header("X-Order-Token", token)
        .send()
        .await
        .expect(200);
    assert_eq!(seen["order"]["status"], "confirmed");
    app.run_jobs().await;
    let order = app.get(&order_path).header("X-Order-Token", token).send().await.expect(200);
    let transaction = order["tax_transaction_id"].as_str().expect("the sale is recorded").to_owned();
    // (d): the same reference again. (c): a reversal, and its reversal.
    let form = [
        ("currency", "eur"),
        ("line_items[0][amount]", "100"),
        ("line_items[0][reference]", "L1"),
        ("customer_details[address][country]", "DE"),
        ("customer_details[address_source]", "shipping"),
    ];
    let (_, other) = account.stripe(reqwest::Method::POST, "/tax/calculations", &form).await;
    let again = [("calculation", other["id"].as_str().unwrap()), ("reference", order["id"].as_str().unwrap())];
    let (status, duplicate) =
        account.stripe(reqwest::Method::POST, "/tax/transactions/create_from_calculation", &again).await;
    println!("(d) a reference again: {status} {}", duplicate["error"]);
    let reverse = async |original: &str, reference: &str| {
        let form = [("mode", "full"), ("original_transaction", original), ("reference", reference)];
        account.stripe(reqwest::Method::POST, "/tax/transactions/create_reversal", &form).await
    };
    let reference = format!("{}-reversal", order["id"].as_str().unwrap());
    let (status, reversal) = reverse(&transaction, &reference).await;
    assert_eq!(status, 200, "{reversal}");
    let (status, undone) = reverse(reversal["id"].as_str().unwrap(), &format!("{reference}-undone")).await;
    println!("(c) a reversal of a reversal: {status} {}", undone["error"]);
    // A refund of everything, by the payment.
    let (_, read) = account.stripe(reqwest::Method::GET, &format!("/checkout/sessions/{session}"), &[]).await;
    let refund = [("payment_intent", read["payment_intent"].as_str().unwrap()), ("amount", total.as_str())];
    let (status, refunded) = account.stripe(reqwest::Method::POST, "/refunds", &refund).await;
    assert_eq!((status, refunded["status"].as_str()), (200, Some("succeeded")), "{refunded}");
    let (status, refused) =
        account.shippo("/shipments", json!({"address_from": {"country": "DE"}, "parcels": []})).await;
    println!("(f) what Shippo answers to a wrong body: {status} {refused}");
    app.run_jobs().await;
    // That one was wrong on purpose.
    app.control_delete("log").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_test_works_against_the_sandbox() {
    let app = TestApp::start().await;
    let account = Account {
        stripe: app.sandbox_url.clone(),
        key: "sk_test_of_the_tests".to_owned(),
        shippo: format!("{}/shippo", app.sandbox_url),
        token: "shippo_test_of_the_tests".to_owned(),
    };
    run(app, account).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs test accounts: script/test-live"]
async fn at_the_real_providers() {
    let (key, token) = (std::env::var("STRIPE_TEST_KEY").unwrap(), std::env::var("SHIPPO_TEST_TOKEN").unwrap());
    assert!(key.starts_with("sk_test_") && token.starts_with("shippo_test_"), "test accounts only");
    let (stripe, shippo) = ("https://api.stripe.com", "https://api.goshippo.com");
    let app = TestApp::with(&[
        ("STRIPE_SECRET_KEY", &key),
        ("STRIPE_API_BASE", stripe),
        ("SHIPPO_API_TOKEN", &token),
        ("SHIPPO_API_BASE", shippo),
        ("MERX_SHIPPO_REQUESTS_PER_SECOND", "1"),
        ("MERX_STRIPE_REQUESTS_PER_SECOND", "10"),
        ("MERX_PROVIDER_TIMEOUT_MS", "10000"),
    ])
    .await;
    run(app, Account { stripe: stripe.to_owned(), key, shippo: shippo.to_owned(), token }).await;
}
