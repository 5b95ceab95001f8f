//! Shopify's product CSV in and out, over HTTP and by command.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Call, TestApp};

/// A form as browsers send it.
fn form(app: &TestApp, file: &[u8], options: &[(&str, &str)]) -> Call {
    let boundary = "----a boundary of the tests".replace(' ', "-");
    let mut body = Vec::new();
    for (name, value) in options {
        body.extend(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    body.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"products.csv\"\r\nContent-Type: text/csv\r\n\r\n").bytes());
    body.extend(file);
    body.extend(format!("\r\n--{boundary}--\r\n").bytes());
    app.call("POST", "/v1/admin/imports")
        .bearer(&app.admin_key)
        .body(&format!("multipart/form-data; boundary={boundary}"), body)
}

/// Imports a file to its end; answers the report's head.
async fn import(app: &TestApp, file: &[u8], options: &[(&str, &str)]) -> Value {
    let reply = form(app, file, options).send().await;
    let location = reply.header("location").to_owned();
    assert_eq!(reply.expect(202)["status"], "queued");
    app.run_jobs().await;
    let import = app.staff_get(&location).send().await.expect(200);
    assert!(["done", "failed"].contains(&import["status"].as_str().unwrap()), "{import}");
    import
}

/// An import's rows by their lines: outcome and messages.
async fn rows(app: &TestApp, import: &Value, query: &str) -> BTreeMap<i64, (String, String)> {
    let mut found = BTreeMap::new();
    let base = format!("/v1/admin/imports/{}/rows?limit=2{query}", import["id"].as_str().unwrap());
    let mut path = base.clone();
    loop {
        let page = app.staff_get(&path).send().await.expect(200);
        for row in page["data"].as_array().unwrap() {
            let messages: Vec<&str> =
                row["messages"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
            found.insert(
                row["line"].as_i64().unwrap(),
                (row["outcome"].as_str().unwrap().to_owned(), messages.join("; ")),
            );
        }
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { return found };
        path = format!("{base}&cursor={cursor}");
    }
}

async fn export(app: &TestApp) -> Vec<u8> {
    let mut file = Vec::new();
    merx::imports::export::export(&mut app.database().await, &mut file, "EUR".parse().unwrap(), false).await.unwrap();
    file
}

/// Everything that a shop's catalogue is, as text.
async fn catalogue(app: &TestApp) -> String {
    #[derive(diesel::QueryableByName)]
    struct Dump {
        #[diesel(sql_type = diesel::sql_types::Text)]
        dump: String,
    }
    let tables = [
        "products",
        "variants",
        "variant_prices",
        "stock_levels",
        "stock_movements",
        "product_media",
        "collections",
        "collection_products",
        "product_prices",
        "product_slugs",
        "product_search",
    ];
    let mut all = String::new();
    for table in tables {
        let query = format!(
            "SELECT COALESCE(string_agg(row::text, E'\\n' ORDER BY row::text), '') AS dump FROM {table} AS row"
        );
        let dump: Dump =
            diesel_async::RunQueryDsl::get_result(diesel::sql_query(query), &mut app.database().await).await.unwrap();
        all += &format!("{table}\n{}\n", dump.dump);
    }
    all
}

/// Every column that Shopify documents, in its older format.
const SHOPIFY: &str = "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option1 Linked To,Option2 Name,Option2 Value,Option2 Linked To,Option3 Name,Option3 Value,Option3 Linked To,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Requires Shipping,Variant Taxable,Unit Price Total Measure,Unit Price Total Measure Unit,Unit Price Base Measure,Unit Price Base Measure Unit,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,SEO Title,SEO Description,Google Shopping / Google Product Category,Google Shopping / Gender,Google Shopping / Age Group,Google Shopping / MPN,Google Shopping / Condition,Google Shopping / Custom Product,Variant Image,Variant Weight Unit,Variant Tax Code,Cost per item,Included / United States,Price / United States,Compare At Price / United States,Status,Collection";

fn shopify(rows: &[&[(&str, &str)]]) -> Vec<u8> {
    let columns: Vec<&str> = SHOPIFY.split(',').collect();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut file = format!("\u{feff}{SHOPIFY}\r\n");
    for row in rows {
        let cells = columns.iter().map(|column| {
            row.iter().find(|(name, _)| name == column).map_or(String::new(), |(_, value)| quoted(value))
        });
        file += &(cells.collect::<Vec<_>>().join(",") + "\r\n");
    }
    file.into_bytes()
}

fn shirt() -> Vec<u8> {
    shopify(&[
        &[
            ("Handle", "linen-shirt"),
            ("Title", "Linen shirt, \"easy\""),
            ("Body (HTML)", "<p>Cool,\r\nlight &amp; \"easy\"</p><script>steal()</script>"),
            ("Vendor", "Ærø"),
            ("Product Category", "Apparel & Accessories > Clothing"),
            ("Type", "Shirt"),
            ("Tags", "linen, summer"),
            ("Published", "TRUE"),
            ("Option1 Name", "Size"),
            ("Option1 Value", "S"),
            ("Option2 Name", "Color"),
            ("Option2 Value", "White"),
            ("Option2 Linked To", "product.metafields.shopify.color-pattern"),
            ("Variant SKU", "LIN-S"),
            ("Variant Grams", "180.0"),
            ("Variant Inventory Tracker", "shopify"),
            ("Variant Inventory Qty", "7"),
            ("Variant Inventory Policy", "deny"),
            ("Variant Fulfillment Service", "manual"),
            ("Variant Price", "49.90"),
            ("Variant Compare At Price", "59"),
            ("Variant Requires Shipping", "TRUE"),
            ("Variant Taxable", "true"),
            ("Variant Barcode", "'4006381333931"),
            ("Image Src", "https://cdn.example.com/a.jpg?v=1"),
            ("Image Position", "1"),
            ("Image Alt Text", "Front, white"),
            ("Gift Card", "FALSE"),
            ("SEO Title", "Linen"),
            ("SEO Description", "Cool linen"),
            ("Google Shopping / MPN", "M-1"),
            ("Variant Weight Unit", "kg"),
            ("Cost per item", "20.5"),
            ("Price / United States", "55"),
            ("Status", "active"),
            ("Collection", "Summer wear"),
        ],
        &[
            ("Handle", "linen-shirt"),
            ("Option1 Value", "M"),
            ("Option2 Value", "White"),
            ("Variant SKU", "LIN-M"),
            ("Variant Inventory Policy", "continue"),
            ("Variant Inventory Tracker", "shopify"),
            ("Variant Inventory Qty", "-2"),
            ("Variant Price", "49.90"),
            ("Variant Image", "https://cdn.example.com/b.jpg"),
            ("Image Src", "https://cdn.example.com/b.jpg"),
            ("Image Position", "2"),
        ],
        &[
            ("Handle", "linen-shirt"),
            ("Image Src", "https://cdn.example.com/c.jpg"),
            ("Image Position", "3"),
            ("Image Alt Text", "Back"),
        ],
        &[
            ("Handle", "ebook"),
            ("Title", "E-book"),
            ("Published", "FALSE"),
            ("Option1 Name", "Title"),
            ("Option1 Value", "Default Title"),
            ("Variant Price", "9"),
            ("Variant Requires Shipping", "FALSE"),
            ("Variant Taxable", "FALSE"),
            ("Status", "active"),
        ],
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_s_own_export_becomes_products_with_everything_in_it() {
    let app = TestApp::start().await;
    let done = import(&app, &shirt(), &[]).await;
    assert_eq!(
        (&done["status"], &done["products"]["created"], &done["rows"]["created"]),
        (&json!("done"), &json!(2), &json!(4)),
        "{done}"
    );
    assert_eq!(done["file_name"], "products.csv");
    let ignored = done["ignored_columns"].as_array().unwrap();
    assert!(
        ignored.contains(&json!("Google Shopping / MPN")) && ignored.contains(&json!("Price / United States")),
        "{ignored:?}"
    );
    assert!(!ignored.contains(&json!("Variant Weight Unit")));
    let list = app.staff_get("/v1/admin/products?sort=title").send().await.expect(200);
    let (ebook, linen) = (&list["data"][0], &list["data"][1]);
    for (pointer, expected) in [
        ("/slug", json!("linen-shirt")),
        ("/title", json!("Linen shirt, \"easy\"")),
        ("/description_html", json!("<p>Cool,\nlight &amp; \"easy\"</p>")),
        ("/description", json!("Cool, light & \"easy\"")),
        ("/vendor", json!("Ærø")),
        ("/product_type", json!("Shirt")),
        ("/tags", json!(["linen", "summer"])),
        ("/status", json!("active")),
        ("/seo", json!({"title": "Linen", "description": "Cool linen"})),
        ("/collections/0/slug", json!("summer-wear")),
        ("/options/1/name", json!("Color")),
        ("/options/0/values", json!(["S", "M"])),
        ("/variants/0/sku", json!("LIN-S")),
        ("/variants/0/weight_grams", json!(180)),
        ("/variants/0/barcode", json!("'4006381333931")),
        ("/variants/0/prices/0", json!({"amount": 4990, "currency": "EUR", "compare_at_amount": 5900})),
        ("/variants/0/unit_cost/amount", json!(2050)),
        ("/variants/0/inventory/on_hand", json!(7)),
        ("/variants/0/title", json!("S / White")),
        ("/variants/1/inventory/allow_backorder", json!(true)),
        ("/variants/1/inventory/on_hand", json!(0)),
        ("/media/0/alt", json!("Front, white")),
        ("/media/2/url", json!("https://cdn.example.com/c.jpg")),
    ] {
        assert_eq!(linen.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert_eq!(linen["media"][1]["variant_ids"], json!([linen["variants"][1]["id"]]));
    // Active but not published is what a draft is here; a variant without a SKU gets one that stays the same.
    assert_eq!(
        (&ebook["status"], &ebook["variants"][0]["sku"], &ebook["options"]),
        (&json!("draft"), &json!("EBOOK"), &json!([]))
    );
    assert_eq!(
        (&ebook["variants"][0]["requires_shipping"], &ebook["variants"][0]["taxable"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(ebook["variants"][0]["inventory"]["track_inventory"], false);
    let before = catalogue(&app).await;
    let again = import(&app, &shirt(), &[]).await;
    assert_eq!(
        (&again["rows"]["unchanged"], &again["products"]["unchanged"]),
        (&json!(4), &json!(2)),
        "{:?}",
        rows(&app, &again, "").await
    );
    assert_eq!(catalogue(&app).await, before, "the same file again changes nothing");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newer_format_of_shopify_is_read_as_well() {
    let app = TestApp::start().await;
    let file = "Title,URL handle,Description,Published on online store,Status,SKU,Option1 name,Option1 value,Price,Compare-at price,Charge tax,Inventory tracker,Inventory quantity,Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,Product image URL,Image position,Variant image URL\nMug,mug,<p>Blue</p>,TRUE,Active,MUG-1,Title,Default Title,12.5,,TRUE,shopify,4,TRUE,300,g,TRUE,https://cdn.example.com/m.jpg,1,\n";
    let done = import(&app, file.as_bytes(), &[("currency", "USD")]).await;
    assert_eq!(done["products"]["created"], 1, "{done}");
    let mug = app.get("/v1/products/mug?currency=USD").send().await.expect(200);
    assert_eq!(
        (&mug["variants"][0]["price"]["amount"], &mug["variants"][0]["weight_grams"]),
        (&json!(1250), &json!(300))
    );
    app.get("/v1/products/mug?currency=EUR").send().await.expect(200);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_rows_are_named_with_their_line_and_no_product_is_imported_by_halves() {
    let app = TestApp::start().await;
    let good: &[(&str, &str)] = &[("Handle", "good"), ("Title", "Good"), ("Variant SKU", "G"), ("Variant Price", "1")];
    let mut file = shopify(&[
        good,
        &[
            ("Handle", "price"),
            ("Title", "T"),
            ("Option1 Name", "Size"),
            ("Option1 Value", "S"),
            ("Variant SKU", "P-S"),
            ("Variant Price", "1,50"),
        ],
        &[("Handle", "price"), ("Option1 Value", "M"), ("Variant SKU", "P-M"), ("Variant Price", "2")],
        &[("Handle", "Not A Handle"), ("Title", "T"), ("Variant SKU", "N"), ("Variant Price", "1")],
        &[("Handle", "untitled"), ("Variant SKU", "U"), ("Variant Price", "1")],
        &[("Handle", "stolen"), ("Title", "T"), ("Variant SKU", "G"), ("Variant Price", "1")],
        &[
            ("Handle", "split"),
            ("Title", "T"),
            ("Option1 Name", "Size"),
            ("Option1 Value", "S"),
            ("Variant SKU", "S1"),
            ("Variant Price", "1"),
        ],
        &[("Handle", "between"), ("Title", "T"), ("Variant SKU", "B"), ("Variant Price", "1")],
        &[("Handle", "split"), ("Option1 Value", "M"), ("Variant SKU", "S2"), ("Variant Price", "1")],
        &[
            ("Handle", "twin"),
            ("Title", "T"),
            ("Option1 Name", "Size"),
            ("Option1 Value", "S"),
            ("Variant SKU", "T1"),
            ("Variant Price", "1"),
        ],
        &[("Handle", "twin"), ("Option1 Value", "S"), ("Variant SKU", "T2"), ("Variant Price", "1")],
        &[
            ("Handle", "odd"),
            ("Title", "T"),
            ("Variant SKU", "O"),
            ("Variant Price", "1"),
            ("Published", "maybe"),
            ("Status", "gone"),
            ("Variant Grams", "heavy"),
            ("Image Src", "javascript:alert(1)"),
        ],
        &[("Handle", "card"), ("Title", "T"), ("Variant SKU", "C"), ("Variant Price", "1"), ("Gift Card", "TRUE")],
        &[("Handle", "free"), ("Title", "T"), ("Variant SKU", "F")],
        &[("Handle", "huge"), ("Title", "T"), ("Variant SKU", "H"), ("Variant Price", "99999999999999999999")],
    ]);
    file.extend(b"wide,T,a,b,c,d,e,TRUE,,,,,,,,,,W,,,,,,1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,extra,cells\r\nlatin,Caf\xe9,,,,,,TRUE,,,,,,,,,,L,,,,,,1\r\n");
    let done = import(&app, &file, &[]).await;
    let found = rows(&app, &done, "").await;
    for (line, outcome, message) in [
        (2, "created", ""),
        (3, "failed", "`Variant Price` `1,50` is no price"),
        (4, "failed", "line 3 of the same product is wrong"),
        (5, "failed", "`Handle` must be letters"),
        (6, "failed", "`Title` is empty"),
        (7, "failed", "`Variant SKU` is that of line 2"),
        (8, "failed", "`Handle` is on rows elsewhere"),
        (9, "created", ""),
        (10, "failed", "`Handle` is on rows elsewhere"),
        (11, "failed", "line 12 of the same product is wrong"),
        (12, "failed", "the option values are another row's"),
        (13, "failed", "`Published` must be TRUE or FALSE"),
        (14, "failed", "gift cards"),
        (15, "failed", "prices must be between 1 and 50"),
        (16, "failed", "too large"),
        (17, "failed", "has 55 cells"),
        (18, "failed", "is not UTF-8"),
    ] {
        let (is, said) = found.get(&line).unwrap_or_else(|| panic!("line {line}: {found:?}"));
        assert!(is == outcome && said.contains(message), "line {line}: {is} {said}");
    }
    assert!(found[&13].1.contains("`Status`") && found[&13].1.contains("`Variant Grams`"), "{}", found[&13].1);
    assert_eq!((&done["rows"]["created"], &done["rows"]["failed"]), (&json!(2), &json!(15)));
    assert_eq!(rows(&app, &done, "&outcome=created").await.len(), 2);
    assert_eq!(app.count("SELECT count(*) FROM products").await, 2);
    assert_eq!(app.count("SELECT count(*) FROM variants").await, 2);
    for (file, error) in
        [("Name,Price\na,1\n", "`Handle`"), ("", "`Handle`"), ("Handle,SKU,Variant SKU\na,b,c\n", "twice")]
    {
        let failed = import(&app, file.as_bytes(), &[]).await;
        assert!(failed["status"] == "failed" && failed["error"].as_str().unwrap().contains(error), "{failed}");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_imports_without_a_change_here_and_whole_elsewhere() {
    let (app, other) = (TestApp::with(&[("MERX_LOCALES", "en,de")]).await, TestApp::start().await);
    import(&app, include_bytes!("../../api/src/dev/products.csv"), &[]).await;
    let extra = json!({
        "title": "=SUM(A1)", "status": "active", "tax_code": "txcd_99999999", "metadata": {"k": "a, \"b\"\nc"}, "options": [{"name": "n", "values": ["1", "2", "3"]}],
        "translations": {"de": {"title": "Summe", "options": {"n": {"name": "Zahl", "values": {"1": "eins"}}}}},
        "media": [{"url": "https://m.example.com/1.jpg", "width": 10, "variant_skus": ["X-2"]}],
        "variants": [
            {"sku": "X-1", "option_values": {"n": "1"}, "title": "Only one", "prices": [{"amount": 1, "currency": "KWD"}], "max_per_order": 2, "metadata": {"v": "w"}, "unit_cost": {"amount": 5, "currency": "USD"}},
            {"sku": "X-2", "option_values": {"n": "2"}, "prices": [{"amount": 100, "currency": "EUR"}], "hs_code": "6109.10", "dimensions_mm": {"length": 1, "width": 2, "height": 3}},
        ],
    });
    let made = app.staff_post("/v1/admin/products", extra).send().await.expect(201);
    let gone = made["variants"][1]["id"].as_str().unwrap().to_owned();
    app.call("DELETE", &format!("/v1/admin/variants/{gone}")).bearer(&app.admin_key).send().await.expect(204);
    let before = catalogue(&app).await;
    let file = export(&app).await;
    let answered = app.staff_get("/v1/admin/products.csv").send().await;
    assert_eq!(answered.header("content-disposition"), "attachment; filename=\"products.csv\"");
    assert_eq!((answered.status, answered.text.as_bytes()), (200, file.as_slice()));
    let done = import(&app, &file, &[]).await;
    assert_eq!(
        (&done["products"]["unchanged"], &done["rows"]["failed"]),
        (&json!(93), &json!(0)),
        "{:?}",
        rows(&app, &done, "&outcome=failed").await
    );
    assert_eq!(done["rows"]["updated"], 0, "{:?}", rows(&app, &done, "&outcome=updated").await);
    assert_eq!(catalogue(&app).await, before);
    let there = import(&other, &file, &[]).await;
    assert_eq!(there["products"]["created"], 93, "{:?}", rows(&other, &there, "&outcome=failed").await);
    let (again, file) = (export(&other).await, String::from_utf8(file).unwrap());
    for (left, right) in String::from_utf8(again).unwrap().lines().zip(file.lines()) {
        assert_eq!(left, right);
    }
    app.finish().await;
    other.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_reports_the_same_and_changes_nothing() {
    let app = TestApp::start().await;
    import(&app, &shirt(), &[]).await;
    let before = catalogue(&app).await;
    let file = shopify(&[
        &[
            ("Handle", "linen-shirt"),
            ("Title", "Renamed"),
            ("Option1 Name", "Size"),
            ("Option1 Value", "S"),
            ("Option2 Name", "Color"),
            ("Option2 Value", "White"),
            ("Variant SKU", "LIN-S"),
            ("Variant Price", "60"),
        ],
        &[
            ("Handle", "linen-shirt"),
            ("Option1 Value", "L"),
            ("Option2 Value", "White"),
            ("Variant SKU", "LIN-L"),
            ("Variant Price", "60"),
        ],
        &[
            ("Handle", "new"),
            ("Title", "New"),
            ("Variant SKU", "NEW"),
            ("Variant Price", "1"),
            ("Collection", "Never made"),
        ],
        &[("Handle", "bad"), ("Title", "Bad"), ("Variant SKU", "LIN-M"), ("Variant Price", "1")],
    ]);
    let rehearsed = import(&app, &file, &[("dry_run", "true")]).await;
    assert_eq!(catalogue(&app).await, before);
    let real = import(&app, &file, &[("dry_run", "false")]).await;
    assert_eq!((&rehearsed["rows"], &rehearsed["products"]), (&real["rows"], &real["products"]));
    assert_eq!(real["rows"], json!({"created": 2, "updated": 1, "unchanged": 0, "failed": 1}));
    assert_eq!(rows(&app, &rehearsed, "").await, rows(&app, &real, "").await);
    let shirt = app.get("/v1/products/linen-shirt").send().await.expect(200);
    assert_eq!((&shirt["title"], shirt["variants"].as_array().unwrap().len()), (&json!("Renamed"), 3));
    assert_eq!(shirt["variants"][1]["price"]["amount"], 4990, "what the file does not name stays");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_day_s_sales_stay_sold_unless_stock_is_set_on_purpose() {
    let app = TestApp::start().await;
    import(&app, &shirt(), &[]).await;
    let shirt_page = app.get("/v1/products/linen-shirt").send().await.expect(200);
    let variant = shirt_page["variants"][0]["id"].as_str().unwrap().to_owned();
    let exported_at = app.app.clock.now();
    app.advance(60).await;
    let (_, checkout) = app.checked_out(&variant, 3).await;
    app.pay(&checkout, "paid").await;
    app.run_jobs().await;
    import(&app, &shirt(), &[]).await;
    assert_eq!(app.stock(&variant).await, (4, 0));
    let since = exported_at.to_rfc3339();
    let refused = import(&app, &shirt(), &[("set_inventory", "true"), ("as_of", &since)]).await;
    let said = rows(&app, &refused, "&outcome=failed").await;
    assert!(said[&2].1.contains("has moved since the file was made: 4 are on hand now, the file says 7"), "{said:?}");
    assert_eq!(app.stock(&variant).await, (4, 0));
    import(&app, &shirt(), &[("set_inventory", "true")]).await;
    assert_eq!(app.stock(&variant).await, (7, 0));
    assert_eq!(app.count("SELECT delta AS count FROM stock_movements WHERE reason = 'import' AND delta > 0").await, 3);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_order_emptied_html_and_twins_off_sale_import_once_and_for_all() {
    let app = TestApp::start().await;
    let file = shopify(&[
        &[
            ("Handle", "a"),
            ("Title", "A"),
            ("Published", "TRUE"),
            ("Body (HTML)", "<script>x()</script>"),
            ("Option1 Name", "Size"),
            ("Option1 Value", "S"),
            ("Variant SKU", "A-S"),
            ("Variant Price", "1"),
            ("Image Src", "https://m.example.com/2.jpg"),
            ("Image Position", "2"),
        ],
        &[
            ("Handle", "a"),
            ("Option1 Value", "M"),
            ("Variant SKU", "A-M"),
            ("Variant Price", "1"),
            ("Image Src", "https://m.example.com/1.jpg"),
            ("Image Position", "1"),
        ],
    ]);
    import(&app, &file, &[]).await;
    let made = app.staff_get("/v1/admin/products?q=A-S").send().await.expect(200)["data"][0].clone();
    assert_eq!(
        (&made["media"][0]["url"], &made["description_html"]),
        (&json!("https://m.example.com/1.jpg"), &json!(""))
    );
    let again = import(&app, &file, &[]).await;
    assert_eq!(again["rows"], json!({"created": 0, "updated": 0, "unchanged": 2, "failed": 0}));
    // One goes off sale and another takes its place, with the same values.
    let old = made["variants"][0]["id"].as_str().unwrap().to_owned();
    app.call("DELETE", &format!("/v1/admin/variants/{old}")).bearer(&app.admin_key).send().await.expect(204);
    let twin = json!({"sku": "A-S2", "option_values": {"Size": "S"}, "prices": [{"amount": 200, "currency": "EUR"}]});
    let path = format!("/v1/admin/products/{}/variants", made["id"].as_str().unwrap());
    app.staff_post(&path, twin).send().await.expect(201);
    let file = export(&app).await;
    let there = import(&app, &file, &[]).await;
    assert_eq!(
        there["rows"],
        json!({"created": 0, "updated": 0, "unchanged": 3, "failed": 0}),
        "{:?}",
        rows(&app, &there, "").await
    );
    let cheaper =
        shopify(&[&[("Handle", "a"), ("Option1 Name", "Size"), ("Option1 Value", "S"), ("Variant Price", "0.50")]]);
    import(&app, &cheaper, &[]).await;
    let read = app.get("/v1/products/a").send().await.expect(200);
    let of = |sku: &str| read["variants"].as_array().unwrap().iter().find(|variant| variant["sku"] == sku).cloned();
    assert_eq!(of("A-S2").unwrap()["price"]["amount"], 50, "the one on sale is meant");
    assert_eq!(app.read_variant(&old).await["prices"][0]["amount"], 100);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_quote_and_a_product_that_no_database_keeps_end_nothing_else() {
    let app = TestApp::start().await;
    let mut file =
        "Handle,Title,Variant SKU,Variant Price,Body (HTML)\nfirst,F,F,1,\nsecond,S,S,1,\nopen,O,O,1,\"".to_owned();
    for number in 0..400_000 {
        file += &format!("row-{number},x\n");
    }
    let failed = import(&app, file.as_bytes(), &[]).await;
    assert!(
        failed["status"] == "failed" && failed["error"].as_str().unwrap().contains("a quote is missing"),
        "{failed}"
    );
    assert_eq!(failed["products"]["created"], 1, "what came before it is imported");
    assert_eq!(app.count("SELECT count(*) FROM import_chunks").await, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_in_the_middle_leaves_no_row_undone_or_done_twice() {
    let app = TestApp::start().await;
    let mut file = "Handle,Title,Variant SKU,Variant Price,Variant Inventory Qty\n".to_owned();
    for number in 0..40 {
        file += &format!("p-{number},Product {number},SKU-{number},1.00,5\n");
    }
    let id = form(&app, file.as_bytes(), &[]).send().await.expect(202)["id"].as_str().unwrap().to_owned();
    let worker = app.worker(&[("MERX_FAULT", "kill:during_import")]).await;
    worker.died().await;
    let done = app.count("SELECT count(*) FROM products").await;
    assert!((1..40).contains(&done), "{done} before the crash");
    app.advance(130).await;
    app.run_jobs().await;
    let import = app.staff_get(&format!("/v1/admin/imports/{id}")).send().await.expect(200);
    assert_eq!((&import["status"], &import["rows"]["created"]), (&json!("done"), &json!(40)));
    assert_eq!(app.count("SELECT count(*) FROM import_rows").await, 40);
    assert_eq!(app.count("SELECT count(*) FROM stock_movements").await, 40);
    assert_eq!(app.count("SELECT count(*) FROM import_chunks").await, 0, "the file is no longer kept");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_none_is_refused_with_what_it_lacks() {
    let app = TestApp::start().await;
    for (options, pointer) in [
        (&[("dry_run", "perhaps")][..], "/dry_run"),
        (&[("currency", "euro")], "/currency"),
        (&[("as_of", "2026-11-24T08:00:00Z")], "/as_of"),
        (&[("set_inventory", "true"), ("as_of", "yesterday")], "/as_of"),
        (&[("dryrun", "true")], "/dryrun"),
    ] {
        let problem = form(&app, b"Handle\n", options).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let call = || app.call("POST", "/v1/admin/imports").bearer(&app.admin_key);
    let empty = "--x\r\nContent-Disposition: form-data; name=\"dry_run\"\r\n\r\ntrue\r\n--x--\r\n";
    let problem = call().body("multipart/form-data; boundary=x", empty).send().await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/file");
    call().body("multipart/form-data; boundary=x", "nonsense").send().await.problem(400, "malformed_body");
    call().body("multipart/form-data", "nonsense").send().await.problem(400, "malformed_body");
    call().body("text/csv", "Handle\n").send().await.problem(415, "unsupported_media_type");
    assert_eq!(app.count("SELECT count(*) FROM imports").await, 0);
    app.finish().await;
}
