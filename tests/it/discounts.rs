//! Codes and promotions: what they take off, at the shop and at Stripe, and how often.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::harness::{Call, CartHandle, CheckoutHandle, TestApp, address, checkout_body};

fn enter(app: &TestApp, cart: &CartHandle, code: &str) -> Call {
    let path = format!("/v1/carts/{}/discount-codes", cart.id);
    app.call("POST", &path).header("X-Cart-Token", &cart.token).json(json!({"code": code}))
}

async fn discount(app: &TestApp, body: Value) -> Value {
    app.staff_post("/v1/admin/discounts", body).send().await.expect(201)
}

/// A checkout that expects a total.
fn expecting(app: &TestApp, cart: &CartHandle, total: i64) -> Call {
    let mut body = checkout_body(cart);
    body["expected_total"] = json!({"amount": total, "currency": "EUR"});
    app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body)
}

fn reason(cart: &Value) -> &Value {
    &cart["discount_codes"][0]["reason"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_the_same_on_cart_order_and_session_and_its_coupon_is_deleted() {
    let app = TestApp::start().await;
    let (shirt, mug) = (
        app.variant(9).await,
        app.variant_with(json!({"on_hand": 9, "prices": [{"amount": 999, "currency": "EUR"}]})).await,
    );
    let made =
        discount(&app, json!({"title": "Ten off", "code": "spring-10", "type": "percentage", "percentage": "10"}))
            .await;
    let stripped = json!([made["method"], made["code"], made["times_used"], made["status"]]);
    assert_eq!(stripped, json!(["code", "SPRING-10", 0, "active"]));
    let cart = app.cart(&[(&shirt, 1), (&mug, 3)]).await;
    let problem = enter(&app, &cart, "SPRINGTIME").send().await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/code");
    let body = enter(&app, &cart, "Spring-10").send().await.expect(200);
    // 1999 + 2997 = 4996; a tenth is 499.6, so 500: 200 and 300.
    assert_eq!(body["discount_codes"], json!([{"code": "SPRING-10", "applied": true, "reason": null}]));
    let money = |value: &Value| value["amount"].as_i64().unwrap();
    assert_eq!(body["discounts"][0]["discount_id"], made["id"]);
    let lines: Vec<i64> = body["line_items"].as_array().unwrap().iter().map(|line| money(&line["discount"])).collect();
    assert_eq!((lines, money(&body["totals"]["discount"])), (vec![200, 300], 500));
    assert_eq!(money(&body["totals"]["total"]), 4996 - 500 + 490);
    let again = enter(&app, &cart, "SPRING-10").send().await.expect(200);
    assert_eq!(again["discount_codes"].as_array().unwrap().len(), 1);
    let checkout = app.checkout(&cart).await;
    let order = &checkout.body["order"];
    for member in ["totals", "discounts"] {
        assert_eq!(order[member], body[member]);
    }
    assert_eq!(
        order["line_items"][1]["discounts"],
        json!([{"discount_id": made["id"], "amount": {"amount": 300, "currency": "EUR", "decimal": "3.00"}}])
    );
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!(
        (session["amount_total"].as_i64(), session["total_details"]["amount_discount"].as_i64()),
        (Some(4986), Some(500))
    );
    let coupon = app.sandbox_get(&format!("/v1/coupons/{}", checkout.id)).await;
    let shown = json!([coupon["amount_off"], coupon["currency"], coupon["max_redemptions"], coupon["redeem_by"]]);
    assert_eq!(shown, json!([500, "eur", 1, session["expires_at"]]));
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(app.sandbox_get("/v1/coupons").await["data"], json!([]));
    let path = format!("/v1/admin/discounts/{}", made["id"].as_str().unwrap());
    assert_eq!(app.staff_get(&path).send().await.expect(200)["times_used"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_does_not_apply_says_why_and_a_removed_one_is_gone() {
    let app = TestApp::start().await;
    let variant = app.variant(99).await;
    let now = app.app.clock.now();
    let base = json!({"title": "D", "type": "fixed_amount", "amounts": [{"amount": 500, "currency": "EUR"}]});
    let with = |code: &str, more: Value| {
        let mut body = base.clone();
        body["code"] = json!(code);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let cases = [
        ("EARLY", json!({"starts_at": now + chrono::TimeDelta::hours(1)}), "not_started"),
        (
            "LATE",
            json!({"starts_at": now - chrono::TimeDelta::hours(2), "ends_at": now - chrono::TimeDelta::hours(1)}),
            "expired",
        ),
        ("OFF", json!({"status": "disabled"}), "disabled"),
        ("DEAR", json!({"minimum_subtotal": [{"amount": 10_000, "currency": "EUR"}]}), "minimum_subtotal"),
        ("MANY", json!({"minimum_quantity": 3}), "minimum_quantity"),
        ("OTHER", json!({"applies_to": {"products": ["prod_01jd8x3v5ke2t9qj6f4z0w7m8r"]}}), "nothing_eligible"),
        ("DOLLAR", json!({"amounts": [{"amount": 500, "currency": "USD"}]}), "no_amount_in_currency"),
    ];
    for (code, more, expected) in cases {
        discount(&app, with(code, more)).await;
        let cart = app.cart(&[(&variant, 2)]).await;
        let body = enter(&app, &cart, code).send().await.expect(200);
        assert_eq!((reason(&body), &body["discount_codes"][0]["applied"]), (&json!(expected), &json!(false)), "{code}");
        let notice = &body["problems"][0];
        assert_eq!((&notice["code"], &notice["severity"]), (&json!("discount_not_applied"), &json!("notice")));
        assert_eq!(body["totals"]["total"]["amount"], 2 * 1999 + 490);
        let path = format!("/v1/carts/{}/discount-codes/{}", cart.id, code.to_lowercase());
        let body = app.call("DELETE", &path).header("X-Cart-Token", &cart.token).send().await.expect(200);
        assert_eq!((&body["discount_codes"], &body["problems"]), (&json!([]), &json!([])));
    }
    let cart = app.cart(&[(&variant, 1)]).await;
    enter(&app, &cart, "EARLY").send().await.expect(200);
    app.advance(3601).await;
    assert_eq!(app.read_cart(&cart).await["totals"]["discount"]["amount"], 500);
    let early = app.staff_get("/v1/admin/discounts").send().await.expect(200)["data"][6].clone();
    assert_eq!(early["code"], "EARLY");
    let reply = app.staff_get(&format!("/v1/admin/discounts/{}", early["id"].as_str().unwrap())).send().await;
    let path = format!("/v1/admin/discounts/{}", early["id"].as_str().unwrap());
    app.staff_delete(&path).header("If-Match", reply.header("etag")).send().await.expect(204);
    assert_eq!(reason(&app.read_cart(&cart).await), "not_found");
    app.staff_get(&path).send().await.problem(404, "not_found");
    discount(&app, with("EARLY", json!({}))).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_may_run_from_any_year_to_any_year() {
    let app = TestApp::start().await;
    let variant = app.variant(99).await;
    let ages = [("0000-01-01T00:00:00Z", "+12000-01-01T00:00:00Z"), ("-0044-03-15T12:00:00Z", "9999-12-31T23:59:59Z")];
    for (starts_at, ends_at) in ages {
        let span = json!({"title": "Always", "type": "free_shipping", "starts_at": starts_at, "ends_at": ends_at});
        discount(&app, span).await;
    }
    let body = app.read_cart(&app.cart(&[(&variant, 1)]).await).await;
    assert_eq!((&body["discounts"][0]["title"], &body["totals"]["shipping"]["amount"]), (&json!("Always"), &json!(0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_come_by_themselves_stack_as_declared_and_ship_for_nothing_from_a_threshold() {
    let app = TestApp::start().await;
    let variant = app.variant(99).await;
    let free = json!({"title": "Free shipping from 50", "type": "free_shipping", "minimum_subtotal": [{"amount": 5000, "currency": "EUR"}]});
    let free = discount(&app, free).await;
    assert_eq!(free["method"], "automatic");
    let cart = app.cart(&[(&variant, 2)]).await;
    let body = app.read_cart(&cart).await;
    assert_eq!((&body["discounts"], &body["totals"]["shipping"]["amount"]), (&json!([]), &json!(490)));
    let three_for_two = json!({"title": "3 for 2", "type": "buy_x_get_y", "buy": {"quantity": 2}, "get": {"quantity": 1, "percentage": "100"}});
    discount(&app, three_for_two).await;
    let cart = app.cart(&[(&variant, 3)]).await;
    let body = app.read_cart(&cart).await;
    let titles: Vec<&str> =
        body["discounts"].as_array().unwrap().iter().map(|given| given["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Free shipping from 50", "3 for 2"]);
    let totals = &body["totals"];
    let shown =
        ["discount", "shipping", "shipping_discount", "total"].map(|member| totals[member]["amount"].as_i64().unwrap());
    assert_eq!(shown, [1999, 0, 490, 2 * 1999]);
    discount(
        &app,
        json!({"title": "Alone", "code": "ALONE", "type": "percentage", "percentage": "1", "combinable": false}),
    )
    .await;
    let body = enter(&app, &cart, "ALONE").send().await.expect(200);
    assert_eq!(reason(&body), "not_combinable");
    let checkout = app.checkout(&cart).await;
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!((&session["amount_total"], &session["shipping_cost"]["amount_total"]), (&json!(2 * 1999), &json!(0)));
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.finish().await;
}

/// Stripe is not asked at all: there is nothing to pay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_for_nothing_completes_without_a_payment() {
    let app = TestApp::start().await;
    let variant = app.variant(2).await;
    discount(&app, json!({"title": "All", "code": "ALL", "type": "percentage", "percentage": "100"})).await;
    discount(&app, json!({"title": "Post", "code": "POST", "type": "free_shipping"})).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    enter(&app, &cart, "ALL").send().await.expect(200);
    enter(&app, &cart, "POST").send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    assert_eq!((&checkout.body["status"], &checkout.body["url"]), (&json!("completed"), &Value::Null));
    let order = &checkout.body["order"];
    assert_eq!((&order["status"], &order["totals"]["total"]["amount"]), (&json!("confirmed"), &json!(0)));
    assert_eq!(app.stock(&variant).await, (1, 0));
    assert!(app.provider_calls("POST").await.is_empty());
    // Between nothing and Stripe's least: said before anything is reserved.
    discount(&app, json!({"title": "Most", "code": "MOST", "type": "percentage", "percentage": "99"})).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    enter(&app, &cart, "MOST").send().await.expect(200);
    enter(&app, &cart, "POST").send().await.expect(200);
    app.try_checkout(&cart, "k").await.problem(422, "amount_too_small");
    assert_eq!(app.stock(&variant).await, (1, 0));
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_shoppers_exactly_5_get_a_code_of_5_uses() {
    let app = TestApp::start().await;
    let other = app.process(&[]).await;
    let services = [app.base_url.clone(), other.base_url.clone()];
    let variant = app.variant(1000).await;
    let made = discount(&app, json!({"title": "First five", "code": "FIVE", "type": "fixed_amount", "amounts": [{"amount": 500, "currency": "EUR"}], "usage_limit": 5})).await;
    let mut carts = Vec::new();
    for number in 0..100 {
        let line = json!([{"variant_id": variant, "quantity": 1}]);
        let cart = app
            .cart_with(
                json!({"email": format!("{number}@example.com"), "shipping_address": address(), "line_items": line}),
            )
            .await;
        enter(&app, &cart, "FIVE").send().await.expect(200);
        carts.push(cart);
    }
    let replies: Vec<_> = stream::iter(carts.iter().enumerate())
        .map(|(index, cart)| {
            let mut body = checkout_body(cart);
            body["expected_total"] = json!({"amount": 1999 - 500 + 490, "currency": "EUR"});
            let call = app.call_at(&services[index % 2], "POST", "/v1/checkouts").header("X-Cart-Token", &cart.token);
            call.header("Idempotency-Key", "the race").json(body).send()
        })
        .buffer_unordered(50)
        .collect()
        .await;
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut paid = Vec::new();
    for reply in replies {
        let code = reply.body["code"].as_str().unwrap_or("won").to_owned();
        if reply.status == 201 {
            paid.push(CheckoutHandle::new(reply.body));
        }
        *codes.entry(code).or_default() += 1;
    }
    assert_eq!(codes.remove("won"), Some(5), "{codes:?}");
    assert!(codes.keys().all(|code| ["discount_unavailable", "price_changed"].contains(&code.as_str())), "{codes:?}");
    assert_eq!(codes.values().sum::<usize>(), 95);
    assert_eq!(app.stock(&variant).await, (1000, 5));
    // One is cancelled twice, and gives its use back once.
    let path = format!("/v1/checkouts/{}/cancel", paid[0].id);
    for _ in 0..2 {
        app.call("POST", &path).header("X-Order-Token", &paid[0].order_token).send().await.expect(200);
    }
    app.run_jobs().await;
    let path = format!("/v1/admin/discounts/{}", made["id"].as_str().unwrap());
    assert_eq!(app.staff_get(&path).send().await.expect(200)["times_used"], 4);
    let mut winners = 0;
    for cart in carts.iter().rev().take(20) {
        if app.read_cart(cart).await["status"] == "open" {
            winners += usize::from(expecting(&app, cart, 1999 - 500 + 490).send().await.status == 201);
        }
    }
    assert_eq!(winners, 1);
    app.advance(3600).await;
    app.reconcile().await;
    assert_eq!(app.staff_get(&path).send().await.expect(200)["times_used"], 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_customer_uses_a_promotion_once_however_many_carts_and_spellings() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    discount(
        &app,
        json!({"title": "Welcome", "type": "percentage", "percentage": "10", "usage_limit_per_customer": 1}),
    )
    .await;
    let mut carts = Vec::new();
    for email in ["ada@example.com", "ADA@example.com", "Ada@Example.com", "ada@EXAMPLE.com"] {
        let line = json!([{"variant_id": variant, "quantity": 1}]);
        carts.push(app.cart_with(json!({"email": email, "shipping_address": address(), "line_items": line})).await);
    }
    let total = 1999 - 200 + 490;
    let replies: Vec<_> =
        stream::iter(&carts).map(|cart| expecting(&app, cart, total).send()).buffer_unordered(4).collect().await;
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    let mut open = 0;
    for cart in &carts {
        let body = app.read_cart(cart).await;
        if body["status"] == "open" {
            open += 1;
            assert_eq!(body["totals"]["discount"]["amount"], 0);
        }
    }
    assert_eq!(open, 3);
    app.advance(3600).await;
    app.reconcile().await;
    assert_eq!(app.read_cart(&carts[0]).await["totals"]["discount"]["amount"], 200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn single_use_codes_are_made_by_the_thousand_and_each_works_once() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let made =
        discount(&app, json!({"title": "Thanks", "method": "code", "type": "percentage", "percentage": "20"})).await;
    let path = format!("/v1/admin/discounts/{}/codes", made["id"].as_str().unwrap());
    let request = app.staff_post(&path, json!({"count": 2500, "prefix": "ty-"})).header("Idempotency-Key", "codes");
    let codes = request.send().await.expect(201)["data"].as_array().unwrap().clone();
    let again = app.staff_post(&path, json!({"count": 2500, "prefix": "ty-"})).header("Idempotency-Key", "codes");
    assert_eq!(again.send().await.expect(201)["data"].as_array().unwrap(), &codes);
    let code = codes[1234]["code"].as_str().unwrap();
    assert!(code.starts_with("TY-") && code.len() == 15, "{code}");
    assert_eq!(
        codes.iter().map(|code| code["code"].as_str().unwrap()).collect::<std::collections::BTreeSet<_>>().len(),
        2500
    );
    let page = app.staff_get(&format!("{path}?limit=100")).send().await.expect(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["page"]["has_more"]), (100, &json!(true)));
    let cart = app.cart(&[(&variant, 1)]).await;
    enter(&app, &cart, code).send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(reason(&enter(&app, &cart, code).send().await.expect(200)), "used_up");
    // Another code of the discount stands in for the used-up one; a third one adds nothing.
    app.staff_post(&path, json!({"codes": ["ZEBRA", "ZULU"]})).send().await.expect(201);
    enter(&app, &cart, "ZULU").send().await.expect(200);
    let body = enter(&app, &cart, "ZEBRA").send().await.expect(200);
    let mut verdicts: Vec<_> = body["discount_codes"].as_array().unwrap().iter().map(|code| &code["reason"]).collect();
    verdicts.sort_by_key(|reason| reason.to_string());
    assert_eq!(verdicts, [&json!("not_combinable"), &json!("used_up"), &Value::Null]);
    assert_eq!(body["totals"]["discount"]["amount"], 400);
    let duplicate = app.staff_post(&path, json!({"codes": ["NEW", code]})).send().await.problem(409, "duplicate");
    assert_eq!(duplicate["errors"][0]["pointer"], "/codes/1");
    app.staff_post(&path, json!({"codes": ["NEW"]})).send().await.expect(201);
    for (body, pointer) in [
        (json!({}), "/codes"),
        (json!({"codes": ["A"], "count": 1}), "/count"),
        (json!({"codes": ["A", "a"]}), "/codes/1"),
        (json!({"codes": ["a b"]}), "/codes/0"),
    ] {
        let problem = app.staff_post(&path, body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    app.staff_delete(&format!("{path}/new")).send().await.expect(204);
    app.staff_delete(&format!("{path}/new")).send().await.problem(404, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discounts_refuse_what_makes_no_sense_and_a_new_limit_counts_what_was_used() {
    let app = TestApp::start().await;
    let cases = [
        (json!({"title": "D", "type": "percentage"}), "/percentage"),
        (json!({"title": "D", "type": "percentage", "percentage": "0"}), "/percentage"),
        (json!({"title": "D", "type": "percentage", "percentage": "101"}), "/percentage"),
        (json!({"title": "D", "type": "percentage", "percentage": "5", "buy": {"quantity": 1}}), "/buy"),
        (json!({"title": "D", "type": "fixed_amount"}), "/amounts"),
        (json!({"title": "D", "type": "fixed_amount", "amounts": [{"amount": 0, "currency": "EUR"}]}), "/amounts"),
        (json!({"title": "D", "type": "buy_x_get_y", "buy": {"quantity": 1}}), "/get"),
        (json!({"title": "D", "type": "free_shipping", "method": "automatic", "code": "X"}), "/code"),
        (
            json!({"title": "D", "type": "free_shipping", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}),
            "/ends_at",
        ),
        (json!({"title": "D", "type": "free_shipping", "code": "two words"}), "/code"),
    ];
    for (body, pointer) in cases {
        let problem = app.staff_post("/v1/admin/discounts", body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let variant = app.variant(9).await;
    let made = discount(&app, json!({"title": "D", "code": "D", "type": "percentage", "percentage": "5"})).await;
    let problem = app
        .staff_post("/v1/admin/discounts", json!({"title": "E", "code": "d", "type": "free_shipping"}))
        .send()
        .await
        .problem(409, "duplicate");
    assert_eq!(problem["errors"][0]["pointer"], "/code");
    let cart = app.cart(&[(&variant, 1)]).await;
    enter(&app, &cart, "D").send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let path = format!("/v1/admin/discounts/{}", made["id"].as_str().unwrap());
    let changed = app.staff_patch(&path, json!({"usage_limit": 1, "percentage": "6"})).send().await.expect(200);
    assert_eq!(json!([changed["usage_limit"], changed["times_used"], changed["version"]]), json!([1, 1, 2]));
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(reason(&enter(&app, &cart, "D").send().await.expect(200)), "used_up");
    app.staff_patch(&path, json!({"usage_limit": null})).send().await.expect(200);
    assert_eq!(app.read_cart(&cart).await["totals"]["discount"]["amount"], 120);
    app.finish().await;
}

/// The process dies after the coupon was made: the same coupon serves the session that recovery makes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coupon_made_by_a_process_that_died_is_taken_by_the_next() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    discount(&app, json!({"title": "D", "type": "percentage", "percentage": "5"})).await;
    let doomed = app.process(&[("MERX_FAULT", "kill:after_coupon")]).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    assert!(app.checkout_call(&doomed.base_url, &cart, "k").try_send().await.is_err());
    doomed.died().await;
    assert_eq!(app.sandbox_get("/v1/coupons").await["data"].as_array().unwrap().len(), 1);
    app.advance(120).await;
    let checkout = app.checkout_under(&cart, "k").await;
    assert_eq!(app.sandbox_get("/v1/coupons").await["data"].as_array().unwrap().len(), 1);
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["totals"]["total"]["amount"], 1999 - 100 + 490);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stripe_s_promotion_codes_are_taken_over_once() {
    let app = TestApp::start().await;
    let stripe = async |path: &str, form: &str| app.stripe_post(path, form).await;
    stripe("/v1/coupons", "id=spring&percent_off=12.5&duration=once&name=Spring").await;
    stripe("/v1/coupons", "id=five&amount_off=500&currency=eur&duration=once&max_redemptions=3").await;
    stripe("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=spring&code=Spring26&restrictions[minimum_amount]=5000&restrictions[minimum_amount_currency]=eur").await;
    stripe("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=five&code=FIVER&max_redemptions=2").await;
    stripe(
        "/v1/promotion_codes",
        "promotion[type]=coupon&promotion[coupon]=five&code=FIRST&restrictions[first_time_transaction]=true",
    )
    .await;
    discount(&app, json!({"title": "Ours", "code": "OURS", "type": "free_shipping"})).await;
    stripe("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=five&code=ours").await;
    let before = app.count("SELECT count(*) FROM discounts").await;
    let report = merx::discounts::import::import(&app.app, true).await.unwrap();
    assert_eq!((report.len(), app.count("SELECT count(*) FROM discounts").await), (4, before));
    let mut words: Vec<String> = merx::discounts::import::import(&app.app, false)
        .await
        .unwrap()
        .into_iter()
        .map(|(code, taken)| format!("{code} {taken:?}"))
        .collect();
    words.sort();
    assert_eq!(
        words,
        ["FIRST Refused(\"it is for first orders only\")", "FIVER Created", "Spring26 Created", "ours Present"]
    );
    let again = merx::discounts::import::import(&app.app, false).await.unwrap();
    assert_eq!(again.iter().filter(|(_, taken)| *taken == merx::discounts::import::Taken::Created).count(), 0);
    let all = app.staff_get("/v1/admin/discounts").send().await.expect(200)["data"].clone();
    let spring = all.as_array().unwrap().iter().find(|one| one["code"] == "SPRING26").unwrap();
    assert_eq!((&spring["percentage"], &spring["minimum_subtotal"][0]["amount"]), (&json!("12.5"), &json!(5000)));
    let fiver = all.as_array().unwrap().iter().find(|one| one["code"] == "FIVER").unwrap();
    assert_eq!((&fiver["amounts"][0]["amount"], &fiver["usage_limit"]), (&json!(500), &json!(3)));
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(enter(&app, &cart, "fiver").send().await.expect(200)["totals"]["discount"]["amount"], 500);
    app.run_jobs().await;
    app.finish().await;
}

/// A limit that staff set holds for quotes that were made before it, and nothing is given back that was not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_holds_for_quotes_that_are_older_than_it() {
    let app = TestApp::start().await;
    let variant = app.variant(99).await;
    let made =
        discount(&app, json!({"title": "Leaked", "code": "LEAKED", "type": "percentage", "percentage": "50"})).await;
    let mut quoted = Vec::new();
    for number in 0..4 {
        let line = json!([{"variant_id": variant, "quantity": 1}]);
        let cart = app
            .cart_with(
                json!({"email": format!("{number}@example.com"), "shipping_address": address(), "line_items": line}),
            )
            .await;
        enter(&app, &cart, "LEAKED").send().await.expect(200);
        let path = format!("/v1/carts/{}/quote", cart.id);
        let quote =
            app.call("POST", &path).header("X-Cart-Token", &cart.token).json(json!({})).send().await.expect(200);
        quoted.push((cart, quote["quote_id"].clone()));
    }
    let checkout = async |index: usize| {
        let (cart, quote) = &quoted[index];
        let mut body = checkout_body(cart);
        body["quote_id"] = quote.clone();
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body).send().await
    };
    let uncounted = CheckoutHandle::new(checkout(0).await.expect(201));
    let path = format!("/v1/admin/discounts/{}", made["id"].as_str().unwrap());
    app.staff_patch(&path, json!({"usage_limit": 2})).send().await.expect(200);
    checkout(1).await.expect(201);
    checkout(2).await.problem(409, "discount_unavailable");
    let cancel = format!("/v1/checkouts/{}/cancel", uncounted.id);
    app.call("POST", &cancel).header("X-Order-Token", &uncounted.order_token).send().await.expect(200);
    checkout(2).await.expect(201);
    checkout(3).await.problem(409, "discount_unavailable");
    app.advance(3600).await;
    app.reconcile().await;
    assert_eq!(app.staff_get(&path).send().await.expect(200)["times_used"], 0);
    app.staff_patch(&path, json!({"status": "archived"})).send().await.problem(422, "validation_failed");
    app.finish().await;
}
