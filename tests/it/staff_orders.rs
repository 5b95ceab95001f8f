//! What staff find, read and note of orders: lists with filters, one search box, files, notes, tags.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{CheckoutHandle, TestApp, address};
use merx::staff::roles::BuiltInRole;

const SUMMARIES: &str = "/v1/admin/order-summaries";

/// The ids of an answer's orders, in order.
fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
}

/// The ids of what a query lists, page by page, of whole orders and of orders in short, which must be the same.
async fn listed(app: &TestApp, query: &str) -> Vec<String> {
    let mut lists = Vec::new();
    for path in [SUMMARIES, "/v1/admin/orders"] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.staff_get(&format!("{path}?limit=2&{query}{cursor}")).send().await.expect(200);
            all.extend(ids(&page));
            match page["page"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        lists.push(all);
    }
    assert_eq!(lists[0], lists[1], "{query}");
    lists.remove(0)
}

/// An order of somebody, placed a minute after the one before.
async fn order_of(app: &TestApp, email: &str, name: &str, variant: &str, quantity: i64) -> CheckoutHandle {
    app.advance(60).await;
    let mut to = address();
    to["name"] = json!(name);
    let lines = json!([{"variant_id": variant, "quantity": quantity}]);
    let cart = app.cart_with(json!({"email": email, "shipping_address": to, "line_items": lines})).await;
    app.checkout(&cart).await
}

fn id(checkout: &CheckoutHandle) -> String {
    checkout.order_id.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_found_by_every_filter_and_sorted_page_by_page() {
    let app = TestApp::start().await;
    let (shirt, mug) = (
        app.variant(50).await,
        app.variant_with(json!({"on_hand": 50, "sku": "MUG-1", "prices": [{"amount": 500, "currency": "EUR"}]})).await,
    );
    let code = json!({"title": "Ten off", "code": "SPRING10", "type": "percentage", "percentage": "10"});
    app.staff_post("/v1/admin/discounts", code).send().await.expect(201);
    let start = app.app.clock.now();
    let a = order_of(&app, "ada@example.com", "Ada Lovelace", &shirt, 1).await;
    let b = order_of(&app, "Grace@Example.com", "Grace Hopper", &shirt, 3).await;
    let c = order_of(&app, "alan@example.org", "Alan 50% Turing", &mug, 1).await;
    let d = order_of(&app, "ada@example.com", "Ada Lovelace", &mug, 2).await;
    let cart = app
        .cart_with(json!({"email": "mary@example.com", "shipping_address": address(), "line_items": [{"variant_id": mug, "quantity": 4}]}))
        .await;
    let codes = format!("/v1/carts/{}/discount-codes", cart.id);
    app.call("POST", &codes)
        .header("X-Cart-Token", &cart.token)
        .json(json!({"code": "spring10"}))
        .send()
        .await
        .expect(200);
    app.advance(60).await;
    let e = app.checkout(&cart).await;
    for paid in [&c, &a, &b, &e] {
        app.settle(paid).await;
    }
    // Newest first, and the other way round.
    let all = [id(&e), id(&d), id(&c), id(&b), id(&a)];
    assert_eq!(listed(&app, "").await, all);
    assert_eq!(listed(&app, "sort=placed_at").await, all.iter().rev().cloned().collect::<Vec<_>>());
    // 4 mugs less a tenth are 1800, a shirt 1999, two mugs 1000, a mug 500, three shirts 5997.
    let by_total = [id(&b), id(&a), id(&e), id(&d), id(&c)];
    assert_eq!(listed(&app, "sort=-total&currency=EUR").await, by_total);
    assert_eq!(listed(&app, "sort=total&currency=EUR").await, by_total.iter().rev().cloned().collect::<Vec<_>>());
    // Numbers were given as they were paid; who has none comes last from above.
    assert_eq!(listed(&app, "sort=-number").await, [id(&e), id(&b), id(&a), id(&c), id(&d)]);
    assert_eq!(listed(&app, "sort=number").await, [id(&d), id(&c), id(&a), id(&b), id(&e)]);
    // States.
    assert_eq!(listed(&app, "status=pending").await, [id(&d)]);
    assert_eq!(listed(&app, "payment_status=unpaid").await, [id(&d)]);
    let all_paid = [id(&e), id(&c), id(&b), id(&a)];
    assert_eq!(listed(&app, "needs=fulfillment").await, all_paid);
    assert_eq!(listed(&app, "status=confirmed&fulfillment_status=unfulfilled").await, all_paid);
    app.about(&a, "fulfillments", json!({"carrier": "UPS", "tracking_number": "1Z999"})).send().await.expect(201);
    let part = json!({"line_items": [{"line_item_id": b.body["order"]["line_items"][0]["id"], "quantity": 1}]});
    app.about(&b, "fulfillments", part).send().await.expect(201);
    let refund = json!({"line_items": [{"line_item_id": c.body["order"]["line_items"][0]["id"], "quantity": 1}], "reason": "other"});
    app.about(&c, "refunds", refund).send().await.expect(201);
    app.run_jobs().await;
    assert_eq!(listed(&app, "needs=fulfillment").await, [id(&e), id(&b)]);
    assert_eq!(listed(&app, "fulfillment_status=partially_fulfilled").await, [id(&b)]);
    assert_eq!(listed(&app, "status=completed").await, [id(&a)]);
    let payment = app.payment_of(&e).await;
    app.control(&format!("payment-intents/{payment}/dispute"), json!({})).await;
    app.run_jobs().await;
    assert_eq!(listed(&app, "needs=dispute").await, [id(&e)]);
    assert_eq!(listed(&app, "dispute_status=open").await, [id(&e)]);
    assert_eq!(listed(&app, "needs=review").await, Vec::<String>::new());
    // Whose, which, when, how much.
    assert_eq!(listed(&app, "email=ADA@example.com").await, [id(&d), id(&a)]);
    assert_eq!(listed(&app, "discount_code=spring10").await, [id(&e)]);
    assert_eq!(listed(&app, "currency=JPY").await, Vec::<String>::new());
    let time = |minutes: i64| (start + chrono::TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let some = listed(&app, &format!("placed_from={}&placed_to={}", time(2), time(4))).await;
    assert_eq!(some, [id(&c), id(&b)]);
    assert_eq!(listed(&app, "currency=EUR&min_total=2489&max_total=6487").await, [id(&b), id(&a)]);
    let totals = app.staff_get(&format!("{SUMMARIES}?include=total_count&needs=fulfillment")).send().await.expect(200);
    assert_eq!(totals["total_count"], json!({"value": 2, "relation": "eq"}));
    // What makes no sense is said.
    for (query, name) in [
        ("min_total=1", "min_total"),
        ("sort=total", "sort"),
        ("placed_from=0001-01-01T00:00:00Z", "placed_from"),
        ("cursor=bm8", "cursor"),
        ("customer_id=ord_x", "customer_id"),
        ("limit=101", "limit"),
    ] {
        let problem = app.staff_get(&format!("{SUMMARIES}?{query}")).send().await.problem(400, "invalid_query");
        assert_eq!(problem["errors"][0]["pointer"], format!("?{name}"), "{problem}");
    }
    let first = app.staff_get(&format!("{SUMMARIES}?limit=1")).send().await.expect(200);
    let other = format!("{SUMMARIES}?sort=number&cursor={}", first["page"]["next_cursor"].as_str().unwrap());
    app.staff_get(&other).send().await.problem(400, "invalid_query");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_search_box_finds_numbers_people_goods_parcels_and_ids() {
    let app = TestApp::start().await;
    let (shirt, mug) = (
        app.variant_with(json!({"on_hand": 50, "sku": "Shirt-M"})).await,
        app.variant_with(json!({"on_hand": 50, "sku": "MUG-1"})).await,
    );
    let ada = order_of(&app, "ada@example.com", "Ada Lovelace", &shirt, 1).await;
    let alan = order_of(&app, "alan_t@example.org", "Alan 50% Turing", &mug, 1).await;
    app.settle(&ada).await;
    app.about(&ada, "fulfillments", json!({"carrier": "UPS", "tracking_number": "1Z999"})).send().await.expect(201);
    let refund = app.refund_amount(&ada, 100, "EUR").await;
    let order = app.staff_order(&ada).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let payment = app.payment_of(&ada).await;
    let provider = app.sandbox_get("/_control/summary").await["refunds"][0]["id"].clone();
    let asked: Vec<(String, &str)> = vec![
        (text(&order["number"]), "a"),
        (format!("%23{}", text(&order["number"])), "a"),
        ("ADA@EXAMPLE".to_owned(), "a"),
        ("lovelace+ada".to_owned(), "a"),
        ("example".to_owned(), "ta"),
        ("turing".to_owned(), "t"),
        ("50%25+TURING".to_owned(), "t"),
        ("alan_t@".to_owned(), "t"),
        ("alan%25t".to_owned(), ""),
        ("shirt-m".to_owned(), "a"),
        ("mug-1".to_owned(), "t"),
        ("1Z+999".to_owned(), "a"),
        (id(&alan), "t"),
        (alan.id.clone(), "t"),
        (text(&refund["id"]), "a"),
        (text(&provider), "a"),
        (text(&order["fulfillments"][0]["id"]), "a"),
        (text(&order["line_items"][0]["id"]), "a"),
        (payment, "a"),
        (alan.session_id.clone(), "t"),
        ("ord_01jd8x3v5ke2t9qj6f4z0w7m8r".to_owned(), ""),
        ("ad".to_owned(), ""),
        ("'; DROP TABLE orders --".replace(' ', "+"), ""),
        ("+".to_owned(), "ta"),
    ];
    for (text, who) in asked {
        let wanted: Vec<String> = who.chars().map(|who| if who == 'a' { id(&ada) } else { id(&alan) }).collect();
        assert_eq!(listed(&app, &format!("q={text}")).await, wanted, "{text}");
    }
    let found = app.staff_get(&format!("{SUMMARIES}?q=shirt-m")).send().await.expect(200)["data"][0].clone();
    let stripped = json!([
        found["name"],
        found["shipping_city"],
        found["item_count"],
        found["fulfillable_count"],
        found["refunded"]["amount"]
    ]);
    assert_eq!(stripped, json!(["Ada Lovelace", "Berlin", 1, 0, 100]));
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_holds_every_order_of_the_query_and_no_formula() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 50, "sku": "MUG-1"})).await;
    let odd = order_of(&app, "ada@example.com", "=HYPERLINK(\"https://evil.example\"), \"x\"", &variant, 2).await;
    let plain = order_of(&app, "grace@example.com", "Grace Hopper", &variant, 1).await;
    app.settle(&plain).await;
    app.staff_patch(&format!("/v1/admin/orders/{}", odd.order_id), json!({"tags": ["@vip", "gift"]}))
        .send()
        .await
        .expect(200);
    // More than are read at a time, so that the file is put together from pieces.
    app.sql(&format!(
        "INSERT INTO orders SELECT (jsonb_populate_record(orders, jsonb_build_object('id', gen_random_uuid(), 'number', NULL, \
            'payment_intent_id', NULL, 'email', 'many@example.com', 'status', 'cancelled', 'payment_status', 'unpaid', \
            'placed_at', placed_at - make_interval(secs => n / 7), 'captured', 0))).* \
         FROM orders, generate_series(1, 1203) AS n WHERE id = '{}'",
        app.uuid_of(&odd.order_id)
    ))
    .await;
    let reply = app.staff_get("/v1/admin/orders.csv?sort=placed_at&limit=1").send().await;
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"orders.csv\"");
    let lines: Vec<&str> = reply.text.lines().collect();
    assert_eq!((reply.status, lines.len()), (200, 1 + 2 + 1203));
    let distinct: BTreeSet<&str> = lines.iter().copied().collect();
    assert_eq!(distinct.len(), lines.len(), "none twice");
    assert!(lines[0].starts_with("number,placed_at,"));
    let line = lines.iter().find(|line| line.ends_with(&odd.order_id)).unwrap();
    assert!(line.contains(",\"'=HYPERLINK(\"\"https://evil.example\"\"), \"\"x\"\"\","), "{line}");
    assert!(line.contains(",2 x MUG-1,2,EUR,39.98,0.00,4.90,"), "{line}");
    assert!(line.contains(",\"'@vip, gift\","), "{line}");
    let some = app.staff_get("/v1/admin/orders.csv?q=grace").send().await;
    assert_eq!(some.text.lines().count(), 2);
    assert!(some.text.contains(&plain.order_id));
    app.staff_get("/v1/admin/orders.csv?sort=total").send().await.problem(400, "invalid_query");
    app.sql("DELETE FROM orders WHERE email = 'many@example.com'").await;
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_and_tags_are_for_staff_and_the_timeline_tells_of_them() {
    let app = TestApp::start().await;
    let checkout = app.paid(&app.variant(9).await, 1).await;
    let (order, notes) = (format!("/v1/admin/orders/{}", checkout.order_id), "notes");
    let path = format!("{order}/{notes}");
    for body in ["", "x\u{0}"] {
        app.staff_post(&path, json!({"body": body})).send().await.problem(422, "validation_failed");
    }
    let new = || {
        app.staff_post(&path, json!({"body": "Wants it before Friday."}))
            .header("Idempotency-Key", "note-1-of-the-test")
            .send()
    };
    let first = new().await.expect(201);
    assert_eq!(new().await.expect(201)["id"], first["id"], "a repeat writes no second one");
    let second = app.staff_post(&path, json!({"body": "Called back."})).send().await.expect(201);
    let list = app.staff_get(&path).send().await.expect(200);
    let bodies: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|note| note["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["Called back.", "Wants it before Friday."]);
    // People read names, not ids.
    let key = list["data"][0]["created_by_name"].as_str().unwrap().to_owned();
    assert!(!key.starts_with("key_") && list["data"][0]["created_by"].as_str().unwrap().starts_with("key_"), "{list}");
    let one = app.staff_get(&format!("{path}?limit=1")).send().await;
    assert!(one.header("link").contains("rel=\"next\""));
    let delete = |note: &Value| app.staff_delete(&format!("{path}/{}", note["id"].as_str().unwrap())).send();
    delete(&second).await.expect(204);
    delete(&second).await.problem(404, "not_found");
    // Tags: all at once, by difference, and not over somebody else's change.
    let tags = async |body: Value| app.staff_patch(&order, body).send().await.expect(200)["tags"].clone();
    let version = app.staff_order(&checkout).await["version"].clone();
    assert_eq!(tags(json!({"tags": ["vip", " gift ", "vip"]})).await, json!(["vip", "gift"]));
    assert_eq!(tags(json!({"add_tags": ["late", "gift"], "remove_tags": ["vip"]})).await, json!(["gift", "late"]));
    let stale = app.staff_patch(&order, json!({"tags": []})).header("If-Match", &format!("\"v{version}\""));
    stale.send().await.problem(412, "precondition_failed");
    for body in [json!({"tags": ["a,b"]}), json!({"tags": [" "]}), json!({"tags": ["a"], "add_tags": ["b"]})] {
        app.staff_patch(&order, body).send().await.problem(422, "validation_failed");
    }
    let many: Vec<String> = (0..49).map(|number| format!("t{number}")).collect();
    app.staff_patch(&order, json!({"add_tags": many})).send().await.problem(422, "validation_failed");
    let now = app.staff_order(&checkout).await["version"].clone();
    assert_eq!(tags(json!({"add_tags": ["gift"]})).await, json!(["gift", "late"]));
    assert_eq!(app.staff_order(&checkout).await["version"], now, "what is there already changes nothing");
    assert_eq!(listed(&app, "tag=late").await, [id(&checkout)]);
    assert_eq!(listed(&app, "tag=vip").await, Vec::<String>::new());
    let shown = app.staff_order(&checkout).await;
    let told: Vec<&str> =
        shown["timeline"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(told[told.len() - 5..], ["note_added", "note_added", "note_deleted", "tagged", "tagged"]);
    assert_eq!(shown["timeline"][told.len() - 1]["by_name"], json!(key));
    assert!(shown["timeline"][0].get("by_name").is_none(), "a shopper placed it");
    let grace = app.staff(BuiltInRole::Support).await;
    app.by(&grace, "PATCH", &order).json(json!({"tags": []})).send().await.expect(200);
    let shown = app.staff_order(&checkout).await;
    assert_eq!(shown["timeline"].as_array().unwrap().last().unwrap()["by_name"], "Grace");
    assert!(app.order(&checkout).await.get("tags").is_none(), "shoppers see none");
    app.finish().await;
}
