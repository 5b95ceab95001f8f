//! Refunds: by amount and by line, many, in odd currencies, failing late, made by others; with their tax.

use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, TestApp, states};

fn money(value: &Value) -> i64 {
    value["amount"].as_i64().unwrap()
}

async fn left(app: &TestApp, checkout: &CheckoutHandle) -> i64 {
    money(&app.order(checkout).await["remaining_refundable"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_amount_is_refunded_and_the_rest_is_said() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 2).await;
    let total = money(&checkout.body["order"]["totals"]["total"]);
    assert_eq!(left(&app, &checkout).await, total);
    let refund = app.refund_amount(&checkout, 500, "EUR").await;
    assert_eq!((&refund["status"], money(&refund["amount"])), (&json!("succeeded"), 500));
    let order = app.order(&checkout).await;
    assert_eq!(states(&order), ["confirmed", "partially_refunded", "unfulfilled"]);
    assert_eq!((money(&order["refunded"]), money(&order["remaining_refundable"])), (500, total - 500));
    let body = json!({"amount": {"amount": total - 499, "currency": "EUR"}, "reason": "other"});
    let refused = app.about(&checkout, "refunds", body).send().await.problem(409, "refund_exceeds_remaining");
    assert_eq!(money(&refused["remaining_refundable"]), total - 500);
    assert_eq!(refused["errors"][0]["pointer"], "/amount/amount");
    app.refund_amount(&checkout, total - 500, "EUR").await;
    let order = app.order(&checkout).await;
    assert_eq!(states(&order), ["confirmed", "refunded", "unfulfilled"]);
    let body = json!({"amount": {"amount": 1, "currency": "EUR"}, "reason": "other"});
    app.about(&checkout, "refunds", body).send().await.problem(409, "order_not_refundable");
    assert_eq!(app.refunded_at_stripe(&checkout).await, total);
    let path = format!("/v1/orders/{}/refunds", checkout.order_id);
    let mine = app.get(&path).header("X-Order-Token", &checkout.order_token).send().await.expect(200);
    assert_eq!(mine["data"].as_array().unwrap().len(), 2);
    assert!(mine["data"][0].get("note").is_none());
    assert_eq!(app.stock(&variant).await, (3, 0), "money alone moves no goods");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_refunded_by_unit_with_shipping_and_put_back_as_asked() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 9, "prices": [{"amount": 1000, "currency": "EUR"}]})).await;
    let checkout = app.paid(&variant, 3).await;
    let shipping = money(&checkout.body["order"]["totals"]["shipping"]);
    assert!(shipping > 0);
    let preview = app.about(&checkout, "refunds/preview", app.refund_body(&checkout, 0, 2)).send().await.expect(200);
    assert_eq!((money(&preview["amount"]), money(&preview["remaining_after"])), (2000, 1000 + shipping));
    assert_eq!(preview["line_items"][0]["restock_quantity"], 2, "what was never sent goes back by itself");
    assert_eq!(left(&app, &checkout).await, 3000 + shipping, "a preview changes nothing");
    let refund = app.refund_line(&checkout, 0, json!({})).await;
    assert_eq!((money(&refund["amount"]), money(&refund["shipping"])), (1000, 0));
    assert_eq!(app.stock(&variant).await, (7, 0));
    let kept = json!({"line_items": [{"line_item_id": checkout.body["order"]["line_items"][0]["id"], "quantity": 1, "restock": false}]});
    app.refund_line(&checkout, 0, kept).await;
    assert_eq!(app.stock(&variant).await, (7, 0));
    let order = app.order(&checkout).await;
    let line = &order["line_items"][0];
    assert_eq!((&line["refunded_quantity"], &line["fulfillable_quantity"]), (&json!(2), &json!(1)));
    let refused = app.about(&checkout, "refunds", app.refund_body(&checkout, 0, 2)).send().await;
    let refused = refused.problem(409, "refund_exceeds_remaining");
    assert_eq!(refused["errors"][0]["pointer"], "/line_items/0/quantity");
    let money_of = |amount: i64| json!({"shipping": {"amount": amount, "currency": "EUR"}});
    let mut too_much = app.refund_body(&checkout, 0, 1);
    too_much.as_object_mut().unwrap().extend(money_of(shipping + 1).as_object().unwrap().clone());
    app.about(&checkout, "refunds", too_much).send().await.problem(409, "refund_exceeds_remaining");
    let last = app.refund_line(&checkout, 0, money_of(shipping)).await;
    assert_eq!((money(&last["amount"]), money(&last["shipping"])), (1000 + shipping, shipping));
    assert_eq!(states(&app.order(&checkout).await), ["confirmed", "refunded", "unfulfilled"]);
    assert_eq!(app.stock(&variant).await, (8, 0));
    app.finish().await;
}

/// Thirds and goodwill: the last refund takes the remainder, in currencies of none and of three decimals (R34).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_refund_takes_the_remainder_in_yen_and_dinars() {
    let app = TestApp::start().await;
    let variant = app
        .variant_with(json!({"on_hand": 30, "requires_shipping": false, "prices": [{"amount": 1000, "currency": "JPY"}, {"amount": 3330, "currency": "KWD"}]}))
        .await;
    let amounts = json!([{"amount": 300, "currency": "JPY"}, {"amount": 1000, "currency": "KWD"}]);
    let discount = json!({"title": "D", "method": "code", "code": "LESS", "type": "fixed_amount", "amounts": amounts});
    app.staff_post("/v1/admin/discounts", discount).send().await.expect(201);
    for (currency, paid, goodwill, parts) in
        [("JPY", 2700, 100, [900, 900, 800]), ("KWD", 8990, 30, [2990, 2990, 2980])]
    {
        let cart = app
            .cart_with(json!({"currency": currency, "email": "a@example.com", "billing_address": {"country": "DE"}, "line_items": [{"variant_id": variant, "quantity": 3}]}))
            .await;
        let path = format!("/v1/carts/{}/discount-codes", cart.id);
        app.post(&path, json!({"code": "less"})).header("X-Cart-Token", &cart.token).send().await.expect(200);
        let checkout = app.checkout(&cart).await;
        let total = money(&checkout.body["order"]["totals"]["total"]);
        assert_eq!(total, paid, "{currency}");
        app.settle(&checkout).await;
        app.refund_amount(&checkout, goodwill, currency).await;
        for part in parts {
            let refund = app.refund_line(&checkout, 0, json!({})).await;
            assert_eq!(money(&refund["amount"]), part, "{currency}");
        }
        let order = app.order(&checkout).await;
        assert_eq!(states(&order), ["confirmed", "refunded", "unfulfilled"], "{currency}");
        assert_eq!(app.refunded_at_stripe(&checkout).await, total, "{currency}");
        let odd = json!({"amount": {"amount": 1, "currency": "EUR"}, "reason": "other"});
        app.about(&checkout, "refunds", odd).send().await.problem(422, "validation_failed");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_name_the_member_and_change_nothing() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, unpaid) = app.checked_out(&variant, 1).await;
    let eur = |amount: i64| json!({"amount": amount, "currency": "EUR"});
    let body = json!({"amount": eur(1), "reason": "other"});
    app.about(&unpaid, "refunds", body).send().await.problem(409, "order_not_refundable");
    let checkout = app.paid(&variant, 1).await;
    let line = &checkout.body["order"]["line_items"][0]["id"];
    for (body, pointer) in [
        (json!({"reason": "other"}), "/amount"),
        (json!({"amount": eur(1), "shipping": eur(1), "reason": "other"}), "/amount"),
        (json!({"amount": eur(0), "reason": "other"}), "/amount/amount"),
        (json!({"amount": eur(-5), "reason": "other"}), "/amount/amount"),
        (json!({"amount": {"amount": 1, "currency": "USD"}, "reason": "other"}), "/amount"),
        (json!({"amount": eur(1), "reason": "cancelled"}), "/reason"),
        (json!({"amount": eur(1), "reason": "because"}), "/reason"),
        (json!({"shipping": {"amount": 1, "currency": "USD"}, "reason": "other"}), "/shipping"),
        (json!({"shipping": eur(0), "reason": "other"}), "/line_items"),
        (
            json!({"line_items": [{"line_item_id": "li_01jd8x3v5ke2t9qj6f4z0w7m8r", "quantity": 1}], "reason": "other"}),
            "/line_items/0/line_item_id",
        ),
        (
            json!({"line_items": [{"line_item_id": line, "quantity": 1}, {"line_item_id": line, "quantity": 1}], "reason": "other"}),
            "/line_items/1/line_item_id",
        ),
        (json!({"line_items": [{"line_item_id": line, "quantity": 0}], "reason": "other"}), "/line_items/0/quantity"),
    ] {
        let refused = app.about(&checkout, "refunds", body.clone()).send().await.problem(422, "validation_failed");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
        app.about(&checkout, "refunds/preview", body).send().await.problem(422, "validation_failed");
    }
    let free = json!({"line_items": [{"line_item_id": unpaid.body["order"]["line_items"][0]["id"], "quantity": 1}], "reason": "other"});
    let refused = app.about(&checkout, "refunds", free).send().await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/line_items/0/line_item_id", "another order's line");
    assert_eq!(app.count("SELECT count(*) FROM refunds").await, 0);
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_idempotent_and_keeps_to_the_version_that_it_is_based_on() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 1).await;
    let body = json!({"amount": {"amount": 100, "currency": "EUR"}, "reason": "goodwill"});
    let send = |key: &'static str, body: Value| app.about(&checkout, "refunds", body).header("Idempotency-Key", key);
    let first = send("a", body.clone()).send().await;
    assert!(first.header("location").starts_with("/v1/admin/refunds/ref_"));
    let first = first.expect(201);
    let again = send("a", body.clone()).send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201)["id"], first["id"]);
    let other = json!({"amount": {"amount": 200, "currency": "EUR"}, "reason": "goodwill"});
    send("a", other).send().await.problem(422, "idempotency_mismatch");
    app.run_jobs().await;
    // Two people look at the same order and both give 5 euros back: one effect.
    let path = format!("/v1/admin/orders/{}", checkout.order_id);
    let seen = app.staff_get(&path).send().await;
    let tag = seen.header("etag").to_owned();
    send("b", body.clone()).header("If-Match", &tag).send().await.expect(201);
    send("c", body.clone()).header("If-Match", &tag).send().await.problem(412, "precondition_failed");
    app.run_jobs().await;
    assert_eq!(app.refunded_at_stripe(&checkout).await, 200);
    app.finish().await;
}

/// Two people give the same back, or send the same, one right after the other: one effect, one clear 409 that says how to
/// do it once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_by_somebody_else_is_meant_once() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 4).await;
    let scopes = [Scope::RefundsWrite, Scope::FulfillmentsWrite, Scope::OrdersRead];
    let made = api_keys::create(&mut app.database().await, "colleague", &scopes, app.app.clock.now()).await;
    let (_, colleague) = made.unwrap();
    let line = &checkout.body["order"]["line_items"][0]["id"];
    let refund = json!({"amount": {"amount": 500, "currency": "EUR"}, "reason": "goodwill"});
    let fulfillment = json!({"line_items": [{"line_item_id": line, "quantity": 1}]});
    for (what, body) in [("refunds", refund), ("fulfillments", fulfillment)] {
        let mine = || app.about(&checkout, what, body.clone());
        let path = format!("/v1/admin/orders/{}/{what}", checkout.order_id);
        let theirs = || app.call("POST", &path).bearer(&colleague).json(body.clone());
        let (one, other) = tokio::join!(mine().send(), theirs().send());
        let (done, refused) = if one.status == 201 { (one, other) } else { (other, one) };
        done.expect(201);
        let refused = refused.problem(409, "duplicate_request");
        assert!(refused["refund_id"].is_string() || refused["fulfillment_id"].is_string(), "{refused}");
        // Who has seen the first means a second one; who did the first may do it again, and anybody may later.
        let order = format!("/v1/admin/orders/{}", checkout.order_id);
        let tag = app.staff_get(&order).send().await.header("etag").to_owned();
        theirs().header("If-Match", &tag).send().await.expect(201);
        app.advance(601).await;
        mine().send().await.expect(201);
        mine().send().await.expect(201);
        app.run_jobs().await;
    }
    assert_eq!(app.refunded_at_stripe(&checkout).await, 2000);
    app.finish().await;
}

/// What was given back wholly is not sent by mistake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refunded_is_not_sent_without_a_word() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 1).await;
    app.refund_amount(&checkout, left(&app, &checkout).await, "EUR").await;
    app.run_jobs().await;
    app.about(&checkout, "fulfillments", json!({})).send().await.problem(409, "order_not_fulfillable");
    app.about(&checkout, "fulfillments", json!({"force": true})).send().await.expect(201);
    app.finish().await;
}

/// Two people refund the same line, or the same remainder, at once: one effect, one clear 409.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refunds_race_over_the_remainder() {
    let app = TestApp::start().await;
    let variant = app.variant(50).await;
    for round in 0..6 {
        let checkout = app.paid(&variant, 1).await;
        let total = money(&checkout.body["order"]["totals"]["total"]);
        let amount = json!({"amount": {"amount": total / 2 + 1, "currency": "EUR"}, "reason": "other"});
        let body = if round % 2 == 0 { app.refund_body(&checkout, 0, 1) } else { amount };
        let send = || app.about(&checkout, "refunds", body.clone()).send();
        let replies = futures_util::future::join_all((0..4).map(|_| send())).await;
        let made = replies.iter().filter(|reply| reply.status == 201).count();
        assert_eq!(made, 1, "{replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status != 201) {
            reply.problem(409, "refund_exceeds_remaining");
        }
        app.run_jobs().await;
        assert!(app.refunded_at_stripe(&checkout).await <= total);
    }
    app.finish().await;
}

/// A refund succeeds, then the bank sends it back: money and tax are undone, the goods stay where they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_fails_later_frees_its_money_and_keeps_its_goods() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 2).await;
    let total = money(&checkout.body["order"]["totals"]["total"]);
    let refund = app.refund_line(&checkout, 0, json!({})).await;
    assert_eq!(app.stock(&variant).await, (4, 0));
    let at_stripe = app.sandbox_get("/_control/summary").await["refunds"][0]["id"].as_str().unwrap().to_owned();
    app.control(&format!("refunds/{at_stripe}"), json!({"status": "failed"})).await;
    app.run_jobs().await;
    let path = format!("/v1/admin/refunds/{}", refund["id"].as_str().unwrap());
    let refund = app.staff_get(&path).send().await.expect(200);
    assert_eq!(refund["status"], "failed");
    assert!(refund["failure_reason"].as_str().unwrap().contains("card"));
    let order = app.order(&checkout).await;
    assert_eq!(states(&order), ["confirmed", "paid", "unfulfilled"]);
    assert_eq!(money(&order["remaining_refundable"]), total);
    assert_eq!(app.stock(&variant).await, (4, 0), "what is on the shelf stays there");
    let line = &order["line_items"][0];
    assert_eq!((&line["refunded_quantity"], &line["fulfillable_quantity"]), (&json!(0), &json!(1)), "and is not sent");
    assert_eq!(app.alerts("refund_failed").await, 1);
    // The line may be refunded again, but its unit is not put back twice.
    let again = app.refund_line(&checkout, 0, json!({})).await;
    assert_eq!(again["status"], "succeeded");
    assert_eq!(app.order(&checkout).await["line_items"][0]["fulfillable_quantity"], 1, "it is the same unit");
    assert_eq!(app.stock(&variant).await, (4, 0));
    app.refund_line(&checkout, 0, json!({})).await;
    assert_eq!(app.stock(&variant).await, (5, 0));
    // A late success of the failed one changes nothing.
    let events = app.sandbox_get("/v1/events?type=refund.created").await;
    for event in events["data"].as_array().unwrap() {
        app.control(&format!("events/{}/deliver", event["id"].as_str().unwrap()), json!({})).await;
    }
    app.run_jobs().await;
    assert_eq!(app.staff_get(&path).send().await.expect(200)["status"], "failed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_refund_counts_and_ends_by_whatever_stripe_says() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 1).await;
    app.control("refund-start", json!({"status": "pending"})).await;
    let refund = app.refund_line(&checkout, 0, json!({})).await;
    assert_eq!(refund["status"], "pending");
    let order = app.order(&checkout).await;
    assert_eq!((states(&order), money(&order["refunded"])), (["confirmed", "paid", "unfulfilled"], 0));
    assert_eq!(order["line_items"][0]["refunded_quantity"], 1);
    assert_eq!(app.stock(&variant).await, (4, 0), "put back once it succeeds");
    let at_stripe = app.sandbox_get("/_control/summary").await["refunds"][0]["id"].as_str().unwrap().to_owned();
    // Its events are lost; the reconciler asks.
    app.webhooks("drop").await;
    app.control(&format!("refunds/{at_stripe}"), json!({"status": "succeeded"})).await;
    app.advance(600).await;
    app.reconcile().await;
    assert_eq!(states(&app.order(&checkout).await), ["confirmed", "partially_refunded", "unfulfilled"]);
    assert_eq!(app.stock(&variant).await, (5, 0));
    assert_eq!(app.provider_calls("POST /v1/refunds").await.len(), 1);
    app.finish().await;
}

/// Refunds that somebody makes in Stripe's dashboard are facts, even beside pending ones of our own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refunds_made_at_stripe_are_taken_over_once() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let checkout = app.paid(&variant, 1).await;
    let total = money(&checkout.body["order"]["totals"]["total"]);
    let payment = app.payment_of(&checkout).await;
    let form = format!("payment_intent={payment}&amount=300&reason=duplicate");
    let made = app.stripe_post("/v1/refunds", &form).await;
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    let refund = &order["refunds"][0];
    assert_eq!(
        (&refund["source"], &refund["status"], &refund["reason"]),
        (&json!("stripe"), &json!("succeeded"), &json!("duplicate"))
    );
    assert_eq!((states(&order)[1], money(&order["remaining_refundable"])), ("partially_refunded", total - 300));
    // The same events again, twice at once.
    let events = app.sandbox_get("/v1/events?type=refund.created").await;
    let id = events["data"][0]["id"].as_str().unwrap().to_owned();
    app.sql("DELETE FROM webhook_events").await;
    app.control(&format!("events/{id}/deliver"), json!({"copies": 2})).await;
    app.run_jobs().await;
    assert_eq!(app.staff_order(&checkout).await["refunds"].as_array().unwrap().len(), 1);
    // Ours is asked for while somebody refunds the rest there: Stripe refuses ours, and nothing is lost.
    let body = json!({"amount": {"amount": total - 300, "currency": "EUR"}, "reason": "other"});
    app.about(&checkout, "refunds", body).send().await.expect(201);
    app.stripe_post("/v1/refunds", &format!("payment_intent={payment}")).await;
    app.run_jobs().await;
    let order = app.staff_order(&checkout).await;
    let states: Vec<(&str, &str)> = order["refunds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refund| (refund["source"].as_str().unwrap(), refund["status"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("stripe", "succeeded"), ("merx", "failed"), ("stripe", "succeeded")]);
    assert_eq!((money(&order["remaining_refundable"]), &order["payment_status"]), (0, &json!("refunded")));
    // It fails there, later: the money is refundable again.
    app.control(&format!("refunds/{}", made["id"].as_str().unwrap()), json!({"status": "failed"})).await;
    app.run_jobs().await;
    let order = app.order(&checkout).await;
    assert_eq!((money(&order["remaining_refundable"]), &order["payment_status"]), (300, &json!("partially_refunded")));
    app.finish().await;
}

/// The events of the dashboard's refund never arrive: Stripe's list of events has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_never_arrive_are_found_in_stripes_list() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let (_, checkout) = app.checked_out(&variant, 1).await;
    app.webhooks("drop").await;
    app.pay(&checkout, "paid").await;
    app.catch_up().await;
    assert_eq!(states(&app.order(&checkout).await), ["confirmed", "paid", "unfulfilled"]);
    let payment = app.payment_of(&checkout).await;
    app.stripe_post("/v1/refunds", &format!("payment_intent={payment}&amount=300")).await;
    let refund = app.refund_line(&checkout, 0, json!({})).await;
    assert_eq!(refund["status"], "succeeded");
    // Later it fails, which nobody tells.
    let summary = app.sandbox_get("/_control/summary").await;
    let ours = summary["refunds"].as_array().unwrap().iter().find(|refund| refund["metadata"]["refund_id"].is_string());
    app.control(&format!("refunds/{}", ours.unwrap()["id"].as_str().unwrap()), json!({"status": "failed"})).await;
    app.advance(50 * 60).await;
    app.catch_up().await;
    let order = app.staff_order(&checkout).await;
    let sources: Vec<&str> =
        order["refunds"].as_array().unwrap().iter().map(|refund| refund["status"].as_str().unwrap()).collect();
    assert_eq!(sources, ["failed", "succeeded"]);
    assert_eq!(app.refunded_at_stripe(&checkout).await, 300);
    app.finish().await;
}

/// A worker dies between Stripe's yes and its note of it: the tax is reversed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tax_is_reversed_by_line_and_comes_to_the_tax() {
    let app = TestApp::start().await;
    let patch = json!({"provider": "stripe"});
    app.staff_patch("/v1/admin/tax-settings", patch).send().await.expect(200);
    let variant = app.variant_with(json!({"on_hand": 9, "prices": [{"amount": 999, "currency": "USD"}]})).await;
    let other = app.variant_with(json!({"on_hand": 9, "prices": [{"amount": 3333, "currency": "USD"}]})).await;
    let place = json!({"name": "Ada", "line1": "920 5th Ave", "city": "Seattle", "state": "WA", "postal_code": "98104", "country": "US"});
    let lines = json!([{"variant_id": variant, "quantity": 3}, {"variant_id": other, "quantity": 2}]);
    let cart = app
        .cart_with(
            json!({"email": "ada@example.com", "currency": "USD", "shipping_address": place, "line_items": lines}),
        )
        .await;
    let checkout = app.checkout(&cart).await;
    app.settle(&checkout).await;
    let order = app.order(&checkout).await;
    let (tax, shipping) = (money(&order["totals"]["tax"]), &order["tax"]["shipping"]["added"]);
    let shipping = money(&order["totals"]["shipping"]) + money(shipping);
    // One unit, whose worker dies after the reversal.
    let doomed = app.worker(&[("MERX_FAULT", "kill:after_reverse_tax")]).await;
    app.about(&checkout, "refunds", app.refund_body(&checkout, 0, 1)).send().await.expect(201);
    doomed.died().await;
    app.advance(130).await;
    app.run_jobs().await;
    assert_eq!(reversals(&app).await.len(), 1);
    // One that fails later: its reversal is reversed.
    let failing = app.refund_line(&checkout, 1, json!({})).await;
    assert!(failing["tax_reversal_id"].is_string(), "{failing}");
    let at_stripe = app.sandbox_get("/_control/summary").await["refunds"][1]["id"].as_str().unwrap().to_owned();
    app.control(&format!("refunds/{at_stripe}"), json!({"status": "failed"})).await;
    app.run_jobs().await;
    assert_eq!(reversals(&app).await.len(), 3);
    // The rest, with shipping.
    let ids = [0, 1].map(|line| checkout.body["order"]["line_items"][line]["id"].clone());
    let rest = json!({"line_items": [{"line_item_id": ids[0], "quantity": 2}, {"line_item_id": ids[1], "quantity": 2}], "shipping": {"amount": shipping, "currency": "USD"}, "reason": "returned"});
    app.about(&checkout, "refunds", rest).send().await.expect(201);
    app.run_jobs().await;
    let all = reversals(&app).await;
    let taken: i64 = all.iter().map(|(_, tax)| tax).sum();
    let amount: i64 = all.iter().map(|(amount, _)| amount).sum();
    assert_eq!((-taken, -(amount + taken)), (tax, money(&order["totals"]["total"])));
    assert_eq!(app.alerts("tax_not_recorded").await, 0);
    app.finish().await;
}

/// Amount and tax of each reversal, lines and shipping together.
async fn reversals(app: &TestApp) -> Vec<(i64, i64)> {
    let summary = app.sandbox_get("/_control/summary").await;
    let transactions = summary["tax_transactions"].as_array().unwrap().iter().filter(|each| each["type"] == "reversal");
    transactions
        .map(|transaction| {
            let lines = transaction["line_items"]["data"].as_array().unwrap().iter();
            let parts = lines.chain([&transaction["shipping_cost"]]).filter(|part| !part.is_null());
            parts.fold((0, 0), |(amount, tax), part| {
                (amount + part["amount"].as_i64().unwrap(), tax + part["amount_tax"].as_i64().unwrap())
            })
        })
        .collect()
}

/// Goodwill first, then lines: no line can be told any more, so amounts are; together they are the tax.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tax_is_reversed_as_an_amount_after_goodwill_and_by_included_prices() {
    let app = TestApp::start().await;
    let patch = json!({"provider": "stripe", "tax_behavior_rules": [{"currency": "EUR", "tax_behavior": "inclusive"}]});
    app.staff_patch("/v1/admin/tax-settings", patch).send().await.expect(200);
    let variant = app.variant(9).await;
    for goodwill in [true, false] {
        let before = reversals(&app).await.len();
        let checkout = app.paid(&variant, 3).await;
        let order = app.order(&checkout).await;
        let (total, tax) = (money(&order["totals"]["total"]), money(&order["totals"]["tax_included"]));
        assert!(tax > 0);
        if goodwill {
            app.refund_amount(&checkout, 333, "EUR").await;
        }
        for _ in 0..2 {
            app.refund_line(&checkout, 0, json!({})).await;
        }
        let shipping = order["totals"]["shipping"].clone();
        let last = app.refund_line(&checkout, 0, json!({"shipping": shipping})).await;
        let all = reversals(&app).await;
        let mine = &all[before..];
        assert_eq!(mine.iter().map(|(amount, _)| -amount).sum::<i64>(), total);
        assert_eq!(mine.iter().map(|(_, tax)| -tax).sum::<i64>(), tax);
        let refunds = app.staff_order(&checkout).await["refunds"].clone();
        let ours: i64 = refunds.as_array().unwrap().iter().map(|refund| money(&refund["tax"])).sum();
        assert_eq!(ours, tax, "our own books say the same");
        assert!(last["tax_reversal_id"].is_string());
    }
    app.finish().await;
}
