//! Cancelling orders: whoever cancels, whatever state the order is in, and whatever happens at the same moment.

use serde_json::{Value, json};

use crate::harness::{TestApp, states};

pub(crate) fn other() -> Value {
    json!({"reason": "other", "note": "a note"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaid_order_is_cancelled_at_stripe_first() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let (cart, checkout) = app.checked_out(&variant, 2).await;
    let order = app.cancel_own(&checkout).send().await.expect(200);
    assert_eq!(states(&order), ["cancelled", "unpaid", "unfulfilled"]);
    assert_eq!(app.stock(&variant).await, (3, 0));
    let session = app.sandbox_get(&format!("/v1/checkout/sessions/{}", checkout.session_id)).await;
    assert_eq!(session["status"], "expired");
    app.cancel_own(&checkout).send().await.expect(200);
    // The shopper starts again.
    assert_eq!(app.read_cart(&cart).await["status"], "open");
    let again = app.checkout(&cart).await;
    let cancelled = app.about(&again, "cancel", other()).send().await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["cancel_note"]), (&json!("cancelled"), &json!("a note")));
    assert!(app.order(&again).await.get("cancel_note").is_none());
    let refused = app.about(&again, "cancel", other()).send().await.problem(409, "order_not_cancellable");
    assert_eq!(refused["reason"], "already_cancelled");
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_order_gives_back_money_stock_and_uses() {
    let app = TestApp::start().await;
    let variant = app.variant(3).await;
    let discount = json!({"title": "D", "method": "code", "code": "ONCE", "type": "percentage", "percentage": "10", "usage_limit": 1});
    let discount = app.staff_post("/v1/admin/discounts", discount).send().await.expect(201);
    let cart = app.cart(&[(&variant, 2)]).await;
    let path = format!("/v1/carts/{}/discount-codes", cart.id);
    app.post(&path, json!({"code": "once"})).header("X-Cart-Token", &cart.token).send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    app.settle(&checkout).await;
    assert_eq!(app.stock(&variant).await, (1, 0));
    app.refund_amount(&checkout, 100, "EUR").await;
    let order = app.cancel_own(&checkout).send().await.expect(200);
    assert_eq!(order["status"], "cancelled");
    assert_eq!(app.stock(&variant).await, (3, 0), "at once, whatever becomes of the refund");
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    assert_eq!(states(&order), ["cancelled", "refunded", "unfulfilled"]);
    assert_eq!(order["line_items"][0]["fulfillable_quantity"], 0);
    let kinds: Vec<&str> =
        order["timeline"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let after = &kinds[kinds.iter().position(|kind| *kind == "paid").unwrap()..];
    assert_eq!(
        after,
        ["paid", "refund_requested", "refunded", "refund_requested", "cancelled", "restocked", "refunded"]
    );
    let total = order["totals"]["total"]["amount"].as_i64().unwrap();
    assert_eq!(app.refunded_at_stripe(&checkout).await, total);
    let path = format!("/v1/admin/discounts/{}", discount["id"].as_str().unwrap());
    assert_eq!(app.staff_get(&path).send().await.expect(200)["times_used"], 0);
    app.about(&checkout, "fulfillments", json!({})).send().await.problem(409, "order_not_fulfillable");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shoppers_may_cancel_for_a_while_and_until_something_is_sent() {
    let app = TestApp::with(&[("MERX_CANCEL_WINDOW_MINUTES", "30")]).await;
    let variant = app.variant(9).await;
    let late = app.paid(&variant, 1).await;
    let sent = app.paid(&variant, 2).await;
    let refused = app.get(&format!("/v1/orders/{}", late.order_id)).header("X-Order-Token", &sent.order_token);
    refused.send().await.problem(404, "not_found");
    let stranger = app.call("POST", &format!("/v1/orders/{}/cancel", late.order_id));
    stranger.header("X-Order-Token", &sent.order_token).send().await.problem(404, "not_found");
    let line = &sent.body["order"]["line_items"][0]["id"];
    let part = json!({"line_items": [{"line_item_id": line, "quantity": 1}], "carrier": "DHL", "tracking_number": "1"});
    let order = app.about(&sent, "fulfillments", part).send().await.expect(201);
    assert_eq!(states(&order), ["confirmed", "paid", "partially_fulfilled"]);
    let refused = app.cancel_own(&sent).send().await.problem(409, "order_not_cancellable");
    assert_eq!(refused["reason"], "fulfillment_started");
    app.advance(31 * 60).await;
    let refused = app.cancel_own(&late).send().await.problem(409, "order_not_cancellable");
    assert_eq!(refused["reason"], "window_over");
    // Staff cancel the rest: its unit comes back, and its money goes.
    let order = app.about(&sent, "cancel", other()).send().await.expect(200);
    assert_eq!(states(&order), ["completed", "paid", "fulfilled"]);
    app.run_jobs().await;
    let order = app.order(&sent).await;
    assert_eq!((&order["payment_status"], &order["refunded"]["amount"]), (&json!("partially_refunded"), &json!(1999)));
    assert_eq!(app.stock(&variant).await, (7, 0));
    let refused = app.about(&sent, "cancel", other()).send().await.problem(409, "order_not_cancellable");
    assert_eq!(refused["reason"], "fulfilled");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_payment_is_cancelled_when_it_is_decided() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    for (outcome, expected) in [("delayed_success", "refunded"), ("delayed_failure", "failed")] {
        let (_, checkout) = app.checked_out(&variant, 1).await;
        app.pay(&checkout, "delayed").await;
        app.run_jobs().await;
        let order = app.order(&checkout).await;
        assert_eq!(order["payment_status"], "processing");
        let order = app.about(&checkout, "cancel", json!({"reason": "fraudulent"})).send().await.expect(202);
        assert!(order["cancel_requested_at"].is_string() && order["cancel_reason"].is_null());
        app.pay(&checkout, outcome).await;
        app.run_jobs().await;
        let order = app.order(&checkout).await;
        assert_eq!((&order["status"], &order["payment_status"]), (&json!("cancelled"), &json!(expected)));
        let (reason, of_refund) = match expected {
            "refunded" => ("fraudulent", json!("fraudulent")),
            _ => ("payment_failed", json!(null)),
        };
        assert_eq!((&order["cancel_reason"], &order["refunds"][0]["reason"]), (&json!(reason), &of_refund));
    }
    assert_eq!(app.stock(&variant).await, (9, 0));
    app.run_jobs().await;
    app.finish().await;
}

/// The shopper pays in the very moment of cancelling: whoever is first at Stripe, the rules hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_races_paying() {
    let app = TestApp::start().await;
    let variant = app.variant(40).await;
    let mut seen = [0, 0];
    for round in 0..12 {
        let (_, checkout) = app.checked_out(&variant, 1).await;
        let pay =
            app.try_control_owned(format!("checkout-sessions/{}/pay", checkout.session_id), json!({"outcome": "paid"}));
        let cancel = app.cancel_own(&checkout).send();
        // The first two are staged, so that each is first at least once.
        let (cancelled, (paid, _)) = match round {
            0 => {
                let paid = pay.await;
                (cancel.await, paid)
            }
            1 => (cancel.await, pay.await),
            _ => tokio::join!(cancel, pay),
        };
        cancelled.expect(200);
        app.run_jobs().await;
        let order = app.order(&checkout).await;
        let expected = if paid == 200 { ["cancelled", "refunded"] } else { ["cancelled", "unpaid"] };
        assert_eq!(states(&order)[..2], expected);
        seen[usize::from(paid == 200)] += 1;
    }
    assert_eq!(app.stock(&variant).await, (40, 0));
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
    app.finish().await;
}

/// The shopper pays after the page was read as open, before it is expired: the paid order is then cancelled as paid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_lands_while_cancelling_is_given_back() {
    let app = TestApp::with(&[("MERX_FAULT", "stall:before_expire")]).await;
    let variant = app.variant(3).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.webhooks("hold").await;
    let meanwhile = async {
        app.app.faults.reached().await;
        app.pay(&checkout, "paid").await;
        app.app.faults.release();
    };
    let (reply, ()) = tokio::join!(app.cancel_own(&checkout).send(), meanwhile);
    assert_eq!(reply.expect(200)["status"], "cancelled");
    app.webhooks("normal").await;
    app.run_jobs().await;
    assert_eq!(states(&app.order(&checkout).await)[..2], ["cancelled", "refunded"]);
    assert_eq!(app.stock(&variant).await, (3, 0));
    app.finish().await;
}

/// Two people cancel, or one cancels while another ships: one effect, one clear 409.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_at_once_get_one_effect() {
    let app = TestApp::start().await;
    let variant = app.variant(60).await;
    let (mut shipped, mut sold) = (0, 0);
    for round in 0..12 {
        let checkout = app.paid(&variant, 1).await;
        let cancel = || app.about(&checkout, "cancel", other()).send();
        let ship = || app.about(&checkout, "fulfillments", json!({})).send();
        let replies = if round % 3 == 0 {
            futures_util::future::join_all((0..3).map(|_| cancel())).await
        } else if round % 3 == 1 {
            futures_util::future::join_all((0..3).map(|_| ship())).await
        } else {
            let (shipped, cancelled) = tokio::join!(ship(), cancel());
            vec![shipped, cancelled]
        };
        let done = replies.iter().filter(|reply| reply.status < 300).count();
        assert_eq!(done, 1, "{replies:?}");
        assert!(replies.iter().all(|reply| reply.status < 300 || reply.status == 409), "{replies:?}");
        app.run_jobs().await;
        let order = app.order(&checkout).await;
        match states(&order) {
            ["completed", "paid", "fulfilled"] => {
                shipped += 1;
                sold += 1;
            }
            states => assert_eq!(states, ["cancelled", "refunded", "unfulfilled"]),
        }
    }
    assert!(shipped >= 4);
    assert_eq!(app.stock(&variant).await, (60 - sold, 0));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipping_takes_units_once_and_only_what_is_left() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let (_, unpaid) = app.checked_out(&variant, 1).await;
    app.about(&unpaid, "fulfillments", json!({})).send().await.problem(409, "order_not_fulfillable");
    let checkout = app.paid(&variant, 3).await;
    let line = &checkout.body["order"]["line_items"][0]["id"];
    let units = |quantity: i64| json!({"line_items": [{"line_item_id": line, "quantity": quantity}], "tracking_url": "https://dhl.example/1"});
    let send = |quantity: i64, key: &'static str| {
        app.about(&checkout, "fulfillments", units(quantity)).header("Idempotency-Key", key)
    };
    send(2, "a").send().await.expect(201);
    assert_eq!(send(2, "a").send().await.header("idempotent-replayed"), "true");
    let refused = send(2, "b").send().await.problem(409, "order_not_fulfillable");
    assert_eq!(refused["errors"][0]["pointer"], "/line_items/0/quantity");
    // One that was sent comes back; the one that was not is not to be sent any more.
    app.refund_line(&checkout, 0, json!({})).await;
    let order = app.order(&checkout).await;
    assert_eq!(states(&order), ["completed", "partially_refunded", "fulfilled"]);
    assert_eq!(order["fulfillments"][0]["line_items"][0]["quantity"], 2);
    assert_eq!(app.stock(&variant).await, (7, 1));
    let returned = json!({"line_items": [{"line_item_id": line, "quantity": 1, "restock": true}]});
    app.refund_line(&checkout, 0, returned).await;
    assert_eq!(app.stock(&variant).await, (8, 1));
    let bad = json!({"line_items": [{"line_item_id": "li_01jd8x3v5ke2t9qj6f4z0w7m8r", "quantity": 1}]});
    app.about(&checkout, "fulfillments", bad.clone()).send().await.problem(409, "order_not_fulfillable");
    let open = app.paid(&variant, 1).await;
    app.about(&open, "fulfillments", bad).send().await.problem(422, "validation_failed");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

/// Units of a refund that is on its way go back with the cancellation, also when that refund fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_puts_back_what_a_failing_refund_would_have() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 2).await;
    app.control("refund-start", json!({"status": "pending"})).await;
    let both = app.refund_body(&checkout, 0, 2);
    app.about(&checkout, "refunds", both).send().await.expect(201);
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (3, 0));
    app.about(&checkout, "cancel", other()).send().await.expect(200);
    assert_eq!(app.stock(&variant).await, (5, 0));
    app.run_jobs().await;
    let refunds = app.sandbox_get("/_control/summary").await["refunds"].clone();
    for refund in refunds.as_array().unwrap() {
        app.control(&format!("refunds/{}", refund["id"].as_str().unwrap()), json!({"status": "failed"})).await;
    }
    app.run_jobs().await;
    app.control("refund-start", json!({"status": "succeeded"})).await;
    let left = app.order(&checkout).await["remaining_refundable"].clone();
    let body = json!({"amount": left, "reason": "other"});
    app.about(&checkout, "refunds", body).send().await.expect(201);
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (5, 0));
    assert_eq!(states(&app.order(&checkout).await)[..2], ["cancelled", "refunded"]);
    app.finish().await;
}

/// The rest of a partly sent order is cancelled although its money went back before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_is_cancelled_although_its_money_is_gone_already() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 2).await;
    let line = &checkout.body["order"]["line_items"][0]["id"];
    let one = json!({"line_items": [{"line_item_id": line, "quantity": 1}]});
    app.about(&checkout, "fulfillments", one).send().await.expect(201);
    let total = checkout.body["order"]["totals"]["total"]["amount"].as_i64().unwrap();
    app.refund_amount(&checkout, total - 100, "EUR").await;
    let order = app.about(&checkout, "cancel", other()).send().await.expect(200);
    assert_eq!(states(&order)[2], "fulfilled");
    app.run_jobs().await;
    assert_eq!(app.order(&checkout).await["refunded"]["amount"], total);
    assert_eq!(app.stock(&variant).await, (4, 0));
    app.finish().await;
}

/// The process died after the cancellation and before its answer: the same key answers as if it had not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_without_its_answer_is_answered_by_its_key() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let (_, unpaid) = app.checked_out(&variant, 1).await;
    let partly = app.paid(&variant, 2).await;
    let part = json!({"line_items": [{"line_item_id": partly.body["order"]["line_items"][0]["id"], "quantity": 1}]});
    app.about(&partly, "fulfillments", part).send().await.expect(201);
    for (checkout, ends) in [(unpaid, "cancelled"), (app.paid(&variant, 1).await, "cancelled"), (partly, "completed")] {
        let path = format!("/v1/admin/orders/{}", checkout.order_id);
        let tag = app.staff_get(&path).send().await.header("etag").to_owned();
        let keyed = || {
            let cancel = app.about(&checkout, "cancel", json!({"reason": "out_of_stock"})).header("If-Match", &tag);
            cancel.header("Idempotency-Key", &checkout.order_id)
        };
        keyed().send().await.expect(200);
        app.sql("UPDATE idempotency_keys SET status = NULL, body = NULL WHERE scope LIKE '%cancel'").await;
        app.advance(600).await;
        let order = keyed().send().await.expect(200);
        assert_eq!(order["status"], ends);
        // Of a partly sent order the rest is cancelled.
        let reason = if ends == "cancelled" { json!("out_of_stock") } else { Value::Null };
        assert_eq!((&order["cancel_reason"], &order["line_items"][0]["fulfillable_quantity"]), (&reason, &json!(0)));
        app.about(&checkout, "cancel", json!({"reason": "other"})).send().await.problem(409, "order_not_cancellable");
    }
    app.run_jobs().await;
    app.finish().await;
}

/// Two people cancel an order that is not paid, or whose payment is on its way: one effect, one clear 409.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_at_once_cancel_an_unpaid_order_once() {
    let app = TestApp::start().await;
    let variant = app.variant(60).await;
    for round in 0..8 {
        let (_, checkout) = app.checked_out(&variant, 1).await;
        let is_delayed = round % 2 == 1;
        if is_delayed {
            app.pay(&checkout, "delayed").await;
            app.run_jobs().await;
        }
        let reasons = ["out_of_stock", "pricing_error", "fraudulent"];
        let cancel = |reason: &str| app.about(&checkout, "cancel", json!({"reason": reason, "note": reason})).send();
        let replies = futures_util::future::join_all(reasons.map(cancel)).await;
        let done: Vec<usize> = (0..3).filter(|place| replies[*place].status < 300).collect();
        assert_eq!(done.len(), 1, "{replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status >= 300) {
            let reason = reply.problem(409, "order_not_cancellable")["reason"].clone();
            assert!(reason == "already_cancelled" || reason == "already_requested", "{reason}");
        }
        if is_delayed {
            app.pay(&checkout, "delayed_success").await;
            app.run_jobs().await;
        }
        let order = app.staff_order(&checkout).await;
        let won = json!(reasons[done[0]]);
        assert_eq!(
            (&order["status"], &order["cancel_reason"], &order["cancel_note"]),
            (&json!("cancelled"), &won, &won)
        );
    }
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (60, 0));
    app.finish().await;
}

/// Stripe cannot be reached: nothing is released, and the repeat under the same key ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_without_stripe_says_so_and_can_be_repeated() {
    let app = TestApp::with(&[("MERX_PROVIDER_BUDGET_MS", "200")]).await;
    let variant = app.variant(9).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.fault(json!({"kind": "status", "status": 500, "times": 0, "match": {"method": "POST", "path": "/v1/checkout/sessions/"}})).await;
    let tag = app.staff_get(&format!("/v1/admin/orders/{}", checkout.order_id)).send().await.header("etag").to_owned();
    let ask = || app.about(&checkout, "cancel", other()).header("If-Match", &tag);
    let cancel = || ask().header("Idempotency-Key", "k").send();
    cancel().await.problem(503, "provider_unavailable");
    ask().send().await.problem(503, "provider_unavailable");
    assert_eq!(app.stock(&variant).await, (9, 1));
    app.control_delete("faults").await;
    // Somebody else ends what was begun; the key still answers for its own.
    app.advance(120).await;
    app.reconcile().await;
    assert_eq!(app.stock(&variant).await, (9, 0));
    let order = cancel().await.expect(200);
    assert_eq!((&order["cancel_reason"], &order["cancel_note"]), (&json!("other"), &json!("a note")));
    assert_eq!(cancel().await.header("idempotent-replayed"), "true");
    assert_eq!(app.stock(&variant).await, (9, 0));
    app.run_jobs().await;
    app.finish().await;
}
