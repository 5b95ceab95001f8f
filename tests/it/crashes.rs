//! The process dies between each pair of steps; afterwards everything ends paid, open or cleanly undone.

use serde_json::json;

use crate::harness::{CartHandle, TestApp, WEBHOOK_SECRET};
use crate::webhooks::sign;

/// A shop with three units, and a cart of two whose checkout killed the service at `point`.
async fn dies(point: &str) -> (TestApp, String, CartHandle) {
    let app = TestApp::start().await;
    if point == "after_ask" {
        app.ask_stripe_for_tax().await;
    }
    let variant = app.variant(3).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let doomed = app.process(&[("MERX_FAULT", &format!("kill:{point}"))]).await;
    assert!(app.checkout_call(&doomed.base_url, &cart, "k").try_send().await.is_err(), "{point} did not kill");
    doomed.died().await;
    (app, variant, cart)
}

/// The request is repeated at another service once the claim has lapsed.
async fn dies_and_is_repeated(point: &str) {
    let (app, variant, cart) = dies(point).await;
    let repeated = app.try_checkout(&cart, "k").await;
    if point == "before_answer" {
        assert_eq!((repeated.status, repeated.header("idempotent-replayed")), (201, "true"), "stored as it opened");
    } else {
        // The claim of the dead process is respected until its lease lapses.
        repeated.problem(409, "request_in_flight");
    }
    app.advance(61).await;
    let checkout = app.checkout_under(&cart, "k").await;
    assert_eq!(checkout.body["status"], "open");
    assert_eq!(app.stock(&variant).await, (3, 2));
    assert_eq!(app.sandbox_get("/_control/summary").await["sessions"].as_array().unwrap().len(), 1, "{point}");
    assert_eq!(app.count("SELECT count(*) FROM orders").await, 1);
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(app.stock(&variant).await, (1, 0));
    app.finish().await;
}

/// Nobody repeats the request, so recovery must end it alone.
async fn dies_and_is_forgotten(point: &str) {
    let (app, variant, cart) = dies(point).await;
    app.advance(60).await;
    app.reconcile().await;
    let creating = app.count("SELECT count(*) FROM checkouts WHERE status = 'creating'").await;
    assert_eq!(creating, 0, "{point}");
    let open = app.count("SELECT count(*) FROM checkouts WHERE status = 'open'").await;
    assert_eq!(app.stock(&variant).await, (3, 2 * open), "{point}");
    app.advance(16 * 60).await;
    app.reconcile().await;
    assert_eq!(app.stock(&variant).await, (3, 0), "{point}");
    assert_eq!(app.read_cart(&cart).await["status"], "open");
    app.finish().await;
}

macro_rules! crash_tests {
    ($($name:ident $point:literal),+ $(,)?) => {
        mod repeated {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::dies_and_is_repeated($point).await;
            })+
        }
        mod forgotten {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::dies_and_is_forgotten($point).await;
            })+
        }
    };
}

crash_tests! {
    after_claim "after_claim",
    after_ask "after_ask",
    after_reserve "after_reserve",
    before_create "before_create",
    after_create "after_create",
    before_answer "before_answer",
}

/// What costs nothing has no session to open, so its answer is stored by itself afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_for_nothing_whose_answer_was_not_stored_is_answered_by_the_repeat() {
    let app = TestApp::start().await;
    let free = json!({"on_hand": 3, "prices": [{"amount": 0, "currency": "EUR"}], "requires_shipping": false});
    let variant = app.variant_with(free).await;
    let cart = app.cart(&[(&variant, 1)]).await;
    let doomed = app.process(&[("MERX_FAULT", "kill:before_answer")]).await;
    assert!(app.checkout_call(&doomed.base_url, &cart, "k").try_send().await.is_err());
    doomed.died().await;
    app.try_checkout(&cart, "k").await.problem(409, "request_in_flight");
    app.advance(61).await;
    assert_eq!(app.checkout_under(&cart, "k").await.body["status"], "completed");
    assert_eq!(app.count("SELECT count(*) FROM orders").await, 1);
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (2, 0));
    app.finish().await;
}

/// The buyer pays although the shop died before it knew the session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_only_stripe_knows_is_paid_all_the_same() {
    let (app, variant, cart) = dies("after_create").await;
    let session = app.sandbox_get("/_control/summary").await["sessions"][0]["id"].as_str().unwrap().to_owned();
    app.control(&format!("checkout-sessions/{session}/pay"), json!({"outcome": "paid"})).await;
    app.run_jobs().await;
    assert_eq!(app.count("SELECT count(*) FROM orders WHERE status = 'confirmed' AND number = '1001'").await, 1);
    assert_eq!(app.stock(&variant).await, (1, 0));
    app.advance(61).await;
    let checkout = app.checkout_under(&cart, "k").await;
    assert_eq!(checkout.body["status"], "completed");
    app.finish().await;
}

/// Closing dies before and after Stripe expired the session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_that_dies_is_finished_by_recovery() {
    for point in ["before_expire", "after_expire"] {
        let app = TestApp::start().await;
        let variant = app.variant(3).await;
        let (cart, checkout) = app.checked_out(&variant, 1).await;
        app.webhooks("drop").await;
        let doomed = app.process(&[("MERX_FAULT", &format!("kill:{point}"))]).await;
        let path = format!("/v1/checkouts/{}/cancel", checkout.id);
        let cancel = app.call_at(&doomed.base_url, "POST", &path).header("X-Cart-Token", &cart.token);
        assert!(cancel.try_send().await.is_err());
        doomed.died().await;
        assert_eq!(app.stock(&variant).await, (3, 1), "{point}");
        app.advance(120).await;
        app.reconcile().await;
        assert_eq!(app.stock(&variant).await, (3, 0), "{point}");
        assert_eq!(app.look(&checkout).await["status"], "cancelled", "{point}");
        app.finish().await;
    }
}

/// The worker dies after an event took effect, before that is noted: the event runs again and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_worker_died_runs_again_without_effect() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_effect")]).await;
    app.pay(&checkout, "delayed").await;
    doomed.died().await;
    app.advance(121).await;
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["payment_status"], "processing");
    assert_eq!(app.stock(&variant).await, (3, 1));
    assert_eq!(app.count("SELECT count(*) FROM webhook_events WHERE status = 'pending'").await, 0);
    app.pay(&checkout, "delayed_success").await;
    app.run_jobs().await;
    app.finish().await;
}

/// The service dies after a payment took effect, before its event is stored: it was not acknowledged, comes again and changes
/// nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_whose_event_was_not_stored_comes_again_without_effect() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let doomed = app.process(&[("MERX_FAULT", "kill:after_settling")]).await;
    app.webhooks("hold").await;
    app.pay(&checkout, "paid").await;
    let event = app.sandbox_get("/v1/events?type=checkout.session.completed").await["data"][0].to_string();
    let signature = sign(&app, WEBHOOK_SECRET, &event, 0);
    let call = app.call_at(&doomed.base_url, "POST", "/v1/webhooks/stripe").header("Stripe-Signature", &signature);
    assert!(call.body("application/json", event).try_send().await.is_err());
    doomed.died().await;
    assert_eq!(app.order(&checkout).await["status"], "confirmed");
    assert_eq!(app.count("SELECT count(*) FROM webhook_events").await, 0);
    app.webhooks("normal").await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (2, 0));
    let stored =
        "SELECT count(*) FROM webhook_events WHERE event_type = 'checkout.session.completed' AND status = 'processed'";
    assert_eq!(app.count(stored).await, 1);
    assert_eq!(app.count("SELECT count(*) FROM order_events WHERE kind = 'paid'").await, 1);
    app.finish().await;
}

/// A refund is sent, and the worker dies before it knows: the next sender finds it instead of sending another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_sender_died_is_not_sent_twice() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (cart, checkout) = app.checked_out(&variant, 1).await;
    app.pay(&checkout, "delayed").await;
    app.run_jobs().await;
    let path = format!("/v1/checkouts/{}/cancel", checkout.id);
    app.call("POST", &path).header("X-Cart-Token", &cart.token).send().await.expect(202);
    // Only the payment is announced; that it was refunded must be found out.
    app.webhooks("drop").await;
    app.pay(&checkout, "delayed_success").await;
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_refund")]).await;
    let events = app.sandbox_get("/v1/events?type=checkout.session.async_payment_succeeded").await;
    app.control(&format!("events/{}/deliver", events["data"][0]["id"].as_str().unwrap()), json!({})).await;
    doomed.died().await;
    app.advance(25 * 3600).await;
    app.reconcile().await;
    assert_eq!(app.order(&checkout).await["payment_status"], "refunded");
    assert_eq!(app.sandbox_get("/_control/summary").await["refunds"].as_array().unwrap().len(), 1);
    app.finish().await;
}
