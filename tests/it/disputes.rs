//! Disputes: tracked from Stripe's present word, whatever order its events come in.

use serde_json::{Value, json};

use crate::harness::TestApp;

fn amounts(order: &Value) -> (&str, i64) {
    (order["dispute_status"].as_str().unwrap(), order["remaining_refundable"]["amount"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_takes_its_money_until_it_is_won() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let checkout = app.paid(&variant, 2).await;
    let total = checkout.body["order"]["totals"]["total"]["amount"].as_i64().unwrap();
    let payment = app.payment_of(&checkout).await;
    app.webhooks("reverse").await;
    let made = app.control(&format!("payment-intents/{payment}/dispute"), json!({})).await;
    app.webhooks("normal").await;
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    assert_eq!(amounts(&order), ("open", 0));
    let dispute = &order["disputes"][0];
    assert_eq!((&dispute["status"], &dispute["withdrawn"]["amount"]), (&json!("needs_response"), &json!(total)));
    assert!(dispute["evidence_due_at"].is_string() && app.order(&checkout).await.get("disputes").is_none());
    assert_eq!(app.alerts("dispute").await, 1);
    // Nothing is sent or given back while it may be lost, unless somebody knows better.
    let body = json!({"amount": {"amount": 1, "currency": "EUR"}, "reason": "other"});
    app.about(&checkout, "refunds", body).send().await.problem(409, "charge_disputed");
    app.about(&checkout, "fulfillments", json!({})).send().await.problem(409, "charge_disputed");
    app.about(&checkout, "cancel", json!({"reason": "other"})).send().await.problem(409, "charge_disputed");
    let part = json!({"line_items": [{"line_item_id": checkout.body["order"]["line_items"][0]["id"], "quantity": 1}], "force": true});
    app.about(&checkout, "fulfillments", part).send().await.expect(201);
    let id = made["id"].as_str().unwrap();
    app.control(&format!("disputes/{id}"), json!({"status": "under_review"})).await;
    app.run_jobs().await;
    assert_eq!(app.staff_order(&checkout).await["disputes"][0]["status"], "under_review");
    app.webhooks("drop").await;
    app.control(&format!("disputes/{id}"), json!({"status": "won"})).await;
    // No event comes; it is asked for.
    app.advance(7 * 3600).await;
    app.reconcile().await;
    assert_eq!(amounts(&app.order(&checkout).await), ("won", total));
    app.refund_line(&checkout, 0, json!({})).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_dispute_is_never_refunded_on_top() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let checkout = app.paid(&variant, 2).await;
    let total = checkout.body["order"]["totals"]["total"]["amount"].as_i64().unwrap();
    let payment = app.payment_of(&checkout).await;
    let made = app
        .control(
            &format!("payment-intents/{payment}/dispute"),
            json!({"amount": 1000, "reason": "product_not_received"}),
        )
        .await;
    app.run_jobs().await;
    app.control(&format!("disputes/{}", made["id"].as_str().unwrap()), json!({"status": "lost"})).await;
    app.run_jobs().await;
    // Old events again, in any order, change nothing.
    for event in app.sandbox_get("/v1/events").await["data"].as_array().unwrap() {
        app.control(&format!("events/{}/deliver", event["id"].as_str().unwrap()), json!({})).await;
    }
    app.sql("UPDATE webhook_events SET status = 'pending' WHERE event_type LIKE 'charge.dispute%'").await;
    app.advance(600).await;
    app.reconcile().await;
    assert_eq!(amounts(&app.order(&checkout).await), ("lost", total - 1000));
    assert_eq!(app.alerts("dispute").await, 2);
    let amount = |amount: i64, force: bool| json!({"amount": {"amount": amount, "currency": "EUR"}, "reason": "other", "force": force});
    app.about(&checkout, "refunds", amount(1, false)).send().await.problem(409, "charge_disputed");
    app.about(&checkout, "refunds", amount(total - 999, true)).send().await.problem(409, "refund_exceeds_remaining");
    app.about(&checkout, "refunds", amount(total - 1000, true)).send().await.expect(201);
    app.run_jobs().await;
    app.finish().await;
}

/// Whether a lost sale's tax is taken back is staff's word; then it is done once, whatever dies meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tax_of_a_lost_dispute_is_reversed_when_staff_say_so() {
    let app = TestApp::start().await;
    app.staff_patch("/v1/admin/tax-settings", json!({"provider": "stripe"})).send().await.expect(200);
    let variant = app.variant(9).await;
    let checkout = app.paid(&variant, 2).await;
    let payment = app.payment_of(&checkout).await;
    let made = app.control(&format!("payment-intents/{payment}/dispute"), json!({"amount": 1000})).await;
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    let path = format!("/v1/admin/disputes/{}/reverse-tax", order["disputes"][0]["id"].as_str().unwrap());
    let reverse = || app.call("POST", &path).bearer(&app.admin_key).send();
    reverse().await.problem(409, "tax_not_reversible");
    app.control(&format!("disputes/{}", made["id"].as_str().unwrap()), json!({"status": "lost"})).await;
    app.run_jobs().await;
    assert!(app.staff_order(&checkout).await["disputes"][0]["tax_reversal_id"].is_null());
    let doomed = app.process(&[("MERX_FAULT", "kill:after_dispute_tax")]).await;
    let lost = app.call_at(&doomed.base_url, "POST", &path).bearer(&app.admin_key).try_send().await;
    assert!(lost.is_err());
    doomed.died().await;
    // Nobody asks again but the reconciler.
    app.advance(6 * 60).await;
    app.reconcile().await;
    let noted = app.staff_order(&checkout).await["disputes"][0]["tax_reversal_id"].clone();
    assert!(noted.is_string(), "{noted}");
    let orders = [reverse().await.expect(200), reverse().await.expect(200)];
    let reversals = app.provider_calls("POST /v1/tax/transactions/create_reversal").await;
    assert_eq!(reversals.len(), 2, "asked again under the same key, and then no more");
    let [one, two] = orders.map(|order| order["disputes"][0]["tax_reversal_id"].clone());
    assert!(one.is_string() && one == two);
    let timeline = app.staff_order(&checkout).await["timeline"].to_string();
    assert_eq!(timeline.matches("tax_reversed").count(), 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inquiries_and_fraud_warnings_are_told_and_take_nothing() {
    let app = TestApp::start().await;
    let variant = app.variant(9).await;
    let checkout = app.paid(&variant, 1).await;
    let total = checkout.body["order"]["totals"]["total"]["amount"].as_i64().unwrap();
    let payment = app.payment_of(&checkout).await;
    app.control(&format!("payment-intents/{payment}/early-fraud-warning"), json!({})).await;
    let made = app.control(&format!("payment-intents/{payment}/dispute"), json!({"inquiry": true})).await;
    app.run_jobs().await;
    assert_eq!(amounts(&app.order(&checkout).await), ("warning", total));
    assert_eq!((app.alerts("fraud_warning").await, app.alerts("dispute").await), (1, 1));
    app.control(&format!("disputes/{}", made["id"].as_str().unwrap()), json!({"status": "warning_closed"})).await;
    app.run_jobs().await;
    assert_eq!(amounts(&app.order(&checkout).await), ("none", total));
    app.finish().await;
}

/// The bank takes the money while we give it back: whoever is first, it goes once, and both are told. The first rounds
/// are staged, so that each is first at least once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_races_a_dispute() {
    let app = TestApp::start().await;
    let variant = app.variant(30).await;
    let (mut given_back, mut refused, mut failed) = (0, 0, 0);
    for round in 0..8 {
        let checkout = app.paid(&variant, 1).await;
        let total = checkout.body["order"]["totals"]["total"]["amount"].as_i64().unwrap();
        let payment = app.payment_of(&checkout).await;
        let body = json!({"amount": {"amount": total, "currency": "EUR"}, "reason": "other"});
        let ask = || app.about(&checkout, "refunds", body.clone()).send();
        let send = async || merx::jobs::worker::run_due(&app.app).await.unwrap();
        let dispute = || app.try_control_owned(format!("payment-intents/{payment}/dispute"), json!({}));
        let reply = match round {
            0 => {
                let reply = ask().await;
                send().await;
                dispute().await;
                reply
            }
            1 => {
                dispute().await;
                app.run_jobs().await;
                ask().await
            }
            // Asked for in time, sent too late.
            2 => {
                let reply = ask().await;
                dispute().await;
                reply
            }
            _ => {
                let refund = async {
                    let reply = ask().await;
                    send().await;
                    reply
                };
                tokio::join!(refund, dispute()).0
            }
        };
        app.run_jobs().await;
        let order = app.staff_order(&checkout).await;
        assert_eq!((&order["remaining_refundable"]["amount"], &order["dispute_status"]), (&json!(0), &json!("open")));
        let refund = if reply.status == 201 { order["refunds"][0]["status"].as_str().unwrap() } else { "refused" };
        let refunded = match refund {
            "succeeded" => {
                given_back += 1;
                total
            }
            "failed" => {
                failed += 1;
                0
            }
            _ => {
                reply.problem(409, "charge_disputed");
                refused += 1;
                0
            }
        };
        assert_eq!(order["refunded"]["amount"], refunded, "round {round}");
        assert_eq!(app.refunded_at_stripe(&checkout).await, refunded);
        assert_eq!((app.alerts("dispute").await, app.alerts("refund_failed").await), (round + 1, failed));
    }
    assert!(given_back > 0 && refused > 0 && failed > 0, "{given_back} {refused} {failed}");
    app.finish().await;
}
