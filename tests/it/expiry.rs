//! The end of a hold: Stripe is asked first, and stock is never both released and paid.

use serde_json::json;

use crate::harness::{TestApp, guard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaid_checkout_expires_at_stripe_before_its_stock_is_released() {
    let app = TestApp::start().await;
    let variant = app.variant(2).await;
    let (cart, checkout) = app.checked_out(&variant, 2).await;
    app.advance(14 * 60).await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (2, 2));
    app.advance(2 * 60).await;
    app.run_jobs().await;
    assert_eq!(
        app.provider_calls(&format!("POST /v1/checkout/sessions/{}/expire", checkout.session_id)).await.len(),
        1
    );
    assert_eq!(app.stock(&variant).await, (2, 0));
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["cancel_reason"]), (&json!("cancelled"), &json!("hold_expired")));
    assert_eq!(app.look(&checkout).await["status"], "expired");
    assert_eq!(app.read_cart(&cart).await["status"], "open");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_released_while_stripe_does_not_answer() {
    let app = TestApp::start().await;
    let variant = app.variant(2).await;
    let (_, checkout) = app.checked_out(&variant, 2).await;
    app.fault(json!({"kind": "status", "status": 500, "times": 0, "match": {"method": "POST", "path": "/v1/checkout/sessions/"}})).await;
    app.advance(16 * 60).await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (2, 2));
    assert_eq!(app.order(&checkout).await["status"], "pending");
    // The buyer is faster than the next try.
    app.pay(&checkout, "paid").await;
    clear_faults(&app).await;
    app.advance(600).await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(app.stock(&variant).await, (0, 0));
    app.finish().await;
}

async fn clear_faults(app: &TestApp) {
    let client = reqwest::Client::new();
    client.delete(format!("{}/_control/faults", app.sandbox_url)).send().await.unwrap();
}

/// The closer has decided to expire; the buyer pays before the call arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_just_before_the_expiry_wins() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:before_expire")]).await;
    let variant = app.variant(1).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.webhooks("hold").await;
    app.advance(16 * 60).await;
    let worker = {
        let app = std::sync::Arc::clone(&app.app);
        tokio::spawn(async move { merx::jobs::worker::run_due(&app).await })
    };
    guard(app.app.faults.reached()).await;
    app.pay(&checkout, "paid").await;
    app.app.faults.release();
    worker.await.unwrap().unwrap();
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    app.webhooks("normal").await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (0, 0));
    app.finish().await;
}

/// Expired at Stripe, and the process is about to release: the buyer is refused, so nothing is both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_just_after_the_expiry_is_refused() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:after_expire")]).await;
    let variant = app.variant(1).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.advance(16 * 60).await;
    let worker = {
        let app = std::sync::Arc::clone(&app.app);
        tokio::spawn(async move { merx::jobs::worker::run_due(&app).await })
    };
    guard(app.app.faults.reached()).await;
    let (status, _) =
        app.try_control(&format!("checkout-sessions/{}/pay", checkout.session_id), json!({"outcome": "paid"})).await;
    assert_eq!(status, 400);
    // The webhook of the expiry releases; the closer afterwards finds nothing to do.
    app.deliveries_done().await;
    merx::jobs::worker::run_due(&app.app).await.unwrap();
    assert_eq!(app.stock(&variant).await, (1, 0));
    app.app.faults.release();
    worker.await.unwrap().unwrap();
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (1, 0));
    assert_eq!(app.order(&checkout).await["status"], "cancelled");
    app.finish().await;
}

/// Buyers and closers race for real, many times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_races_expiring_and_both_never_happen() {
    let app = TestApp::start().await;
    let variant = app.variant(40).await;
    let mut checkouts = Vec::new();
    for _ in 0..20 {
        checkouts.push(app.checked_out(&variant, 1).await.1);
    }
    app.advance(16 * 60).await;
    let closing = merx::jobs::worker::run_due(&app.app);
    let paying = futures_util::future::join_all(checkouts.iter().map(|checkout| {
        app.try_control_owned(format!("checkout-sessions/{}/pay", checkout.session_id), json!({"outcome": "paid"}))
    }));
    let (closed, payments) = tokio::join!(closing, paying);
    closed.unwrap();
    app.run_jobs().await;
    let mut paid = 0;
    for (checkout, (status, _)) in checkouts.iter().zip(payments) {
        let order = app.order(checkout).await;
        let expected = if status == 200 { "confirmed" } else { "cancelled" };
        assert_eq!(order["status"], expected);
        paid += i64::from(status == 200);
    }
    assert_eq!(app.stock(&variant).await, (40 - paid, 0));
    app.finish().await;
}

/// A shop's own mistake (a released hold whose session lives on) still loses no money: the payment is refunded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_for_a_closed_checkout_is_refunded_and_never_revived() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    // As if somebody had released by the clock alone.
    app.sql("UPDATE checkouts SET status = 'expired'").await;
    app.sql("UPDATE orders SET status = 'cancelled', cancelled_at = now()").await;
    app.sql("INSERT INTO order_events SELECT gen_random_uuid(), id, 'cancelled', '{}', now() FROM orders").await;
    app.sql("UPDATE carts SET status = 'open'").await;
    app.sql("UPDATE reservations SET status = 'released'").await;
    app.sql("UPDATE stock_levels SET reserved = 0").await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("cancelled"), &json!("refunded")));
    assert_eq!(app.stock(&variant).await, (1, 0));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'paid_after_close'").await, 1);
    let refunds = app.sandbox_get("/_control/summary").await["refunds"].as_array().unwrap().len();
    assert_eq!(refunds, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_of_another_amount_is_flagged_and_keeps_its_stock() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.control(
        &format!("checkout-sessions/{}/pay", checkout.session_id),
        json!({"outcome": "paid", "amount_total": 100}),
    )
    .await;
    app.run_jobs().await;
    app.advance(3600).await;
    app.reconcile().await;
    let order = app.order(&checkout).await;
    assert_eq!((&order["status"], &order["payment_review"]), (&json!("pending"), &json!(true)));
    assert_eq!(app.stock(&variant).await, (1, 1));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'amount_mismatch'").await, 1);
    app.finish().await;
}
