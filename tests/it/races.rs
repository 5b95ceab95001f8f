//! Many at once.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

use crate::harness::{CheckoutHandle, TestApp, address, guard};

/// 200 carts race for 10 units through the given services; everybody who got one pays.
async fn stampede(
    app: &TestApp,
    services: &[String],
    lines: impl Fn(&str) -> serde_json::Value,
) -> BTreeMap<u16, usize> {
    let variant = app.variant(10).await;
    let mut carts = Vec::new();
    for _ in 0..200 {
        let body = json!({"email": "ada@example.com", "shipping_address": address(), "line_items": lines(&variant)});
        carts.push(app.cart_with(body).await);
    }
    let replies: Vec<_> = stream::iter(carts.iter().enumerate())
        .map(|(index, cart)| app.checkout_call(&services[index % services.len()], cart, "the race").send())
        .buffer_unordered(100)
        .collect()
        .await;
    let mut statuses = BTreeMap::new();
    for reply in replies {
        *statuses.entry(reply.status).or_default() += 1;
        if reply.status == 201 {
            let session = reply.body["session_id"].as_str().unwrap();
            app.control(&format!("checkout-sessions/{session}/pay"), json!({"outcome": "paid"})).await;
        } else {
            let problem = reply.problem(409, "insufficient_stock");
            assert_eq!(problem["shortages"][0]["variant_id"], variant.as_str());
        }
    }
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (0, 0));
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_shoppers_exactly_10_get_the_10_units() {
    let app = TestApp::start().await;
    let statuses =
        stampede(&app, std::slice::from_ref(&app.base_url), |variant| json!([{"variant_id": variant, "quantity": 1}]))
            .await;
    assert_eq!(statuses, BTreeMap::from([(201, 10), (409, 190)]));
    assert_eq!(app.count("SELECT count(*) FROM orders WHERE status = 'confirmed'").await, 10);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn across_two_processes_with_the_same_variant_on_two_lines_exactly_5_pairs_are_sold() {
    let app = TestApp::start().await;
    let other = app.process(&[]).await;
    let services = [app.base_url.clone(), other.base_url.clone()];
    let two_lines =
        |variant: &str| json!([{"variant_id": variant, "quantity": 1}, {"variant_id": variant, "quantity": 1}]);
    let statuses = stampede(&app, &services, two_lines).await;
    assert_eq!(statuses, BTreeMap::from([(201, 5), (409, 195)]));
    other.kill().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn carts_with_the_same_variants_in_any_order_never_deadlock() {
    let app = TestApp::start().await;
    let (first, second) = (app.variant(50).await, app.variant(50).await);
    let mut carts = Vec::new();
    for index in 0..40 {
        let lines = if index % 2 == 0 {
            [(first.as_str(), 1), (second.as_str(), 1)]
        } else {
            [(second.as_str(), 1), (first.as_str(), 1)]
        };
        carts.push(app.cart(&lines).await);
    }
    let checkouts: Vec<CheckoutHandle> =
        stream::iter(&carts).map(|cart| app.checkout(cart)).buffer_unordered(40).collect().await;
    for checkout in &checkouts {
        app.pay(checkout, "paid").await;
    }
    app.run_jobs().await;
    assert_eq!((app.stock(&first).await, app.stock(&second).await), ((10, 0), (10, 0)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_cart_checked_out_by_many_requests_becomes_one_order() {
    let app = TestApp::start().await;
    let variant = app.variant(100).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let keys: Vec<String> = (0..20).map(|index| format!("key {}", index % 4)).collect();
    let replies: Vec<_> =
        stream::iter(&keys).map(|key| app.try_checkout(&cart, key)).buffer_unordered(20).collect().await;
    let mut sessions: Vec<String> = Vec::new();
    for reply in replies {
        match reply.status {
            200 | 201 => sessions.push(reply.body["session_id"].as_str().unwrap().to_owned()),
            _ => {
                reply.problem(409, "request_in_flight");
            }
        }
    }
    sessions.sort();
    sessions.dedup();
    assert_eq!(sessions.len(), 1);
    assert_eq!(app.stock(&variant).await, (100, 1));
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_webhook_twenty_times_in_parallel_pays_once() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.control("webhooks", json!({"mode": "duplicate", "copies": 20})).await;
    app.pay(&checkout, "paid").await;
    app.deliveries_done().await;
    // Workers as well, all at once.
    let workers = (0..4).map(|_| merx::jobs::worker::run_due(&app.app));
    futures_util::future::join_all(workers).await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["number"], "1001");
    assert_eq!(app.stock(&variant).await, (4, 0));
    assert_eq!(app.count("SELECT count(*) FROM order_events WHERE kind = 'paid'").await, 1);
    assert_eq!(
        app.count("SELECT count(*) FROM webhook_events WHERE event_type = 'checkout.session.completed'").await,
        1
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_webhook_overtakes_the_checkout_s_own_answer() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_create")]).await;
    let variant = app.variant(5).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let answer = async { app.try_checkout(&cart, "k").await.expect(201) };
    let overtaking = async {
        guard(app.app.faults.reached()).await;
        let sessions = app.sandbox_get("/_control/summary").await["sessions"].clone();
        let id = sessions[0]["id"].as_str().unwrap().to_owned();
        app.control(&format!("checkout-sessions/{id}/pay"), json!({"outcome": "paid"})).await;
        app.run_jobs().await;
        assert_eq!(app.count("SELECT count(*) FROM orders WHERE status = 'confirmed'").await, 1);
        app.app.faults.release();
    };
    let (body, ()) = tokio::join!(answer, overtaking);
    assert_eq!(
        (&body["status"], &body["url"], &body["order"]["number"]),
        (&json!("completed"), &json!(null), &json!("1001"))
    );
    assert_eq!(app.stock(&variant).await, (4, 0));
    app.finish().await;
}

/// The cart changes, and a price does, while Stripe is asked for its tax: the order is the cart as it was locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_order_equals_the_cart_as_locked() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_ask")]).await;
    app.ask_stripe_for_tax().await;
    let (shirt, mug) = (app.variant(5).await, app.variant(5).await);
    let cart = app.cart(&[(&shirt, 1)]).await;
    let answer = async { app.try_checkout(&cart, "k").await.expect(201) };
    let change = async {
        guard(app.app.faults.reached()).await;
        let path = format!("/v1/carts/{}/line-items", cart.id);
        app.post(&path, json!({"variant_id": mug, "quantity": 2}))
            .header("X-Cart-Token", &cart.token)
            .send()
            .await
            .expect(200);
        app.staff_patch(
            &format!("/v1/admin/variants/{shirt}"),
            json!({"prices": [{"amount": 2500, "currency": "EUR"}]}),
        )
        .send()
        .await
        .expect(200);
        app.app.faults.release();
    };
    let (body, ()) = tokio::join!(answer, change);
    let order = &body["order"];
    assert_eq!(order["line_items"].as_array().unwrap().len(), 2);
    assert_eq!(order["line_items"][0]["unit_price"]["amount"], 2500);
    assert_eq!(order["totals"]["total"]["amount"], 2500 + 2 * 1999 + 490);
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", body["session_id"].as_str().unwrap())).await;
    assert_eq!(session["amount_total"], order["totals"]["total"]["amount"]);
    assert_eq!((app.stock(&shirt).await, app.stock(&mug).await), ((5, 1), (5, 2)));
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

/// With an expected total the shopper is asked again instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_price_that_changes_meanwhile_is_not_charged_unseen() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_ask")]).await;
    app.ask_stripe_for_tax().await;
    let variant = app.variant(5).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let mut body = crate::harness::checkout_body(&cart);
    body["expected_total"] = json!({"amount": 2489, "currency": "EUR"});
    let answer = app.post("/v1/checkouts", body).header("X-Cart-Token", &cart.token).send();
    let change = async {
        guard(app.app.faults.reached()).await;
        app.staff_patch(
            &format!("/v1/admin/variants/{variant}"),
            json!({"prices": [{"amount": 2500, "currency": "EUR"}]}),
        )
        .send()
        .await
        .expect(200);
        app.app.faults.release();
    };
    let (reply, ()) = tokio::join!(answer, change);
    reply.problem(409, "price_changed");
    assert_eq!(app.stock(&variant).await, (5, 0));
    app.finish().await;
}
