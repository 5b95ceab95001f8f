//! Labels: bought once, whatever dies or does not answer; voided; by a rate that is still good.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::{Call, CheckoutHandle, TestApp, address, guard, states};

/// A shop in Berlin that asks carriers.
async fn shop() -> TestApp {
    shop_with(&[]).await
}

async fn shop_with(variables: &[(&str, &str)]) -> TestApp {
    let app = TestApp::with(variables).await;
    let mut origin = address();
    origin["phone"] = json!("+49 30 1234567");
    let settings = json!({"provider": "shippo", "origin": origin, "origin_email": "post@shop.example"});
    app.staff_patch("/v1/admin/shipping-settings", settings).send().await.expect(200);
    app
}

/// A paid order of two shirts that are sent by UPS, and its only shipment.
async fn sold(app: &TestApp) -> (CheckoutHandle, String) {
    let shirt =
        json!({"on_hand": 9, "weight_grams": 400, "dimensions_mm": {"length": 300, "width": 200, "height": 30}});
    let variant = app.variant_with(shirt).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let on = |method: &str, rest: &str| {
        app.call(method, &format!("/v1/carts/{}{rest}", cart.id)).header("X-Cart-Token", &cart.token)
    };
    on("POST", "/quote").json(json!({})).send().await.expect(200);
    on("PUT", "/shipping-rate").json(json!({"rate_id": "shippo_ups_standard"})).send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    app.settle(&checkout).await;
    let order = app.about(&checkout, "fulfillments", json!({})).send().await.expect(201);
    (checkout, order["fulfillments"][0]["id"].as_str().unwrap().to_owned())
}

fn call(app: &TestApp, (checkout, parcel): &(CheckoutHandle, String), rest: &str, body: Value) -> Call {
    app.staff_post(&format!("/v1/admin/orders/{}/fulfillments/{parcel}{rest}", checkout.order_id), body)
}

/// Asks for a label, which must be accepted.
async fn ask(app: &TestApp, sold: &(CheckoutHandle, String), body: Value) -> Value {
    let label = call(app, sold, "/label", body).send().await.expect(201);
    assert_eq!(label["status"], "pending");
    label
}

/// The shipment as staff see it.
async fn shipment(app: &TestApp, (checkout, parcel): &(CheckoutHandle, String)) -> Value {
    let path = format!("/v1/admin/orders/{}/fulfillments/{parcel}", checkout.order_id);
    app.staff_get(&path).send().await.expect(200)
}

/// The newest label of a shipment.
async fn label(app: &TestApp, sold: &(CheckoutHandle, String)) -> Value {
    shipment(app, sold).await["labels"].as_array().unwrap().last().unwrap().clone()
}

async fn purchases(app: &TestApp) -> usize {
    app.provider_calls("POST /shippo/transactions").await.len()
}

/// What was bought at Shippo.
async fn bought(app: &TestApp) -> Vec<Value> {
    app.sandbox_get("/_control/summary").await["shippo_transactions"].as_array().unwrap().clone()
}

async fn quotes(app: &TestApp) -> usize {
    app.provider_calls("POST /shippo/shipments").await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_is_bought_by_the_chosen_rate_and_its_parcel_is_followed() {
    let app = shop().await;
    let sold = sold(&app).await;
    let quoted = quotes(&app).await;
    let asked = call(&app, &sold, "/label", json!({})).header("Idempotency-Key", "one").send().await.expect(201);
    app.run_jobs().await;
    let again = call(&app, &sold, "/label", json!({})).header("Idempotency-Key", "one").send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201)["id"], asked["id"]);
    let label = label(&app, &sold).await;
    let order = app.staff_order(&sold.0).await;
    assert_eq!(
        (&label["status"], &label["carrier"], &label["cost"], &label["cost_difference"]["amount"]),
        (&json!("purchased"), &json!("UPS"), &order["shipping_rate"]["price"], &json!(0))
    );
    assert!(label["label_url"].as_str().unwrap().ends_with(".pdf"), "{label}");
    assert_eq!((purchases(&app).await, quotes(&app).await), (1, quoted), "the rate was young");
    let at_shippo = &bought(&app).await[0];
    assert_eq!(
        (&at_shippo["metadata"], &at_shippo["rate"]),
        (&label["id"], &order["shipping_rate"]["provider_rate_id"])
    );
    // The shopper follows it, and sees nothing of what it costs.
    let shown = app.order(&sold.0).await["fulfillments"][0].clone();
    assert_eq!((&shown["status"], &shown["tracking_number"]), (&json!("label_purchased"), &label["tracking_number"]));
    assert!(shown["tracking_url"].as_str().unwrap().starts_with("https://www.ups.com/"));
    assert!(shown.get("labels").is_none());
    // Its number is the label's; it cannot be called off, nor have another.
    let path = format!("/v1/admin/orders/{}/fulfillments/{}", sold.0.order_id, sold.1);
    let typed = app.staff_patch(&path, json!({"tracking_number": "7"}));
    typed.send().await.problem(409, "fulfillment_not_changeable");
    call(&app, &sold, "/cancel", json!({})).send().await.problem(409, "fulfillment_not_changeable");
    call(&app, &sold, "/label", json!({})).send().await.problem(409, "label_exists");
    // Shippo tells where it is.
    let number = label["tracking_number"].as_str().unwrap();
    for (status, seen) in [("TRANSIT", "fulfilled"), ("DELIVERED", "delivered")] {
        let told = app.control(&format!("tracks/{number}"), json!({"carrier": "ups", "status": status})).await;
        assert_eq!(told["status"], 200, "{told}");
        app.run_jobs().await;
        assert_eq!(states(&app.order(&sold.0).await), ["completed", "paid", seen]);
    }
    call(&app, &sold, "/label/void", json!({})).send().await.problem(409, "label_not_possible");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_buy_at_once_buy_one_label() {
    let app = shop().await;
    let sold = sold(&app).await;
    let send = || call(&app, &sold, "/label", json!({})).send();
    let (one, two) = tokio::join!(send(), send());
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let refused = if one.status == 409 { one } else { two };
    assert!(refused.problem(409, "label_exists")["label_id"].as_str().unwrap().starts_with("lbl_"));
    app.run_jobs().await;
    assert_eq!((purchases(&app).await, label(&app, &sold).await["status"].clone()), (1, json!("purchased")));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purchase_whose_answer_is_lost_is_found_and_never_repeated() {
    let app = shop().await;
    let lost = [
        json!({"kind": "reset", "after_execution": true}),
        json!({"kind": "status", "status": 500, "after_execution": true}),
        json!({"kind": "garbage", "after_execution": true}),
    ];
    for mut fault in lost {
        let sold = sold(&app).await;
        let before = purchases(&app).await;
        fault["match"] = json!({"method": "POST", "path": "/shippo/transactions"});
        app.fault(fault).await;
        ask(&app, &sold, json!({})).await;
        app.run_jobs().await;
        assert_eq!(label(&app, &sold).await["status"], "pending");
        app.advance(10).await;
        app.run_jobs().await;
        assert_eq!(label(&app, &sold).await["status"], "purchased");
        assert_eq!(purchases(&app).await, before + 1);
    }
    assert_eq!(bought(&app).await.len(), 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_executed_is_bought_again_once_nothing_can_come_of_it() {
    let app = shop().await;
    // An error that says nothing: it is looked for, and waited for, before it is bought again.
    let sold = sold(&app).await;
    app.fault(json!({"kind": "status", "status": 500, "match": {"method": "POST", "path": "/shippo/transactions"}}))
        .await;
    ask(&app, &sold, json!({})).await;
    app.run_jobs().await;
    app.advance(60).await;
    app.run_jobs().await;
    assert_eq!((purchases(&app).await, bought(&app).await.len()), (1, 0), "it may still be executed");
    assert!(!app.provider_calls("GET /shippo/transactions").await.is_empty());
    app.advance(600).await;
    app.run_jobs().await;
    assert_eq!((purchases(&app).await, bought(&app).await.len()), (2, 1));
    assert_eq!(label(&app, &sold).await["status"], "purchased");
    // Refused for being too busy: certainly not executed.
    let other = self::sold(&app).await;
    app.fault(json!({"kind": "status", "status": 429, "match": {"method": "POST", "path": "/shippo/transactions"}}))
        .await;
    ask(&app, &other, json!({})).await;
    app.run_jobs().await;
    app.advance(10).await;
    app.run_jobs().await;
    assert_eq!((label(&app, &other).await["status"].clone(), bought(&app).await.len()), (json!("purchased"), 2));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_after_buying_leaves_one_label() {
    let app = shop().await;
    let sold = sold(&app).await;
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_label_purchase")]).await;
    ask(&app, &sold, json!({})).await;
    doomed.died().await;
    assert_eq!((bought(&app).await.len(), label(&app, &sold).await["status"].clone()), (1, json!("pending")));
    app.advance(121).await;
    app.run_jobs().await;
    assert_eq!((purchases(&app).await, label(&app, &sold).await["status"].clone()), (1, json!("purchased")));
    // The same between voiding and its note.
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_label_void")]).await;
    call(&app, &sold, "/label/void", json!({})).send().await.expect(200);
    doomed.died().await;
    app.advance(121).await;
    app.run_jobs().await;
    assert_eq!(app.provider_calls("POST /shippo/refunds").await.len(), 1);
    assert_eq!(label(&app, &sold).await["status"], "voided");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_of_a_purchase_at_once_buy_one_label() {
    let app = shop_with(&[("MERX_FAULT", "stall:before_label_attempt")]).await;
    let sold = sold(&app).await;
    let asked = ask(&app, &sold, json!({})).await;
    let id: merx::ids::ShippingLabelId = asked["id"].as_str().unwrap().parse().unwrap();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let shop = Arc::clone(&app.app);
        runs.push(tokio::spawn(async move { merx::labels::buy::buy(&shop, id).await }));
        // Each has found nothing of the other, and is about to buy.
        guard(app.app.faults.reached()).await;
    }
    app.app.faults.release();
    let mut ended = Vec::new();
    for run in runs {
        ended.push(guard(run).await.unwrap().is_ok());
    }
    ended.sort_unstable();
    assert_eq!(ended, [false, true], "who comes second does not buy");
    app.run_jobs().await;
    assert_eq!((purchases(&app).await, bought(&app).await.len()), (1, 1));
    assert_eq!(label(&app, &sold).await["status"], "purchased");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_held_up_finds_its_label_bought_by_another() {
    let app = shop_with(&[("MERX_FAULT", "stall:before_label_attempt")]).await;
    let sold = sold(&app).await;
    ask(&app, &sold, json!({})).await;
    let shop = Arc::clone(&app.app);
    let held = tokio::spawn(async move { merx::jobs::worker::run_due(&shop).await });
    guard(app.app.faults.reached()).await;
    // Its lease is over, and a worker in another process buys.
    app.advance(121).await;
    let other = app.worker(&[("MERX_FAULT", "")]).await;
    guard(async { while label(&app, &sold).await["status"] != "purchased" {} }).await;
    app.app.faults.release();
    guard(held).await.unwrap().unwrap();
    other.terminate().await;
    assert_eq!((purchases(&app).await, bought(&app).await.len()), (1, 1));
    assert_eq!(label(&app, &sold).await["status"], "purchased");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_rate_another_parcel_or_service_is_asked_for_anew() {
    let app = shop().await;
    let old = sold(&app).await;
    let young = sold(&app).await;
    // Heavier than it was packed: the same service, asked for with what staff measured.
    let measured = json!({"parcel": {"dimensions_mm": {"length": 400, "width": 300, "height": 200}, "weight_grams": 20000}, "file_type": "PDF_A6"});
    let before = quotes(&app).await;
    ask(&app, &young, measured).await;
    app.run_jobs().await;
    let heavy = label(&app, &young).await;
    assert_eq!((quotes(&app).await, &heavy["service"]), (before + 1, &json!("ups_standard")));
    assert!(heavy["cost_difference"]["amount"].as_i64().unwrap() > 0, "{heavy}");
    let asked = app.provider_calls("POST /shippo/shipments").await.pop().unwrap();
    assert_eq!((&asked["body"]["parcels"][0]["weight"], &asked["body"]["metadata"]), (&json!("20"), &heavy["id"]));
    // Too old to be bought.
    app.advance(6 * 86_400 + 3600).await;
    let own = app.staff_order(&old.0).await["shipping_rate"]["provider_rate_id"].clone();
    ask(&app, &old, json!({})).await;
    app.run_jobs().await;
    let fresh = label(&app, &old).await;
    assert_eq!(
        (quotes(&app).await, &fresh["status"], &fresh["cost_difference"]["amount"]),
        (before + 2, &json!("purchased"), &json!(0))
    );
    assert!(bought(&app).await.iter().all(|bought| bought["rate"] != own));
    // A service that nobody offers: said, with those that are, and the shipment may have another try.
    let third = sold(&app).await;
    ask(&app, &third, json!({"service": "ups_rocket"})).await;
    app.run_jobs().await;
    let refused = label(&app, &third).await;
    assert_eq!(refused["status"], "failed");
    assert!(refused["error"].as_str().unwrap().contains("ups_standard"), "{refused}");
    assert_eq!(app.alerts("label_failed").await, 1);
    app.control("shippo", json!({"labels": "queued"})).await;
    ask(&app, &third, json!({"service": "ups_standard"})).await;
    app.run_jobs().await;
    assert_eq!(label(&app, &third).await["status"], "pending", "the carrier still makes it");
    app.advance(11).await;
    app.run_jobs().await;
    assert_eq!(label(&app, &third).await["status"], "purchased");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voided_label_frees_its_shipment() {
    let app = shop().await;
    let sold = sold(&app).await;
    call(&app, &sold, "/label/void", json!({})).send().await.problem(409, "label_not_possible");
    ask(&app, &sold, json!({})).await;
    app.run_jobs().await;
    // The answer is lost: it is not asked twice.
    let fault =
        json!({"kind": "reset", "after_execution": true, "match": {"method": "POST", "path": "/shippo/refunds"}});
    app.fault(fault).await;
    assert_eq!(call(&app, &sold, "/label/void", json!({})).send().await.expect(200)["status"], "void_requested");
    call(&app, &sold, "/label/void", json!({})).send().await.expect(200);
    app.run_jobs().await;
    app.advance(10).await;
    app.run_jobs().await;
    assert_eq!(app.provider_calls("POST /shippo/refunds").await.len(), 1);
    let free = shipment(&app, &sold).await;
    assert_eq!(
        (&free["status"], &free["tracking_number"], &free["labels"][0]["status"]),
        (&json!("pending"), &Value::Null, &json!("voided"))
    );
    // Another label; this time the carrier takes days, and refuses.
    ask(&app, &sold, json!({})).await;
    app.run_jobs().await;
    app.control("shippo", json!({"refunds": "rejected"})).await;
    call(&app, &sold, "/label/void", json!({})).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(label(&app, &sold).await["status"], "voiding");
    app.advance(3700).await;
    app.reconcile().await;
    assert_eq!(
        (label(&app, &sold).await["status"].clone(), app.alerts("label_failed").await),
        (json!("void_rejected"), 1)
    );
    // Its shipment is free all the same.
    assert_eq!(call(&app, &sold, "/cancel", json!({})).send().await.expect(200)["status"], "cancelled");
    assert_eq!(states(&app.staff_order(&sold.0).await), ["confirmed", "paid", "unfulfilled"]);
    call(&app, &sold, "/label", json!({})).send().await.problem(409, "label_not_possible");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_carrier_s_rate_needs_a_service_and_one_parcel() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 200, "weight_grams": 1000})).await;
    let checkout = app.paid(&variant, 60).await;
    let order = app.about(&checkout, "fulfillments", json!({})).send().await.expect(201);
    let sold = (checkout, order["fulfillments"][0]["id"].as_str().unwrap().to_owned());
    let problem = call(&app, &sold, "/label", json!({})).send().await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/service");
    let by_ups = json!({"service": "ups_standard"});
    let problem = call(&app, &sold, "/label", by_ups.clone()).send().await.problem(409, "label_not_possible");
    assert!(problem["detail"].as_str().unwrap().contains("origin"), "{problem}");
    app.staff_patch("/v1/admin/shipping-settings", json!({"origin": address()})).send().await.expect(200);
    let problem = call(&app, &sold, "/label", by_ups).send().await.problem(409, "label_not_possible");
    assert!(problem["detail"].as_str().unwrap().contains("record one for each parcel"), "{problem}");
    let measured = json!({"service": "ups_standard", "parcel": {"dimensions_mm": {"length": 900, "width": 600, "height": 600}, "weight_grams": 61_000}});
    ask(&app, &sold, measured).await;
    app.run_jobs().await;
    let label = label(&app, &sold).await;
    assert_eq!((&label["status"], &label["quoted"]), (&json!("purchased"), &Value::Null));
    app.finish().await;
}
