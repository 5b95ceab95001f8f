//! What every endpoint does alike: problems, request ids, methods, bodies.

use serde_json::json;

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_cannot_be_read_say_where_and_why() {
    let app = TestApp::start().await;
    let post =
        |content_type: &str, body: &str| app.call("POST", "/v1/carts").body(content_type, body.to_owned()).send();
    post("application/json", "{\"email\": ").await.problem(400, "malformed_body");
    post("application/json", "{} {}").await.problem(400, "malformed_body");
    post("application/json", "").await.problem(400, "malformed_body");
    post("text/plain", "{}").await.problem(415, "unsupported_media_type");
    post("application/json; charset=utf-8", "{}").await.expect(201);
    post("application/json", &format!("{{\"email\": \"{}\"}}", "x".repeat(300_000)))
        .await
        .problem(413, "body_too_large");
    let cases = [
        ("{\"emial\": \"a@example.com\"}", "/emial", "unknown_field"),
        ("{\"email\": 1}", "/email", "invalid"),
        ("{\"email\": \"a@example.com\", \"email\": \"b@example.com\"}", "/email", "duplicate"),
        ("{\"metadata\": {\"a\": \"1\", \"a\": \"2\"}}", "/metadata/a", "duplicate"),
        ("{\"line_items\": [{\"quantity\": 1}]}", "/line_items/0/variant_id", "required"),
        (
            "{\"line_items\": [{\"variant_id\": \"prod_01h2xcejqtf2nbrexx3vqjhp41\", \"quantity\": 1}]}",
            "/line_items/0/variant_id",
            "invalid",
        ),
        ("[]", "", "invalid"),
    ];
    for (body, pointer, code) in cases {
        let problem = post("application/json", body).await.problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(pointer), &json!(code)),
            "{body}"
        );
    }
    for (body, detail) in [
        ("{\"email\": 1}", "must be a string, not 1"),
        ("{\"line_items\": {}}", "must be an array, not an object"),
        (
            "{\"line_items\": [{\"variant_id\": \"var_01h2xcejqtf2nbrexx3vqjhp41\", \"quantity\": \"1\"}]}",
            "must be a whole number, not the string \"1\"",
        ),
        ("{\"shipping_address\": true}", "must be an object, not true"),
        ("null", "must be an object, not null"),
    ] {
        let problem = post("application/json", body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["detail"], detail, "{body}");
    }
    let problem = post("application/json", "{\"emial\": \"a\"}").await.problem(422, "validation_failed");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("did you mean `email`"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_routes_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    app.get("/v1/nothing").undocumented().send().await.problem(404, "not_found");
    let reply = app.call("DELETE", "/v1/carts").undocumented().send().await;
    assert_eq!(reply.header("allow"), "POST");
    reply.problem(405, "method_not_allowed");
    let reply = app.staff_get("/v1/admin/inbox/events/retry").undocumented().send().await;
    assert_eq!(reply.header("allow"), "POST", "it is no event's id");
    reply.problem(405, "method_not_allowed");
    app.get("/v1/products/no-such-product").send().await.problem(404, "not_found");
    app.get("/v1/carts/not-an-id").header("X-Cart-Token", "ct_x").send().await.problem(404, "not_found");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_bytes_and_methods_are_no_surprise() {
    let app = TestApp::start().await;
    let post = |body: &str| app.call("POST", "/v1/carts").body("application/json", body.to_owned()).send();
    for body in ["{\"metadata\": {\"k\": \"a\\u0000b\"}}", "{\"metadata\": {\"k\\u0000\": \"v\"}}"] {
        assert!(
            post(body).await.problem(422, "validation_failed")["detail"]
                .as_str()
                .unwrap()
                .contains("control characters")
        );
    }
    let kept = post("{\"metadata\": {\"k\": \"a\\\\u0000b ✓ \\ud83d\\ude00\"}}").await.expect(201);
    assert_eq!(kept["metadata"]["k"], "a\\u0000b ✓ 😀");
    post("{\"metadata\": {\"k\": \"\\ud83d\"}}").await.problem(400, "malformed_body");
    app.get("/v1/products/%00").send().await.problem(404, "not_found");
    app.get("/v1/products/%ff").send().await.problem(404, "not_found");
    let head = app.call("HEAD", "/v1/products").undocumented().send().await;
    assert_eq!((head.status, head.text.as_str(), head.header("content-type")), (200, "", "application/json"));
    let options = app.call("OPTIONS", "/v1/products").undocumented().send().await;
    assert_eq!((options.status, options.header("allow")), (204, "GET"));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_ids_travel_and_problems_name_them_and_their_page() {
    let app = TestApp::start().await;
    let reply = app.get("/v1/products/nothing").header("X-Request-Id", "trace-42").send().await;
    assert_eq!(reply.header("x-request-id"), "trace-42");
    let problem = reply.problem(404, "not_found");
    assert_eq!(problem["request_id"], "trace-42");
    let page = problem["type"].as_str().unwrap().strip_prefix(&app.base_url).unwrap().to_owned();
    let page = app.get(&page).undocumented().send().await;
    assert!(page.status == 200 && page.text.contains("not_found"), "{}", page.text);
    let odd = app.get("/v1/products").header("X-Request-Id", "with spaces and \"quotes\"").send().await;
    assert!(odd.header("x-request-id").starts_with("req_"));
    for code in merx::error::Code::ALL {
        let page = app.get(&format!("/problems/{}", code.as_str())).undocumented().send().await;
        assert!(page.status == 200 && page.text.contains(code.as_str()));
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_is_served_without_any_foreign_address() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").undocumented().send().await.expect(200);
    assert_eq!(document["openapi"].as_str().unwrap().split('.').take(2).collect::<Vec<_>>(), ["3", "1"]);
    let page = app.get("/docs/").undocumented().send().await;
    assert_eq!(page.status, 200);
    for attribute in ["src=\"", "href=\""] {
        for value in page.text.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(!value.contains("//"), "{value} leads elsewhere");
        }
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_compressed_when_asked() {
    let app = TestApp::start().await;
    app.variant(1).await;
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer =
        plain.get(format!("{}/openapi.json", app.base_url)).header("Accept-Encoding", "gzip").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    app.finish().await;
}
