//! Products, variants, stock; for shoppers and for staff.

use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shoppers_see_active_products_by_id_and_slug_in_their_currency() {
    let app = TestApp::start().await;
    let product = json!({
        "title": "Trail shirt", "status": "active", "options": [{"name": "size", "values": ["S", "M"]}],
        "variants": [
            {"sku": "A-S", "option_values": {"size": "S"}, "on_hand": 1, "low_stock_threshold": 2, "prices": [{"amount": 1999, "currency": "EUR", "compare_at_amount": 2499}]},
            {"sku": "A-M", "option_values": {"size": "M"}, "prices": [{"amount": 2000, "currency": "USD"}]},
        ],
    });
    let reply = app.staff_post("/v1/admin/products", product).send().await;
    assert!(reply.header("location").starts_with("/v1/admin/products/prod_"));
    let created = reply.expect(201);
    assert_eq!(created["slug"], "trail-shirt");
    let id = created["id"].as_str().unwrap();
    for name in [id, "trail-shirt"] {
        let seen = app.get(&format!("/v1/products/{name}")).send().await.expect(200);
        assert_eq!(seen["variants"].as_array().unwrap().len(), 1);
        let variant = &seen["variants"][0];
        assert_eq!((&variant["title"], &variant["availability"]), (&json!("S"), &json!("low_stock")));
        assert_eq!(
            (&variant["price"]["decimal"], &variant["compare_at_price"]["amount"]),
            (&json!("19.99"), &json!(2499))
        );
        assert!(variant.get("inventory").is_none() && variant.get("prices").is_none());
    }
    let nowhere = app.get("/v1/products/trail-shirt?currency=GBP").send().await.expect(200);
    assert_eq!((&nowhere["variants"], &nowhere["currencies"]), (&json!([]), &json!(["EUR", "USD"])));
    let listed = app.get("/v1/products").send().await.expect(200);
    assert_eq!(
        (&listed["data"][0]["variant_count"], &listed["data"][0]["currencies"]),
        (&json!(1), &json!(["EUR", "USD"]))
    );
    let dollars = app.get("/v1/products/trail-shirt?currency=USD").send().await.expect(200);
    assert_eq!(dollars["variants"][0]["sku"], "A-M");
    let variant = dollars["variants"][0]["id"].as_str().unwrap();
    assert_eq!(
        app.get(&format!("/v1/variants/{variant}?currency=USD")).send().await.expect(200)["availability"],
        "out_of_stock"
    );
    app.get(&format!("/v1/variants/{variant}")).send().await.problem(404, "not_found");
    app.staff_patch(&format!("/v1/admin/products/{id}"), json!({"status": "draft"})).send().await.expect(200);
    app.get("/v1/products/trail-shirt").send().await.problem(404, "not_found");
    assert_eq!(app.get("/v1/products").send().await.expect(200)["data"], json!([]));
    assert_eq!(
        app.staff_get("/v1/admin/products?status=draft").send().await.expect(200)["data"].as_array().unwrap().len(),
        1
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_join_without_gap_or_overlap() {
    let app = TestApp::start().await;
    for _ in 0..7 {
        app.variant(1).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/products?limit=3".to_owned();
    loop {
        let reply = app.get(&path).send().await;
        let link = reply.header("link").to_owned();
        let body = reply.expect(200);
        seen.extend(body["data"].as_array().unwrap().iter().map(|product| product["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = body["page"]["next_cursor"].as_str() else { break };
        assert_eq!(link, format!("</v1/products?limit=3&cursor={cursor}>; rel=\"next\""));
        path = format!("/v1/products?limit=3&cursor={cursor}");
    }
    let mut sorted = seen.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!((seen.len(), seen), (7, sorted));
    // A cursor of the year -9999, well-formed but not of ours.
    let old =
        "cursor=WyItY3JlYXRlZF9hdCIsIi05OTk5LTAxLTAxVDAwOjAwOjAwWiIsInByb2RfMDFoMnhjZWpxdGYybmJyZXh4M3ZxamhwNDEiXQ";
    app.get(&format!("/v1/products?{old}")).send().await.problem(400, "invalid_query");
    for query in ["limit=0", "limit=101", "limit=x", "cursor=nonsense", "currency=eur", "sort=size"] {
        let problem = app.get(&format!("/v1/products?{query}")).send().await.problem(400, "invalid_query");
        assert_eq!(problem["errors"][0]["pointer"], format!("?{}", query.split('=').next().unwrap()));
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_products_are_refused_with_the_member_at_fault() {
    let app = TestApp::start().await;
    let price = json!([{"amount": 1, "currency": "EUR"}]);
    let one = |variant: Value| json!({"title": "T", "variants": [variant]});
    let cases = [
        (json!({"variants": [{"sku": "A", "prices": price}]}), "/title"),
        (json!({"title": "T", "variants": []}), "/variants"),
        (one(json!({"sku": "", "prices": price})), "/variants/0/sku"),
        (one(json!({"sku": "A", "prices": []})), "/variants/0/prices"),
        (one(json!({"sku": "A", "prices": [{"amount": -1, "currency": "EUR"}]})), "/variants/0/prices"),
        (one(json!({"sku": "A", "prices": [{"amount": 19.99, "currency": "EUR"}]})), "/variants/0/prices/0/amount"),
        (one(json!({"sku": "A", "prices": [{"amount": 1, "currency": "EURO"}]})), "/variants/0/prices/0/currency"),
        (one(json!({"sku": "A", "prices": price, "option_values": {"size": "M"}})), "/variants/0/option_values"),
        (json!({"title": "T", "slug": "Not A Slug", "variants": [{"sku": "A", "prices": price}]}), "/slug"),
        (one(json!({"sku": "A", "prices": price, "stock": 3})), "/variants/0/stock"),
    ];
    for (body, pointer) in cases {
        let problem = app.staff_post("/v1/admin/products", body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let good = json!({"title": "T", "slug": "t", "variants": [{"sku": "A", "prices": price}]});
    app.staff_post("/v1/admin/products", good.clone()).send().await.expect(201);
    let taken = app.staff_post("/v1/admin/products", good).send().await.problem(409, "duplicate");
    assert_eq!(taken["errors"][0]["pointer"], "/slug");
    let sku = json!({"title": "U", "variants": [{"sku": "A", "prices": price}]});
    assert_eq!(
        app.staff_post("/v1/admin/products", sku).send().await.problem(409, "duplicate")["errors"][0]["pointer"],
        "/variants/0/sku"
    );
    assert_eq!(app.count("SELECT count(*) FROM products").await, 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_and_variants_are_changed_under_their_version() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let list = app.staff_get("/v1/admin/products").send().await.expect(200);
    let path = format!("/v1/admin/products/{}", list["data"][0]["id"].as_str().unwrap());
    let tag = app.staff_get(&path).send().await.header("etag").to_owned();
    let changed = app
        .staff_patch(&path, json!({"title": "Better", "metadata": {"k": "v"}}))
        .header("If-Match", &tag)
        .send()
        .await
        .expect(200);
    assert_eq!((&changed["title"], &changed["version"]), (&json!("Better"), &json!(2)));
    app.staff_patch(&path, json!({"title": "Lost"}))
        .header("If-Match", &tag)
        .send()
        .await
        .problem(412, "precondition_failed");
    let path = format!("/v1/admin/variants/{variant}");
    let body = json!({"title": "One size", "weight_grams": 120, "low_stock_threshold": 3, "prices": [{"amount": 5, "currency": "EUR"}]});
    let changed = app.staff_patch(&path, body).send().await.expect(200);
    assert_eq!((&changed["weight_grams"], &changed["inventory"]["low_stock_threshold"]), (&json!(120), &json!(3)));
    let changed = app.staff_patch(&path, json!({"weight_grams": null})).send().await.expect(200);
    assert_eq!((&changed["weight_grams"], &changed["title"]), (&Value::Null, &json!("One size")));
    app.staff_patch(&path, json!({"weight_grams": -1})).send().await.problem(422, "validation_failed");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_adjustments_write_the_ledger_and_record_shortages() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    let path = format!("/v1/admin/variants/{variant}/stock-adjustments");
    let adjust = |delta: i64, reason: &str| app.staff_post(&path, json!({"delta": delta, "reason": reason})).send();
    assert_eq!(adjust(7, "received").await.expect(201)["inventory"]["on_hand"], 12);
    assert_eq!(adjust(-2, "damaged").await.expect(201)["inventory"]["available"], 10);
    assert_eq!(adjust(-11, "lost").await.problem(422, "validation_failed")["errors"][0]["pointer"], "/delta");
    assert_eq!(adjust(1, "sale").await.problem(422, "validation_failed")["errors"][0]["pointer"], "/reason");
    let (_, checkout) = app.checked_out(&variant, 8).await;
    // Five are found broken although eight are held: a fact, recorded with whom it hits.
    let short = adjust(-5, "damaged").await.expect(201);
    assert_eq!((&short["inventory"]["shortage"], &short["held_orders"][0]), (&json!(3), &json!(checkout.order_id)));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'shortage'").await, 1);
    app.advance(16 * 60).await;
    app.run_jobs().await;
    assert_eq!(app.count("SELECT shortage AS count FROM stock_levels").await, 0);
    let ledger =
        app.staff_get(&format!("/v1/admin/variants/{variant}/stock-movements?limit=3")).send().await.expect(200);
    let moved: Vec<(i64, &str)> = ledger["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|movement| (movement["delta"].as_i64().unwrap(), movement["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(moved, [(-5, "damaged"), (-2, "damaged"), (7, "received")]);
    let next = ledger["page"]["next_cursor"].as_str().unwrap();
    let rest =
        app.staff_get(&format!("/v1/admin/variants/{variant}/stock-movements?cursor={next}")).send().await.expect(200);
    assert_eq!((&rest["data"][0]["reason"], &rest["page"]["has_more"]), (&json!("initial"), &json!(false)));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_shape_a_product_with_pictures_collections_and_safe_html() {
    let app = TestApp::start().await;
    let collection = app
        .staff_post("/v1/admin/collections", json!({"title": "Camp", "translations": {"de": {"title": "Zelten"}}}))
        .send()
        .await
        .expect(201);
    let product = json!({
        "title": "Shirt", "status": "active", "description_html": "<p onclick=\"x()\">Warm &amp; dry</p><script>x()</script>", "vendor": "V", "tags": ["a", "b"],
        "options": [{"name": "size", "values": ["S", "M"]}, {"name": "colour", "values": ["red"]}], "collections": [collection["id"]],
        "media": [{"url": "https://m.example.com/1.jpg", "alt": "Front"}, {"url": "https://m.example.com/2.jpg", "variant_skus": ["M"]}],
        "seo": {"title": "Buy a shirt"}, "tax_code": "txcd_30011000",
        "variants": [
            {"sku": "S", "option_values": {"colour": "red", "size": "S"}, "prices": [{"amount": 1, "currency": "EUR"}]},
            {"sku": "M", "option_values": {"colour": "red", "size": "M"}, "prices": [{"amount": 2, "currency": "EUR"}], "dimensions_mm": {"length": 3, "width": 2, "height": 1},
             "hs_code": "6109.10", "origin_country": "PT", "unit_cost": {"amount": 70, "currency": "USD"}, "barcode": "4006381333931", "metadata": {"k": "v"}},
        ],
    });
    let made = app.staff_post("/v1/admin/products", product).send().await.expect(201);
    assert_eq!(
        (&made["description_html"], &made["description"]),
        (&json!("<p>Warm &amp; dry</p>"), &json!("Warm & dry"))
    );
    assert_eq!(
        (&made["variants"][1]["title"], &made["media"][1]["variant_ids"]),
        (&json!("M / red"), &json!([made["variants"][1]["id"]]))
    );
    let seen = app.get("/v1/products/shirt?locale=en").send().await.expect(200);
    assert_eq!(
        (&seen["collections"][0]["title"], &seen["currencies"], &seen["seo"]["title"]),
        (&json!("Camp"), &json!(["EUR"]), &json!("Buy a shirt"))
    );
    assert!(seen["variants"][1].get("unit_cost").is_none() && seen.get("translations").is_none(), "{seen}");
    let path = format!("/v1/admin/products/{}", made["id"].as_str().unwrap());
    // Pictures are replaced as a list; the one that is named keeps its id.
    let kept = json!({"media": [{"url": "https://m.example.com/3.jpg"}, {"id": made["media"][0]["id"], "url": "https://m.example.com/1.jpg"}], "collections": null, "vendor": null});
    let changed = app.staff_patch(&path, kept).send().await.expect(200);
    assert_eq!(
        (&changed["media"][1]["id"], &changed["media"][1]["position"], &changed["media"][1]["alt"]),
        (&made["media"][0]["id"], &json!(2), &Value::Null)
    );
    assert_eq!(
        (&changed["collections"], &changed["vendor"], &changed["tags"]),
        (&json!([]), &Value::Null, &json!(["a", "b"]))
    );
    // A new variant brings its option value with it; the same combination twice is refused.
    let new = json!({"sku": "L", "option_values": {"colour": "red", "size": "L"}, "prices": [{"amount": 3, "currency": "EUR"}], "on_hand": 4});
    let reply = app.staff_post(&format!("{path}/variants"), new.clone()).send().await;
    assert!(reply.header("location").starts_with("/v1/admin/variants/var_"));
    let large = reply.expect(201);
    assert_eq!((&large["title"], &large["inventory"]["on_hand"]), (&json!("L / red"), &json!(4)));
    let read = app.staff_get(&path).send().await.expect(200);
    assert_eq!((&read["options"][0]["values"], &read["version"]), (&json!(["S", "M", "L"]), &json!(3)));
    let mut twin = new;
    twin["sku"] = json!("L2");
    let problem = app.staff_post(&format!("{path}/variants"), twin).send().await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/option_values");
    // Off sale and on again.
    let variant = format!("/v1/admin/variants/{}", large["id"].as_str().unwrap());
    app.call("DELETE", &variant).bearer(&app.admin_key).send().await.expect(204);
    assert_eq!(app.get("/v1/products/shirt").send().await.expect(200)["variants"].as_array().unwrap().len(), 2);
    assert!(app.staff_get(&variant).send().await.expect(200)["archived_at"].is_string());
    app.staff_patch(&variant, json!({"archived": false, "sku": "L3"})).send().await.expect(200);
    assert_eq!(app.get("/v1/products/shirt").send().await.expect(200)["variants"].as_array().unwrap().len(), 3);
    app.staff_patch(&variant, json!({"sku": "M"})).send().await.problem(409, "duplicate");
    app.call("DELETE", &path).bearer(&app.admin_key).send().await.expect(204);
    app.get("/v1/products/shirt").send().await.problem(404, "not_found");
    assert_eq!(app.staff_get(&path).send().await.expect(200)["status"], "archived");
    for (query, count) in
        [("q=M", 1), ("q=4006381333931", 1), ("q=shirt&status=active", 0), ("sort=title", 1), ("collection=camp", 0)]
    {
        let list = app.staff_get(&format!("/v1/admin/products?{query}")).send().await.expect(200);
        assert_eq!(list["data"].as_array().unwrap().len(), count, "{query}");
    }
    app.staff_get("/v1/admin/products?sort=price").send().await.problem(400, "invalid_query");
    // Staff find what a collection holds before shoppers see it, and take it away as a file.
    let product = app.staff_get(&path).send().await.expect(200);
    let new = json!({"title": "=Soon", "slug": "soon", "status": "draft"});
    let soon = app.staff_post("/v1/admin/collections", new).send().await.expect(201);
    let put =
        format!("/v1/admin/collections/{}/products/{}", soon["id"].as_str().unwrap(), product["id"].as_str().unwrap());
    app.call("PUT", &put).bearer(&app.admin_key).send().await.expect(204);
    let list = app.staff_get("/v1/admin/products?collection=soon").send().await.expect(200);
    assert_eq!(list["data"][0]["id"], product["id"]);
    for (query, lines) in [("collection=soon&status=archived&excel=true", 4), ("collection=soon&status=active", 1)] {
        let file = app.staff_get(&format!("/v1/admin/products.csv?{query}")).send().await;
        assert_eq!((file.status, file.text.lines().count()), (200, lines), "{query}: {}", file.text);
    }
    app.staff_get("/v1/admin/products.csv?limit=1").send().await.problem(400, "invalid_query");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_the_staff_at_once_get_one_version_each_and_one_412() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let path = format!("/v1/admin/products/{}", app.read_variant(&variant).await["product_id"].as_str().unwrap());
    let tag = app.staff_get(&path).send().await.header("etag").to_owned();
    let edits = (0..8).map(|number| {
        app.staff_patch(&path, json!({"title": format!("Edit {number}")})).header("If-Match", &tag).send()
    });
    let statuses: Vec<u16> =
        futures_util::future::join_all(edits).await.into_iter().map(|reply| reply.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
    let tagged = app.staff_get(&format!("/v1/admin/variants/{variant}")).send().await.header("etag").to_owned();
    let reply = app
        .staff_patch(&format!("/v1/admin/variants/{variant}"), json!({"taxable": false}))
        .header("If-Match", &tagged)
        .send()
        .await;
    assert!(reply.header("etag").starts_with("\"v3-"));
    assert_eq!(reply.expect(200)["taxable"], false);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_that_limits_sales_again_shows_what_was_promised_beyond_it() {
    let app = TestApp::start().await;
    let variant = app.variant_with(json!({"on_hand": 1, "allow_backorder": true})).await;
    app.checked_out(&variant, 3).await;
    let path = format!("/v1/admin/variants/{variant}");
    let changed = app.staff_patch(&path, json!({"allow_backorder": false})).send().await.expect(200);
    assert_eq!((&changed["inventory"]["shortage"], &changed["availability"]), (&json!(2), &json!("out_of_stock")));
    assert_eq!(app.count("SELECT count(*) FROM alerts WHERE kind = 'shortage'").await, 1);
    app.advance(3600).await;
    app.run_jobs().await;
    assert_eq!(app.stock(&variant).await, (1, 0));
    app.finish().await;
}
