//! Refunds that somebody makes at Stripe before the shop has heard of their payment.

use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, TestApp, states};

/// A shop that issues invoices.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    let address = json!({"line1": "Allee 1", "city": "Berlin", "postal_code": "10115", "country": "DE"});
    let seller =
        json!({"seller": {"name": "Shop", "address": address, "tax_ids": [{"type": "eu_vat", "value": "DE1"}]}});
    app.staff_patch("/v1/admin/invoice-settings", seller).send().await.expect(200);
    app
}

async fn kinds_of_invoices(app: &TestApp, checkout: &CheckoutHandle) -> Vec<Value> {
    let path = format!("/v1/orders/{}/invoices", checkout.order_id);
    let list = app.get(&path).header("X-Order-Token", &checkout.order_token).send().await.expect(200);
    list["data"].as_array().unwrap().iter().map(|invoice| invoice["kind"].clone()).collect()
}

/// The payment is refunded in the dashboard before the shop has heard that it was paid (R18).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_is_heard_of_before_its_payment_is_not_lost() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.webhooks("drop").await;
    app.pay(&checkout, "paid").await;
    app.webhooks("normal").await;
    let payment = app.payment_of(&checkout).await;
    app.stripe_post("/v1/refunds", &format!("payment_intent={payment}&amount=300")).await;
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    assert_eq!(states(&order)[..2], ["confirmed", "partially_refunded"]);
    assert_eq!(order["refunds"][0]["source"], "stripe");
    app.finish().await;
}

/// The bank's yes to a payment that was on its way comes after the dashboard's refund of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_payment_that_was_refunded_meanwhile_is_paid_and_refunded() {
    for (amount, expected) in [(300, "partially_refunded"), (2489, "refunded")] {
        let app = shop().await;
        let variant = app.variant(5).await;
        let (_, checkout) = app.checked_out(&variant, 1).await;
        app.pay(&checkout, "delayed").await;
        app.run_jobs().await;
        app.webhooks("drop").await;
        app.pay(&checkout, "delayed_success").await;
        app.webhooks("normal").await;
        let payment = app.payment_of(&checkout).await;
        app.stripe_post("/v1/refunds", &format!("payment_intent={payment}&amount={amount}")).await;
        app.run_jobs().await;
        assert_eq!(app.order(&checkout).await["payment_status"], "processing");
        app.catch_up().await;
        assert_eq!(states(&app.order(&checkout).await)[..2], ["confirmed", expected]);
        assert_eq!(kinds_of_invoices(&app, &checkout).await, ["invoice", "credit_note"]);
        app.finish().await;
    }
}

/// Staff decide about a payment of another amount that somebody refunded a part of meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_payment_that_was_refunded_meanwhile_is_accepted_with_its_refund() {
    let app = shop().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.control(
        &format!("checkout-sessions/{}/pay", checkout.session_id),
        json!({"outcome": "paid", "amount_total": 2000}),
    )
    .await;
    app.run_jobs().await;
    let payment = app.payment_of(&checkout).await;
    app.stripe_post("/v1/refunds", &format!("payment_intent={payment}&amount=300")).await;
    app.run_jobs().await;
    app.about(&checkout, "payment-review", json!({"decision": "accept"})).send().await.expect(200);
    assert_eq!(states(&app.order(&checkout).await)[..2], ["confirmed", "partially_refunded"]);
    assert_eq!(kinds_of_invoices(&app, &checkout).await, ["invoice", "credit_note"]);
    app.finish().await;
}
