//! Rates from carriers: parcels, customs, addresses, and what stands in when there are none.

use serde_json::{Value, json};

use crate::harness::{Call, CartHandle, TestApp, address, checkout_body};

const WORLD: i64 = 490;

/// A shop in Berlin that asks carriers.
async fn shop(more: Value) -> TestApp {
    shop_with(&[], more).await
}

async fn shop_with(variables: &[(&str, &str)], more: Value) -> TestApp {
    let app = TestApp::with(variables).await;
    let mut origin = address();
    origin["phone"] = json!("+49 30 1234567");
    settings(&app, json!({"provider": "shippo", "origin": origin, "origin_email": "post@shop.example"})).await;
    settings(&app, more).await;
    app
}

async fn settings(app: &TestApp, patch: Value) -> Value {
    app.staff_patch("/v1/admin/shipping-settings", patch).send().await.expect(200)
}

fn on(app: &TestApp, cart: &CartHandle, method: &str, rest: &str) -> Call {
    app.call(method, &format!("/v1/carts/{}{rest}", cart.id)).header("X-Cart-Token", &cart.token)
}

async fn quote(app: &TestApp, cart: &CartHandle) -> Value {
    on(app, cart, "POST", "/quote").json(json!({})).send().await.expect(200)
}

fn ids(quote: &Value) -> Vec<String> {
    quote["shipping_rates"].as_array().unwrap().iter().map(|rate| rate["id"].as_str().unwrap().to_owned()).collect()
}

async fn shipments(app: &TestApp) -> Vec<Value> {
    app.provider_calls("POST /shippo/shipments").await
}

fn zurich() -> Value {
    json!({"name": "Ada", "line1": "Bahnhofstrasse 1", "city": "Zürich", "postal_code": "8001", "country": "CH", "phone": "+41 44 1234567"})
}

/// A shirt of 400 g in a bag.
async fn shirt(app: &TestApp) -> String {
    app.variant_with(json!({
        "on_hand": 99, "weight_grams": 400, "dimensions_mm": {"length": 300, "width": 200, "height": 30}, "hs_code": "610910", "origin_country": "PT",
        "prices": [{"amount": 1999, "currency": "EUR"}, {"amount": 2199, "currency": "CHF"}, {"amount": 6250, "currency": "KWD"}, {"amount": 2000, "currency": "JPY"}],
    })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_offers_each_service_once_and_the_chosen_one_is_charged() {
    let app = shop(json!({})).await;
    let variant = shirt(&app).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let before = on(&app, &cart, "GET", "/shipping-rates").send().await.expect(200);
    assert_eq!((&before["quote_required"], &before["data"]), (&json!(true), &json!([])));
    assert!(shipments(&app).await.is_empty(), "only a quote asks");
    let quoted = quote(&app, &cart).await;
    let rates = quoted["shipping_rates"].as_array().unwrap();
    assert!(rates.len() >= 2, "{quoted}");
    let mut services = ids(&quoted);
    services.dedup();
    assert_eq!(services.len(), rates.len());
    assert!(rates.iter().all(|rate| rate["source"] == "shippo" && rate["price"]["currency"] == "EUR"));
    assert_eq!(rates.iter().filter(|rate| rate["cheapest"] == true).count(), 1);
    assert!(rates[0]["cheapest"] == true && rates.iter().any(|rate| rate["fastest"] == true));
    assert_eq!(quoted["missing"], json!(["/shipping_rate"]));
    let asked = &shipments(&app).await[0]["body"];
    assert_eq!((&asked["async"], asked["parcels"].as_array().unwrap().len()), (&json!(false), 1));
    // Two shirts of 400 g in a box of 250 g.
    assert_eq!((&asked["parcels"][0]["weight"], &asked["parcels"][0]["length"]), (&json!("1.050"), &json!("40")));
    assert_eq!(asked["customs_declaration"], Value::Null);
    assert_eq!(quote(&app, &cart).await, quoted);
    assert_eq!(shipments(&app).await.len(), 1, "the same question is asked once");
    let dear = rates.last().unwrap();
    let body = on(&app, &cart, "PUT", "/shipping-rate").json(json!({"rate_id": dear["id"]})).send().await.expect(200);
    assert_eq!(body["totals"]["shipping"], dear["price"]);
    let full = quote(&app, &cart).await;
    assert_eq!((&full["complete"], &full["shipping_rate"]), (&json!(true), dear));
    let mut request = checkout_body(&cart);
    request["quote_id"] = full["quote_id"].clone();
    let checkout =
        app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(request).send().await.expect(201);
    assert_eq!((&checkout["order"]["shipping_rate"], shipments(&app).await.len()), (dear, 1));
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout["session_id"].as_str().unwrap())).await;
    assert_eq!(session["amount_total"], full["totals"]["total"]["amount"]);
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customs_are_declared_at_borders_and_prices_are_in_the_cart_s_currency() {
    let app = shop(json!({})).await;
    let variant = shirt(&app).await;
    let line = json!([{"variant_id": variant, "quantity": 3}]);
    let to = |currency: &str| {
        app.cart_with(
            json!({"email": "a@example.com", "currency": currency, "shipping_address": zurich(), "line_items": line}),
        )
    };
    for currency in ["CHF", "EUR", "JPY"] {
        let quoted = quote(&app, &to(currency).await).await;
        let rates = quoted["shipping_rates"].as_array().unwrap();
        assert!(!rates.is_empty() && rates.iter().all(|rate| rate["price"]["currency"] == currency), "{quoted}");
    }
    let item = &shipments(&app).await[0]["body"]["customs_declaration"]["items"][0];
    let shown = json!([
        item["quantity"],
        item["net_weight"],
        item["value_amount"],
        item["value_currency"],
        item["origin_country"],
        item["hs_code"]
    ]);
    assert_eq!(shown, json!([3, "1.200", "65.97", "CHF", "PT", "610910"]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_goods_are_many_parcels_and_what_no_carrier_takes_is_said() {
    let app = shop(json!({"boxes": [{"name": "S", "dimensions_mm": {"length": 350, "width": 250, "height": 100}, "empty_weight_grams": 100, "max_weight_grams": 5000}]})).await;
    let variant = shirt(&app).await;
    let cart = app.cart(&[(&variant, 20)]).await;
    assert!(!quote(&app, &cart).await["shipping_rates"].as_array().unwrap().is_empty());
    // Four bags of 1.8 litres go into a box of 8.75 litres.
    let parcels = shipments(&app).await[0]["body"]["parcels"].as_array().unwrap().clone();
    let weights: Vec<&str> = parcels.iter().map(|parcel| parcel["weight"].as_str().unwrap()).collect();
    assert_eq!(weights, ["1.700"; 5]);
    let piano = app.variant_with(json!({"on_hand": 9, "weight_grams": 200_000})).await;
    let by_zone = app.cart(&[(&piano, 1)]).await;
    assert_eq!(quote(&app, &by_zone).await["shipping_rate"]["source"], "table");
    settings(&app, json!({"on_failure": "refuse"})).await;
    let cart = app.cart(&[(&piano, 1)]).await;
    let quoted = quote(&app, &cart).await;
    assert_eq!(quoted["problems"][0]["code"], "shipping_unavailable");
    assert!(quoted["problems"][0]["detail"].as_str().unwrap().contains("too heavy"), "{quoted}");
    assert_eq!(shipments(&app).await.len(), 1);
    app.finish().await;
}

/// Unreachable, slow, garbage, busy, silent: the shop's own zones, if it wants that and they cover the place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_carriers_have_no_rates_the_policy_decides() {
    let app = shop_with(&[("MERX_QUOTE_BUDGET_MS", "500"), ("MERX_PROVIDER_TIMEOUT_MS", "200")], json!({})).await;
    let variant = shirt(&app).await;
    for fault in [
        json!({"kind": "status", "status": 503}),
        json!({"kind": "status", "status": 429, "retry_after": 1}),
        json!({"kind": "hang"}),
        json!({"kind": "garbage"}),
        json!({"kind": "reset"}),
    ] {
        let mut fault = fault;
        fault["match"] = json!({"path": "/shippo"});
        fault["times"] = json!(0);
        app.fault(fault.clone()).await;
        let cart = app.cart(&[(&variant, 1)]).await;
        let quoted = quote(&app, &cart).await;
        let rate = &quoted["shipping_rate"];
        assert_eq!(
            (&rate["source"], &rate["price"]["amount"], &quoted["complete"]),
            (&json!("table"), &json!(WORLD), &json!(true)),
            "{fault}"
        );
        settings(&app, json!({"on_failure": "refuse"})).await;
        let quoted = quote(&app, &cart).await;
        assert_eq!(
            (&quoted["shipping_rates"], &quoted["problems"][0]["code"]),
            (&json!([]), &json!("shipping_unavailable")),
            "{fault}"
        );
        app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
        assert_eq!(app.stock(&variant).await, (99, 0));
        settings(&app, json!({"on_failure": "fallback"})).await;
        app.control_delete("faults").await;
    }
    // What a shopper sent must not choose the shop's own rates.
    app.fault(json!({"match": {"path": "/shippo"}, "kind": "status", "status": 400})).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(quote(&app, &cart).await["problems"][0]["code"], "shipping_unavailable");
    for (mode, why) in [("empty", "no carrier delivers there"), ("messages_only", ":")] {
        app.control("shippo", json!({"rates": mode})).await;
        let cart = app.cart(&[(&variant, 1)]).await;
        assert_eq!(quote(&app, &cart).await["shipping_rate"]["source"], "table");
        settings(&app, json!({"on_failure": "refuse"})).await;
        let quoted = quote(&app, &cart).await;
        assert!(quoted["problems"][0]["detail"].as_str().unwrap().contains(why), "{quoted}");
        settings(&app, json!({"on_failure": "fallback"})).await;
    }
    app.control("shippo", json!({"rates": "one_carrier_timeout"})).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(quote(&app, &cart).await["shipping_rates"][0]["source"], "shippo");
    // Without a zone for the place there is nothing to fall back on.
    app.control("shippo", json!({"rates": "empty"})).await;
    app.sql("DELETE FROM shipping_zones").await;
    let cart = app.cart(&[(&variant, 1)]).await;
    assert_eq!(quote(&app, &cart).await["problems"][0]["code"], "shipping_unavailable");
    // What failed is asked again after a while.
    app.control("shippo", json!({"rates": "normal"})).await;
    app.advance(301).await;
    assert_eq!(quote(&app, &cart).await["shipping_rates"][0]["source"], "shippo");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_circuit_to_shippo_opens_shows_and_closes() {
    let app =
        shop_with(&[("MERX_PROVIDER_BREAKER_FAILURES", "2"), ("MERX_PROVIDER_BREAKER_PAUSE_MS", "1")], json!({})).await;
    let variant = shirt(&app).await;
    let circuit = async || {
        let ready = app.get("/readyz").send().await.expect(200);
        let way = ready["providers"].as_array().unwrap().iter().find(|way| way["name"] == "shippo").unwrap().clone();
        way["circuit"].as_str().unwrap().to_owned()
    };
    app.fault(json!({"match": {"path": "/shippo"}, "kind": "status", "status": 503, "times": 6})).await;
    for _ in 0..2 {
        assert_eq!(quote(&app, &app.cart(&[(&variant, 1)]).await).await["shipping_rate"]["source"], "table");
    }
    assert_eq!(circuit().await, "open");
    let quoted = quote(&app, &app.cart(&[(&variant, 1)]).await).await;
    assert_eq!((quoted["shipping_rates"][0]["source"].as_str(), circuit().await.as_str()), (Some("shippo"), "closed"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_s_budget_ends_in_the_policy_and_tells_staff() {
    let app = shop_with(
        &[("MERX_SHIPPO_QUOTES_PER_DAY", "5"), ("MERX_TAX_CALCULATIONS_PER_DAY", "2")],
        json!({"allowed_services": ["dhl_ecommerce_parcels_ground"]}),
    )
    .await;
    app.staff_patch("/v1/admin/tax-settings", json!({"provider": "stripe"})).send().await.expect(200);
    let variant = shirt(&app).await;
    let mut sources = Vec::new();
    for _ in 0..6 {
        let quoted = quote(&app, &app.cart(&[(&variant, 1)]).await).await;
        sources.push((
            quoted["shipping_rate"]["source"].as_str().unwrap().to_owned(),
            quoted["tax"]["source"].is_string(),
        ));
    }
    let expected =
        [("shippo", true), ("shippo", true), ("shippo", false), ("shippo", false), ("shippo", false), ("table", false)];
    assert_eq!(sources, expected.map(|(source, taxed)| (source.to_owned(), taxed)));
    assert_eq!((shipments(&app).await.len(), app.provider_calls("POST /v1/tax/calculations").await.len()), (5, 2));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'provider_budget'").await, 4);
    app.advance(86_400).await;
    assert_eq!(quote(&app, &app.cart(&[(&variant, 1)]).await).await["shipping_rate"]["source"], "shippo");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shippo_s_word_on_an_address_is_passed_on_and_blocks_only_when_the_shop_is_strict() {
    let app = shop(json!({"allowed_services": ["dhl_ecommerce_parcels_ground"]})).await;
    let variant = shirt(&app).await;
    let mut nowhere = address();
    nowhere["line1"] = json!("Nowhere 1");
    let line = json!([{"variant_id": variant, "quantity": 1}]);
    let cart = app.cart_with(json!({"email": "a@example.com", "shipping_address": nowhere, "line_items": line})).await;
    let quoted = quote(&app, &cart).await;
    assert_eq!(
        (&quoted["problems"][0]["code"], &quoted["problems"][0]["severity"]),
        (&json!("address_questionable"), &json!("notice"))
    );
    assert_eq!(quoted["complete"], true);
    settings(&app, json!({"strict_addresses": true})).await;
    let quoted = quote(&app, &cart).await;
    assert_eq!((&quoted["problems"][0]["severity"], &quoted["complete"]), (&json!("blocking"), &json!(false)));
    assert_eq!(app.read_cart(&cart).await["problems"][0]["code"], "address_questionable");
    let problem = app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    assert_eq!(problem["errors"][0]["code"], "address_questionable");
    let mut request = checkout_body(&cart);
    request["quote_id"] = quoted["quote_id"].clone();
    let by_quote = app.call("POST", "/v1/checkouts").header("X-Cart-Token", &cart.token).json(request);
    by_quote.send().await.problem(422, "cart_incomplete");
    on(&app, &cart, "PATCH", "").json(json!({"shipping_address": address()})).send().await.expect(200);
    app.checkout(&cart).await;
    app.advance(3600).await;
    app.reconcile().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_refuse_what_cannot_work_and_handling_takes_its_days() {
    let app = TestApp::start().await;
    let patch = |body: Value| app.staff_patch("/v1/admin/shipping-settings", body).send();
    let size = json!({"length": 1, "width": 1, "height": 1});
    for (body, pointer) in [
        (json!({"provider": "shippo"}), "/origin"),
        (json!({"origin": {"country": "DE"}}), "/origin/name"),
        (json!({"boxes": []}), "/boxes"),
        (
            json!({"boxes": [{"name": "B", "dimensions_mm": size, "empty_weight_grams": 5, "max_weight_grams": 5}]}),
            "/boxes/0/max_weight_grams",
        ),
        (
            json!({"boxes": [{"name": "B", "dimensions_mm": {"length": 9999, "width": 1, "height": 1}, "empty_weight_grams": 0, "max_weight_grams": 5}]}),
            "/boxes/0/dimensions_mm",
        ),
        (json!({"handling_days": -1}), "/handling_days"),
    ] {
        let problem = patch(body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let variant = shirt(&app).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    settings(&app, json!({"provider": "shippo", "origin": address(), "handling_days": 0})).await;
    let days = |quoted: &Value| quoted["shipping_rates"][0]["max_days"].as_i64().unwrap();
    let soon = days(&quote(&app, &cart).await);
    settings(&app, json!({"handling_days": 4})).await;
    assert_eq!(days(&quote(&app, &cart).await), soon + 4);
    app.finish().await;
    let app = TestApp::with(&[("SHIPPO_API_TOKEN", "")]).await;
    let problem = app
        .staff_patch("/v1/admin/shipping-settings", json!({"provider": "shippo", "origin": address()}))
        .send()
        .await
        .problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "not_configured");
    app.finish().await;
}
