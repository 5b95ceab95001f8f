//! Rate limits, and whose request it is.

use serde_json::json;

use crate::harness::TestApp;

const ON: (&str, &str) = ("MERX_RATE_LIMIT", "on");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkouts_are_limited_by_cart() {
    let app = TestApp::with(&[ON, ("MERX_LIMIT_CHECKOUTS_PER_CART", "2")]).await;
    let cart = app.cart_with(json!({})).await;
    for _ in 0..2 {
        app.try_checkout(&cart, "k").await.problem(422, "cart_incomplete");
    }
    let reply = app.try_checkout(&cart, "k").await;
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!(wait >= 1);
    assert_eq!(reply.header("ratelimit"), format!("\"checkouts-per-cart\";r=0;t={wait}"));
    assert_eq!(reply.header("ratelimit-policy"), "\"checkouts-per-cart\";q=2;w=60");
    assert_eq!(reply.problem(429, "rate_limited")["limit"], "checkouts-per-cart");
    let other = app.cart_with(json!({})).await;
    app.try_checkout(&other, "k").await.problem(422, "cart_incomplete");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_count_only_as_far_as_a_trusted_proxy_vouches_for_them() {
    let limit = [ON, ("MERX_LIMIT_CHECKOUTS_PER_ADDRESS", "1"), ("MERX_TRUSTED_PROXIES", "127.0.0.0/8")];
    let app = TestApp::with(&limit).await;
    let from = async |forwarded: &str| {
        let cart = app.cart_with(json!({})).await;
        app.checkout_call(&app.base_url, &cart, "k").header("X-Forwarded-For", forwarded).send().await.status
    };
    assert_eq!(from("203.0.113.1").await, 422);
    assert_eq!(from("203.0.113.1").await, 429);
    // What the client itself wrote in front is not believed.
    assert_eq!(from("198.51.100.7, 203.0.113.1").await, 429);
    assert_eq!(from("203.0.113.2").await, 422);
    assert_eq!(from("2001:db8::1").await, 422);
    assert_eq!(from("2001:db8::2").await, 429);
    app.finish().await;

    let app = TestApp::with(&limit[..2]).await;
    let from = async |forwarded: &str| {
        let cart = app.cart_with(json!({})).await;
        app.checkout_call(&app.base_url, &cart, "k").header("X-Forwarded-For", forwarded).send().await.status
    };
    assert_eq!((from("203.0.113.1").await, from("203.0.113.2").await), (422, 429));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_tells_what_is_left_and_webhooks_are_exempt() {
    let app = TestApp::with(&[ON, ("MERX_LIMIT_REQUESTS_PER_ADDRESS", "3")]).await;
    let reply = app.get("/livez").send().await;
    assert_eq!(reply.header("ratelimit-policy"), "\"requests-per-address\";q=3;w=60");
    assert_eq!(reply.header("ratelimit"), "\"requests-per-address\";r=2;t=60");
    app.get("/livez").send().await.expect(200);
    app.get("/livez").send().await.expect(200);
    let refused = app.get("/livez").send().await;
    assert!(refused.header("ratelimit").starts_with("\"requests-per-address\";r=0;t="));
    refused.problem(429, "rate_limited");
    for _ in 0..5 {
        app.post("/v1/webhooks/stripe", json!({})).send().await.problem(400, "invalid_signature");
    }
    app.finish().await;
}
