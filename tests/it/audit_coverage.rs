//! Every write by staff leaves one entry in the audit log: each route is called so that it succeeds, and a route that is
//! not called here fails.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Call, CheckoutHandle, TestApp, address, operations};
use crate::hostile::world::{World, lawful, world};

/// Writes by their method that leave no entry.
const EXEMPT: [(&str, &str); 2] = [
    ("preview_refund", "changes nothing"),
    ("test_webhook_endpoint", "changes nothing: what the receiver said is only shown"),
];

/// Calls routes, and counts the entries that they leave.
struct Auditor<'a> {
    app: &'a TestApp,
    done: BTreeSet<String>,
}

impl Auditor<'_> {
    async fn count(&self) -> i64 {
        self.app.count("SELECT count(*) FROM audit_log").await
    }

    /// Calls an operation by its id, with its path's parameters in their order; it must succeed, and leave one entry of this
    /// action.
    async fn call(&mut self, operation: &str, ids: &[&str], body: Option<Value>, action: &str) -> Value {
        let call = self.request(operation, ids);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        self.send(operation, call, action).await
    }

    fn request(&self, operation: &str, ids: &[&str]) -> Call {
        let all = operations();
        let (method, template, _) = all.iter().find(|(_, _, each)| each["operationId"] == operation).unwrap();
        let mut ids = ids.iter();
        let part = |part: &str| if part.starts_with('{') { (*ids.next().unwrap()).to_owned() } else { part.to_owned() };
        let path: Vec<String> = template.split('/').map(part).collect();
        self.app.call(method, &path.join("/"))
    }

    async fn send(&mut self, operation: &str, call: Call, action: &str) -> Value {
        let before = self.count().await;
        let reply = call.bearer(&self.app.admin_key).header("X-Request-Id", operation).send().await;
        assert!((200..300).contains(&reply.status), "{operation}: {} {}", reply.status, reply.text);
        let named = format!(
            "SELECT count(*) FROM audit_log WHERE sequence > {before} AND request_id = '{operation}' AND action = '{action}'"
        );
        // What staff read of it unmasked afterwards is an entry of its own.
        let disclosed = "SELECT count(*) FROM audit_log WHERE action = 'inbox_event.disclosed' AND sequence > ";
        let disclosed = self.app.count(&format!("{disclosed}{before}")).await;
        assert_eq!(self.app.count(&named).await, 1, "{operation} leaves one entry `{action}`");
        assert_eq!(self.count().await - before - disclosed, 1, "{operation} leaves no other");
        self.done.insert(operation.to_owned());
        reply.body
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_by_staff_leaves_one_entry() {
    let app = TestApp::start().await;
    let world = world(&app).await;
    let mut auditor = Auditor { app: &app, done: BTreeSet::new() };
    catalogue(&mut auditor, &world).await;
    settings(&mut auditor, &world).await;
    discounts(&mut auditor, &world).await;
    orders(&mut auditor, &world).await;
    shipments(&mut auditor).await;
    odd_payments(&mut auditor).await;
    operation(&mut auditor).await;
    webhooks(&mut auditor, &world).await;
    let writes =
        operations().into_iter().filter(|(method, template, _)| method != "GET" && template.starts_with("/v1/admin/"));
    let writes: BTreeSet<String> =
        writes.map(|(_, _, each)| each["operationId"].as_str().unwrap().to_owned()).collect();
    let mut known = auditor.done;
    known.extend(EXEMPT.map(|(name, _)| name.to_owned()));
    let missing: Vec<&String> = writes.difference(&known).collect();
    assert!(missing.is_empty(), "writes without an entry in the audit log: {missing:?}; call them in this test");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

/// What leaves none really changes nothing that staff could see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_that_changes_nothing_and_an_exempt_write_leave_no_entry() {
    let app = TestApp::start().await;
    let world = world(&app).await;
    let auditor = Auditor { app: &app, done: BTreeSet::new() };
    let put = || auditor.request("add_collection_product", &[&world.collection, &world.product]).bearer(&app.admin_key);
    put().send().await.expect(204);
    let pause = || auditor.request("pause_job_kind", &["import"]).json(json!({"reason": "r"})).bearer(&app.admin_key);
    pause().send().await.expect(200);
    let key = || app.staff_post("/v1/admin/collections", json!({"title": "Once"})).header("Idempotency-Key", "once");
    key().send().await.expect(201);
    let before = auditor.count().await;
    put().send().await.expect(204);
    pause().send().await.expect(200);
    key().send().await.expect(201);
    let order = world.bought.1.order_id.as_str();
    let preview = auditor.request("preview_refund", &[order]).json(lawful("preview_refund", &world).unwrap());
    preview.bearer(&app.admin_key).send().await.expect(200);
    auditor.request("test_webhook_endpoint", &[&world.endpoint]).bearer(&app.admin_key).send().await.expect(200);
    assert_eq!(auditor.count().await, before);
    auditor.request("resume_job_kind", &["import"]).bearer(&app.admin_key).send().await.expect(200);
    app.run_jobs().await;
    app.finish().await;
}

async fn catalogue(auditor: &mut Auditor<'_>, world: &World) {
    let body = |operation: &str| lawful(operation, world);
    let product = body("create_product").unwrap();
    let product = auditor.call("create_product", &[], Some(product), "product.created").await;
    let (id, variant) = (product["id"].as_str().unwrap(), product["variants"][0]["id"].as_str().unwrap());
    auditor.call("update_product", &[id], Some(json!({"title": "Changed"})), "product.updated").await;
    let new = json!({"sku": "S-2", "option_values": {"size": "L"}, "prices": [{"amount": 5, "currency": "EUR"}]});
    auditor.call("create_variant", &[id], Some(new), "variant.created").await;
    auditor.call("update_variant", &[variant], Some(json!({"sku": "S-3"})), "variant.updated").await;
    auditor.call("adjust_stock", &[variant], body("adjust_stock"), "variant.stock_adjusted").await;
    auditor.call("delete_variant", &[variant], None, "variant.archived").await;
    auditor.call("delete_product", &[id], None, "product.archived").await;
    let made = auditor.call("create_collection", &[], body("create_collection"), "collection.created").await;
    let collection = made["id"].as_str().unwrap();
    auditor.call("update_collection", &[collection], Some(json!({"title": "C"})), "collection.updated").await;
    let member = [collection, &world.product];
    auditor.call("add_collection_product", &member, None, "collection.product_added").await;
    auditor.call("remove_collection_product", &member, None, "collection.product_removed").await;
    auditor.call("delete_collection", &[collection], None, "collection.deleted").await;
    let part = "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"hats.csv\"\r\nContent-Type: text/csv\r\n\r\n\
                Handle,Title,Variant SKU,Variant Price\r\nhat,Hat,HAT,10.00\r\n\r\n--part--\r\n";
    let import = auditor.request("create_import", &[]).body("multipart/form-data; boundary=part", part);
    auditor.send("create_import", import, "import.created").await;
    auditor.app.run_jobs().await;
}

async fn settings(auditor: &mut Auditor<'_>, world: &World) {
    let body = |operation: &str| lawful(operation, world);
    let zone = auditor.call("create_shipping_zone", &[], body("create_shipping_zone"), "shipping_zone.created").await;
    let zone = zone["id"].as_str().unwrap();
    auditor.call("update_shipping_zone", &[zone], Some(json!({"name": "Y"})), "shipping_zone.updated").await;
    auditor.call("delete_shipping_zone", &[zone], None, "shipping_zone.deleted").await;
    let shipping = json!({"handling_days": 3});
    auditor.call("update_shipping_settings", &[], Some(shipping), "shipping_settings.updated").await;
    let currencies = json!({"stale_after_days": 6});
    auditor.call("update_currency_settings", &[], Some(currencies), "currency_settings.updated").await;
    auditor.call("set_exchange_rate", &["KWD"], body("set_exchange_rate"), "exchange_rate.set").await;
    auditor.call("update_tax_settings", &[], Some(json!({"trust_tax_ids": true})), "tax_settings.updated").await;
    let invoices = body("update_invoice_settings");
    auditor.call("update_invoice_settings", &[], invoices, "invoice_settings.updated").await;
    // Paid before there was a seller.
    auditor.call("issue_invoice", &[&world.bought.1.order_id], None, "invoice.issued").await;
    auditor
        .call("set_tax_exemption", &[&world.other.id], Some(json!({"exemption": "exempt"})), "cart.tax_exemption_set")
        .await;
}

async fn discounts(auditor: &mut Auditor<'_>, world: &World) {
    let body = |operation: &str| lawful(operation, world);
    let made = auditor.call("create_discount", &[], body("create_discount"), "discount.created").await;
    let discount = made["id"].as_str().unwrap();
    auditor.call("update_discount", &[discount], Some(json!({"title": "E"})), "discount.updated").await;
    let codes = json!({"codes": ["ONE", "TWO"]});
    auditor.call("create_discount_codes", &[discount], Some(codes), "discount.codes_created").await;
    auditor.call("delete_discount_code", &[discount, "ONE"], None, "discount.code_deleted").await;
    auditor.call("delete_discount", &[discount], None, "discount.deleted").await;
}

async fn orders(auditor: &mut Auditor<'_>, world: &World) {
    let app = auditor.app;
    let variant = app.variant(20).await;
    let refund = json!({"amount": {"amount": 100, "currency": "EUR"}, "reason": "goodwill", "note": "n"});
    auditor.call("create_refund", &[&world.bought.1.order_id], Some(refund), "refund.created").await;
    app.run_jobs().await;
    let paid = app.paid(&variant, 1).await;
    let cancel = || Some(json!({"reason": "other", "note": "n"}));
    auditor.call("cancel_order", &[&paid.order_id], cancel(), "order.cancelled").await;
    let unpaid = app.checked_out(&variant, 1).await.1;
    auditor.call("cancel_order", &[&unpaid.order_id], cancel(), "order.cancel_requested").await;
    let held = app.checked_out(&variant, 1).await.1;
    auditor.call("release_hold", &[&held.id], None, "checkout.release_requested").await;
    app.run_jobs().await;
    let emails = app.staff_get("/v1/admin/emails").send().await.expect(200);
    let email = emails["data"][0]["id"].as_str().unwrap();
    auditor.call("resend_email", &[email], None, "email.resent").await;
    let test = Some(json!({"recipient": "a@example.com"}));
    auditor.call("send_test_email", &["alert"], test, "email.test_sent").await;
}

/// Shipments, with a label of UPS for one of them.
async fn shipments(auditor: &mut Auditor<'_>) {
    let app = auditor.app;
    let mut origin = address();
    origin["phone"] = json!("+49 30 1234567");
    let shippo = json!({"provider": "shippo", "origin": origin, "origin_email": "post@shop.example"});
    app.staff_patch("/v1/admin/shipping-settings", shippo).send().await.expect(200);
    let shirt =
        json!({"on_hand": 9, "weight_grams": 400, "dimensions_mm": {"length": 300, "width": 200, "height": 30}});
    let variant = app.variant_with(shirt).await;
    let cart = app.cart(&[(&variant, 2)]).await;
    let on = |method: &str, rest: &str| {
        app.call(method, &format!("/v1/carts/{}{rest}", cart.id)).header("X-Cart-Token", &cart.token)
    };
    on("POST", "/quote").json(json!({})).send().await.expect(200);
    on("PUT", "/shipping-rate").json(json!({"rate_id": "shippo_ups_standard"})).send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    app.settle(&checkout).await;
    let order = checkout.order_id.as_str();
    let line = &checkout.body["order"]["line_items"][0]["id"];
    let one = || Some(json!({"line_items": [{"line_item_id": line, "quantity": 1}]}));
    let made = auditor.call("create_fulfillment", &[order], one(), "fulfillment.created").await;
    let first = made["fulfillments"][0]["id"].as_str().unwrap().to_owned();
    let tracking = json!({"carrier": "Pigeon", "tracking_number": "1"});
    auditor.call("update_fulfillment", &[order, &first], Some(tracking), "fulfillment.updated").await;
    auditor.call("cancel_fulfillment", &[order, &first], None, "fulfillment.cancelled").await;
    let made = app.about(&checkout, "fulfillments", json!({})).send().await.expect(201);
    let parcels = made["fulfillments"].as_array().unwrap().iter();
    let parcel = parcels.map(|each| each["id"].as_str().unwrap()).find(|id| *id != first).unwrap();
    auditor.call("create_shipping_label", &[order, parcel], Some(json!({})), "label.created").await;
    app.run_jobs().await;
    auditor.call("void_shipping_label", &[order, parcel], None, "label.void_requested").await;
    app.run_jobs().await;
    let rest = Some(json!({"reason": "out_of_stock"}));
    app.staff_patch("/v1/admin/shipping-settings", json!({"provider": "table"})).send().await.expect(200);
    let partly = app.paid(&variant, 2).await;
    let line = &partly.body["order"]["line_items"][0]["id"];
    let half = json!({"line_items": [{"line_item_id": line, "quantity": 1}]});
    app.about(&partly, "fulfillments", half).send().await.expect(201);
    auditor.call("cancel_order", &[&partly.order_id], rest, "order.rest_cancelled").await;
    app.run_jobs().await;
}

/// A payment of another amount, and a lost dispute.
async fn odd_payments(auditor: &mut Auditor<'_>) {
    let app = auditor.app;
    let variant = app.variant(9).await;
    for decision in ["accept", "refund"] {
        let odd = app.checked_out(&variant, 1).await.1;
        let pay = json!({"outcome": "paid", "amount_total": 100});
        app.control(&format!("checkout-sessions/{}/pay", odd.session_id), pay).await;
        app.run_jobs().await;
        let decision = Some(json!({"decision": decision}));
        auditor.call("decide_payment_review", &[&odd.order_id], decision, "order.payment_review_decided").await;
        app.run_jobs().await;
    }
    app.staff_patch("/v1/admin/tax-settings", json!({"provider": "stripe"})).send().await.expect(200);
    let disputed = app.paid(&variant, 1).await;
    let dispute = lost_dispute(app, &disputed).await;
    auditor.call("reverse_dispute_tax", &[&dispute], None, "dispute.tax_reversal_requested").await;
}

async fn lost_dispute(app: &TestApp, checkout: &CheckoutHandle) -> String {
    let payment = app.payment_of(checkout).await;
    let made = app.control(&format!("payment-intents/{payment}/dispute"), json!({"amount": 1000})).await;
    app.run_jobs().await;
    app.control(&format!("disputes/{}", made["id"].as_str().unwrap()), json!({"status": "lost"})).await;
    app.run_jobs().await;
    app.staff_order(checkout).await["disputes"][0]["id"].as_str().unwrap().to_owned()
}

/// Alerts, jobs, and the inbox.
async fn operation(auditor: &mut Auditor<'_>) {
    let app = auditor.app;
    let alerts = app.staff_get("/v1/admin/alerts?open=true").send().await.expect(200);
    let alert = alerts["data"][0]["id"].as_str().unwrap();
    auditor.call("acknowledge_alert", &[alert], None, "alert.acknowledged").await;
    auditor.call("pause_job_kind", &["import"], Some(json!({"reason": "r"})), "job_kind.paused").await;
    auditor.call("resume_job_kind", &["import"], None, "job_kind.resumed").await;
    let jobs = app.staff_get("/v1/admin/jobs?kind=process_event&status=done").send().await.expect(200);
    for (index, (operation, action)) in
        [("retry_job", "job.retried"), ("discard_job", "job.discarded")].iter().enumerate()
    {
        let job = jobs["data"][index]["id"].as_str().unwrap();
        app.sql(&format!("UPDATE jobs SET status = 'dead' WHERE id = '{}'", app.uuid_of(job))).await;
        let body = (*operation == "discard_job").then(|| json!({"reason": "r"}));
        auditor.call(operation, &[job], body, action).await;
    }
    app.run_jobs().await;
    let events = app.staff_get("/v1/admin/inbox/events?status=processed").send().await.expect(200);
    let event = |index: usize| events["data"][index]["id"].as_str().unwrap().to_owned();
    let died = async |id: &str| {
        app.sql(&format!("UPDATE webhook_events SET status = 'dead' WHERE id = '{}'", app.uuid_of(id))).await;
    };
    died(&event(0)).await;
    auditor.call("retry_inbox_event", &[&event(0)], None, "inbox_event.retried").await;
    app.run_jobs().await;
    died(&event(1)).await;
    auditor.call("discard_inbox_event", &[&event(1)], Some(json!({"reason": "r"})), "inbox_event.discarded").await;
    died(&event(2)).await;
    let all = json!({"status": "dead", "since": "2026-01-01T00:00:00Z"});
    auditor.call("retry_inbox_events", &[], Some(all), "inbox_event.retried").await;
    app.run_jobs().await;
}

async fn webhooks(auditor: &mut Auditor<'_>, world: &World) {
    let app = auditor.app;
    let new = lawful("create_webhook_endpoint", world);
    let made = auditor.call("create_webhook_endpoint", &[], new, "webhook_endpoint.created").await;
    let endpoint = made["id"].as_str().unwrap();
    let enable = json!({"status": "enabled", "event_types": ["*"]});
    auditor.call("update_webhook_endpoint", &[endpoint], Some(enable), "webhook_endpoint.updated").await;
    auditor.call("rotate_webhook_secret", &[endpoint], None, "webhook_endpoint.secret_rotated").await;
    let variant = app.variant(2).await;
    let cancelled = app.checked_out(&variant, 1).await.1;
    app.cancel_own(&cancelled).send().await.expect(200);
    app.sql("UPDATE webhook_deliveries SET status = 'dead', finished_at = created_at").await;
    let deliveries = app.staff_get("/v1/admin/webhook-deliveries").send().await.expect(200);
    let delivery = deliveries["data"][0]["id"].as_str().unwrap();
    auditor.call("replay_webhook_delivery", &[delivery], None, "webhook_delivery.replayed").await;
    let since = Some(json!({"since": "2026-01-01T00:00:00Z"}));
    auditor.call("replay_webhook_endpoint", &[endpoint], since, "webhook_endpoint.replayed").await;
    auditor.call("delete_webhook_endpoint", &[endpoint], None, "webhook_endpoint.deleted").await;
}
