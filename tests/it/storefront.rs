//! Storefronts: keys for their servers, browsers on other origins, and what Prometheus sees.

use std::io::{Read, Write};

use merx::jobs::{Job, queue};
use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{TestApp, checkout_body};

async fn storefront_key(app: &TestApp) -> String {
    api_keys::create(&mut app.database().await, "web", &[Scope::Storefront], app.app.clock.now()).await.unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storefront_s_server_is_limited_by_its_shoppers_not_by_itself() {
    let limits =
        [("MERX_RATE_LIMIT", "on"), ("MERX_LIMIT_REQUESTS_PER_ADDRESS", "5"), ("MERX_LIMIT_REQUESTS_PER_KEY", "20")];
    let app = TestApp::with(&limits).await;
    let key = storefront_key(&app).await;
    assert!(key.starts_with("sf_"));
    let get = |buyer: &str| app.get("/v1/store").bearer(&key).header("X-Buyer-Address", buyer).send();
    // The first request looks the key up, which counts for the server's own address.
    get("198.51.100.1").await.expect(200);
    for _ in 0..4 {
        get("198.51.100.1").await.expect(200);
    }
    get("198.51.100.1").await.problem(429, "rate_limited");
    get("198.51.100.2").await.expect(200);
    get("2001:db8::1").await.expect(200);
    // Without a buyer only the key's own ceiling counts.
    for _ in 0..12 {
        app.get("/v1/store").bearer(&key).send().await.expect(200);
    }
    let refused = app.get("/v1/store").bearer(&key).send().await;
    assert!(refused.header("ratelimit-policy").starts_with("\"requests-per-key\";q=20"));
    refused.problem(429, "rate_limited");
    // Nobody else can name a buyer, or guess keys for ever.
    for _ in 0..4 {
        let spoofed = app
            .get("/v1/store")
            .header("X-Buyer-Address", &format!("203.0.113.{}", uuid::Uuid::new_v4().as_bytes()[0]));
        spoofed.send().await.expect(200);
    }
    app.get("/v1/store").header("X-Buyer-Address", "203.0.113.77").send().await.problem(429, "rate_limited");
    app.get("/v1/store").bearer("sf_guessed").send().await.problem(429, "rate_limited");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storefront_key_opens_nothing_and_ends_when_it_is_revoked() {
    let app = TestApp::start().await;
    let key = storefront_key(&app).await;
    let cart = app.post("/v1/carts", json!({})).bearer(&key).send().await.expect(201);
    let path = format!("/v1/carts/{}", cart["id"].as_str().unwrap());
    app.get(&path).bearer(&key).send().await.problem(401, "unauthenticated");
    app.get("/v1/admin/products").bearer(&key).send().await.problem(401, "unauthenticated");
    app.get("/v1/store").bearer("sf_nonsense").send().await.problem(401, "unauthenticated");
    let odd =
        app.get("/v1/store").bearer(&key).header("X-Buyer-Address", "home").send().await.problem(400, "invalid_header");
    assert_eq!(odd["errors"][0]["pointer"], "header:X-Buyer-Address");
    let id = api_keys::list(&mut app.database().await)
        .await
        .unwrap()
        .into_iter()
        .find(|listed| listed.name == "web")
        .unwrap()
        .id;
    api_keys::revoke(&mut app.database().await, (id, &Scope::ALL), app.app.clock.now()).await.unwrap();
    // Another process has not seen the key yet.
    let other = app.process(&[]).await;
    app.call_at(&other.base_url, "GET", "/v1/store").bearer(&key).send().await.problem(401, "unauthenticated");
    other.terminate().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn preflights_are_answered_for_the_shop_s_origins_only_and_outside_the_limits() {
    let shop = "https://shop.example";
    let app = TestApp::with(&[
        ("MERX_CORS_ORIGINS", shop),
        ("MERX_RATE_LIMIT", "on"),
        ("MERX_LIMIT_REQUESTS_PER_ADDRESS", "2"),
    ])
    .await;
    let http = reqwest::Client::new();
    let preflight = |origin: &'static str, headers: &'static str| {
        let request = http.request(reqwest::Method::OPTIONS, format!("{}/v1/carts", app.base_url));
        request
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", headers)
            .send()
    };
    for _ in 0..10 {
        let answer = preflight(
            shop,
            "content-type,idempotency-key,x-cart-token,if-match,if-none-match,authorization,x-order-token,x-request-id",
        )
        .await
        .unwrap();
        let header =
            |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        assert_eq!(
            (answer.status().as_u16(), header("access-control-allow-origin"), header("access-control-max-age")),
            (200, shop.to_owned(), "7200".to_owned())
        );
        assert!(header("access-control-allow-methods").contains("POST"));
    }
    let strange = preflight("https://evil.example", "content-type").await.unwrap();
    assert!(!strange.headers().contains_key("access-control-allow-origin"));
    let seen = app.get("/v1/store").header("Origin", shop).send().await;
    let exposed = seen.header("access-control-expose-headers").to_ascii_lowercase();
    for name in ["etag", "link", "location", "retry-after", "ratelimit", "x-request-id", "idempotent-replayed"] {
        assert!(exposed.contains(name), "{name}: {exposed}");
    }
    assert!(!seen.headers.contains_key("access-control-allow-credentials"));
    app.get("/v1/store").send().await.expect(200);
    let limited = app.get("/v1/store").header("Origin", shop).send().await;
    assert_eq!(limited.header("access-control-allow-origin"), shop, "a page can read why it was refused");
    limited.problem(429, "rate_limited");
    app.finish().await;
}

/// A listener on an origin of its own.
fn origin() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    (listener, origin)
}

/// Answers everybody with one page, until the tests end.
fn serve(listener: std::net::TcpListener, page: String) {
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                page.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(page.as_bytes()));
        }
    });
}

/// A page that buys something and says what it saw, or what stopped it.
const PAGE: &str = r#"<!doctype html><body><script>
const api = "API", say = (value) => { document.body.textContent = "RESULT" + JSON.stringify(value) + "END" };
(async () => {
  const json = {"Content-Type": "application/json"};
  const store = await fetch(api + "/v1/store");
  const products = await fetch(api + "/v1/products?expand=variants");
  const variant = (await products.json()).data[0].variants[0].id;
  const made = await fetch(api + "/v1/carts", {method: "POST", headers: {...json, "Idempotency-Key": crypto.randomUUID()}, body: "{}"});
  const cart = await made.json();
  const token = {"X-Cart-Token": cart.cart_token};
  const added = await fetch(api + "/v1/carts/" + cart.id + "/line-items", {method: "POST", headers: {...json, ...token}, body: JSON.stringify({variant_id: variant, quantity: 1})});
  const tag = added.headers.get("ETag");
  const stale = await fetch(api + "/v1/carts/" + cart.id, {method: "PATCH", headers: {...json, ...token, "If-Match": '"v1-0"'}, body: "{}"});
  say({store: (await store.json()).name, storeTag: store.headers.get("ETag"), location: made.headers.get("Location"), tag, stale: (await stale.json()).code, requestId: stale.headers.get("X-Request-Id") != null, secret: stale.headers.get("Server")});
})().catch((error) => say({error: String(error)}));
</script>"#;

async fn browse(page: &str) -> Value {
    let profile = std::env::temp_dir().join(format!("merx-chromium-{}", uuid::Uuid::new_v4()));
    let chromium = tokio::process::Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--disable-component-update", "--disable-sync", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(page)
        .kill_on_drop(true)
        .output();
    let output = crate::harness::guard(chromium).await.expect("chromium is installed by script/bootstrap test");
    let _ = std::fs::remove_dir_all(&profile);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let result =
        text.split_once("RESULT").and_then(|(_, rest)| rest.split_once("END")).map(|(result, _)| result.to_owned());
    serde_json::from_str(
        &result
            .unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
            .replace("&quot;", "\""),
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_the_shop_fills_a_cart_in_a_real_browser_and_a_foreign_one_cannot() {
    let ((shop_listener, shop), (foreign_listener, foreign)) = (origin(), origin());
    let app = TestApp::with(&[("MERX_CORS_ORIGINS", &shop), ("MERX_STORE_NAME", "Over there")]).await;
    app.variant(3).await;
    let page = PAGE.replace("API", &app.base_url);
    serve(foreign_listener, page.clone());
    assert!(browse(&foreign).await["error"].as_str().unwrap().contains("Failed to fetch"));
    serve(shop_listener, page);
    let seen = browse(&shop).await;
    assert_eq!(
        (&seen["store"], &seen["stale"], &seen["requestId"]),
        (&json!("Over there"), &json!("precondition_failed"), &json!(true)),
        "{seen}"
    );
    assert!(
        seen["tag"].as_str().unwrap().starts_with("\"v2-")
            && seen["location"].as_str().unwrap().starts_with("/v1/carts/cart_"),
        "{seen}"
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_sees_requests_checkouts_connections_and_jobs() {
    let app = TestApp::start().await;
    let variant = app.variant(1).await;
    let (cart, _) = app.checked_out(&variant, 1).await;
    app.try_checkout(&app.cart(&[(&variant, 1)]).await, "none-left").await.problem(409, "insufficient_stock");
    app.call("POST", "/v1/checkouts")
        .header("X-Cart-Token", &cart.token)
        .json(checkout_body(&cart))
        .send()
        .await
        .expect(200);
    for number in 0..5 {
        app.call(&format!("MADEUP{number}"), "/v1/store")
            .undocumented()
            .send()
            .await
            .problem(405, "method_not_allowed");
    }
    let now = app.app.clock.now();
    queue::enqueue(&mut app.database().await, Job::Watch, "timer", now, now).await.unwrap();
    let reply = app.staff_get("/metrics").send().await;
    assert!(reply.text.contains("method=\"other\"") && !reply.text.contains("MADEUP"), "a made-up method is no label");
    assert!(reply.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "merx_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/checkouts\",status=\"409\"} 1",
        "merx_checkout_duration_seconds_count{outcome=\"created\"} 2",
        "merx_checkout_duration_seconds_count{outcome=\"insufficient_stock\"} 1",
        "merx_database_connections{state=\"in_use\"}",
        "merx_jobs{kind=\"watch\",status=\"queued\"} 1",
        "# EOF",
    ] {
        assert!(reply.text.contains(line), "{line} in\n{}", reply.text);
    }
    assert!(!reply.text.contains(&cart.id), "no route holds an id");
    app.get("/metrics").send().await.problem(401, "unauthenticated");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}
