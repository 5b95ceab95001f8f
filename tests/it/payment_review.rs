//! Payments that are not what the order costs: staff decide.

use serde_json::json;

use crate::cancellation::other;
use crate::harness::{CheckoutHandle, TestApp, states};

/// What was paid in another currency is refunded in Stripe's dashboard; then staff end the order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_in_another_currency_is_ended_by_staff() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let pay = json!({"outcome": "paid", "amount_total": 2500, "currency": "usd"});
    app.control(&format!("checkout-sessions/{}/pay", checkout.session_id), pay).await;
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    assert_eq!((&order["payment_review"], &order["review_amount"]["currency"]), (&json!(true), &json!("USD")));
    for (call, body) in [
        ("payment-review", json!({"decision": "accept"})),
        ("payment-review", json!({"decision": "refund"})),
        ("cancel", other()),
    ] {
        let refused = app.about(&checkout, call, body).send().await.problem(409, "nothing_to_decide");
        assert!(refused["detail"].as_str().unwrap().contains("decide `cancel`"), "{refused}");
    }
    let payment = app.staff_order(&checkout).await["timeline"].to_string();
    assert!(payment.contains("USD"), "{payment}");
    let decide = || app.about(&checkout, "payment-review", json!({"decision": "cancel"})).send();
    let order = decide().await.expect(200);
    assert_eq!((&order["status"], &order["payment_review"]), (&json!("cancelled"), &json!(false)));
    decide().await.problem(409, "nothing_to_decide");
    // Hearing of the payment again opens nothing.
    app.sql("UPDATE webhook_events SET status = 'pending'").await;
    app.advance(3600).await;
    app.reconcile().await;
    assert_eq!(app.staff_order(&checkout).await["payment_review"], false);
    assert_eq!((app.stock(&variant).await, app.alerts("amount_mismatch").await), ((9, 0), 1));
    app.finish().await;
}

/// A payment of another amount waits for staff, who accept it or give it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_decide_about_a_payment_of_another_amount() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let odd = async |amount: i64| -> CheckoutHandle {
        let (_, checkout) = app.checked_out(&variant, 1).await;
        let pay = json!({"outcome": "paid", "amount_total": amount});
        app.control(&format!("checkout-sessions/{}/pay", checkout.session_id), pay).await;
        app.run_jobs().await;
        checkout
    };
    let accepted = odd(100).await;
    let order = app.staff_order(&accepted).await;
    assert_eq!((&order["payment_review"], &order["review_amount"]["amount"]), (&json!(true), &json!(100)));
    let refused = app.cancel_own(&accepted).send().await.problem(409, "order_not_cancellable");
    assert_eq!(refused["reason"], "payment_review");
    let order = app.about(&accepted, "payment-review", json!({"decision": "accept"})).send().await.expect(200);
    assert_eq!(states(&order), ["confirmed", "paid", "unfulfilled"]);
    assert_eq!(order["remaining_refundable"]["amount"], 100);
    let again = app.about(&accepted, "payment-review", json!({"decision": "refund"})).send().await;
    again.problem(409, "nothing_to_decide");
    assert_eq!(app.stock(&variant).await, (8, 0));
    let paid = order["timeline"].as_array().unwrap().iter().find(|event| event["kind"] == "paid").unwrap();
    assert_eq!(paid["detail"]["amount"]["amount"], 100);
    assert!(paid["detail"]["payment_intent_id"].is_string(), "{paid}");
    let dismissed = app.about(&accepted, "payment-review", json!({"decision": "cancel"})).send().await;
    dismissed.problem(409, "nothing_to_decide");
    for decision in ["accept", "refund", "cancel"] {
        let unknown = "/v1/admin/orders/ord_01jd8x3v5ke2t9qj6f4z0w7m8r/payment-review";
        app.staff_post(unknown, json!({"decision": decision})).send().await.problem(404, "not_found");
    }
    app.about(&accepted, "cancel", other()).send().await.expect(200);
    app.run_jobs().await;
    assert_eq!(app.refunded_at_stripe(&accepted).await, 100);
    for call in ["payment-review", "cancel"] {
        let checkout = odd(5000).await;
        let dismissed = app.about(&checkout, "payment-review", json!({"decision": "cancel"})).send().await;
        dismissed.problem(409, "nothing_to_decide");
        let (body, reason) = match call {
            "cancel" => (json!({"reason": "fraudulent"}), "fraudulent"),
            _ => (json!({"decision": "refund"}), "amount_mismatch"),
        };
        let order = app.about(&checkout, call, body).send().await.expect(200);
        assert_eq!((&order["status"], &order["cancel_reason"]), (&json!("cancelled"), &json!(reason)));
        assert_eq!(order["refunds"][0]["reason"], reason);
        app.run_jobs().await;
        assert_eq!(states(&app.order(&checkout).await)[..2], ["cancelled", "refunded"]);
        assert_eq!(app.refunded_at_stripe(&checkout).await, 5000);
    }
    assert_eq!(app.stock(&variant).await, (9, 0));
    app.run_jobs().await;
    app.finish().await;
}
