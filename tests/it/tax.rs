//! Tax: from Stripe Tax and from the table, in prices and on top of them, up to the record of the sale.

use serde_json::{Value, json};

use crate::harness::{Call, CartHandle, TestApp, address};

/// A shop that asks Stripe Tax; prices in euros contain their tax.
async fn taxed(more: Value) -> TestApp {
    let app = TestApp::start().await;
    settings(
        &app,
        json!({"provider": "stripe", "tax_behavior_rules": [{"currency": "EUR", "tax_behavior": "inclusive"}]}),
    )
    .await;
    settings(&app, more).await;
    app
}

async fn settings(app: &TestApp, patch: Value) -> Value {
    app.staff_patch("/v1/admin/tax-settings", patch).send().await.expect(200)
}

fn seattle() -> Value {
    json!({"name": "Ada", "line1": "920 5th Ave", "city": "Seattle", "state": "WA", "postal_code": "98104", "country": "US"})
}

async fn cart_to(app: &TestApp, variant: &str, currency: &str, place: Value) -> CartHandle {
    let line = json!([{"variant_id": variant, "quantity": 1}]);
    app.cart_with(
        json!({"email": "ada@example.com", "currency": currency, "shipping_address": place, "line_items": line}),
    )
    .await
}

fn quote(app: &TestApp, cart: &CartHandle) -> Call {
    app.call("POST", &format!("/v1/carts/{}/quote", cart.id)).header("X-Cart-Token", &cart.token).json(json!({}))
}

fn patch(app: &TestApp, cart: &CartHandle, body: Value) -> Call {
    app.call("PATCH", &format!("/v1/carts/{}", cart.id)).header("X-Cart-Token", &cart.token).json(body)
}

/// Tax added, tax included, total.
fn sums(body: &Value) -> [Option<i64>; 3] {
    ["tax_added", "tax_included", "total"].map(|member| body["totals"][member]["amount"].as_i64())
}

async fn calculations(app: &TestApp) -> usize {
    app.provider_calls("POST /v1/tax/calculations").await.len()
}

/// On any price, the tax code of clothing included.
async fn variant(app: &TestApp, prices: Value) -> String {
    app.variant_with(json!({"on_hand": 50, "prices": prices})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn us_tax_comes_on_top_as_a_line_of_the_session_and_the_sale_is_recorded_once() {
    let app = taxed(json!({})).await;
    let variant = variant(&app, json!([{"amount": 10_000, "currency": "USD"}])).await;
    let cart = cart_to(&app, &variant, "USD", seattle()).await;
    assert_eq!(sums(&app.read_cart(&cart).await), [None; 3], "only a quote asks");
    let quoted = quote(&app, &cart).send().await.expect(200);
    // 6.5 % and 3.85 % of 100.00, and of 5.90 for shipping: 650 + 385 + 38 + 23.
    assert_eq!(sums(&quoted), [Some(1096), Some(0), Some(10_000 + 590 + 1096)]);
    assert_eq!((&quoted["complete"], &quoted["tax"]["source"]), (&json!(true), &json!("stripe")));
    let parts: Vec<(&str, i64)> = quoted["tax"]["breakdown"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["percentage"].as_str().unwrap(), part["amount"]["amount"].as_i64().unwrap()))
        .collect();
    assert_eq!(parts, [("6.5", 688), ("3.85", 408)]);
    assert_eq!(quoted["tax"]["shipping"]["added"]["amount"], 61);
    assert_eq!(quoted["line_items"][0]["tax_breakdown"].as_array().unwrap().len(), 2);
    let body = app.read_cart(&cart).await;
    assert_eq!((sums(&body), &body["line_items"][0]["tax_added"]["amount"]), (sums(&quoted), &json!(1035)));
    let checkout = app.checkout(&cart).await;
    assert_eq!(calculations(&app).await, 1, "the checkout takes the quote's");
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}/line_items", checkout.session_id)).await;
    let tax = session["data"].as_array().unwrap().last().unwrap();
    assert_eq!((&tax["amount_total"], tax["quantity"].as_i64()), (&json!(1096), Some(1)));
    assert!(tax["description"].as_str().unwrap().starts_with("Tax ("), "{tax}");
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((sums(&order), &order["tax"]), (sums(&quoted), &quoted["tax"]));
    let recorded =
        app.sandbox_get(&format!("/v1/tax/transactions/{}", order["tax_transaction_id"].as_str().unwrap())).await;
    assert_eq!(recorded["reference"], checkout.order_id.as_str());
    app.reconcile().await;
    assert_eq!(app.provider_calls("POST /v1/tax/transactions").await.len(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_that_contain_their_tax_cost_no_more_and_say_so() {
    let app = taxed(json!({})).await;
    let variant = app.variant(9).await;
    let cart = cart_to(&app, &variant, "EUR", address()).await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    // 1999 − 1999/1.19 and 490 − 490/1.19.
    assert_eq!(sums(&quoted), [Some(0), Some(319 + 78), Some(1999 + 490)]);
    let checkout = app.checkout(&cart).await;
    let create = app.provider_calls("POST /v1/checkout/sessions").await.remove(0);
    assert_eq!(create["body"]["line_items"].as_array().unwrap().len(), 1);
    assert_eq!(create["body"]["custom_text"]["submit"]["message"], "Includes 3.97 EUR of tax.");
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["line_items"][0]["tax_included"]["amount"], 319);
    app.finish().await;
}

/// Yen have no decimals, dinars three of which Stripe charges two; New York taxes dear clothing only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_figures_in_other_currencies_and_places() {
    let app = taxed(json!({"tax_behavior_rules": [{"countries": ["JP"], "tax_behavior": "inclusive"}]})).await;
    let prices = json!([{"amount": 1980, "currency": "JPY"}, {"amount": 5120, "currency": "KWD"}, {"amount": 9900, "currency": "USD"}, {"amount": 10_000, "currency": "EUR"}]);
    let variant = variant(&app, prices).await;
    let place = |country: &str, state: Option<&str>, code: &str| json!({"name": "A", "line1": "1", "city": "C", "state": state, "postal_code": code, "country": country});
    let cases = [
        ("JPY", place("JP", Some("13"), "100-0001"), [0, 180 + 73, 1980 + 800]),
        ("KWD", place("KW", None, "13001"), [0, 0, 5120 + 1500]),
        ("KWD", place("DE", None, "10119"), [970 + 290, 0, 5120 + 1500 + 1260]),
        // 4 %, 4.5 % and 0.375 %, each rounded, on goods and on shipping.
        ("USD", place("US", Some("NY"), "10001"), [396 + 446 + 37 + 24 + 27 + 2, 0, 9900 + 590 + 932]),
        // California does not tax shipping.
        ("USD", place("US", Some("CA"), "90001"), [718 + 223, 0, 9900 + 590 + 941]),
        ("USD", place("US", Some("OR"), "97035"), [0, 0, 9900 + 590]),
        ("EUR", place("DE", None, "10119"), [1900 + 93, 0, 10_000 + 490 + 1993]),
    ];
    for (currency, place, expected) in cases {
        let cart = cart_to(&app, &variant, currency, place.clone()).await;
        let quoted = quote(&app, &cart).send().await.expect(200);
        assert_eq!(sums(&quoted), expected.map(Some), "{currency} {place}");
        app.checkout(&cart).await;
    }
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discounts_come_before_tax_and_what_costs_nothing_is_not_asked_about() {
    let app = taxed(json!({"tax_behavior_rules": []})).await;
    let variant = app.variant(9).await;
    let gift = app.variant_with(json!({"on_hand": 9, "prices": [{"amount": 0, "currency": "EUR"}]})).await;
    let half = json!({"title": "Half", "type": "percentage", "percentage": "50"});
    app.staff_post("/v1/admin/discounts", half).send().await.expect(201);
    let cart = app.cart(&[(&variant, 1), (&gift, 1)]).await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    // Half of 1999, rounded up, is taken off; 19 % of 999 and of 490.
    assert_eq!(sums(&quoted), [Some(190 + 93), Some(0), Some(999 + 490 + 283)]);
    let asked = app.provider_calls("POST /v1/tax/calculations").await.remove(0);
    assert_eq!(
        (asked["body"]["line_items"].as_array().unwrap().len(), &asked["body"]["line_items"][0]["amount"]),
        (1, &json!("999"))
    );
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    for all in [
        json!({"title": "Rest", "type": "percentage", "percentage": "100"}),
        json!({"title": "Post", "type": "free_shipping"}),
    ] {
        app.staff_post("/v1/admin/discounts", all).send().await.expect(201);
    }
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(sums(&quote(&app, &cart).send().await.expect(200)), [Some(0); 3]);
    let free = app.checkout(&cart).await;
    assert_eq!((free.body["status"].as_str(), calculations(&app).await), (Some("completed"), 1));
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digital_goods_are_taxed_where_the_buyer_lives() {
    let app = taxed(json!({"tax_behavior_rules": []})).await;
    let digital = app.variant_with(json!({"on_hand": 9, "requires_shipping": false})).await;
    let line = json!([{"variant_id": digital, "quantity": 1}]);
    let cart = app.cart_with(json!({"email": "ada@example.com", "line_items": line})).await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    assert_eq!((&quoted["missing"], &quoted["totals"]["tax"]), (&json!(["/billing_address"]), &Value::Null));
    let problem = app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    assert_eq!(problem["errors"][0]["pointer"], "/billing_address");
    patch(&app, &cart, json!({"billing_address": {"country": "US"}})).send().await.expect(200);
    assert_eq!(quote(&app, &cart).send().await.expect(200)["missing"], json!(["/billing_address/postal_code"]));
    patch(&app, &cart, json!({"billing_address": {"country": "FR"}})).send().await.expect(200);
    assert_eq!(sums(&quote(&app, &cart).send().await.expect(200)), [Some(400), Some(0), Some(2399)]);
    let asked = app.provider_calls("POST /v1/tax/calculations").await.remove(0);
    assert_eq!(asked["body"]["customer_details"]["address_source"], "billing");
    // Together with something that is sent, all of it is taxed where that goes.
    let shirt = app.variant(9).await;
    let cart = app.cart(&[(&digital, 1), (&shirt, 1)]).await;
    assert_eq!(sums(&quote(&app, &cart).send().await.expect(200))[0], Some(380 + 380 + 93));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exempt_customers_pay_none_by_their_tax_id_or_by_staff_s_word() {
    let app = taxed(json!({"tax_behavior_rules": []})).await;
    let variant = app.variant(9).await;
    let trust = async |trusted: bool| settings(&app, json!({"trust_tax_ids": trusted})).await;
    let paris = json!({"name": "A", "line1": "1", "city": "Paris", "postal_code": "75001", "country": "FR"});
    let cart = cart_to(&app, &variant, "EUR", paris).await;
    assert_eq!(sums(&quote(&app, &cart).send().await.expect(200))[0], Some(400 + 98));
    let body =
        patch(&app, &cart, json!({"tax_ids": [{"type": "eu_vat", "value": "FR12345678901"}]})).send().await.expect(200);
    assert_eq!(
        (&body["tax"]["tax_ids"][0]["value"], &body["totals"]["tax"]["amount"]),
        (&json!("FR12345678901"), &json!(498))
    );
    // Anybody can make a tax id up, so the shop must say that they count.
    assert_eq!(sums(&quote(&app, &cart).send().await.expect(200))[0], Some(400 + 98));
    trust(true).await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    assert_eq!((sums(&quoted)[0], &quoted["tax"]["breakdown"][0]["reason"]), (Some(0), &json!("reverse_charge")));
    patch(&app, &cart, json!({"tax_ids": []})).send().await.expect(200);
    let path = format!("/v1/admin/carts/{}/tax-exemption", cart.id);
    let exempt = app.call("PUT", &path).bearer(&app.admin_key).json(json!({"exemption": "exempt"}));
    assert_eq!(exempt.send().await.expect(200)["tax"]["exemption"], "exempt");
    assert_eq!(sums(&quote(&app, &cart).send().await.expect(200)), [Some(0), Some(0), Some(1999 + 490)]);
    let checkout = app.checkout(&cart).await;
    assert_eq!(checkout.body["order"]["tax"]["exemption"], "exempt");
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_question_is_asked_once_and_another_one_again() {
    let app = taxed(json!({})).await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    for _ in 0..3 {
        quote(&app, &cart).send().await.expect(200);
    }
    assert_eq!(calculations(&app).await, 1);
    patch(&app, &cart, json!({"metadata": {"gift": "yes"}, "email": "bob@example.com"})).send().await.expect(200);
    quote(&app, &cart).send().await.expect(200);
    assert_eq!(calculations(&app).await, 1);
    // A checkout that dies gives its calculation back to the next one.
    for _ in 0..2 {
        let checkout = app.checkout(&cart).await;
        let path = format!("/v1/checkouts/{}/cancel", checkout.id);
        app.call("POST", &path).header("X-Cart-Token", &cart.token).send().await.expect(200);
    }
    assert_eq!(calculations(&app).await, 1);
    patch(&app, &cart, json!({"shipping_address": {"name": "A", "line1": "1", "city": "Wien", "postal_code": "1010", "country": "AT"}})).send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    assert_eq!((calculations(&app).await, sums(&checkout.body["order"])[1]), (2, Some(333 + 82)));
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM orders WHERE tax_calculation_id IS NOT NULL").await, 1);
    let other = app.cart(&[(&variant, 1)]).await;
    quote(&app, &other).send().await.expect(200);
    assert_eq!(calculations(&app).await, 3, "no two carts share one");
    app.advance(86_401).await;
    quote(&app, &other).send().await.expect(200);
    assert_eq!(calculations(&app).await, 4);
    settings(&app, json!({"default_tax_code": "txcd_35060000"})).await;
    assert_eq!(sums(&quote(&app, &other).send().await.expect(200))[1], Some(131 + 78));
    app.finish().await;
}

/// Down, slow, garbage, busy: the policy's answer, and nothing reserved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_stripe_tax_cannot_be_asked_the_policy_decides() {
    let app = TestApp::with(&[("MERX_QUOTE_BUDGET_MS", "400"), ("MERX_PROVIDER_TIMEOUT_MS", "200")]).await;
    settings(&app, json!({"provider": "stripe"})).await;
    let variant = app.variant(9).await;
    let broken = |fault: Value| {
        let mut fault = fault;
        fault["times"] = json!(0);
        fault["match"] = json!({"path": "/v1/tax"});
        fault
    };
    for fault in [
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 429, "retry_after": 1}),
        json!({"kind": "hang"}),
        json!({"kind": "garbage"}),
        json!({"kind": "reset"}),
    ] {
        app.fault(broken(fault.clone())).await;
        let cart = app.cart(&[(&variant, 1)]).await;
        let quoted = quote(&app, &cart).send().await.expect(200);
        assert_eq!(
            (&quoted["complete"], &quoted["problems"][0]["code"]),
            (&json!(false), &json!("tax_unavailable")),
            "{fault}"
        );
        assert_eq!(quoted["shipping_rates"].as_array().unwrap().len(), 1);
        app.try_checkout(&cart, "k").await.problem(503, "provider_unavailable");
        assert_eq!(app.stock(&variant).await, (9, 0));
        app.control_delete("faults").await;
    }
    app.fault(broken(json!({"kind": "status", "status": 500}))).await;
    let fallback = json!({"on_failure": "fallback", "rates": [{"name": "VAT", "country": "DE", "percentage": "19"}]});
    settings(&app, fallback).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let checkout = app.checkout(&cart).await;
    let order = &checkout.body["order"];
    assert_eq!((&order["tax"]["source"], sums(order)[0]), (&json!("fallback"), Some(380 + 93)));
    let paris = json!({"name": "A", "line1": "1", "city": "Paris", "postal_code": "75001", "country": "FR"});
    let elsewhere = cart_to(&app, &variant, "EUR", paris).await;
    app.try_checkout(&elsewhere, "k").await.problem(503, "provider_unavailable");
    app.control_delete("faults").await;
    // What stands in is asked again after a while.
    app.advance(301).await;
    app.checkout_under(&elsewhere, "k").await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["tax_transaction_id"], Value::Null);
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_stripe_does_not_find_is_the_shopper_s_to_correct() {
    let app = taxed(json!({})).await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    app.fault(
        json!({"match": {"path": "/v1/tax"}, "kind": "status", "status": 400, "code": "customer_tax_location_invalid"}),
    )
    .await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    assert_eq!(
        (&quoted["problems"][0]["code"], &quoted["missing"]),
        (&json!("tax_location_invalid"), &json!(["/shipping_address"]))
    );
    let problem = app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    assert_eq!(problem["errors"][0]["code"], "tax_location_invalid");
    assert_eq!(calculations(&app).await, 1, "the refusal is kept for a while");
    patch(&app, &cart, json!({"shipping_address": {"name": "A", "line1": "1", "city": "Wien", "postal_code": "1010", "country": "AT"}})).send().await.expect(200);
    assert_eq!(quote(&app, &cart).send().await.expect(200)["complete"], true);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_of_a_sale_survives_lost_answers_and_dead_processes() {
    let app = taxed(json!({})).await;
    let variant = app.variant(9).await;
    let mut checkouts = Vec::new();
    for _ in 0..2 {
        let cart = app.cart(&[(&variant, 1)]).await;
        checkouts.push(app.checkout(&cart).await);
    }
    // Every try of the first is executed, and its answer lost.
    let lost = json!({"match": {"path": "/v1/tax/transactions"}, "kind": "reset", "after_execution": true, "times": 3});
    app.fault(lost).await;
    app.pay(&checkouts[0], "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkouts[0]).await["tax_transaction_id"], Value::Null);
    // The second is recorded by a worker that dies before it can note it.
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_record_tax")]).await;
    app.pay(&checkouts[1], "paid").await;
    doomed.died().await;
    app.advance(600).await;
    app.reconcile().await;
    app.run_jobs().await;
    for checkout in &checkouts {
        let recorded = app.order(checkout).await["tax_transaction_id"].clone();
        assert!(recorded.is_string(), "{recorded}");
    }
    let summary = app.sandbox_get("/_control/summary").await;
    assert_eq!(summary["tax_transactions"].as_array().unwrap().len(), 2);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_rates_asks_nobody_and_settings_refuse_what_makes_no_sense() {
    let app = TestApp::start().await;
    let first = app.staff_get("/v1/admin/tax-settings").send().await;
    let tag = first.header("etag").to_owned();
    assert_eq!((&first.body["version"], &first.body["provider"]), (&json!(1), &json!("none")));
    let rates = json!([{"name": "VAT", "country": "DE", "percentage": "19"}, {"name": "VAT", "country": "DE", "percentage": "7", "tax_codes": ["txcd_35060000"]}]);
    let call = app.staff_patch("/v1/admin/tax-settings", json!({"provider": "table", "rates": rates}));
    let changed = call.header("If-Match", &tag).send().await.expect(200);
    assert_eq!(changed["version"], 2);
    let stale = app.staff_patch("/v1/admin/tax-settings", json!({"provider": "none"})).header("If-Match", &tag);
    stale.send().await.problem(412, "precondition_failed");
    for (body, pointer) in [
        (json!({"rates": [{"name": "V", "country": "XX", "percentage": "19"}]}), "/rates/0/country"),
        (json!({"rates": [{"name": "V", "country": "DE", "percentage": "190"}]}), "/rates/0/percentage"),
        (json!({"default_tax_code": "books"}), "/default_tax_code"),
        (json!({"provider": "avalara"}), "/provider"),
    ] {
        let problem = app.staff_patch("/v1/admin/tax-settings", body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let body = app.read_cart(&cart).await;
    assert_eq!(
        (sums(&body), &body["tax"]["source"]),
        ([Some(380 + 93), Some(0), Some(1999 + 490 + 473)], &json!("table"))
    );
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(sums(&app.order(&checkout).await), sums(&body));
    assert_eq!(app.provider_calls("POST /v1/tax").await.len(), 0);
    app.finish().await;
}

/// Every step from the price to the total, and each line's steps sum to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_are_explained_step_by_step() {
    let app = taxed(json!({"tax_behavior_rules": []})).await;
    let variant = app.variant(9).await;
    for discount in [
        json!({"title": "Tenth", "code": "TENTH", "type": "percentage", "percentage": "10"}),
        json!({"title": "First", "type": "fixed_amount", "amounts": [{"amount": 199, "currency": "EUR"}], "priority": 5}),
        json!({"title": "Big carts", "type": "percentage", "percentage": "50", "minimum_quantity": 10}),
    ] {
        app.staff_post("/v1/admin/discounts", discount).send().await.expect(201);
    }
    let cart = app.cart(&[(&variant, 2)]).await;
    let code = app.call("POST", &format!("/v1/carts/{}/discount-codes", cart.id)).header("X-Cart-Token", &cart.token);
    code.json(json!({"code": "TENTH"})).send().await.expect(200);
    quote(&app, &cart).send().await.expect(200);
    let path = format!("/v1/carts/{}/totals", cart.id);
    let explained = app.get(&path).header("X-Cart-Token", &cart.token).send().await.expect(200);
    let steps = explained["line_items"][0]["steps"].as_array().unwrap();
    let shown: Vec<(&str, i64, i64)> = steps
        .iter()
        .map(|step| {
            (
                step["kind"].as_str().unwrap(),
                step["amount"]["amount"].as_i64().unwrap(),
                step["running_total"]["amount"].as_i64().unwrap(),
            )
        })
        .collect();
    // A tenth of 3799, and 19 % of 3419.
    assert_eq!(
        shown,
        [("price", 3998, 3998), ("discount", -199, 3799), ("discount", -380, 3419), ("tax_added", 650, 4069)]
    );
    assert_eq!(
        (&explained["line_items"][0]["total"]["amount"], &explained["line_items"][0]["price_origin"]),
        (&json!(4069), &json!("manual"))
    );
    let discounts: Vec<(&str, &Value)> = explained["discounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|given| (given["title"].as_str().unwrap(), &given["reason"]))
        .collect();
    assert_eq!(
        discounts,
        [("First", &Value::Null), ("Tenth", &Value::Null), ("Big carts", &json!("minimum_quantity"))]
    );
    assert_eq!(
        (&explained["tax"]["behavior"], &explained["totals"]["total"]["amount"]),
        (&json!("exclusive"), &json!(4069 + 490 + 93))
    );
    let staff = app.staff_get(&format!("/v1/admin/carts/{}/totals", cart.id)).send().await.expect(200);
    assert_eq!(staff, explained);
    app.finish().await;
}

/// Quoted for Germany, bought for France, where the tax is higher, or for Luxembourg, where this shop collects none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_changes_after_the_quote_is_quoted_anew_and_never_charged_dearer_unseen() {
    let app = taxed(json!({"tax_behavior_rules": []})).await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    let checkout = || {
        let mut body = crate::harness::checkout_body(&cart);
        body["quote_id"] = quoted["quote_id"].clone();
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body).send()
    };
    let place = |country: &str| json!({"shipping_address": {"name": "A", "line1": "1", "city": "C", "postal_code": "1000", "country": country}});
    patch(&app, &cart, place("FR")).send().await.expect(200);
    let changed = checkout().await.problem(409, "price_changed");
    assert_eq!(changed["totals"]["tax_added"]["amount"], 400 + 98);
    assert_eq!(app.stock(&variant).await, (9, 0));
    patch(&app, &cart, place("LU")).send().await.expect(200);
    let made = checkout().await.expect(201);
    assert_eq!(sums(&made["order"]), [Some(0), Some(0), Some(1999 + 490)]);
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

/// A line that goes and comes back is another line: the promised tax must not be lost with the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_were_put_in_anew_are_taxed_like_the_quoted_ones() {
    let app = taxed(json!({"tax_behavior_rules": []})).await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let quoted = quote(&app, &cart).send().await.expect(200);
    let line = app.read_cart(&cart).await["line_items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/carts/{}/line-items", cart.id);
    app.call("DELETE", &format!("{path}/{line}")).header("X-Cart-Token", &cart.token).send().await.expect(200);
    let again = app.call("POST", &path).header("X-Cart-Token", &cart.token);
    again.json(json!({"variant_id": variant, "quantity": 1})).send().await.expect(200);
    let mut body = crate::harness::checkout_body(&cart);
    body["quote_id"] = quoted["quote_id"].clone();
    let made =
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body).send().await.expect(201);
    assert_eq!(sums(&made["order"]), sums(&quoted));
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

/// The cart of a payment that was cancelled on its way can be bought again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_payment_leaves_its_calculation_to_the_next_order() {
    let app = taxed(json!({})).await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "delayed").await;
    app.run_jobs().await;
    let cancel = app.call("POST", &format!("/v1/checkouts/{}/cancel", checkout.id)).header("X-Cart-Token", &cart.token);
    assert_eq!(cancel.send().await.status, 202);
    app.pay(&checkout, "delayed_success").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "cancelled");
    let again = app.checkout(&cart).await;
    assert_eq!(calculations(&app).await, 1);
    app.pay(&again, "paid").await;
    app.run_jobs().await;
    assert!(app.order(&again).await["tax_transaction_id"].is_string());
    app.finish().await;
}

/// A sale that Stripe Tax refuses to record is told once, and not tried for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_record_is_told_once() {
    let app = taxed(json!({})).await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let checkout = app.checkout(&cart).await;
    app.fault(json!({"match": {"path": "/v1/tax/transactions"}, "kind": "status", "status": 400, "times": 0})).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    for _ in 0..3 {
        app.advance(600).await;
        app.reconcile().await;
    }
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'tax_not_recorded'").await, 1);
    assert_eq!(app.provider_calls("POST /v1/tax/transactions").await.len(), 1);
    app.finish().await;
}

/// However a shopper writes it, a state is taxed; one that nobody knows must be corrected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_knows_states_by_code_and_by_name() {
    let app = TestApp::start().await;
    let rates = json!([{"name": "State", "country": "US", "state": "WA", "percentage": "6.5"}]);
    settings(&app, json!({"provider": "table", "rates": rates})).await;
    let variant = variant(&app, json!([{"amount": 10_000, "currency": "USD"}])).await;
    for (state, tax) in [
        ("WA", Some(650 + 38)),
        ("w.a.", Some(650 + 38)),
        ("Washington", Some(650 + 38)),
        ("Oregon", Some(0)),
        ("Cascadia", None),
    ] {
        let mut place = seattle();
        place["state"] = json!(state);
        let cart = cart_to(&app, &variant, "USD", place).await;
        let quoted = quote(&app, &cart).send().await.expect(200);
        assert_eq!(sums(&quoted)[0], tax, "{state}");
        assert_eq!(quoted["complete"], tax.is_some(), "{state}");
    }
    app.finish().await;
}
