//! Customers as staff find, change, log out, export and erase them; and what needs a person.

use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, CustomerHandle, TestApp, address};

const CUSTOMERS: &str = "/v1/admin/customers";

/// A paid order of a customer who is logged in.
async fn bought(app: &TestApp, customer: &CustomerHandle, variant: &str) -> CheckoutHandle {
    let lines = json!([{"variant_id": variant, "quantity": 1}]);
    let cart = json!({"email": "ada@example.com", "shipping_address": address(), "line_items": lines, "metadata": {"gift": "for Bob"}});
    let cart = app.cart_with(cart).await;
    let (cart, _) = app.claim(customer, &cart).await;
    let checkout = app.checkout(&cart).await;
    app.settle(&checkout).await;
    checkout
}

fn emails(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|customer| customer["email"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_found_with_what_they_bought_and_changed_and_logged_out() {
    let app = TestApp::start().await;
    let grace = app.customer("grace@example.com").await;
    app.advance(60).await;
    let ada = app.customer("ada@example.com").await;
    app.advance(60).await;
    app.customer("Zoe@example.org").await;
    let variant = app.variant(9).await;
    let first = bought(&app, &ada, &variant).await;
    bought(&app, &ada, &variant).await;
    app.refund_amount(&first, 1000, "EUR").await;
    let list = app.staff_get(&format!("{CUSTOMERS}?include=total_count")).send().await.expect(200);
    assert_eq!(emails(&list), ["Zoe@example.org", "ada@example.com", "grace@example.com"]);
    assert_eq!(list["total_count"], json!({"value": 3, "relation": "eq"}));
    let purchases = &list["data"][1]["purchases"];
    // Twice 19.99 and 4.90 of shipping, less 10.00.
    assert_eq!(
        (&purchases["order_count"], &purchases["total_spent"]),
        (&json!(2), &json!([{"amount": 2 * 2489 - 1000, "currency": "EUR", "decimal": "39.78"}]))
    );
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.staff_get(&format!("{CUSTOMERS}?sort=email&limit=1{cursor}")).send().await.expect(200);
        all.extend(emails(&page).into_iter().map(str::to_owned));
        let Some(next) = page["page"]["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all, ["ada@example.com", "grace@example.com", "Zoe@example.org"]);
    for (query, found) in [
        ("q=GRACE@", vec!["grace@example.com"]),
        ("q=example.org", vec!["Zoe@example.org"]),
        ("q=nobody", vec![]),
        // Short words alone are beginnings.
        ("q=zO", vec!["Zoe@example.org"]),
        ("q=rg", vec![]),
        ("q=rg%20example", vec!["Zoe@example.org"]),
        ("q=%25", vec![]),
    ] {
        let list = app.staff_get(&format!("{CUSTOMERS}?{query}")).send().await.expect(200);
        assert_eq!(emails(&list), found, "{query}");
    }
    app.staff_get(&format!("{CUSTOMERS}?cursor=bm8")).send().await.problem(400, "invalid_query");
    let id = list["data"][2]["id"].as_str().unwrap();
    let path = format!("{CUSTOMERS}/{id}");
    let reply = app.staff_get(&path).send().await;
    let tag = reply.header("etag").to_owned();
    assert_eq!(reply.expect(200)["session_count"], 1);
    let patch = |body: Value| app.staff_patch(&path, body).header("If-Match", &tag);
    let changed = patch(json!({"name": "Grace Hopper", "note": "Likes blue."})).send().await.expect(200);
    assert_eq!((&changed["name"], &changed["note"]), (&json!("Grace Hopper"), &json!("Likes blue.")));
    patch(json!({"note": null})).send().await.problem(412, "precondition_failed");
    let own = app.get("/v1/customers/me").bearer(&grace.access).send().await.expect(200);
    assert_eq!((&own["name"], own.get("note")), (&json!("Grace Hopper"), None), "the note is for staff");
    let found = app.staff_get(&format!("{CUSTOMERS}?q=hopper")).send().await.expect(200);
    assert_eq!(emails(&found), ["grace@example.com"]);
    app.staff_post(&format!("{path}/sessions/revoke"), json!({})).send().await.expect(204);
    app.get("/v1/customers/me").bearer(&grace.access).send().await.problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_leaves_amounts_and_invoices_and_nothing_that_tells_who_it_was() {
    let app = TestApp::start().await;
    let seller =
        json!({"seller": {"name": "Shop", "address": address(), "tax_ids": [{"type": "eu_vat", "value": "DE1"}]}});
    app.staff_patch("/v1/admin/invoice-settings", seller).send().await.expect(200);
    let variant = app.variant(9).await;
    // Left as a guest, and bought as one, before, under the same address.
    app.cart_with(json!({"email": "ADA@example.com", "shipping_address": address()})).await;
    let lines = json!([{"variant_id": variant, "quantity": 1}]);
    let guest =
        app.cart_with(json!({"email": "Ada@example.com", "shipping_address": address(), "line_items": lines})).await;
    let guest = app.checkout(&guest).await;
    app.settle(&guest).await;
    let ada = app.customer("ada@example.com").await;
    app.post("/v1/customers/me/addresses", json!({"address": address()})).bearer(&ada.access).send().await.expect(201);
    let order = bought(&app, &ada, &variant).await;
    app.about(&order, "notes", json!({"body": "Ada Lovelace called."})).send().await.expect(201);
    let list = app.staff_get(&format!("{CUSTOMERS}?q=ada")).send().await.expect(200);
    let path = format!("{CUSTOMERS}/{}", list["data"][0]["id"].as_str().unwrap());
    let export = app.staff_get(&format!("{path}/export")).send().await;
    assert!(export.header("content-disposition").starts_with("attachment"));
    let export = export.expect(200);
    let lengths = ["orders", "sessions", "carts"].map(|member| export[member].as_array().unwrap().len());
    assert_eq!(lengths[0], 2);
    assert!(lengths[1] >= 1 && lengths[2] >= 1, "{lengths:?}");
    assert_eq!(export["customer"]["addresses"][0]["address"]["city"], "Berlin");
    // Not while goods are to be sent to her.
    let erase = |reason: &str| app.staff_post(&format!("{path}/erase"), json!({"reason": reason})).send();
    let problem = erase("asked by letter").await.problem(409, "wrong_status");
    assert_eq!(problem["order_ids"].as_array().unwrap().len(), 2, "{problem}");
    for order in [&guest, &order] {
        app.about(order, "fulfillments", json!({})).send().await.expect(201);
    }
    app.run_jobs().await;
    let before = app.staff_order(&order).await;
    let left = erase("asked by letter").await.expect(200);
    assert_eq!(
        (&left["name"], &left["addresses"], &left["erase_reason"]),
        (&Value::Null, &json!([]), &json!("asked by letter"))
    );
    assert_eq!(erase("once more").await.expect(200)["version"], left["version"], "again changes nothing");
    app.staff_patch(&path, json!({"name": "Ada"})).send().await.problem(409, "wrong_status");
    app.get("/v1/customers/me").bearer(&ada.access).send().await.problem(401, "unauthenticated");
    let after = app.staff_order(&order).await;
    for member in ["totals", "line_items", "number", "fulfillments"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    let address = &after["shipping_address"];
    assert_eq!((&address["country"], &address["name"], &after["metadata"]), (&json!("DE"), &Value::Null, &json!({})));
    assert!(after["timeline"].as_array().unwrap().iter().any(|entry| entry["kind"] == "erased"));
    for order in [&guest, &order] {
        let path = format!("/v1/orders/{}", order.order_id);
        app.get(&path).header("X-Order-Token", &order.order_token).send().await.problem(404, "not_found");
    }
    let invoices = app.staff_get("/v1/admin/invoices").send().await.expect(200);
    assert_eq!(invoices["data"].as_array().unwrap().len(), 2, "the law wants them kept");
    for (table, columns) in [
        ("customers", "email || COALESCE(name, '')"),
        (
            "orders",
            "email || COALESCE(shipping_address::text, '') || COALESCE(billing_address::text, '') || metadata::text",
        ),
        ("carts", "COALESCE(email, '') || COALESCE(shipping_address::text, '') || metadata::text"),
        ("checkouts", "request_body || COALESCE(buyer_email, '')"),
        ("emails", "recipient || data::text"),
        ("order_notes", "body"),
        ("customer_addresses", "address::text"),
        ("customer_registrations", "email"),
        ("discount_uses", "customer"),
    ] {
        let told =
            app.count(&format!("SELECT count(*) FROM {table} WHERE {columns} ~* 'ada@|lovelace|torstr|for bob'")).await;
        assert_eq!(told, 0, "{table} tells who it was");
    }
    // The address is free again.
    app.customer("ada@example.com").await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_home_screen_counts_what_needs_a_person_and_the_order_screen_what_came_for_it() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 3, "low_stock_threshold": 2})).await;
    let (first, second) = (app.paid(&variant, 1).await, app.paid(&variant, 1).await);
    app.about(&first, "fulfillments", json!({})).send().await.expect(201);
    let payment = app.payment_of(&first).await;
    app.control(&format!("payment-intents/{payment}/dispute"), json!({})).await;
    app.run_jobs().await;
    let counts = app.staff_get("/v1/admin/attention").send().await.expect(200);
    let value = |name: &str| counts[name]["value"].as_i64().unwrap();
    let names = [
        "to_fulfill",
        "payment_reviews",
        "disputes",
        "dead_webhooks",
        "dead_jobs",
        "failed_webhook_endpoints",
        "low_stock",
    ];
    assert_eq!(names.map(value), [1, 0, 1, 0, 0, 0, 1]);
    assert_eq!(value("alerts"), app.count("SELECT count(*) FROM alerts WHERE acknowledged_at IS NULL").await);
    let mut conn = app.database().await;
    let scopes = [merx::staff::api_keys::Scope::JobsRead];
    let (_, narrow) = merx::staff::api_keys::create(&mut conn, "narrow", &scopes, app.app.clock.now()).await.unwrap();
    let counts = app.get("/v1/admin/attention").bearer(&narrow).send().await.expect(200);
    assert_eq!((&counts["to_fulfill"], &counts["dead_jobs"]["value"]), (&Value::Null, &json!(0)));
    // What providers told of an order, and the alerts about it.
    let types = async |order: &CheckoutHandle| {
        let list =
            app.staff_get(&format!("/v1/admin/inbox/events?order_id={}", order.order_id)).send().await.expect(200);
        let mut types: Vec<String> =
            list["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
        types.sort();
        types
    };
    let (of_first, of_second) = (types(&first).await, types(&second).await);
    assert!(of_second.contains(&"checkout.session.completed".to_owned()), "{of_second:?}");
    assert!(of_first.contains(&"charge.dispute.created".to_owned()), "{of_first:?}");
    assert!(!of_second.contains(&"charge.dispute.created".to_owned()), "{of_second:?}");
    let alerts = app.staff_get(&format!("/v1/admin/alerts?order_id={}", first.order_id)).send().await.expect(200);
    assert_eq!(alerts["data"][0]["kind"], "dispute");
    let none = app.staff_get(&format!("/v1/admin/alerts?order_id={}", second.order_id)).send().await.expect(200);
    assert_eq!(none["data"], json!([]));
    let products = app.staff_get("/v1/admin/products?include=total_count").send().await.expect(200);
    assert_eq!(products["total_count"], json!({"value": 1, "relation": "eq"}));
    // Discounts by a word of their title, or by a code.
    for (title, code) in [("Spring 10%", "SPRING10"), ("Summer", "SUN")] {
        let body = json!({"title": title, "code": code, "method": "code", "type": "free_shipping"});
        app.staff_post("/v1/admin/discounts", body).send().await.expect(201);
    }
    for (query, found) in [
        ("q=10%25", vec!["Spring 10%"]),
        ("q=sun", vec!["Summer"]),
        ("status=disabled", vec![]),
        ("method=code", vec!["Summer", "Spring 10%"]),
    ] {
        let list = app.staff_get(&format!("/v1/admin/discounts?{query}")).send().await.expect(200);
        let titles: Vec<&str> =
            list["data"].as_array().unwrap().iter().map(|found| found["title"].as_str().unwrap()).collect();
        assert_eq!(titles, found, "{query}");
    }
    app.finish().await;
}
