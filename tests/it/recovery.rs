//! What finds and mends: `merx check`, its repairs, and the reconcilers that bring forward what nobody does.

use merx::check::repair;
use serde_json::json;

use crate::harness::{TestApp, guard, states};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_what_is_planted_in_refunds_shipments_and_disputes() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let checkout = app.paid(&variant, 3).await;
    let other = app.paid(&variant, 1).await;
    let line = &checkout.body["order"]["line_items"][0]["id"];
    let ship = json!({"line_items": [{"line_item_id": line, "quantity": 1}]});
    app.about(&checkout, "fulfillments", ship).send().await.expect(201);
    app.refund_line(&checkout, 0, json!({})).await;
    assert!(app.findings().await.is_empty());
    let mine = "id = (SELECT id FROM orders ORDER BY placed_at LIMIT 1)";
    let of_mine = mine.replace("id = ", "order_id = ");
    let plants = [
        (
            "UPDATE orders SET refund_claimed = 0 WHERE refund_claimed > 0",
            "UPDATE orders SET refund_claimed = 1999 WHERE MINE",
            "5 an order counts its refunds",
        ),
        (
            "UPDATE order_line_items SET refunded_amount = 1 WHERE refunded_amount > 0",
            "UPDATE order_line_items SET refunded_amount = 1999 WHERE refunded_amount = 1",
            "5 a line counts its refunds, and none exceeds it",
        ),
        (
            "UPDATE refund_line_items SET amount = 5",
            "UPDATE refund_line_items SET amount = 1999",
            "5 a line counts its refunds, and none exceeds it",
        ),
        (
            "UPDATE orders SET payment_status = 'refunded' WHERE MINE",
            "UPDATE orders SET payment_status = 'partially_refunded' WHERE MINE",
            "5 the payment status is what the sums say",
        ),
        ("UPDATE orders SET disputed = 5 WHERE MINE", "UPDATE orders SET disputed = 0", "5 disputes sum"),
        (
            "UPDATE order_line_items SET fulfilled_quantity = 2 WHERE OF_MINE",
            "UPDATE order_line_items SET fulfilled_quantity = 1 WHERE OF_MINE",
            "2 what was sent and what came back add up",
        ),
        (
            "UPDATE order_line_items SET restocked_quantity = 3 WHERE OF_MINE",
            "UPDATE order_line_items SET restocked_quantity = 1 WHERE OF_MINE",
            "2 what was sent and what came back add up",
        ),
        (
            "INSERT INTO jobs (id, kind, payload, status, run_at, attempts, max_attempts, created_at) VALUES (gen_random_uuid(), 'prune', '{}', 'dead', now(), 1, 1, now())",
            "DELETE FROM jobs WHERE status = 'dead'",
            "7 whatever gave up was told",
        ),
        (
            "UPDATE refunds SET status = 'pending', updated_at = now() - interval '2 days'",
            "UPDATE refunds SET status = 'succeeded'",
            "8 nothing waits for ever",
        ),
        (
            "UPDATE orders SET shipping_rate = jsonb_set(shipping_rate, '{price,currency}', '\"USD\"') WHERE MINE",
            "UPDATE orders SET shipping_rate = jsonb_set(shipping_rate, '{price,currency}', '\"EUR\"')",
            "9 parts are in their order's currency",
        ),
        (
            "UPDATE fulfillment_line_items SET line_item_id = (SELECT id FROM order_line_items WHERE NOT OF_MINE)",
            "UPDATE fulfillment_line_items SET line_item_id = (SELECT id FROM order_line_items WHERE OF_MINE)",
            "10 parts belong to their order",
        ),
        (
            "UPDATE idempotency_keys SET body = '{\"order_token\": \"ot_x\"}'",
            "UPDATE idempotency_keys SET body = '{\"order_token\": null}'",
            "10 secrets are stored hashed",
        ),
        (
            "UPDATE api_keys SET token_hash = 'sk_clear'",
            "UPDATE api_keys SET token_hash = sha256('x')",
            "10 secrets are stored hashed",
        ),
    ];
    for (plant, undo, invariant) in plants {
        let real = |statement: &str| statement.replace("OF_MINE", &of_mine).replace("MINE", mine);
        app.sql(&real(plant)).await;
        let found = app.findings().await;
        assert!(found.iter().any(|finding| finding.invariant == invariant), "{plant}: {found:?}");
        app.sql(&real(undo)).await;
        assert_eq!(app.findings().await, Vec::new(), "{undo}");
    }
    assert_eq!(other.body["status"], "open");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repairs_are_shown_first_and_mend_counters_and_forgotten_work() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let terms = json!({"title": "D", "method": "code", "code": "ONCE", "type": "percentage", "percentage": "10", "usage_limit": 3});
    app.staff_post("/v1/admin/discounts", terms).send().await.expect(201);
    let checkout = app.paid(&variant, 2).await;
    app.refund_line(&checkout, 0, json!({})).await;
    let (_, held) = app.checked_out(&variant, 1).await;
    for plant in [
        "UPDATE stock_levels SET reserved = 3",
        "UPDATE discounts SET used = 2",
        "UPDATE orders SET refund_claimed = 0, payment_status = 'paid' WHERE refund_claimed > 0",
        "UPDATE webhook_events SET status = 'pending' WHERE event_type = 'refund.created'",
    ] {
        app.sql(plant).await;
    }
    let broken = app.findings().await;
    assert_eq!(broken.len(), 5, "{broken:?}");
    let mut conn = app.database().await;
    let dry = repair::repair(&mut conn, false, app.app.clock.now()).await.unwrap();
    assert_eq!(dry.len(), 5, "{dry:?}");
    assert!(dry.iter().all(|line| line.starts_with("would ")));
    assert_eq!(app.findings().await, broken, "a dry run changes nothing");
    let done = repair::repair(&mut conn, true, app.app.clock.now()).await.unwrap();
    assert_eq!(done.len(), 5, "{done:?}");
    app.run_jobs().await;
    assert_eq!(app.findings().await, Vec::new());
    assert_eq!(app.stock(&variant).await, (8, 1));
    assert_eq!(states(&app.order(&checkout).await)[1], "partially_refunded");
    app.cancel_own(&held).send().await.expect(200);
    app.run_jobs().await;
    app.finish().await;
}

/// The command itself: exit code 1 while something is broken, and the repair.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_audits_and_repairs() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    app.sql("UPDATE stock_levels SET reserved = 3").await;
    let (code, out) = app.command(&["check"]).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("invariant 2") && out.contains("1 findings."), "{out}");
    let (code, out) = app.command(&["check", "--repair"]).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("would set right the reserved units of variant") && out.contains("--apply"), "{out}");
    let (code, out) = app.command(&["check", "--repair", "--apply"]).await;
    assert_eq!(code, 0, "{out}");
    assert_eq!(app.stock(&variant).await, (9, 0));
    let (code, _) = app.command(&["check", "--apply"]).await;
    assert_eq!(code, 2);
    app.run_jobs().await;
    app.finish().await;
}

/// Nobody runs the command each night; the worker does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nightly_audit_tells_what_it_finds() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let checkout = app.paid(&variant, 1).await;
    app.refund_line(&checkout, 0, json!({})).await;
    let night = async || {
        let (mut conn, now) = (app.database().await, app.app.clock.now());
        merx::jobs::queue::schedule(&mut conn, now).await.unwrap();
        app.sql("DELETE FROM jobs WHERE kind <> 'audit'").await;
        app.advance(24 * 3600 + 1).await;
        app.run_jobs().await;
    };
    night().await;
    assert_eq!(app.count("SELECT count(*) FROM jobs WHERE kind = 'audit' AND status = 'done'").await, 1);
    assert_eq!(app.alerts("broken_invariant").await, 0);
    app.sql("UPDATE stock_levels SET reserved = 3").await;
    app.sql("UPDATE order_events SET kind = 'not ' || kind WHERE kind IN ('refunded', 'refund_requested')").await;
    for _ in 0..2 {
        night().await;
        assert_eq!(app.alerts("broken_invariant").await, 2, "one for each invariant, once");
    }
    let told =
        "SELECT count(*) FROM alerts WHERE dedupe_key LIKE '8%' AND detail LIKE '%2 findings%a refund that succeeded%'";
    assert_eq!(app.count(told).await, 1);
    app.sql("UPDATE stock_levels SET reserved = 0").await;
    app.sql("UPDATE order_events SET kind = replace(kind, 'not ', '')").await;
    app.finish().await;
}

/// Each job that should exist is gone, as if its row had been deleted by mistake: the reconcilers bring all forward.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_jobs_are_found_in_every_intermediate_state() {
    let app = TestApp::start().await;
    let variant = app.variant(20).await;
    let patch = json!({"provider": "stripe"});
    app.staff_patch("/v1/admin/tax-settings", patch).send().await.expect(200);
    let pay_unheard = async |outcome: &str| {
        let (_, checkout) = app.checked_out(&variant, 1).await;
        app.pay(&checkout, outcome).await;
        checkout
    };
    let refunded = app.paid(&variant, 2).await;
    app.webhooks("drop").await;
    let paid = pay_unheard("paid").await;
    let delayed = pay_unheard("delayed").await;
    let (_, open) = app.checked_out(&variant, 1).await;
    app.about(&refunded, "refunds", app.refund_body(&refunded, 0, 1)).send().await.expect(201);
    let customer = app.post("/v1/customers", json!({"email": "new@example.com"}));
    customer.send().await.expect(202);
    app.sql("DELETE FROM jobs").await;
    app.advance(26 * 60).await;
    app.reconcile().await;
    assert_eq!(states(&app.order(&paid).await)[..2], ["confirmed", "paid"]);
    assert_eq!(states(&app.order(&delayed).await)[1], "processing");
    assert_eq!(states(&app.order(&open).await)[..2], ["cancelled", "unpaid"]);
    assert_eq!(states(&app.order(&refunded).await)[1], "partially_refunded");
    app.pay(&delayed, "delayed_success").await;
    app.sql("DELETE FROM jobs").await;
    app.advance(26 * 60).await;
    app.reconcile().await;
    assert_eq!(states(&app.order(&delayed).await)[..2], ["confirmed", "paid"]);
    let order = app.staff_order(&refunded).await;
    assert!(order["refunds"][0]["tax_reversal_id"].is_string(), "{order}");
    for checkout in [&paid, &delayed] {
        app.sql("DELETE FROM jobs").await;
        app.advance(600).await;
        app.reconcile().await;
        assert!(app.staff_order(checkout).await["tax_transaction_id"].is_string());
    }
    assert_eq!(app.mails("verify_email", "new@example.com").await.len(), 1, "an account request is not lost either");
    assert_eq!(app.stock(&variant).await, (17, 0));
    app.finish().await;
}

/// A cancelled order whose refund failed for good: nobody's money is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_order_whose_refund_failed_is_told_until_it_is_refunded() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 1).await;
    app.cancel_own(&checkout).send().await.expect(200);
    app.run_jobs().await;
    let at_stripe = app.sandbox_get("/_control/summary").await["refunds"][0]["id"].as_str().unwrap().to_owned();
    app.control(&format!("refunds/{at_stripe}"), json!({"status": "failed"})).await;
    app.run_jobs().await;
    app.advance(600).await;
    app.reconcile().await;
    app.reconcile().await;
    assert_eq!(app.alerts("cancelled_unrefunded").await, 1);
    let found = app.findings().await;
    assert_eq!(found[0].invariant, "5 money of a cancelled order goes back");
    let rest = app.order(&checkout).await["remaining_refundable"].clone();
    let body = json!({"amount": rest, "reason": "requested_by_customer"});
    app.about(&checkout, "refunds", body).send().await.expect(201);
    app.run_jobs().await;
    assert_eq!(states(&app.order(&checkout).await), ["cancelled", "refunded", "unfulfilled"]);
    guard(app.finish()).await;
}
