//! Prices in other currencies: given ones first, else derived by dated rates, frozen at checkout, gone when rates are old.

use merx::jobs::{Job, queue};
use serde_json::{Value, json};

use crate::harness::{CartHandle, TestApp, address};

/// A shop that derives dollars that end in .99, francs in steps of 0.05, and whole tens of yen.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    let derived = json!([
        {"currency": "USD", "margin": "2", "round_to": 100, "minus": 1},
        {"currency": "CHF", "margin": "0", "round_to": 5},
        {"currency": "JPY", "margin": "0", "round_to": 10},
        {"currency": "KWD", "margin": "0", "round_to": 10},
    ]);
    app.staff_patch("/v1/admin/currency-settings", json!({"derived": derived})).send().await.expect(200);
    app.run_jobs().await;
    app
}

async fn refresh(app: &TestApp) {
    let now = app.app.clock.now();
    queue::enqueue(&mut app.database().await, Job::RefreshRates, "test", now, now).await.unwrap();
    app.run_jobs().await;
}

async fn euros(app: &TestApp, amount: i64) -> String {
    app.variant_with(json!({"on_hand": 9, "requires_shipping": false, "prices": [{"amount": amount, "currency": "EUR", "compare_at_amount": amount * 2}]})).await
}

async fn cart(app: &TestApp, variant: &str, currency: &str) -> CartHandle {
    let line = json!([{"variant_id": variant, "quantity": 1}]);
    app.cart_with(
        json!({"email": "ada@example.com", "currency": currency, "billing_address": address(), "line_items": line}),
    )
    .await
}

async fn price(app: &TestApp, variant: &str, currency: &str) -> Value {
    let found = app.get(&format!("/v1/variants/{variant}?currency={currency}")).send().await.expect(200);
    json!([found["price"]["amount"], found["compare_at_price"]["amount"], found["price_origin"]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_prices_go_first_and_others_follow_rate_margin_and_rule() {
    let app = shop().await;
    let variant = euros(&app, 1999).await;
    // 19.99 × 1.0842 × 1.02 = 22.1068…; 19.99 × 0.9350 = 18.6907; 19.99 × 163.06 = 3259.57.
    assert_eq!(price(&app, &variant, "EUR").await, json!([1999, 3998, "manual"]));
    assert_eq!(price(&app, &variant, "USD").await, json!([2199, 4399, "derived"]));
    assert_eq!(price(&app, &variant, "CHF").await, json!([1870, 3740, "derived"]));
    assert_eq!(price(&app, &variant, "JPY").await, json!([3260, 6520, "derived"]));
    let list = app.get("/v1/products?currency=CHF&min_price=1870&max_price=1870").send().await.expect(200);
    assert_eq!(list["data"][0]["price_range"]["min"]["amount"], 1870);
    // The bank has no rate of the dinar; staff set one.
    app.get(&format!("/v1/variants/{variant}?currency=KWD")).send().await.problem(404, "not_found");
    let path = "/v1/admin/exchange-rates/KWD";
    app.call("PUT", path).bearer(&app.admin_key).json(json!({"rate": "0.3321"})).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(price(&app, &variant, "KWD").await, json!([6640, 13_280, "derived"]));
    // A price that is given replaces the derived one, and a change of the base moves the others at once.
    let path = format!("/v1/admin/variants/{variant}");
    let staff = app.staff_get(&path).send().await.expect(200);
    assert_eq!((staff["prices"].as_array().unwrap().len(), staff["derived_prices"].as_array().unwrap().len()), (1, 4));
    let prices = json!([{"amount": 2999, "currency": "EUR"}, {"amount": 2500, "currency": "USD"}]);
    app.staff_patch(&path, json!({"prices": prices.clone()})).send().await.expect(200);
    assert_eq!(price(&app, &variant, "USD").await, json!([2500, null, "manual"]));
    assert_eq!(price(&app, &variant, "CHF").await, json!([2805, null, "derived"]));
    // What becomes too dear to be charged is not sold at the old price.
    app.staff_patch(&path, json!({"prices": [{"amount": 99_000_000, "currency": "EUR"}]})).send().await.expect(200);
    app.get(&format!("/v1/variants/{variant}?currency=JPY")).send().await.problem(404, "not_found");
    app.staff_patch(&path, json!({"prices": prices})).send().await.expect(200);
    // Without the rule there is no price.
    app.staff_patch("/v1/admin/currency-settings", json!({"derived": []})).send().await.expect(200);
    app.run_jobs().await;
    app.get(&format!("/v1/variants/{variant}?currency=CHF")).send().await.problem(404, "not_found");
    assert_eq!(app.count("SELECT count(*) FROM product_prices WHERE currency NOT IN ('EUR', 'USD')").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_freezes_the_rate_and_a_new_rate_is_told() {
    let app = shop().await;
    let variant = euros(&app, 1999).await;
    let first = cart(&app, &variant, "USD").await;
    let body = app.read_cart(&first).await;
    assert_eq!(
        (&body["line_items"][0]["price_origin"], &body["totals"]["total"]["amount"]),
        (&json!("derived"), &json!(2199))
    );
    let second = cart(&app, &variant, "USD").await;
    let quoted = app
        .call("POST", &format!("/v1/carts/{}/quote", second.id))
        .header("X-Cart-Token", &second.token)
        .json(json!({}))
        .send()
        .await
        .expect(200);
    let checkout = app.checkout(&first).await;
    let tomorrow = (app.app.clock.now() + chrono::TimeDelta::days(1)).date_naive();
    app.control("fx", json!({"date": tomorrow, "rates": {"USD": "1.5000"}})).await;
    refresh(&app).await;
    assert_eq!(price(&app, &variant, "USD").await, json!([3099, 6099, "derived"]));
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!(order["totals"]["total"]["amount"], 2199);
    let rate = &order["exchange_rate"];
    assert_eq!((&rate["per_euro"], &rate["margin"], &rate["base"]), (&json!("1.0842"), &json!("2"), &json!("EUR")));
    assert_eq!(app.read_cart(&second).await["problems"][0]["code"], "price_changed");
    let mut request = crate::harness::checkout_body(&second);
    request["quote_id"] = quoted["quote_id"].clone();
    let promised =
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &second.token).json(request).send().await.expect(201);
    assert_eq!(
        (&promised["order"]["totals"]["total"]["amount"], &promised["order"]["exchange_rate"]["per_euro"]),
        (&json!(2199), &json!("1.0842"))
    );
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_a_cart_s_currency_reprices_it_and_says_so() {
    let app = shop().await;
    let variant = euros(&app, 1999).await;
    let cart = cart(&app, &variant, "EUR").await;
    let change = |currency: &str| {
        let call = app.call("PATCH", &format!("/v1/carts/{}", cart.id)).header("X-Cart-Token", &cart.token);
        call.json(json!({"currency": currency})).send()
    };
    let body = change("CHF").await.expect(200);
    assert_eq!(
        (&body["problems"][0]["code"], &body["problems"][0]["severity"]),
        (&json!("currency_changed"), &json!("notice"))
    );
    assert_eq!(body["totals"]["total"]["amount"], 1870);
    assert_eq!(app.read_cart(&cart).await["problems"], json!([]));
    assert_eq!(change("GBP").await.problem(422, "validation_failed")["errors"][0]["code"], "no_price");
    let checkout = app.checkout(&cart).await;
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!((&session["currency"], &session["amount_total"]), (&json!("chf"), &json!(1870)));
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_rates_alarm_and_then_derived_prices_are_no_longer_offered() {
    let app = shop().await;
    let variant = euros(&app, 1999).await;
    let cart = cart(&app, &variant, "USD").await;
    app.fault(json!({"match": {"path": "/ecb"}, "kind": "status", "status": 503, "times": 0})).await;
    let alerts = "SELECT count(*) FROM alerts WHERE kind = 'stale_rates' AND dedupe_key = 'USD'";
    app.advance(4 * 86_400).await;
    refresh(&app).await;
    assert_eq!((app.count(alerts).await, price(&app, &variant, "USD").await[0].clone()), (0, json!(2199)));
    app.advance(4 * 86_400).await;
    refresh(&app).await;
    assert_eq!((app.count(alerts).await, price(&app, &variant, "USD").await[0].clone()), (1, json!(2199)));
    app.advance(6 * 86_400).await;
    refresh(&app).await;
    app.get(&format!("/v1/variants/{variant}?currency=USD")).send().await.problem(404, "not_found");
    assert_eq!(app.read_cart(&cart).await["problems"][0]["code"], "no_price");
    let refused = app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    assert_eq!(refused["errors"][0]["code"], "no_price");
    app.control_delete("faults").await;
    refresh(&app).await;
    assert_eq!(app.read_cart(&cart).await["totals"]["total"]["amount"], 2199);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_make_no_sense_are_refused() {
    let app = TestApp::start().await;
    let rule = |currency: &str, round_to: i64, minus: i64| json!({"currency": currency, "margin": "0", "round_to": round_to, "minus": minus});
    for (body, pointer) in [
        (json!({"derived": [rule("EUR", 1, 0)]}), "/derived/0/currency"),
        (json!({"derived": [rule("USD", 1, 0), rule("USD", 1, 0)]}), "/derived/1/currency"),
        (json!({"derived": [rule("KWD", 5, 0)]}), "/derived/0/round_to"),
        (json!({"derived": [rule("USD", 100, 100)]}), "/derived/0/minus"),
        (json!({"stale_after_days": 5, "stop_after_days": 4}), "/stop_after_days"),
    ] {
        let problem =
            app.staff_patch("/v1/admin/currency-settings", body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let set = |currency: &str, rate: &str| {
        app.call("PUT", &format!("/v1/admin/exchange-rates/{currency}"))
            .bearer(&app.admin_key)
            .json(json!({"rate": rate}))
            .send()
    };
    assert_eq!(set("USD", "0").await.problem(422, "validation_failed")["errors"][0]["pointer"], "/rate");
    set("EUR", "1").await.problem(404, "not_found");
    set("XXX", "1").await.problem(404, "not_found");
    app.run_jobs().await;
    app.finish().await;
}
