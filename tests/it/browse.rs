//! Browsing as shoppers do: search, filters, facets, sorts, languages, moved addresses, caches.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::TestApp;

/// A product of one option; each variant is `(value, EUR cents, on hand)`.
fn product(title: &str, option: &str, variants: &[(&str, i64, i64)], more: Value) -> Value {
    let values: Vec<&str> = variants.iter().map(|(value, ..)| *value).collect();
    let variants: Vec<Value> = variants
        .iter()
        .map(|(value, amount, on_hand)| {
            json!({"sku": format!("{title}-{value}"), "option_values": {option: value}, "on_hand": on_hand,
                "low_stock_threshold": 2, "prices": [{"amount": amount, "currency": "EUR"}]})
        })
        .collect();
    let mut product = json!({"title": title, "status": "active", "options": [{"name": option, "values": values}], "variants": variants});
    product.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    product
}

async fn create(app: &TestApp, product: Value) -> Value {
    app.staff_post("/v1/admin/products", product).send().await.expect(201)
}

async fn titles(app: &TestApp, query: &str) -> Vec<String> {
    let list = app.get(&format!("/v1/products?{query}")).send().await.expect(200);
    list["data"].as_array().unwrap().iter().map(|product| product["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_forgives_typos_accents_case_and_half_words_in_every_language() {
    let app = TestApp::with(&[("MERX_LOCALES", "en,de")]).await;
    create(&app, product("Trail running shirt", "size", &[("S", 1000, 5)], json!({
        "description_html": "<p>Light merino.</p>", "vendor": "Fjällräven", "tags": ["summer"],
        "translations": {"de": {"title": "Laufhemd für Wanderwege", "description_html": "<p>Leichte Merinowolle</p>",
            "options": {"size": {"name": "Größe", "values": {"S": "klein"}}}}},
    }))).await;
    let torch = create(&app, product("Crème brûlée torch", "gas", &[("butane", 3000, 5)], json!({}))).await;
    create(
        &app,
        product(
            "Wool blanket",
            "colour",
            &[("grey", 9000, 5)],
            json!({"description_html": "<p>Warmer than a shirt.</p>"}),
        ),
    )
    .await;
    let shirt = ["Trail running shirt"];
    for words in [
        "trail",
        "TRAIL+shirt",
        "shi",
        "runs",
        "shrit",
        "trial+runing+shirt",
        "fjallraven",
        "Fjällräven",
        "summer",
        "the+running+shirt",
        "Trail running shirt-S",
    ] {
        let found = titles(&app, &format!("q={}", words.replace(' ', "+"))).await;
        assert_eq!(found.first().map(String::as_str), Some(shirt[0]), "{words}: {found:?}");
    }
    assert_eq!(titles(&app, "q=creme+brulee").await, ["Crème brûlée torch"]);
    assert_eq!(titles(&app, "q=cr%C3%A8me").await, ["Crème brûlée torch"]);
    // A match in the title comes before one in the description.
    assert_eq!(titles(&app, "q=shirt").await, ["Trail running shirt", "Wool blanket"]);
    for words in ["Laufhemden", "wanderweg", "hemd", "kleine"] {
        let german = app.get(&format!("/v1/products?locale=de&q={words}")).send().await.expect(200);
        let expected = if words == "hemd" { json!([]) } else { json!(["Laufhemd für Wanderwege"]) };
        let found: Vec<&Value> = german["data"].as_array().unwrap().iter().map(|product| &product["title"]).collect();
        assert_eq!(json!(found), expected, "{words}");
    }
    for nothing in ["xyzzy", "%21%21%21", "%27%3B+DROP+TABLE", "shirt+xyzzy", "%26+%7C+%21%3A%2A"] {
        assert_eq!(titles(&app, &format!("q={nothing}")).await, Vec::<String>::new(), "{nothing}");
    }
    assert_eq!(titles(&app, "q=+").await.len(), 3);
    app.get(&format!("/v1/products?q={}", "x".repeat(201))).send().await.problem(400, "invalid_query");
    app.get("/v1/products?sort=relevance").send().await.problem(400, "invalid_query");
    let torch = format!("/v1/admin/products/{}", torch["id"].as_str().unwrap());
    for (status, number) in [("draft", 0), ("active", 1), ("archived", 0)] {
        app.staff_patch(&torch, json!({"status": status})).send().await.expect(200);
        assert_eq!(titles(&app, "q=torch").await.len(), number, "{status}");
        let staff = app.staff_get("/v1/admin/products?q=torch").send().await.expect(200);
        assert_eq!(staff["data"][0]["status"], status);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_variant_must_have_all_that_is_asked() {
    let app = TestApp::start().await;
    let shirt = create(
        &app,
        product(
            "Shirt",
            "Size",
            &[("S", 1000, 0), ("M", 2000, 3), ("L", 3000, 9)],
            json!({"tags": ["a"], "vendor": "V"}),
        ),
    )
    .await;
    create(&app, product("Jumper", "size", &[("S", 5000, 9), ("M", 1000, 0)], json!({"tags": ["a", "b"]}))).await;
    create(&app, product("Mug", "colour", &[("red", 500, 1)], json!({}))).await;
    create(&app, json!({"title": "Dollars only", "status": "active", "variants": [{"sku": "USD", "prices": [{"amount": 1, "currency": "USD"}]}]})).await;
    let collection = app.staff_post("/v1/admin/collections", json!({"title": "Wear"})).send().await.expect(201);
    let path = format!(
        "/v1/admin/collections/{}/products/{}",
        collection["id"].as_str().unwrap(),
        shirt["id"].as_str().unwrap()
    );
    for _ in 0..2 {
        app.call("PUT", &path).bearer(&app.admin_key).send().await.expect(204);
    }
    for (query, expected) in [
        ("sort=title", vec!["Jumper", "Mug", "Shirt"]),
        ("sort=price", vec!["Mug", "Shirt", "Jumper"]),
        ("sort=-price&expand=variants", vec!["Jumper", "Shirt", "Mug"]),
        ("sort=created_at", vec!["Shirt", "Jumper", "Mug"]),
        ("", vec!["Mug", "Jumper", "Shirt"]),
        ("option[size]=M&sort=title", vec!["Jumper", "Shirt"]),
        ("option%5Bsize%5D=m&in_stock=true", vec!["Shirt"]),
        ("option[size]=M&max_price=1500", vec!["Jumper"]),
        ("option[size]=S&in_stock=true", vec!["Jumper"]),
        ("option[size][]=S&option[size][]=L&min_price=2500&max_price=4000", vec!["Shirt"]),
        ("option[size]=M&option[colour]=red", vec![]),
        ("min_price=4000", vec!["Jumper"]),
        ("max_price=600", vec!["Mug"]),
        // Between the prices of two variants there is none.
        ("min_price=1500&max_price=1600", vec![]),
        ("min_price=1500&max_price=2500", vec!["Shirt"]),
        ("min_price=900&max_price=1100&sort=title", vec!["Jumper", "Shirt"]),
        ("min_price=900&max_price=1100&in_stock=true", vec![]),
        ("min_price=400&max_price=2500&in_stock=true&sort=price", vec!["Mug", "Shirt"]),
        ("collection=wear", vec!["Shirt"]),
        ("collection=nothing", vec![]),
        ("tag=b", vec!["Jumper"]),
        ("tag=a,b&sort=title", vec!["Jumper", "Shirt"]),
        ("vendor=V", vec!["Shirt"]),
        ("currency=USD", vec!["Dollars only"]),
        ("currency=JPY", vec![]),
    ] {
        assert_eq!(titles(&app, query).await, expected, "{query}");
    }
    let list = app.get("/v1/products?sort=title&include=total_count").send().await.expect(200);
    let shirt = &list["data"][2];
    assert_eq!(
        (&shirt["price_range"]["min"]["amount"], &shirt["price_range"]["max"]["amount"]),
        (&json!(1000), &json!(3000))
    );
    assert_eq!((&shirt["availability"], &shirt["variant_count"]), (&json!("in_stock"), &json!(3)));
    assert!(shirt.get("variants").is_none());
    assert_eq!(list["data"][1]["availability"], "low_stock");
    assert_eq!(list["total_count"], json!({"value": 3, "relation": "eq"}));
    let expanded = app.get("/v1/products?sort=title&expand=variants").send().await.expect(200);
    assert_eq!(expanded["data"][2]["variants"].as_array().unwrap().len(), 3);
    for wrong in [
        "option=M",
        "in_stock=maybe",
        "min_price=-1",
        "facets=weight",
        "include=all",
        "expand=media",
        "vendor=%00",
        "tag=a%07b",
        "option[size]=%00",
        "facets=option.%00",
    ] {
        app.get(&format!("/v1/products?{wrong}")).send().await.problem(400, "invalid_query");
    }
    app.finish().await;
}

/// What a shopper may have chosen.
#[derive(Clone, Default)]
struct Choice {
    size: Option<&'static str>,
    collection: Option<&'static str>,
    most: Option<i64>,
    in_stock: bool,
}

/// A product as the brute-force count sees it.
struct Known {
    variants: Vec<(&'static str, i64, i64)>,
    collections: Vec<&'static str>,
}

impl Choice {
    fn query(&self) -> String {
        let size = self.size.map(|size| format!("&option[size]={size}")).unwrap_or_default();
        let collection = self.collection.map(|collection| format!("&collection={collection}")).unwrap_or_default();
        let most = self.most.map(|most| format!("&max_price={most}")).unwrap_or_default();
        format!("{size}{collection}{most}{}", if self.in_stock { "&in_stock=true" } else { "" })
    }

    fn takes_variant(&self, (size, price, on_hand): (&str, i64, i64)) -> bool {
        self.size.is_none_or(|wanted| wanted == size)
            && self.most.is_none_or(|most| price <= most)
            && (!self.in_stock || on_hand > 0)
    }

    fn takes(&self, product: &Known) -> bool {
        self.collection.is_none_or(|wanted| product.collections.contains(&wanted))
            && product.variants.iter().any(|variant| self.takes_variant(*variant))
    }

    fn count(&self, products: &[Known]) -> i64 {
        i64::try_from(products.iter().filter(|product| self.takes(product)).count()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facets_count_what_a_brute_force_count_counts() {
    let app = TestApp::start().await;
    let sizes = ["S", "M", "L"];
    let names = ["wear", "gifts", "sale"];
    let mut ids = BTreeMap::new();
    for name in names {
        let made = app.staff_post("/v1/admin/collections", json!({"title": name})).send().await.expect(201);
        ids.insert(name, made["id"].as_str().unwrap().to_owned());
    }
    let mut products = Vec::new();
    // Deterministic, but without a pattern that the counts could share.
    let seed = std::cell::Cell::new(7u64);
    let next = |below: u64| {
        seed.set(seed.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        (seed.get() >> 33) % below
    };
    for number in 0..24 {
        let variants: Vec<(&'static str, i64, i64)> = sizes
            .iter()
            .filter(|_| next(3) > 0)
            .map(|size| (*size, i64::try_from(next(40) * 100).unwrap(), i64::try_from(next(4)).unwrap()))
            .collect();
        let variants = if variants.is_empty() { vec![("S", 100, 0)] } else { variants };
        let collections: Vec<&'static str> = names.iter().filter(|_| next(2) == 0).copied().collect();
        let members: Vec<&String> = collections.iter().map(|name| &ids[name]).collect();
        create(&app, product(&format!("P{number}"), "size", &variants, json!({"collections": members}))).await;
        products.push(Known { variants, collections });
    }
    let all = Choice::default();
    let choices = [
        all.clone(),
        Choice { size: Some("M"), ..all.clone() },
        Choice { in_stock: true, ..all.clone() },
        Choice { most: Some(1500), ..all.clone() },
        Choice { size: Some("L"), collection: Some("sale"), most: Some(2500), in_stock: true },
    ];
    for choice in choices {
        let path = format!(
            "/v1/products?facets=option.SIZE,collection,availability,price&include=total_count&limit=100{}",
            choice.query()
        );
        let list = app.get(&path).send().await.expect(200);
        assert_eq!(list["total_count"]["value"], choice.count(&products), "{path}");
        assert_eq!(i64::try_from(list["data"].as_array().unwrap().len()).unwrap(), choice.count(&products));
        let counted = |index: usize| -> BTreeMap<String, i64> {
            let values = list["facets"][index]["values"].as_array().unwrap().iter();
            values
                .map(|value| (value["value"].as_str().unwrap().to_owned(), value["count"].as_i64().unwrap()))
                .collect()
        };
        let expected = |with: &dyn Fn(&'static str) -> Choice, values: &[&'static str]| -> BTreeMap<String, i64> {
            let counts = values.iter().map(|value| ((*value).to_owned(), with(value).count(&products)));
            counts.filter(|(_, count)| *count > 0).collect()
        };
        assert_eq!(counted(0), expected(&|size| Choice { size: Some(size), ..choice.clone() }, &sizes), "{path}");
        assert_eq!(counted(1), expected(&|name| Choice { collection: Some(name), ..choice.clone() }, &names), "{path}");
        let open = Choice { in_stock: false, ..choice.clone() };
        let mut best: BTreeMap<String, i64> = BTreeMap::new();
        for product in products.iter().filter(|product| open.takes(product)) {
            let taken = product.variants.iter().filter(|variant| open.takes_variant(**variant));
            let name = match taken.map(|(_, _, on_hand)| *on_hand).max().unwrap() {
                0 => "out_of_stock",
                1 | 2 => "low_stock",
                _ => "in_stock",
            };
            *best.entry(name.to_owned()).or_default() += 1;
        }
        assert_eq!(counted(2), best, "{path}");
        let free = Choice { most: None, ..choice.clone() };
        let prices: BTreeSet<i64> = products
            .iter()
            .filter(|product| free.takes(product))
            .flat_map(|product| {
                product.variants.iter().filter(|variant| free.takes_variant(**variant)).map(|(_, price, _)| *price)
            })
            .collect();
        let range = &list["facets"][3]["price_range"];
        assert_eq!(
            (range["min"]["amount"].as_i64(), range["max"]["amount"].as_i64()),
            (prices.first().copied(), prices.last().copied())
        );
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_stable_in_every_order_while_products_come_and_go() {
    let app = TestApp::start().await;
    for number in 0..14i64 {
        create(
            &app,
            product(
                &format!("Thing {:02} shirt", (number * 5) % 14),
                "size",
                &[("S", 100 * (number % 4), 1)],
                json!({}),
            ),
        )
        .await;
    }
    let before: BTreeSet<String> = titles(&app, "limit=100").await.into_iter().collect();
    for sort in ["-created_at", "created_at", "price", "-price", "title", "relevance"] {
        let query = if sort == "relevance" { "&q=shirt" } else { "" };
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/products?limit=3&sort={sort}{query}{cursor}");
            let page = app.get(&path).send().await.expect(200);
            seen.extend(
                page["data"].as_array().unwrap().iter().map(|product| product["title"].as_str().unwrap().to_owned()),
            );
            let Some(next) = page["page"]["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            let title = format!("New {}", uuid::Uuid::new_v4());
            create(&app, product(&title, "size", &[("S", 150, 1)], json!({}))).await;
        }
        let old: Vec<String> = seen.iter().filter(|title| title.starts_with("Thing")).cloned().collect();
        assert_eq!(old.iter().cloned().collect::<BTreeSet<_>>(), before, "{sort}");
        assert_eq!(old.len(), before.len(), "{sort}: {old:?}");
    }
    let cursor = app.get("/v1/products?limit=3&sort=price").send().await.expect(200)["page"]["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    app.get(&format!("/v1/products?sort=title&cursor={cursor}")).send().await.problem(400, "invalid_query");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_come_in_the_reader_s_language_text_by_text() {
    let app = TestApp::with(&[("MERX_LOCALES", "en,de,fr")]).await;
    let made = create(&app, product("Trail shirt", "size", &[("S", 1000, 5), ("M", 1000, 5)], json!({
        "description_html": "<p>Light.</p>",
        "translations": {"de": {"title": "Trailshirt", "options": {"size": {"name": "Größe", "values": {"S": "klein"}}}}},
    }))).await;
    let path = "/v1/products/trail-shirt";
    let german = app.get(path).header("Accept-Language", "de-AT,de;q=0.9,en;q=0.5").send().await;
    assert_eq!((german.header("content-language"), german.header("vary").contains("accept-language")), ("de", true));
    let german = german.expect(200);
    assert_eq!((&german["title"], &german["description"]), (&json!("Trailshirt"), &json!("Light.")));
    assert_eq!(
        german["options"][0],
        json!({"name": "size", "label": "Größe", "values": ["S", "M"], "value_labels": ["klein", "M"]})
    );
    assert_eq!(
        (&german["variants"][0]["title"], &german["variants"][0]["option_values"]["size"]),
        (&json!("klein"), &json!("S"))
    );
    assert!(german.get("translations").is_none());
    let french = app.get(&format!("{path}?locale=fr")).header("Accept-Language", "de").send().await;
    assert_eq!(french.header("content-language"), "fr");
    assert_eq!(french.expect(200)["title"], "Trail shirt");
    let strange = app.get(&format!("{path}?locale=ja")).send().await;
    assert_eq!((strange.header("content-language"), strange.status), ("en", 200));
    app.get(&format!("{path}?locale=de_DE")).send().await.problem(400, "invalid_query");
    let path = format!("/v1/admin/products/{}", made["id"].as_str().unwrap());
    let changed = app.staff_patch(&path, json!({"translations": {"de": null, "fr": {"title": "Chemise", "description_html": "<p>Légère<script>x</script></p>"}}})).send().await.expect(200);
    assert_eq!(changed["translations"], json!({"fr": {"title": "Chemise", "description_html": "<p>Légère</p>"}}));
    let problem = app
        .staff_patch(&path, json!({"translations": {"de": {"title": ""}}}))
        .send()
        .await
        .problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/translations/de/title");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_slug_leads_on_and_may_be_given_to_another() {
    let app = TestApp::start().await;
    let made = create(&app, product("Old name", "size", &[("S", 1000, 5)], json!({}))).await;
    let path = format!("/v1/admin/products/{}", made["id"].as_str().unwrap());
    for slug in ["middle-name", "new-name"] {
        app.staff_patch(&path, json!({"slug": slug})).send().await.expect(200);
    }
    for old in ["old-name", "middle-name"] {
        let call = app.call_without_redirects("GET", &format!("/v1/products/{old}?currency=EUR"));
        let moved = call.send().await;
        assert_eq!((moved.status, moved.header("location")), (308, "/v1/products/new-name?currency=EUR"));
        assert_eq!(app.get(&format!("/v1/products/{old}")).send().await.expect(200)["slug"], "new-name");
    }
    let other = create(&app, product("Old name", "size", &[("S2", 1000, 5)], json!({}))).await;
    assert_eq!(other["slug"], "old-name");
    assert_eq!(app.get("/v1/products/old-name").send().await.expect(200)["id"], other["id"]);
    let back = app.staff_patch(&path, json!({"slug": "middle-name"})).send().await.expect(200);
    assert_eq!(back["slug"], "middle-name");
    assert_eq!(app.get("/v1/products/new-name").send().await.expect(200)["slug"], "middle-name");
    app.staff_patch(&path, json!({"slug": "old-name"})).send().await.problem(409, "duplicate");
    let collection = app.staff_post("/v1/admin/collections", json!({"title": "Camp"})).send().await.expect(201);
    let path = format!("/v1/admin/collections/{}", collection["id"].as_str().unwrap());
    app.staff_patch(&path, json!({"slug": "camping"})).send().await.expect(200);
    assert_eq!(app.get("/v1/collections/camp").send().await.expect(200)["slug"], "camping");
    app.get("/v1/collections/nothing").send().await.problem(404, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caches_are_told_what_they_may_keep_and_each_encoding_has_its_tag() {
    let app = TestApp::start().await;
    create(
        &app,
        product(
            "Shirt",
            "size",
            &[("S", 1000, 5)],
            json!({"description_html": format!("<p>{}</p>", "warm ".repeat(400))}),
        ),
    )
    .await;
    for path in ["/v1/products/shirt", "/v1/products", "/v1/collections"] {
        let plain = app.get(path).header("Accept-Encoding", "identity").send().await;
        assert_eq!(plain.header("cache-control"), "public, max-age=5, stale-while-revalidate=60");
        let vary = plain
            .headers
            .get_all("vary")
            .iter()
            .map(|value| value.to_str().unwrap().to_ascii_lowercase())
            .collect::<Vec<_>>()
            .join(",");
        assert!(vary.contains("accept-encoding") && vary.contains("accept-language"), "{path}: {vary}");
        let tag = plain.header("etag").to_owned();
        let again = app.get(path).header("Accept-Encoding", "identity").header("If-None-Match", &tag).send().await;
        assert_eq!((again.status, again.header("etag"), again.text.as_str()), (304, tag.as_str(), ""));
        for (encoding, suffix) in [("gzip", "-gz\""), ("br", "-br\"")] {
            let packed = app.get(path).header("Accept-Encoding", encoding).undocumented().send().await;
            if packed.header("content-encoding").is_empty() {
                continue;
            }
            assert_eq!(packed.header("etag"), format!("{}{suffix}", tag.trim_end_matches('"')));
            let again = app
                .get(path)
                .header("Accept-Encoding", encoding)
                .header("If-None-Match", packed.header("etag"))
                .send()
                .await;
            assert_eq!((again.status, again.header("etag")), (304, packed.header("etag")));
        }
    }
    let cart = app.cart_with(json!({})).await;
    let private = app.get(&format!("/v1/carts/{}", cart.id)).header("X-Cart-Token", &cart.token).send().await;
    assert_eq!(private.header("cache-control"), "no-store");
    assert_eq!(app.staff_get("/v1/admin/products").send().await.header("cache-control"), "no-store");
    app.finish().await;
}
