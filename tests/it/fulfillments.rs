//! Shipments after they are recorded: parts, tracking, where they are, calling off, packing slips.

use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, SHIPPO_WEBHOOK_TOKEN, TestApp, address, states};

fn path(checkout: &CheckoutHandle, fulfillment: &str, rest: &str) -> String {
    format!("/v1/admin/orders/{}/fulfillments/{fulfillment}{rest}", checkout.order_id)
}

/// Records a shipment; answers its id.
async fn ship(app: &TestApp, checkout: &CheckoutHandle, body: Value) -> String {
    let order = app.about(checkout, "fulfillments", body).send().await.expect(201);
    let all = order["fulfillments"].as_array().unwrap();
    all.last().unwrap()["id"].as_str().unwrap().to_owned()
}

/// Some units of the order's only line.
fn units(checkout: &CheckoutHandle, quantity: i64) -> Value {
    json!([{"line_item_id": checkout.body["order"]["line_items"][0]["id"], "quantity": quantity}])
}

async fn patch(app: &TestApp, checkout: &CheckoutHandle, fulfillment: &str, body: Value) -> Value {
    app.staff_patch(&path(checkout, fulfillment, ""), body).send().await.expect(200)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parcels_are_followed_one_by_one_until_the_last_arrives() {
    let app = TestApp::start().await;
    let checkout = app.paid(&app.variant(9).await, 3).await;
    let first = ship(
        &app,
        &checkout,
        json!({"line_items": units(&checkout, 1), "carrier": "UPS", "tracking_number": "1Z 999"}),
    )
    .await;
    let second = ship(&app, &checkout, json!({"line_items": units(&checkout, 2)})).await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!(states(&order), ["completed", "paid", "fulfilled"]);
    let shown = &order["fulfillments"][0];
    assert_eq!(
        (&shown["status"], &shown["tracking_url"]),
        (&json!("pending"), &json!("https://www.ups.com/track?tracknum=1Z999"))
    );
    assert!(shown.get("labels").is_none(), "labels are for staff: {shown}");
    // Tracking of an unknown carrier needs an address of its own, and a safe one.
    let body = json!({"carrier": "Uncle Bob", "tracking_number": "7"});
    assert_eq!(patch(&app, &checkout, &second, body).await["tracking_url"], Value::Null);
    for url in ["http://bob.example/7", "javascript:alert(1)"] {
        let call = app.staff_patch(&path(&checkout, &second, ""), json!({"tracking_url": url}));
        let problem = call.send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/tracking_url");
    }
    let body = json!({"tracking_url": "https://bob.example/7"});
    assert_eq!(patch(&app, &checkout, &second, body).await["tracking_url"], "https://bob.example/7");
    // Another number is another parcel, and has another address.
    let body = json!({"carrier": "DHL Express", "tracking_number": "8"});
    let changed = patch(&app, &checkout, &second, body).await;
    assert_eq!(changed["tracking_url"], "https://www.dhl.com/en/express/tracking.html?AWB=8");
    // Staff say where it is; what arrived does not go back on its way.
    assert_eq!(patch(&app, &checkout, &first, json!({"status": "delivered"})).await["status"], "delivered");
    assert_eq!(app.order(&checkout).await["fulfillment_status"], "fulfilled");
    let back = app.staff_patch(&path(&checkout, &first, ""), json!({"status": "in_transit"}));
    back.send().await.problem(409, "fulfillment_not_changeable");
    let odd = app.staff_patch(&path(&checkout, &first, ""), json!({"status": "cancelled"}));
    odd.send().await.problem(422, "validation_failed");
    let stale = app.staff_patch(&path(&checkout, &second, ""), json!({"status": "delivered"}));
    stale.header("If-Match", "\"v1\"").send().await.problem(412, "precondition_failed");
    patch(&app, &checkout, &second, json!({"status": "delivered"})).await;
    let order = app.order(&checkout).await;
    assert_eq!(states(&order), ["completed", "paid", "delivered"]);
    assert!(order["fulfillments"].as_array().unwrap().iter().all(|shown| shown["delivered_at"].is_string()));
    patch(&app, &checkout, &second, json!({"status": "returned"})).await;
    assert_eq!(app.order(&checkout).await["fulfillment_status"], "fulfilled");
    assert_eq!(app.alerts("delivery_failed").await, 1);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_delivery_is_over_once_the_parcel_moves_and_a_carrier_without_a_number_is_not_asked() {
    let app = TestApp::start().await;
    let checkout = app.paid(&app.variant(9).await, 1).await;
    let parcel = ship(&app, &checkout, json!({"carrier": "UPS"})).await;
    let asked = "SELECT count(*) FROM fulfillments WHERE carrier_token IS NOT NULL";
    assert_eq!(app.count(asked).await, 0);
    patch(&app, &checkout, &parcel, json!({"tracking_number": "1Z8"})).await;
    assert_eq!(app.count(asked).await, 1);
    patch(&app, &checkout, &parcel, json!({"carrier": "UPS", "tracking_number": null})).await;
    assert_eq!(app.count(asked).await, 0);
    let open = "SELECT count(*) FROM alerts WHERE kind = 'delivery_failed' AND acknowledged_at IS NULL";
    for (status, alerts) in [("failed", 1), ("in_transit", 0), ("failed", 1), ("returned", 1)] {
        patch(&app, &checkout, &parcel, json!({"status": status})).await;
        assert_eq!(app.count(open).await, alerts, "{status}");
    }
    assert_eq!(app.alerts("delivery_failed").await, 3);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_left_is_called_off_and_can_be_sent_again() {
    let app = TestApp::start().await;
    let checkout = app.paid(&app.variant(9).await, 2).await;
    let parcel = ship(&app, &checkout, json!({})).await;
    let call = |fulfillment: &str| app.staff_post(&path(&checkout, fulfillment, "/cancel"), json!({})).send();
    // Two at once: one effect.
    let (one, two) = tokio::join!(call(&parcel), call(&parcel));
    assert_eq!(
        (one.expect(200)["status"].clone(), two.expect(200)["status"].clone()),
        (json!("cancelled"), json!("cancelled"))
    );
    let order = app.staff_order(&checkout).await;
    assert_eq!(states(&order), ["confirmed", "paid", "unfulfilled"]);
    assert_eq!(order["line_items"][0]["fulfillable_quantity"], 2);
    assert_eq!(order["fulfillments"][0]["status"], "cancelled");
    assert_eq!(app.order(&checkout).await["fulfillments"], json!([]), "shoppers see none that was called off");
    let entries = order["timeline"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "fulfillment_cancelled");
    assert_eq!(entries.count(), 1);
    let again = ship(&app, &checkout, json!({})).await;
    // What was refunded as sent must not be sent once more.
    let refund = json!({"line_items": [{"line_item_id": checkout.body["order"]["line_items"][0]["id"], "quantity": 1, "restock": false}], "reason": "returned"});
    app.about(&checkout, "refunds", refund).send().await.expect(201);
    app.run_jobs().await;
    call(&again).await.problem(409, "fulfillment_not_changeable");
    patch(&app, &checkout, &again, json!({"status": "in_transit"})).await;
    call(&again).await.problem(409, "fulfillment_not_changeable");
    let strange = app.paid(&app.variant(1).await, 1).await;
    let call = app.staff_post(&path(&strange, &again, "/cancel"), json!({}));
    call.send().await.problem(404, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carriers_tell_in_any_order_and_twice_and_only_shippo_may() {
    let app = TestApp::start().await;
    let checkout = app.paid(&app.variant(9).await, 1).await;
    let parcel = ship(&app, &checkout, json!({"carrier": "UPS", "tracking_number": "1Z7"})).await;
    app.run_jobs().await;
    let url = format!("/v1/webhooks/shippo?token={SHIPPO_WEBHOOK_TOKEN}");
    let start = app.app.clock.now() - chrono::TimeDelta::hours(2);
    let at =
        |minute: i64| (start + chrono::TimeDelta::minutes(minute)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let told = |status: &str, minute: i64| {
        json!({"event": "track_updated", "test": true, "carrier": "ups", "data": {
            "carrier": "ups", "tracking_number": "1Z7", "tracking_status": {"status": status, "status_details": format!("<{status}>"),
            "status_date": at(minute)}}})
    };
    // Newest first, each twice: what arrived stays.
    for (status, minute) in [("DELIVERED", 9), ("FAILURE", 5), ("TRANSIT", 3), ("PRE_TRANSIT", 1), ("UNKNOWN", 0)] {
        for _ in 0..2 {
            app.post(&url, told(status, minute)).send().await.expect(200);
        }
        app.run_jobs().await;
    }
    let order = app.staff_order(&checkout).await;
    let shown = &order["fulfillments"][0];
    assert_eq!(
        (&shown["status"], &shown["delivered_at"], &shown["tracking_detail"], &order["fulfillment_status"]),
        (&json!("delivered"), &json!(at(9)), &json!("<DELIVERED>"), &json!("delivered"))
    );
    let moves = order["timeline"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "parcel_moved");
    assert_eq!(moves.count(), 1);
    assert_eq!(
        app.count("SELECT count(*) FROM webhook_events WHERE provider = 'shippo'").await,
        5,
        "each is kept once"
    );
    // A parcel of nobody, another event, one of live mode: kept, without effect.
    app.post(&url, json!({"event": "batch_created", "test": true, "data": {}})).send().await.expect(200);
    app.post(&url, json!({"event": "track_updated", "test": false, "data": told("RETURNED", 30)["data"]}))
        .send()
        .await
        .expect(200);
    app.run_jobs().await;
    assert_eq!(app.alerts("wrong_mode").await, 1);
    assert_eq!(app.staff_get(&path(&checkout, &parcel, "")).send().await.expect(200)["status"], "delivered");
    // Whoever does not know the token changes nothing.
    for url in ["/v1/webhooks/shippo", "/v1/webhooks/shippo?token=", "/v1/webhooks/shippo?token=x"] {
        app.post(url, told("RETURNED", 40)).send().await.problem(400, "invalid_signature");
    }
    app.post(&url, json!({"no": "event"})).send().await.problem(400, "malformed_body");
    app.post(&url, told("RETURNED", 50)).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(app.staff_get(&path(&checkout, &parcel, "")).send().await.expect(200)["status"], "returned");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_secret_what_shippo_tells_must_be_signed() {
    let app = TestApp::with(&[("SHIPPO_WEBHOOK_SECRETS", "a secret of Shippo")]).await;
    let url = format!("/v1/webhooks/shippo?token={SHIPPO_WEBHOOK_TOKEN}");
    let body = json!({"event": "batch_created", "test": true, "data": {}}).to_string();
    let time = app.app.clock.now().timestamp();
    let signed = |secret: &str| {
        let parts: [&[u8]; 3] = [&time.to_string().into_bytes(), b".", body.as_bytes()];
        let mac = merx::tokens::hmac_sha256(secret.as_bytes(), &parts);
        format!("t={time},v1={}", mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let send = |signature: String| {
        app.call("POST", &url).body("application/json", body.clone()).header("Shippo-Auth-Signature", &signature).send()
    };
    send(signed("another secret")).await.problem(400, "invalid_signature");
    send(String::new()).await.problem(400, "invalid_signature");
    send(signed("a secret of Shippo")).await.expect(200);
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_typed_in_are_registered_and_silent_parcels_are_asked_for() {
    let app = TestApp::start().await;
    let checkout = app.paid(&app.variant(9).await, 1).await;
    let parcel = ship(&app, &checkout, json!({"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT"})).await;
    app.run_jobs().await;
    let shown = app.staff_get(&path(&checkout, &parcel, "")).send().await.expect(200);
    assert_eq!((&shown["status"], app.provider_calls("POST /shippo/tracks").await.len()), (&json!("in_transit"), 1));
    // The carrier moves it, and nobody is told of it.
    app.control("tracks/SHIPPO_TRANSIT", json!({"carrier": "shippo", "status": "DELIVERED", "tell": false})).await;
    app.advance(23 * 3600).await;
    app.reconcile().await;
    assert!(app.provider_calls("GET /shippo/tracks").await.is_empty(), "it was heard of within a day");
    app.advance(2 * 3600).await;
    // Shippo silent: asked again a day later.
    app.fault(json!({"kind": "status", "status": 500, "match": {"path": "/shippo/tracks"}, "times": 3})).await;
    app.reconcile().await;
    app.advance(25 * 3600).await;
    app.reconcile().await;
    assert_eq!(states(&app.order(&checkout).await), ["completed", "paid", "delivered"]);
    let asked = app.provider_calls("GET /shippo/tracks").await.len();
    app.advance(25 * 3600).await;
    app.reconcile().await;
    assert_eq!(app.provider_calls("GET /shippo/tracks").await.len(), asked, "what arrived is not asked for");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packing_slip_names_what_goes_into_the_parcel_and_no_price() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 9, "sku": "<b>SKU</b>"})).await;
    let mut to = address();
    to["name"] = json!("Ada <script>alert(1)</script>");
    let cart = app.cart_with(json!({"email": "ada@example.com", "shipping_address": to, "line_items": [{"variant_id": variant, "quantity": 3}]})).await;
    let checkout = app.checkout(&cart).await;
    app.settle(&checkout).await;
    let parcel = ship(&app, &checkout, json!({"line_items": units(&checkout, 2)})).await;
    let slip = app.staff_get(&path(&checkout, &parcel, "/packing-slip")).send().await;
    assert!(slip.header("content-type").starts_with("text/html"));
    assert!(slip.header("content-security-policy").contains("default-src 'none'"));
    let text = slip.text;
    for part in ["&lt;b&gt;SKU&lt;/b&gt;", "Ada &lt;script&gt;", "<td class=\"n\">2</td>", "10119 Berlin"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    for part in ["<script>", "<b>SKU", "19.99", "EUR"] {
        assert!(!text.contains(part), "{part} is in {text}");
    }
    app.finish().await;
}
