//! The dashboard's page: served from the binary, cached rightly, closed to foreign scripts.

use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};

use crate::harness::TestApp;

#[tokio::test]
async fn every_screen_is_the_same_page_and_its_files_never_change() {
    let app = TestApp::start().await;
    let http = reqwest::Client::new();
    let get = |path: &str| http.get(format!("{}{path}", app.base_url));

    let page = get("/admin").send().await.unwrap();
    assert_eq!(page.url().path(), "/admin/");
    assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
    assert_eq!(page.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'self'") && !policy.contains("script-src"), "{policy}");
    let tag = page.headers()[ETAG].clone();
    let page = page.text().await.unwrap();
    assert!(!page.contains("<script>"), "a script inside the page, which its policy forbids");

    let screen = get("/admin/orders/ord_1?status=confirmed").send().await.unwrap();
    assert_eq!(screen.headers()[ETAG], tag);
    let again = get("/admin/orders").header(IF_NONE_MATCH, tag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    let script = page.split(['"', ' ']).find(|part| part.starts_with("/admin/assets/")).unwrap();
    let script = get(script).send().await.unwrap();
    assert_eq!(script.status(), 200);
    assert_eq!(script.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    let gone = get("/admin/assets/of-an-older-build.js").send().await.unwrap();
    assert_eq!(gone.status(), 404);
    assert_eq!(gone.headers()[CONTENT_TYPE], "application/problem+json");
    app.finish().await;
}
