//! Webhooks to other systems: signed, at least once, in order for each order, and never into the shop's own network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use merx::webhooks_out::EventType;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::clients::clients;
use crate::harness::{CheckoutHandle, Receiver, Seen, TestApp, guard, validator, webhook_schema};

/// What the official library of Standard Webhooks says about each.
pub(crate) async fn verified(messages: &[Value]) -> Vec<Value> {
    let mut command = tokio::process::Command::new("node");
    command.arg(clients().join("webhooks.mjs")).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("{}\n", json!(messages)).as_bytes()).await.unwrap();
    drop(input);
    let output = guard(child.wait_with_output()).await.unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The events of each order, in the order in which they were taken.
fn by_order(taken: &[Seen]) -> BTreeMap<String, Vec<String>> {
    let mut orders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for seen in taken {
        if let Some(order) = seen.order() {
            orders.entry(order).or_default().push(seen.kind());
        }
    }
    orders
}

/// Records a shipment of all that an order has; answers its path.
async fn ship(app: &TestApp, order: &CheckoutHandle) -> String {
    let body = json!({"carrier": "DHL", "tracking_number": "00340"});
    let sent = app.about(order, "fulfillments", body).send().await.expect(201);
    let id = sent["fulfillments"][0]["id"].as_str().unwrap().to_owned();
    format!("/v1/admin/orders/{}/fulfillments/{id}", order.order_id)
}

pub(crate) fn path(endpoint: &Value, what: &str) -> String {
    format!("/v1/admin/webhook-endpoints/{}{what}", endpoint["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_is_signed_for_the_official_library_and_says_what_the_document_says() {
    let (app, receiver) = (TestApp::with_webhooks().await, Receiver::start());
    let endpoint = app.endpoint(&receiver.url, &["*"]).await;
    let secret = endpoint["secret"].as_str().unwrap();
    let variant = app.variant(20).await;
    let paid = app.paid(&variant, 2).await;
    app.about(&paid, "fulfillments", json!({"carrier": "DHL"})).send().await.expect(201);
    let moved = app.paid(&variant, 1).await;
    let parcel = ship(&app, &moved).await;
    for status in ["in_transit", "failed", "delivered", "returned"] {
        app.staff_patch(&parcel, json!({"status": status})).send().await.expect(200);
    }
    let called_off = app.paid(&variant, 1).await;
    app.staff_post(&format!("{}/cancel", ship(&app, &called_off).await), json!({})).send().await.expect(200);
    let scarce = app.variant_with(json!({"on_hand": 2, "low_stock_threshold": 1})).await;
    for delta in [-1, -1, 5] {
        let body = json!({"delta": delta, "reason": "correction"});
        app.staff_post(&format!("/v1/admin/variants/{scarce}/stock-adjustments"), body).send().await.expect(201);
    }
    app.refund_amount(&paid, 500, "EUR").await;
    let at_stripe = app.sandbox_get("/_control/summary").await["refunds"][0]["id"].as_str().unwrap().to_owned();
    app.control(&format!("refunds/{at_stripe}"), json!({"status": "failed"})).await;
    app.run_jobs().await;
    let payment = app.payment_of(&paid).await;
    app.control(&format!("payment-intents/{payment}/dispute"), json!({})).await;
    app.run_jobs().await;
    let delayed = app.checked_out(&variant, 1).await.1;
    app.pay(&delayed, "delayed").await;
    let cancelled = app.checked_out(&variant, 1).await.1;
    app.cancel_own(&cancelled).send().await.expect(200);
    app.run_jobs().await;
    let before = receiver.seen().len();
    let test = app.call("POST", &path(&endpoint, "/test")).bearer(&app.admin_key).send().await.expect(200);
    assert_eq!((&test["succeeded"], &test["http_status"]), (&json!(true), &json!(204)));
    let messages: Vec<Value> = receiver.seen().iter().map(|seen| seen.to_verify(secret)).collect();
    let answers = verified(&messages).await;
    assert_eq!(answers.len(), before + 1);
    for (answer, seen) in answers.iter().zip(receiver.seen()) {
        assert_eq!(answer["verified"], seen.payload(), "{answer}");
    }
    let mut forged = vec![messages[0].clone(), messages[0].clone()];
    forged[0]["body"] = json!(messages[0]["body"].as_str().unwrap().replace("1", "2"));
    forged[1]["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert!(verified(&forged).await.iter().all(|answer| answer["refused"].is_string()));
    // The clock of the official library is not moved, so this comes after it.
    app.checked_out(&variant, 1).await;
    app.advance(3600).await;
    app.run_jobs().await;
    let kinds: BTreeSet<String> = receiver.seen().iter().map(Seen::kind).collect();
    let known = EventType::ALL.iter().map(|kind| kind.as_str().to_owned()).chain(["webhook.test".to_owned()]);
    assert_eq!(kinds, known.collect());
    for seen in receiver.seen() {
        let errors: Vec<String> = validator(webhook_schema(&seen.kind()))
            .iter_errors(&seen.payload())
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?} {}", seen.body);
        for secret in ["ada@example.com", "Torstra", "\"ot_", "\"ct_"] {
            assert!(!seen.body.contains(secret), "{}", seen.body);
        }
        // Alerts quote what others wrote.
        assert!(seen.payload()["data"].get("detail").is_none(), "{}", seen.body);
    }
    let story = by_order(&receiver.taken())[&paid.order_id].clone();
    let expected = [
        "order.paid",
        "order.fulfilled",
        "refund.created",
        "refund.succeeded",
        "refund.failed",
        "alert.raised",
        "order.disputed",
        "alert.raised",
    ];
    assert_eq!(story, expected);
    let of_parcel = |order: &str| {
        let story = by_order(&receiver.taken())[order].clone();
        story.into_iter().filter(|kind| kind.starts_with("fulfillment.")).collect::<Vec<_>>()
    };
    let ways = ["fulfillment.in_transit", "fulfillment.failed", "fulfillment.delivered", "fulfillment.returned"];
    assert_eq!(
        (of_parcel(&moved.order_id), of_parcel(&called_off.order_id)),
        (ways.map(str::to_owned).to_vec(), vec!["fulfillment.cancelled".to_owned()])
    );
    let told = receiver.taken().iter().map(Seen::payload).find(|payload| payload["type"] == ways[0]).unwrap();
    assert_eq!((&told["data"]["carrier"], &told["data"]["tracking_number"]), (&json!("DHL"), &json!("00340")));
    let first = receiver.seen()[0].payload();
    let order = app.staff_order(&paid).await;
    assert_eq!(first["data"]["order"]["total"], order["totals"]["total"]);
    assert_eq!(
        (&first["data"]["order"]["number"], &first["data"]["order"]["status"]),
        (&order["number"], &json!("confirmed"))
    );
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_for_three_days_gets_everything_in_order_afterwards() {
    let (app, receiver) = (TestApp::with_webhooks().await, Receiver::start());
    let endpoint =
        app.endpoint(&receiver.url, &["order.paid", "order.fulfilled", "refund.created", "refund.succeeded"]).await;
    receiver.answer(500, &[], "the database is full");
    let variant = app.variant(20).await;
    let orders = [app.paid(&variant, 1).await, app.paid(&variant, 2).await, app.paid(&variant, 1).await];
    for order in &orders {
        app.about(order, "fulfillments", json!({})).send().await.expect(201);
        app.refund_amount(order, 100, "EUR").await;
    }
    for _ in 0..12 {
        app.advance(6 * 3600).await;
        app.run_jobs().await;
    }
    assert!(receiver.taken().is_empty());
    let heads = app.deliveries("status=pending&event_type=order.paid").await;
    assert_eq!(heads.len(), 3);
    let tried: Vec<i64> = heads.iter().map(|head| head["attempts"].as_i64().unwrap()).collect();
    assert!(tried.iter().all(|tried| (6..=9).contains(tried)), "{tried:?}");
    // What comes after them was not tried: it would come too early.
    assert!(receiver.seen().iter().all(|seen| seen.kind() == "order.paid"));
    let head = format!("/v1/admin/webhook-deliveries/{}", heads[0]["id"].as_str().unwrap());
    let detail = app.staff_get(&head).send().await.expect(200);
    assert_eq!(detail["tries"].as_array().unwrap().len(), usize::try_from(tried[0]).unwrap());
    assert_eq!(detail["tries"][0]["response_body"], "the database is full");
    assert!(app.staff_get(&path(&endpoint, "")).send().await.expect(200)["failing_since"].is_string());
    receiver.answer(200, &[], "ok");
    app.advance(24 * 3600).await;
    app.run_jobs().await;
    let story = ["order.paid", "order.fulfilled", "refund.created", "refund.succeeded"];
    let taken = by_order(&receiver.taken());
    assert_eq!(taken.len(), 3);
    assert!(taken.values().all(|events| *events == story), "{taken:?}");
    assert_eq!(app.deliveries("status=succeeded").await.len(), 12);
    assert_eq!(app.staff_get(&path(&endpoint, "")).send().await.expect(200)["failing_since"], Value::Null);
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_receiver_holds_up_nobody_else() {
    let (app, slow, quick) = (TestApp::with_webhooks().await, Receiver::start(), Receiver::start());
    let endpoint = app.endpoint(&slow.url, &["order.paid"]).await;
    app.endpoint(&quick.url, &["order.paid"]).await;
    slow.stall();
    let variant = app.variant(20).await;
    let workers = [
        app.worker(&[("MERX_WEBHOOK_TIMEOUT_MS", "15000")]).await,
        app.worker(&[("MERX_WEBHOOK_TIMEOUT_MS", "15000")]).await,
    ];
    let first = app.checked_out(&variant, 1).await.1;
    app.pay(&first, "paid").await;
    slow.until(1).await;
    for _ in 0..3 {
        let next = app.checked_out(&variant, 1).await.1;
        app.pay(&next, "paid").await;
    }
    quick.until(4).await;
    let of_slow = format!("endpoint_id={}", endpoint["id"].as_str().unwrap());
    let waiting = app.deliveries(&format!("{of_slow}&status=pending")).await;
    assert_eq!((waiting.len(), slow.seen().len()), (4, 1), "one turn at a time at an endpoint");
    for worker in workers {
        worker.kill().await;
    }
    app.call("DELETE", &path(&endpoint, "")).bearer(&app.admin_key).send().await.expect(204);
    let dead = app.deliveries(&format!("{of_slow}&status=dead")).await;
    assert_eq!(dead.len(), 4);
    let replay = format!("/v1/admin/webhook-deliveries/{}/replay", dead[0]["id"].as_str().unwrap());
    app.call("POST", &replay).bearer(&app.admin_key).send().await.problem(404, "not_found");
    app.advance(3600).await;
    app.run_jobs().await;
    slow.stop().await;
    quick.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_worker_was_sending_is_sent_again() {
    let (app, receiver) = (TestApp::with_webhooks().await, Receiver::start());
    app.endpoint(&receiver.url, &["order.paid"]).await;
    let variant = app.variant(5).await;
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_webhook")]).await;
    let checkout = app.checked_out(&variant, 1).await.1;
    app.pay(&checkout, "paid").await;
    doomed.died().await;
    assert_eq!((receiver.seen().len(), app.deliveries("status=pending").await.len()), (1, 1));
    // Another event wakes a worker, which finds the dead one's turn and looks again when that is over.
    app.paid(&variant, 1).await;
    assert_eq!(receiver.seen().len(), 1);
    app.advance(62).await;
    app.run_jobs().await;
    let ids: Vec<String> = receiver.seen().into_iter().map(|seen| seen.id).collect();
    let again = ids.iter().filter(|id| **id == ids[0]).count();
    assert_eq!((ids.len(), again), (3, 2), "the same event under the same id, and the other");
    assert_eq!(app.deliveries("status=succeeded").await.len(), 2);
    app.advance(121).await;
    app.run_jobs().await;
    assert_eq!(receiver.seen().len(), 3);
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_kept_and_redirects_and_long_bodies_are_not_followed() {
    let (app, receiver, other) = (TestApp::with_webhooks().await, Receiver::start(), Receiver::start());
    app.endpoint(&receiver.url, &["order.paid"]).await;
    let variant = app.variant(5).await;
    receiver.answer(429, &[("Retry-After", "3600")], &"x\0".repeat(4000));
    app.paid(&variant, 1).await;
    let delivery = app.deliveries("").await[0].clone();
    let detail = format!("/v1/admin/webhook-deliveries/{}", delivery["id"].as_str().unwrap());
    let tries = app.staff_get(&detail).send().await.expect(200)["tries"].clone();
    assert_eq!((&tries[0]["http_status"], &tries[0]["error"]), (&json!(429), &Value::Null));
    assert_eq!(tries[0]["response_body"].as_str().unwrap().chars().count(), 1024);
    receiver.answer(302, &[("Location", other.url.as_str())], "");
    app.advance(3500).await;
    app.run_jobs().await;
    assert_eq!(receiver.seen().len(), 1);
    app.advance(110).await;
    app.run_jobs().await;
    assert_eq!((receiver.seen().len(), other.seen().len()), (2, 0));
    assert_eq!(app.deliveries("").await[0]["last_http_status"], 302);
    // Nobody answers in time.
    receiver.stall();
    app.advance(301).await;
    app.run_jobs().await;
    assert!(app.deliveries("").await[0]["last_error"].as_str().unwrap().starts_with("no answer within"));
    receiver.stop().await;
    app.advance(1801).await;
    app.run_jobs().await;
    let refused = app.deliveries("").await[0].clone();
    assert!(refused["last_error"].as_str().unwrap().contains("refused"), "{refused}");
    other.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_see_what_was_sent_and_send_it_once_more() {
    let (app, receiver) = (TestApp::with_webhooks().await, Receiver::start());
    let variant = app.variant(20).await;
    app.paid(&variant, 1).await;
    assert_eq!(app.count("SELECT count(*) FROM outbound_events").await, 0, "nobody wanted it");
    let endpoint = app.endpoint(&receiver.url, &["order.paid", "order.fulfilled"]).await;
    app.endpoint(&receiver.url, &["alert.raised"]).await;
    let start = app.app.clock.now();
    let (first, second) = (app.paid(&variant, 1).await, app.paid(&variant, 1).await);
    app.about(&first, "fulfillments", json!({})).send().await.expect(201);
    app.run_jobs().await;
    assert_eq!(app.deliveries("").await.len(), 3);
    let of_first = app.deliveries(&format!("order_id={}", first.order_id)).await;
    assert_eq!(
        of_first.iter().map(|one| one["event_type"].as_str().unwrap()).collect::<Vec<_>>(),
        ["order.fulfilled", "order.paid"]
    );
    assert_eq!(app.deliveries(&format!("event_id={}", of_first[0]["event_id"].as_str().unwrap())).await.len(), 1);
    let page =
        app.staff_get("/v1/admin/webhook-deliveries?limit=2&event_type=order.paid&status=succeeded").send().await;
    assert_eq!(page.expect(200)["data"].as_array().unwrap().len(), 2);
    let page = app.staff_get("/v1/admin/webhook-deliveries?limit=2").send().await.expect(200);
    let rest = format!("/v1/admin/webhook-deliveries?limit=2&cursor={}", page["page"]["next_cursor"].as_str().unwrap());
    assert_eq!(app.staff_get(&rest).send().await.expect(200)["data"].as_array().unwrap().len(), 1);
    app.staff_get("/v1/admin/webhook-deliveries?status=lost").send().await.problem(400, "invalid_query");
    let id = format!("/v1/admin/webhook-deliveries/{}", of_first[1]["id"].as_str().unwrap());
    let detail = app.staff_get(&id).send().await.expect(200);
    assert_eq!(detail["payload"], receiver.seen()[0].payload());
    app.call("POST", &format!("{id}/replay")).bearer(&app.admin_key).send().await.expect(200);
    app.run_jobs().await;
    let seen = receiver.seen();
    assert_eq!((seen.len(), &seen[3].id, &seen[3].body), (4, &seen[0].id, &seen[0].body));
    // A range: nothing is dead, but all may be sent once more, in order.
    let replay = async |body: Value| {
        app.staff_post(&path(&endpoint, "/replay"), body).send().await.expect(200)["replayed"].clone()
    };
    assert_eq!(replay(json!({"since": start})).await, 0);
    assert_eq!(replay(json!({"since": start, "until": start, "include_succeeded": true})).await, 0);
    for wrong in [json!({"since": "0001-01-01T00:00:00Z"}), json!({"since": start, "until": "0001-01-01T00:00:00Z"})] {
        app.staff_post(&path(&endpoint, "/replay"), wrong).send().await.problem(422, "validation_failed");
    }
    app.advance(1).await;
    assert_eq!(replay(json!({"since": start, "include_succeeded": true})).await, 3);
    app.run_jobs().await;
    let again = by_order(&receiver.seen()[4..]);
    assert_eq!(again[&first.order_id], ["order.paid", "order.fulfilled"]);
    assert_eq!(again[&second.order_id], ["order.paid"]);
    // Kept for thirty days.
    app.advance(31 * 86_400).await;
    merx::webhooks_out::events::prune(&mut app.database().await, app.app.clock.now()).await.unwrap();
    assert_eq!(app.count("SELECT count(*) FROM webhook_delivery_attempts").await, 0);
    receiver.stop().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_what_nobody_sends_and_the_reconciler_sends_it() {
    let (app, receiver) = (TestApp::with_webhooks().await, Receiver::start());
    app.endpoint(&receiver.url, &["order.fulfilled"]).await;
    let variant = app.variant(5).await;
    let paid = app.paid(&variant, 1).await;
    app.about(&paid, "fulfillments", json!({})).send().await.expect(201);
    app.sql("DELETE FROM jobs WHERE kind = 'deliver_webhooks'").await;
    let findings = app.findings().await;
    assert_eq!(
        findings.iter().map(|found| found.invariant).collect::<Vec<_>>(),
        ["8 what waits for an endpoint has its job"]
    );
    app.run_jobs().await;
    assert!(receiver.seen().is_empty());
    app.advance(61).await;
    app.reconcile().await;
    assert_eq!(receiver.taken().len(), 1);
    app.sql("DELETE FROM webhook_deliveries").await;
    assert_eq!(app.findings().await[0].invariant, "8 an outbound event has its deliveries");
    app.sql("DELETE FROM outbound_events").await;
    receiver.stop().await;
    app.finish().await;
}
