//! Shipping by table, choosing a rate, quotes and what they promise.

use serde_json::{Value, json};

use crate::harness::{CartHandle, TestApp, address, checkout_body};

/// An app whose only zones are these.
async fn with_zones(zones: &[Value]) -> TestApp {
    let app = TestApp::start().await;
    let present = app.staff_get("/v1/admin/shipping-zones").send().await.expect(200);
    for zone in present["data"].as_array().unwrap() {
        let path = format!("/v1/admin/shipping-zones/{}", zone["id"].as_str().unwrap());
        app.call("DELETE", &path).bearer(&app.admin_key).send().await.expect(204);
    }
    for zone in zones {
        app.staff_post("/v1/admin/shipping-zones", zone.clone()).send().await.expect(201);
    }
    app
}

fn rate(name: &str, basis: &str, bands: Value) -> Value {
    json!({"name": name, "basis": basis, "bands": bands})
}

fn flat(name: &str, price: i64) -> Value {
    rate(name, "weight", json!([{"currency": "EUR", "price": price}]))
}

fn on(app: &TestApp, cart: &CartHandle, method: &str, rest: &str) -> crate::harness::Call {
    app.call(method, &format!("/v1/carts/{}{rest}", cart.id)).header("X-Cart-Token", &cart.token)
}

async fn rates(app: &TestApp, cart: &CartHandle) -> Vec<(String, i64)> {
    let body = on(app, cart, "GET", "/shipping-rates").send().await.expect(200);
    let rate = |rate: &Value| (rate["name"].as_str().unwrap().to_owned(), rate["price"]["amount"].as_i64().unwrap());
    body["data"].as_array().unwrap().iter().map(rate).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nearest_zone_and_the_right_band_are_taken() {
    let weight = json!([{"currency": "EUR", "max": 1000, "price": 300}, {"currency": "EUR", "min": 1000, "max": 5000, "price": 700}]);
    let value = json!([{"currency": "EUR", "max": 5000, "price": 400}, {"currency": "EUR", "min": 5000, "price": 0}, {"currency": "JPY", "price": 900}]);
    let app = with_zones(&[
        json!({"name": "Home", "regions": [{"country": "DE"}], "rates": [rate("By weight", "weight", weight), rate("By value", "subtotal", value)]}),
        json!({"name": "West", "regions": [{"country": "US", "states": ["CA", "OR"]}], "rates": [flat("West", 1)]}),
        json!({"name": "States", "regions": [{"country": "US"}], "rates": [flat("States", 2)]}),
        json!({"name": "World", "regions": [{"country": "*"}], "rates": [flat("World", 3)]}),
    ])
    .await;
    let variant = app.variant_with(json!({"on_hand": 99, "weight_grams": 400})).await;
    let cart = app.cart_with(json!({"line_items": [{"variant_id": variant, "quantity": 2}]})).await;
    let body = on(&app, &cart, "GET", "/shipping-rates").send().await.expect(200);
    assert_eq!(body, json!({"required": true, "quote_required": false, "data": [], "missing": ["/shipping_address"]}));
    assert_eq!(app.read_cart(&cart).await["totals"]["shipping"], Value::Null);
    let to = |address: Value| on(&app, &cart, "PATCH", "").json(json!({"shipping_address": address})).send();
    for (address, expected) in [
        (json!({"country": "DE"}), vec![("By weight", 300), ("By value", 400)]),
        (json!({"country": "US", "state": "ca"}), vec![("West", 1)]),
        (json!({"country": "US", "state": "NY"}), vec![("States", 2)]),
        (json!({"country": "US"}), vec![("States", 2)]),
        (json!({"country": "NZ"}), vec![("World", 3)]),
    ] {
        to(address.clone()).await.expect(200);
        let found = rates(&app, &cart).await;
        assert_eq!(
            found.iter().map(|(name, price)| (name.as_str(), *price)).collect::<Vec<_>>(),
            expected,
            "{address}"
        );
    }
    to(json!({"country": "DE"})).await.expect(200);
    let line = app.read_cart(&cart).await["line_items"][0]["id"].as_str().unwrap().to_owned();
    let quantity = |quantity: i64| {
        on(&app, &cart, "PATCH", &format!("/line-items/{line}")).json(json!({"quantity": quantity})).send()
    };
    for (pieces, expected) in [(3, vec![("By weight", 700), ("By value", 0)]), (13, vec![("By value", 0)])] {
        quantity(pieces).await.expect(200);
        let found = rates(&app, &cart).await;
        assert_eq!(found.iter().map(|(name, price)| (name.as_str(), *price)).collect::<Vec<_>>(), expected, "{pieces}");
    }
    on(&app, &cart, "PATCH", "").json(json!({"currency": "KWD"})).send().await.expect(200);
    let body = app.read_cart(&cart).await;
    assert_eq!(
        (&body["problems"][0]["code"], &body["totals"]["total"]),
        (&json!("shipping_unavailable"), &Value::Null)
    );
    let file = app.variant_with(json!({"requires_shipping": false, "track_inventory": false})).await;
    let digital = app.cart(&[(&file, 1)]).await;
    let body = on(&app, &digital, "GET", "/shipping-rates").send().await.expect(200);
    assert_eq!(body, json!({"required": false, "quote_required": false, "data": [], "missing": []}));
    assert_eq!(app.read_cart(&digital).await["totals"]["total"]["amount"], 1999);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_is_chosen_charged_and_may_go_away() {
    let app = with_zones(&[
        json!({"name": "Home", "regions": [{"country": "DE"}], "rates": [flat("Slow", 300), flat("Fast", 900)]}),
    ])
    .await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let refused = app.try_checkout(&cart, "key-1").await.problem(422, "cart_incomplete");
    assert_eq!(refused["errors"][0]["pointer"], "/shipping_rate");
    let body = on(&app, &cart, "GET", "/shipping-rates").send().await.expect(200);
    let fast = body["data"][1]["id"].as_str().unwrap().to_owned();
    let choose = |id: &str| on(&app, &cart, "PUT", "/shipping-rate").json(json!({"rate_id": id})).send();
    assert_eq!(choose("rate_nonsense").await.problem(422, "validation_failed")["errors"][0]["pointer"], "/rate_id");
    let body = choose(&fast).await.expect(200);
    assert_eq!(
        (&body["shipping_rate"]["name"], &body["totals"]["total"]["amount"]),
        (&json!("Fast"), &json!(1999 + 900))
    );
    let zone = app.staff_get("/v1/admin/shipping-zones").send().await.expect(200)["data"][0].clone();
    let path = format!("/v1/admin/shipping-zones/{}", zone["id"].as_str().unwrap());
    let tag = app.staff_get(&path).send().await.header("etag").to_owned();
    let slow =
        json!({"id": zone["rates"][0]["id"], "name": "Slow", "basis": "weight", "bands": zone["rates"][0]["bands"]});
    let changed = app
        .staff_patch(&path, json!({"rates": [slow.clone(), flat("Drone", 9)]}))
        .header("If-Match", &tag)
        .send()
        .await
        .expect(200);
    assert_eq!((&changed["rates"][0]["id"], &changed["version"]), (&zone["rates"][0]["id"], &json!(2)));
    app.staff_patch(&path, json!({"rates": []}))
        .header("If-Match", &tag)
        .send()
        .await
        .problem(412, "precondition_failed");
    assert_eq!(app.read_cart(&cart).await["problems"][0]["code"], "shipping_rate_gone");
    let refused = app.try_checkout(&cart, "key-2").await.problem(422, "cart_incomplete");
    assert_eq!(refused["errors"][0]["code"], "shipping_rate_gone");
    choose(changed["rates"][1]["id"].as_str().unwrap()).await.expect(200);
    let checkout = app.checkout(&cart).await;
    assert_eq!(checkout.body["order"]["shipping_rate"]["name"], "Drone");
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["totals"]["total"]["amount"], 1999 + 9);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zones_refuse_what_makes_no_sense() {
    let app = with_zones(&[json!({"name": "Home", "regions": [{"country": "DE"}]})]).await;
    let zone = |regions: Value, rates: Value| json!({"name": "Z", "regions": regions, "rates": rates});
    let bands = |bands: Value| json!([rate("R", "weight", bands)]);
    let cases = [
        (zone(json!([]), json!([])), "/regions"),
        (zone(json!([{"country": "Germany"}]), json!([])), "/regions/0/country"),
        (zone(json!([{"country": "*", "states": ["CA"]}]), json!([])), "/regions/0/states"),
        (zone(json!([{"country": "FR"}, {"country": "FR"}]), json!([])), "/regions/1"),
        (zone(json!([{"country": "FR"}]), bands(json!([]))), "/rates/0/bands"),
        (
            zone(json!([{"country": "FR"}]), bands(json!([{"currency": "EUR", "min": -1, "price": 1}]))),
            "/rates/0/bands/0/min",
        ),
        (
            zone(json!([{"country": "FR"}]), bands(json!([{"currency": "EUR", "min": 5, "max": 5, "price": 1}]))),
            "/rates/0/bands",
        ),
        (
            zone(
                json!([{"country": "FR"}]),
                bands(json!([{"currency": "EUR", "price": 1}, {"currency": "EUR", "min": 7, "price": 1}])),
            ),
            "/rates/0/bands",
        ),
        (zone(json!([{"country": "FR"}]), bands(json!([{"currency": "EUR", "price": 1.5}]))), "/rates/0/bands/0/price"),
        (
            zone(
                json!([{"country": "FR"}]),
                json!([{"name": "R", "basis": "distance", "bands": [{"currency": "EUR", "price": 1}]}]),
            ),
            "/rates/0/basis",
        ),
    ];
    for (body, pointer) in cases {
        let problem = app.staff_post("/v1/admin/shipping-zones", body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let taken = zone(json!([{"country": "FR"}, {"country": "DE"}]), json!([]));
    let problem = app.staff_post("/v1/admin/shipping-zones", taken).send().await.problem(409, "duplicate");
    assert_eq!(problem["errors"][0]["pointer"], "/regions/1");
    assert_eq!(app.count("SELECT count(*) FROM shipping_zones").await, 1);
    let state = |state: &str| zone(json!([{"country": "US", "states": [state]}]), json!([]));
    app.staff_post("/v1/admin/shipping-zones", state("CA")).send().await.expect(201);
    app.staff_post("/v1/admin/shipping-zones", state("ca")).send().await.problem(409, "duplicate");
    app.sql("DELETE FROM shipping_zones WHERE id IN (SELECT zone_id FROM shipping_zone_regions WHERE country = 'US')")
        .await;
    let store = app.get("/v1/store").send().await.expect(200);
    assert_eq!(
        store["shipping_countries"],
        json!([{"code": "DE", "required": ["name", "line1", "city", "postal_code"]}])
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_says_what_is_missing_and_is_honoured_to_the_cent() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let cart = app.cart_with(json!({"line_items": [{"variant_id": variant, "quantity": 2}]})).await;
    let quote = || on(&app, &cart, "POST", "/quote").json(json!({})).send();
    let first = quote().await.expect(200);
    assert_eq!((&first["complete"], &first["missing"]), (&json!(false), &json!(["/email", "/shipping_address"])));
    assert_eq!((&first["totals"]["subtotal"]["amount"], &first["totals"]["total"]), (&json!(3998), &Value::Null));
    on(&app, &cart, "PATCH", "")
        .json(json!({"shipping_address": {"country": "DE", "postal_code": "10119"}}))
        .send()
        .await
        .expect(200);
    let partial = quote().await.expect(200);
    assert_eq!(
        partial["missing"],
        json!(["/email", "/shipping_address/name", "/shipping_address/line1", "/shipping_address/city"])
    );
    assert_eq!(partial["totals"]["total"]["amount"], 3998 + 490);
    on(&app, &cart, "PATCH", "")
        .json(json!({"email": "ada@example.com", "shipping_address": address()}))
        .send()
        .await
        .expect(200);
    let full = quote().await.expect(200);
    assert_eq!((&full["complete"], &full["line_items"][0]["total"]["amount"]), (&json!(true), &json!(3998)));
    assert_eq!(quote().await.expect(200), full, "an unchanged cart has the same quote");
    app.staff_patch(&format!("/v1/admin/variants/{variant}"), json!({"prices": [{"amount": 9999, "currency": "EUR"}]}))
        .send()
        .await
        .expect(200);
    let read = app.read_cart(&cart).await;
    assert_eq!(
        (&read["problems"][0]["code"], &read["problems"][0]["severity"]),
        (&json!("price_changed"), &json!("notice"))
    );
    assert_eq!(read["totals"]["subtotal"]["amount"], 2 * 9999);
    let dearer = quote().await.expect(200);
    assert_ne!(dearer["quote_id"], full["quote_id"]);
    let with = |quote: &Value| {
        let mut body = checkout_body(&cart);
        body["quote_id"] = quote.clone();
        body["expected_total"] = json!({"amount": 3998 + 490, "currency": "EUR"});
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body)
    };
    let changed = with(&partial["quote_id"]).send().await.problem(409, "price_changed");
    assert_eq!(changed["totals"]["total"]["amount"], 2 * 9999 + 490);
    with(&json!("quo_01jd8x3v5ke2t9qj6f4z0w7m8r")).send().await.problem(422, "validation_failed");
    let checkout = with(&full["quote_id"]).send().await.expect(201);
    assert_eq!(checkout["order"]["totals"]["total"]["amount"], 3998 + 490);
    assert_eq!(checkout["order"]["line_items"][0]["unit_price"]["amount"], 1999);
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout["session_id"].as_str().unwrap())).await;
    assert_eq!(session["amount_total"], 3998 + 490);
    app.control(
        &format!("checkout-sessions/{}/pay", checkout["session_id"].as_str().unwrap()),
        json!({"outcome": "paid"}),
    )
    .await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_that_is_over_or_of_a_changed_cart_is_made_anew_and_never_dearer() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let other = app.cart(&[(&variant, 1)]).await;
    let quote = on(&app, &cart, "POST", "/quote").json(json!({})).send().await.expect(200);
    let with = |cart: &CartHandle| {
        let mut body = checkout_body(cart);
        body["quote_id"] = quote["quote_id"].clone();
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(body).send()
    };
    assert_eq!(with(&other).await.problem(422, "validation_failed")["errors"][0]["pointer"], "/quote_id");
    let line = json!({"variant_id": variant, "quantity": 1});
    on(&app, &cart, "POST", "/line-items").json(line).send().await.expect(200);
    let dearer = with(&cart).await.problem(409, "price_changed");
    assert_eq!(dearer["totals"]["total"]["amount"], 2 * 1999 + 490);
    let id = app.read_cart(&cart).await["line_items"][0]["id"].as_str().unwrap().to_owned();
    on(&app, &cart, "PATCH", &format!("/line-items/{id}")).json(json!({"quantity": 1})).send().await.expect(200);
    app.advance(24 * 3600 - 60).await;
    let checkout = with(&cart).await.expect(201);
    app.call("POST", &format!("/v1/checkouts/{}/cancel", checkout["id"].as_str().unwrap()))
        .header("X-Cart-Token", &cart.token)
        .send()
        .await
        .expect(200);
    app.advance(120).await;
    // Over, but no dearer: it is quoted anew and goes through.
    let checkout = with(&cart).await.expect(201);
    app.call("POST", &format!("/v1/checkouts/{}/cancel", checkout["id"].as_str().unwrap()))
        .header("X-Cart-Token", &cart.token)
        .send()
        .await
        .expect(200);
    app.staff_patch(&format!("/v1/admin/variants/{variant}"), json!({"prices": [{"amount": 2999, "currency": "EUR"}]}))
        .send()
        .await
        .expect(200);
    let dearer = with(&cart).await.problem(409, "price_changed");
    assert_eq!(dearer["totals"]["total"]["amount"], 2999 + 490);
    app.sql("UPDATE variant_prices SET amount = 999").await;
    let checkout = with(&cart).await.expect(201);
    assert_eq!(checkout["order"]["totals"]["total"]["amount"], 999 + 490);
    app.advance(3600).await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (9, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotes_have_a_limit_per_cart() {
    let app = TestApp::with(&[("MERX_RATE_LIMIT", "on"), ("MERX_LIMIT_QUOTES_PER_CART", "2")]).await;
    let cart = app.cart_with(json!({})).await;
    for _ in 0..2 {
        on(&app, &cart, "POST", "/quote").json(json!({})).send().await.expect(200);
    }
    let refused = on(&app, &cart, "POST", "/quote").json(json!({})).send().await;
    assert!(refused.header("ratelimit-policy").starts_with("\"quotes-per-cart\";q=2"));
    refused.problem(429, "rate_limited");
    app.finish().await;
}
