//! How PostgreSQL finds what requests and jobs ask for, in a shop of thousands of products and orders: each statement's plan is
//! taken from its log (`auto_explain`), and none may read a large table from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::RunQueryDsl as _;
use merx::dev::copies;
use serde_json::{Value, json};

use crate::harness::{CartHandle, CheckoutHandle, TestApp, address, guard, operations};

/// How many times as many products, customers and orders there are as are made by the API.
const TIMES: i64 = 1500;

/// Rows from which on a table is large.
const LARGE: i64 = 1000;

/// What is no list: it goes on for ever, or is of another kind of caller.
const OTHERS: [&str; 2] = ["/v1/admin/events", "/v1/admin/session"];

/// What reads a large table as a whole, and why that is right.
const MEANT: [(&str, &str); 2] = [
    ("days_left", "a report on every variant"),
    ("SELECT DISTINCT \"variant_prices\".\"currency\"", "the columns of a file of all products"),
];

/// The shop that is copied: products of all kinds, a customer's and guests' orders, some refunded, sent or cancelled.
async fn pattern(app: &TestApp) -> (String, CheckoutHandle) {
    let mut variants = Vec::new();
    for _ in 0..12 {
        variants.push(app.variant(500).await);
    }
    let product = app.read_variant(&variants[0]).await["product_id"].clone();
    let collection = app.staff_post("/v1/admin/collections", json!({"title": "Kept"})).send().await.expect(201);
    let member =
        format!("/v1/admin/collections/{}/products/{}", collection["id"].as_str().unwrap(), product.as_str().unwrap());
    let put = app.call("PUT", &member).bearer(&app.admin_key).send().await;
    assert!(put.status < 300, "{}", put.text);
    let customer = app.customer("owner@example.com").await;
    let mut last = None;
    for (number, variant) in variants.iter().enumerate() {
        let body = json!({"email": format!("{number}@example.com"), "shipping_address": address(),
            "line_items": [{"variant_id": variant, "quantity": 2}]});
        let mut cart = app.cart_with(body).await;
        if number % 3 == 0 {
            (cart, _) = app.claim(&customer, &cart).await;
        }
        let checkout = app.checkout(&cart).await;
        app.pay(&checkout, "paid").await;
        app.run_jobs().await;
        if number % 4 == 1 {
            app.refund_line(&checkout, 0, json!({})).await;
        }
        last = Some(checkout);
    }
    app.run_jobs().await;
    (variants[0].clone(), last.unwrap())
}

/// Every statement from now on leaves its plan in PostgreSQL's log, in connections that begin now.
async fn explain_from_now_on(app: &TestApp) {
    let mut conn = app.database().await;
    for setting in [
        "LOAD 'auto_explain'",
        "ALTER SYSTEM SET session_preload_libraries = 'auto_explain'",
        "ALTER SYSTEM SET auto_explain.log_min_duration = 0",
        "ALTER SYSTEM SET auto_explain.log_format = 'json'",
        "SELECT pg_reload_conf()",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    ] {
        diesel::sql_query(setting).execute(&mut conn).await.unwrap();
    }
    guard(async { while app.get("/v1/products?limit=1").undocumented().send().await.status != 200 {} }).await;
}

/// The main job and what staff do about it.
async fn buy_and_look_after(app: &TestApp, variant: &str) {
    let cart = app.cart_with(json!({})).await;
    let with_token = |method: &str, path: &str| app.call(method, path).header("X-Cart-Token", &cart.token);
    let lines = format!("/v1/carts/{}/line-items", cart.id);
    let line = json!({"variant_id": variant, "quantity": 1});
    let seen = with_token("POST", &lines).json(line).send().await.expect(200);
    let line = seen["line_items"][0]["id"].as_str().unwrap();
    with_token("PATCH", &format!("{lines}/{line}")).json(json!({"quantity": 2})).send().await.expect(200);
    let about = json!({"email": "new@example.com", "shipping_address": address()});
    with_token("PATCH", &format!("/v1/carts/{}", cart.id)).json(about).send().await.expect(200);
    with_token("POST", &format!("/v1/carts/{}/quote", cart.id)).json(json!({})).send().await.expect(200);
    let checkout = app.checkout(&cart).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    app.look(&checkout).await;
    let order = app.staff_order(&checkout).await;
    assert_eq!(order["status"], "confirmed");
    app.refund_line(&checkout, 0, json!({})).await;
    let sent =
        json!({"line_items": [{"line_item_id": order["line_items"][0]["id"], "quantity": 1}], "tracking_number": "1Z"});
    app.about(&checkout, "fulfillments", sent).send().await.expect(201);
    let unwanted = app.paid(variant, 1).await;
    let cancel = format!("/v1/admin/orders/{}/cancel", unwanted.order_id);
    let reply = app.staff_post(&cancel, json!({"reason": "requested_by_customer"})).send().await;
    assert!(reply.status < 300, "{}", reply.text);
    let abandoned: CartHandle = app.cart(&[(variant, 1)]).await;
    let open = app.checkout(&abandoned).await;
    let cancel = format!("/v1/checkouts/{}/cancel", open.id);
    app.call("POST", &cancel).header("X-Order-Token", &open.order_token).send().await.expect(200);
    app.run_jobs().await;
}

/// Every list that there is, and the filters that are used most.
async fn look_around(app: &TestApp, variant: &str, checkout: &CheckoutHandle) {
    let lists = operations().into_iter().filter(|(method, path, _)| method == "GET" && !path.contains('{'));
    let (customer, mut refused) = (app.log_in("owner@example.com").await, Vec::new());
    for (_, path, _) in lists.filter(|(_, path, _)| !OTHERS.contains(&path.as_str())) {
        let mine = path.starts_with("/v1/customers/me");
        let call = if mine { app.get(&path).bearer(&customer.access) } else { app.staff_get(&path) };
        let reply = call.undocumented().send().await;
        if reply.status >= 300 {
            refused.push(format!("{path}: {} {}", reply.status, reply.text));
        }
    }
    assert_eq!(refused, Vec::<String>::new());
    let product = app.read_variant(variant).await["product_id"].as_str().unwrap().to_owned();
    let order = app.staff_order(checkout).await;
    let number = order["number"].as_str().unwrap();
    for path in [
        format!("/v1/products/{product}"),
        "/v1/products?q=zebra".to_owned(),
        "/v1/products?sort=price&min_price=100&max_price=9000".to_owned(),
        "/v1/products?sort=title&limit=50&in_stock=true".to_owned(),
        "/v1/products?collection=kept&sort=-price".to_owned(),
        format!("/v1/variants/{variant}"),
        format!("/v1/admin/orders?q={number}"),
        "/v1/admin/orders?email=3@example.com".to_owned(),
        "/v1/admin/orders?status=pending&limit=20".to_owned(),
        "/v1/admin/orders?needs=fulfillment&limit=20".to_owned(),
        format!("/v1/admin/orders?customer_id={}", customer.id),
        "/v1/admin/customers?q=owner@example.com-77".to_owned(),
        format!("/v1/admin/orders/{}", checkout.order_id),
    ] {
        app.staff_get(&path).send().await.expect(200);
    }
    let path = format!("/v1/orders/{}/refunds", checkout.order_id);
    app.get(&path).header("X-Order-Token", &checkout.order_token).send().await.expect(200);
}

#[derive(diesel::QueryableByName)]
struct Name {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

/// Where rows of an index are all looked through for a key, which has an index of its own: what waits is few only in a shop at
/// rest.
fn sought_among_all(plan: &Value, found: &mut Vec<String>) {
    let text = |member: &str| plan[member].as_str().unwrap_or_default();
    let mut words = text("Filter").split(['(', ' ', '.']).peekable();
    while let Some(word) = words.next() {
        let is_key = (word == "id" || word.ends_with("_id")) && words.peek() == Some(&"=");
        if is_key && plan["Index Name"].is_string() && plan["Index Cond"].is_null() {
            found.push(format!("{word} by {}", text("Index Name")));
        }
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        sought_among_all(part, found);
    }
}

/// What plans are judged by.
struct Judge {
    /// Tables of many rows.
    large: BTreeSet<String>,
    /// Indexes of a part of a table, which is small: what waits, or is open.
    partial: BTreeSet<String>,
}

impl Judge {
    async fn of(app: &TestApp) -> Self {
        let mut conn = app.database().await;
        let mut names = async |query: &str| -> BTreeSet<String> {
            let rows: Vec<Name> = diesel::sql_query(query).load(&mut conn).await.unwrap();
            rows.into_iter().map(|row| row.name).collect()
        };
        Self {
            large: names(&format!(
                "SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
                 AND reltuples >= {LARGE} AND relname NOT LIKE 'pattern%'"
            ))
            .await,
            partial: names("SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indpred IS NOT NULL").await,
        }
    }

    /// What is wrong with a plan: a large table read from beginning to end, by itself or by all of an index.
    fn whole_reads(&self, plan: &Value, limited: bool, found: &mut Vec<String>) {
        let text = |member: &str| plan[member].as_str().unwrap_or_default();
        let (kind, table) = (text("Node Type"), text("Relation Name"));
        // These take all that is below them before they give anything.
        let takes_all = ["Sort", "Aggregate", "Hash", "Materialize", "WindowAgg", "Unique"].contains(&kind);
        let limited = kind == "Limit" || limited && !takes_all;
        let is_stopped = limited && plan["Filter"].is_null();
        let is_whole = match kind {
            "Seq Scan" => !is_stopped,
            "Index Scan" | "Index Only Scan" => {
                plan["Index Cond"].is_null() && !is_stopped && !self.partial.contains(text("Index Name"))
            }
            _ => false,
        };
        if is_whole && self.large.contains(table) {
            found.push(format!("{kind} of {table}"));
        }
        for part in plan["Plans"].as_array().into_iter().flatten() {
            self.whole_reads(part, limited, found);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_and_no_job_reads_a_large_table_from_beginning_to_end() {
    let app = TestApp::in_private_cluster(&[("MERX_CATALOG_CACHE_MB", "0")]).await;
    let (variant, checkout) = pattern(&app).await;
    let mut conn = app.database().await;
    copies::keep(&mut conn).await.unwrap();
    copies::grow(&mut conn, (1, TIMES), &[]).await.unwrap();
    // As in a shop of some age most is delivered.
    for statement in [
        "UPDATE orders SET status = 'completed', fulfillment_status = 'delivered' WHERE number ~ '-[0-9]{2,}$'",
        "VACUUM ANALYZE orders",
    ] {
        diesel::sql_query(statement).execute(&mut conn).await.unwrap();
    }
    drop(conn);
    // What one product has, as all copies have the same words.
    let variants = json!([{"sku": "ZEBRA", "on_hand": 1, "prices": [{"amount": 100, "currency": "EUR"}]}]);
    let zebra = json!({"title": "Zebra", "status": "active", "variants": variants});
    app.staff_post("/v1/admin/products", zebra).send().await.expect(201);
    let judge = Judge::of(&app).await;
    assert!(judge.large.len() > 15, "{:?}", judge.large);
    let private = app.private.as_ref().unwrap();
    let before = private.log().len();
    explain_from_now_on(&app).await;
    buy_and_look_after(&app, &variant).await;
    look_around(&app, &variant, &checkout).await;
    let log = private.log().split_off(before);
    let mut wrong = BTreeMap::new();
    let mut plans = 0;
    for text in log.split("  plan:\n").skip(1) {
        let lines: Vec<&str> = text.lines().take_while(|line| line.starts_with('\t')).collect();
        let plan: Value = serde_json::from_str(&lines.join("\n")).unwrap();
        plans += 1;
        let (mut found, query) = (Vec::new(), plan["Query Text"].as_str().unwrap_or_default());
        judge.whole_reads(&plan["Plan"], false, &mut found);
        // What the query builder writes, by its quotes, names no values, and is not planned for them after some runs.
        if !query.contains('"') {
            sought_among_all(&plan["Plan"], &mut found);
        }
        if !found.is_empty() && !MEANT.iter().any(|(meant, _)| query.contains(meant)) {
            wrong.insert(query.to_owned(), found);
        }
    }
    assert!(plans > 500, "{plans}");
    assert_eq!(wrong, BTreeMap::new());
    app.abandon().await;
}
