//! Carts: lines, limits, addresses, problems.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{CartHandle, TestApp, address};

fn with(app: &TestApp, cart: &CartHandle, method: &str, rest: &str) -> crate::harness::Call {
    app.call(method, &format!("/v1/carts/{}{rest}", cart.id)).header("X-Cart-Token", &cart.token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_added_merged_changed_and_removed() {
    let app = TestApp::start().await;
    let (shirt, mug) = (app.variant(10).await, app.variant(10).await);
    let cart = app.cart_with(json!({})).await;
    let add = |variant: &str, quantity: i64| {
        with(&app, &cart, "POST", "/line-items").json(json!({"variant_id": variant, "quantity": quantity})).send()
    };
    add(&shirt, 1).await.expect(200);
    add(&mug, 2).await.expect(200);
    let body = add(&shirt, 3).await.expect(200);
    let quantities: Vec<i64> =
        body["line_items"].as_array().unwrap().iter().map(|line| line["quantity"].as_i64().unwrap()).collect();
    assert_eq!(quantities, [4, 2]);
    assert_eq!(body["totals"]["subtotal"]["amount"], 6 * 1999);
    let line = body["line_items"][1]["id"].as_str().unwrap().to_owned();
    let body = with(&app, &cart, "PATCH", &format!("/line-items/{line}"))
        .json(json!({"quantity": 5}))
        .send()
        .await
        .expect(200);
    assert_eq!(body["line_items"][1]["total"]["amount"], 5 * 1999);
    with(&app, &cart, "DELETE", &format!("/line-items/{line}")).send().await.expect(200);
    with(&app, &cart, "DELETE", &format!("/line-items/{line}")).send().await.problem(404, "not_found");
    let first = body["line_items"][0]["id"].as_str().unwrap().to_owned();
    let body = with(&app, &cart, "PATCH", &format!("/line-items/{first}"))
        .json(json!({"quantity": 0}))
        .send()
        .await
        .expect(200);
    assert_eq!(body["line_items"], json!([]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_parallel_additions_lose_nothing() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    let cart = app.cart_with(json!({})).await;
    let additions = (0..64)
        .map(|_| with(&app, &cart, "POST", "/line-items").json(json!({"variant_id": variant, "quantity": 1})).send());
    for reply in futures_util::future::join_all(additions).await {
        reply.expect(200);
    }
    assert_eq!(app.read_cart(&cart).await["line_items"][0]["quantity"], 64);
    let mixed: Vec<String> = futures_util::future::join_all((0..8).map(|_| app.variant(9))).await;
    let additions = (0..64usize).map(|number| {
        with(&app, &cart, "POST", "/line-items").json(json!({"variant_id": mixed[number % 8], "quantity": 1})).send()
    });
    for reply in futures_util::future::join_all(additions).await {
        reply.expect(200);
    }
    let lines = app.read_cart(&cart).await["line_items"].clone();
    let quantities: Vec<i64> =
        lines.as_array().unwrap().iter().map(|line| line["quantity"].as_i64().unwrap()).collect();
    assert_eq!(quantities, [vec![64], vec![8; 8]].concat());
    app.finish().await;
}

/// Eight first clicks of one page, or one that is repeated: one cart, with each line once (R45).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_creates_under_one_key_make_one_cart() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    let body = json!({"line_items": [{"variant_id": variant, "quantity": 2}]});
    let creates = (0..8)
        .map(|_| app.post("/v1/carts", body.clone()).header("Idempotency-Key", "the first click of a page").send());
    let mut carts = Vec::new();
    for reply in futures_util::future::join_all(creates).await {
        if reply.status == 201 {
            carts.push((reply.body["id"].clone(), reply.body["cart_token"].clone()));
        } else {
            reply.problem(409, "request_in_flight");
        }
    }
    let again =
        app.post("/v1/carts", body).header("Idempotency-Key", "the first click of a page").send().await.expect(201);
    carts.push((again["id"].clone(), again["cart_token"].clone()));
    carts.dedup();
    assert_eq!(carts.len(), 1);
    assert_eq!(app.count("SELECT count(*) FROM carts").await, 1);
    assert_eq!(again["line_items"][0]["quantity"], 2);
    app.finish().await;
}

/// Two tabs that know an old version of the cart both change it: nothing is refused, nothing is lost (R49).
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_tabs_change_one_cart_at_once() {
    let app = TestApp::start().await;
    let (shirt, mug) = (app.variant(100).await, app.variant(100).await);
    let cart = app.cart(&[(&shirt, 1)]).await;
    let old = app.read_cart(&cart).await;
    let line = format!("/line-items/{}", old["line_items"][0]["id"].as_str().unwrap());
    let one = with(&app, &cart, "POST", "/line-items").json(json!({"variant_id": mug, "quantity": 1})).send();
    let two = with(&app, &cart, "PATCH", &line).json(json!({"quantity": 3})).send();
    let three = with(&app, &cart, "PATCH", "").json(json!({"locale": "de"})).send();
    let (one, two, three) = tokio::join!(one, two, three);
    for reply in [one, two, three] {
        reply.expect(200);
    }
    let now = app.read_cart(&cart).await;
    let quantities: Vec<&Value> = now["line_items"].as_array().unwrap().iter().map(|line| &line["quantity"]).collect();
    assert_eq!((quantities, &now["locale"]), (vec![&json!(3), &json!(1)], &json!("de")));
    assert_eq!(now["version"].as_i64().unwrap(), old["version"].as_i64().unwrap() + 3);
    app.finish().await;
}

/// Whoever looks for carts that were left sees every change as life (R50).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_of_a_cart_moves_its_time() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    let code = json!({"title": "D", "method": "code", "type": "percentage", "percentage": "10", "code": "TEN"});
    app.staff_post("/v1/admin/discounts", code).send().await.expect(201);
    let cart = app.cart(&[(&variant, 1)]).await;
    let mut last = app.read_cart(&cart).await["updated_at"].as_str().unwrap().to_owned();
    let line = format!("/line-items/{}", app.read_cart(&cart).await["line_items"][0]["id"].as_str().unwrap());
    for (method, rest, body) in [
        ("POST", "/line-items", json!({"variant_id": variant, "quantity": 1})),
        ("PATCH", &line, json!({"quantity": 5})),
        ("PATCH", "", json!({"email": "grace@example.com"})),
        ("POST", "/discount-codes", json!({"code": "TEN"})),
        ("DELETE", "/discount-codes/TEN", Value::Null),
        ("DELETE", &line, Value::Null),
    ] {
        app.advance(60).await;
        let call = with(&app, &cart, method, rest);
        let reply = if body.is_null() { call } else { call.json(body) }.send().await.expect(200);
        let time = reply["updated_at"].as_str().unwrap().to_owned();
        assert!(time > last, "{method} {rest}: {time} is not after {last}");
        assert_eq!(app.read_cart(&cart).await["updated_at"], time.as_str());
        last = time;
    }
    app.advance(60).await;
    assert_eq!(app.read_cart(&cart).await["updated_at"], last.as_str(), "reading is no change");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quantities_and_lines_have_limits_that_name_the_line() {
    let app = TestApp::start().await;
    let variant = app.variant(10).await;
    let cart = app.cart_with(json!({"line_items": [{"variant_id": variant, "quantity": 9999}]})).await;
    for (quantity, pointer) in [(1, "/quantity"), (0, "/quantity"), (-1, "/quantity"), (10000, "/quantity")] {
        let call = with(&app, &cart, "POST", "/line-items").json(json!({"variant_id": variant, "quantity": quantity}));
        assert_eq!(call.send().await.problem(422, "validation_failed")["errors"][0]["pointer"], pointer);
    }
    let twice =
        json!({"line_items": [{"variant_id": variant, "quantity": 9000}, {"variant_id": variant, "quantity": 1000}]});
    let problem = app.post("/v1/carts", twice).send().await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/line_items/1/quantity");

    let variants: Vec<Value> = (0..100)
        .map(|_| json!({"sku": Uuid::new_v4().to_string(), "option_values": {"n": Uuid::new_v4().to_string()}, "prices": [{"amount": 100, "currency": "EUR"}]}))
        .collect();
    let values: Vec<Value> = variants.iter().map(|variant| variant["option_values"]["n"].clone()).collect();
    let product = json!({"title": "Many", "status": "active", "options": [{"name": "n", "values": values}], "variants": variants});
    let product = app.staff_post("/v1/admin/products", product).send().await.expect(201);
    let lines: Vec<Value> = product["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| json!({"variant_id": variant["id"], "quantity": 1}))
        .collect();
    app.post("/v1/carts", json!({"line_items": lines})).send().await.problem(422, "too_many_lines");
    app.post("/v1/carts", json!({"line_items": &lines[..99]})).send().await.expect(201);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_cart_of_99_lines_is_sold() {
    let app = TestApp::start().await;
    let mut lines = Vec::new();
    for _ in 0..99 {
        lines.push(app.variant(3).await);
    }
    let lines: Vec<(&str, i64)> = lines.iter().map(|variant| (variant.as_str(), 2)).collect();
    let cart = app.cart(&lines).await;
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], order["line_items"].as_array().unwrap().len()), (&json!("confirmed"), 99));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_sets_keeps_and_clears() {
    let app = TestApp::start().await;
    let cart =
        app.cart_with(json!({"email": "ada@example.com", "shipping_address": address(), "metadata": {"a": "1"}})).await;
    let body =
        with(&app, &cart, "PATCH", "").json(json!({"billing_address": {"country": "FR"}})).send().await.expect(200);
    assert_eq!((&body["email"], &body["billing_address"]["country"]), (&json!("ada@example.com"), &json!("FR")));
    let body = with(&app, &cart, "PATCH", "")
        .json(json!({"email": null, "shipping_address": null, "metadata": null}))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&body["email"], &body["shipping_address"], &body["metadata"]),
        (&json!(null), &json!(null), &json!({}))
    );
    assert_eq!(body["version"], 3);
    for (patch, pointer) in [
        (json!({"email": "not an address"}), "/email"),
        (json!({"shipping_address": {"country": "Germany"}}), "/shipping_address/country"),
        (json!({"shipping_address": {"line1": "x"}}), "/shipping_address/country"),
        (json!({"shiping_address": {}}), "/shiping_address"),
        (json!({"metadata": {"k": "v".repeat(501)}}), "/metadata"),
        (json!({"currency": "eur"}), "/currency"),
        (json!({"currency": null}), "/currency"),
    ] {
        let problem = with(&app, &cart, "PATCH", "").json(patch).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_match_guards_against_lost_updates() {
    let app = TestApp::start().await;
    let cart = app.cart_with(json!({})).await;
    let read = with(&app, &cart, "GET", "").send().await;
    let tag = read.header("etag").to_owned();
    assert_eq!(with(&app, &cart, "GET", "").header("If-None-Match", &tag).send().await.status, 304);
    with(&app, &cart, "PATCH", "")
        .header("If-Match", &tag)
        .json(json!({"email": "a@example.com"}))
        .send()
        .await
        .expect(200);
    let stale =
        with(&app, &cart, "PATCH", "").header("If-Match", &tag).json(json!({"email": "b@example.com"})).send().await;
    assert_eq!(stale.problem(412, "precondition_failed")["version"], 2);
    with(&app, &cart, "PATCH", "").json(json!({"email": "c@example.com"})).send().await.expect(200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_tells_what_stands_in_its_way() {
    let app = TestApp::start().await;
    let variant = app.variant(2).await;
    let cart = app.cart(&[(&variant, 3)]).await;
    let body = app.read_cart(&cart).await;
    assert_eq!(body["problems"][0]["code"], "insufficient_stock");
    assert_eq!(body["problems"][0]["pointer"], "/line_items/0/quantity");
    let product = body["line_items"][0]["product_id"].as_str().unwrap().to_owned();
    app.staff_patch(&format!("/v1/admin/products/{product}"), json!({"status": "archived"})).send().await.expect(200);
    assert_eq!(app.read_cart(&cart).await["line_items"][0]["problems"][0]["code"], "not_for_sale");
    app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    app.staff_patch(&format!("/v1/admin/products/{product}"), json!({"status": "active"})).send().await.expect(200);
    app.staff_patch(&format!("/v1/admin/variants/{variant}"), json!({"prices": [{"amount": 1, "currency": "USD"}]}))
        .send()
        .await
        .expect(200);
    let body = app.read_cart(&cart).await;
    assert_eq!(
        (&body["line_items"][0]["unit_price"], &body["line_items"][0]["problems"][0]["code"]),
        (&Value::Null, &json!("no_price"))
    );
    let problem =
        with(&app, &cart, "PATCH", "").json(json!({"currency": "GBP"})).send().await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/currency");
    let body = with(&app, &cart, "PATCH", "").json(json!({"currency": "USD"})).send().await.expect(200);
    assert_eq!(body["line_items"][0]["unit_price"]["currency"], "USD");
    // Nothing that is not on sale can be added, and it is said which line it was.
    let draft = app.post("/v1/carts", json!({"line_items": [{"variant_id": variant, "quantity": 1}]})).send().await;
    assert_eq!(draft.problem(422, "validation_failed")["errors"][0]["pointer"], "/line_items/0/variant_id");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_untouched_cart_is_abandoned_and_comes_back_by_a_change() {
    let app = TestApp::start().await;
    let cart = app.cart_with(json!({})).await;
    app.advance(31 * 86_400).await;
    let (mut conn, now) = (app.database().await, app.app.clock.now());
    merx::jobs::queue::enqueue(&mut conn, merx::jobs::Job::Prune, "test", now, now).await.unwrap();
    app.run_jobs().await;
    assert_eq!(app.read_cart(&cart).await["status"], "abandoned");
    let body = with(&app, &cart, "PATCH", "").json(json!({"email": "ada@example.com"})).send().await.expect(200);
    assert_eq!(body["status"], "open");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_holds_no_more_than_the_variant_allows() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 50, "max_per_order": 3})).await;
    let cart = app.cart_with(json!({"email": "ada@example.com", "shipping_address": address(), "line_items": [{"variant_id": variant, "quantity": 2}]})).await;
    let add = |quantity: i64| {
        with(&app, &cart, "POST", "/line-items").json(json!({"variant_id": variant, "quantity": quantity})).send()
    };
    assert_eq!(add(2).await.problem(422, "validation_failed")["errors"][0]["pointer"], "/quantity");
    let body = add(1).await.expect(200);
    let line = format!("/line-items/{}", body["line_items"][0]["id"].as_str().unwrap());
    let set = |quantity: i64| with(&app, &cart, "PATCH", &line).json(json!({"quantity": quantity})).send();
    assert_eq!(set(4).await.problem(422, "validation_failed")["errors"][0]["pointer"], "/quantity");
    let path = format!("/v1/admin/variants/{variant}");
    app.staff_patch(&path, json!({"max_per_order": 1})).send().await.expect(200);
    let body = app.read_cart(&cart).await;
    assert_eq!(
        (&body["problems"][0]["code"], &body["problems"][0]["severity"]),
        (&json!("too_many"), &json!("blocking"))
    );
    assert_eq!(app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete")["errors"][0]["code"], "too_many");
    app.staff_patch(&path, json!({"max_per_order": null})).send().await.expect(200);
    app.try_checkout(&cart, "k2").await.expect(201);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_price_is_a_notice_until_the_line_is_touched() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let path = format!("/v1/admin/variants/{variant}");
    app.staff_patch(&path, json!({"prices": [{"amount": 2499, "currency": "EUR"}, {"amount": 1, "currency": "USD"}]}))
        .send()
        .await
        .expect(200);
    let body = app.read_cart(&cart).await;
    let problem = &body["line_items"][0]["problems"][0];
    assert_eq!((&problem["code"], &problem["severity"]), (&json!("price_changed"), &json!("notice")));
    assert_eq!(problem["detail"], "Its price is 24.99 EUR now; it was 19.99.");
    let line = format!("/line-items/{}", body["line_items"][0]["id"].as_str().unwrap());
    let body = with(&app, &cart, "PATCH", &line)
        .json(json!({"quantity": 1, "metadata": {"gift": "yes"}}))
        .send()
        .await
        .expect(200);
    assert_eq!((&body["problems"], &body["line_items"][0]["metadata"]["gift"]), (&json!([]), &json!("yes")));
    let body = with(&app, &cart, "PATCH", "").json(json!({"currency": "USD"})).send().await.expect(200);
    assert_eq!(
        body["problems"].as_array().unwrap().iter().filter(|problem| problem["code"] == "price_changed").count(),
        0
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_s_language_reaches_its_lines_the_payment_page_and_the_order() {
    let app = TestApp::with(&[("MERX_LOCALES", "en,de")]).await;
    let product = json!({"title": "Shirt", "status": "active", "options": [{"name": "size", "values": ["S"]}],
        "translations": {"de": {"title": "Hemd", "options": {"size": {"values": {"S": "klein"}}}}},
        "variants": [{"sku": "S", "option_values": {"size": "S"}, "on_hand": 3, "prices": [{"amount": 1999, "currency": "EUR"}]}]});
    let product = app.staff_post("/v1/admin/products", product).send().await.expect(201);
    let cart = app.cart(&[(product["variants"][0]["id"].as_str().unwrap(), 1)]).await;
    assert_eq!(app.read_cart(&cart).await["line_items"][0]["title"], "Shirt");
    let body = with(&app, &cart, "PATCH", "").json(json!({"locale": "de-AT"})).send().await.expect(200);
    let line = &body["line_items"][0];
    assert_eq!(
        (&line["title"], &line["variant_title"], &body["locale"]),
        (&json!("Hemd"), &json!("klein"), &json!("de-AT"))
    );
    let checkout = app.checkout(&cart).await;
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!(session["locale"], "de");
    assert_eq!(checkout.body["order"]["line_items"][0]["title"], "Hemd");
    assert_eq!(app.count("SELECT count(*) FROM orders WHERE locale = 'de-AT'").await, 1);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}
