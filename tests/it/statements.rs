//! How many statements requests cost, those that begin and end transactions included: pinned, so that more are noticed.

use serde_json::json;

use crate::harness::{CheckoutHandle, TestApp, address, checkout_body};

/// What a call sends to the database, once connections know its statements.
struct Counted<'app> {
    app: &'app TestApp,
    method: &'static str,
    route: &'static str,
    before: u64,
}

fn counted<'app>(app: &'app TestApp, method: &'static str, route: &'static str) -> Counted<'app> {
    Counted { app, method, route, before: app.app.metrics.statements(method, route) }
}

impl Counted<'_> {
    fn sent(self) -> u64 {
        self.app.app.metrics.statements(self.method, self.route) - self.before
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_the_catalogue_takes_few_statements_whatever_the_page() {
    let app = TestApp::with(&[("MERX_CATALOG_CACHE_MB", "0")]).await;
    let variants: Vec<String> = futures_util::future::join_all((0..30).map(|_| app.variant(5))).await;
    let one = app.read_variant(&variants[0]).await;
    let product = one["product_id"].as_str().unwrap();
    for limit in [1, 10, 30] {
        let counted = counted(&app, "GET", "/v1/products");
        app.get(&format!("/v1/products?expand=variants&limit={limit}")).send().await.expect(200);
        assert_eq!(counted.sent(), 3, "{limit}");
    }
    let detail = counted(&app, "GET", "/v1/products/{id_or_slug}");
    app.get(&format!("/v1/products/{product}")).send().await.expect(200);
    assert_eq!(detail.sent(), 4);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carts_and_checkouts_take_few_statements() {
    let app = TestApp::start().await;
    let (first, second) = (app.variant(50).await, app.variant(50).await);
    let create = counted(&app, "POST", "/v1/carts");
    let cart = app.cart_with(json!({})).await;
    let created = create.sent();
    let add = counted(&app, "POST", "/v1/carts/{id}/line-items");
    let line = app.post(&format!("/v1/carts/{}/line-items", cart.id), json!({"variant_id": first, "quantity": 1}));
    line.header("X-Cart-Token", &cart.token).send().await.expect(200);
    let added = add.sent();
    let full = counted(&app, "POST", "/v1/carts");
    let cart = app
        .cart_with(json!({"email": "ada@example.com", "shipping_address": address(), "line_items": [
            {"variant_id": first, "quantity": 1}, {"variant_id": second, "quantity": 2}]}))
        .await;
    let filled = full.sent();
    let read = counted(&app, "GET", "/v1/carts/{id}");
    app.read_cart(&cart).await;
    let seen = read.sent();
    let checkout = counted(&app, "POST", "/v1/checkouts");
    let call = app.post("/v1/checkouts", checkout_body(&cart)).header("X-Cart-Token", &cart.token);
    let handle = CheckoutHandle::new(call.send().await.expect(201));
    let checked_out = checkout.sent();
    assert_eq!((created, added, filled, seen, checked_out), (2, 3, 3, 3, 10));
    // Nothing tells of the payment: the return page takes it over.
    app.webhooks("drop").await;
    app.pay(&handle, "paid").await;
    let page = counted(&app, "GET", "/v1/checkouts/{id}");
    assert_eq!(app.look(&handle).await["status"], "completed");
    let taken_over = page.sent();
    let page = counted(&app, "GET", "/v1/checkouts/{id}");
    app.look(&handle).await;
    assert_eq!((taken_over, page.sent()), (10, 3));
    app.webhooks("normal").await;
    app.run_jobs().await;
    app.finish().await;
}

/// A payment tells four events here: three are stored, and one takes effect before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_takes_few_statements() {
    let app = TestApp::start().await;
    let variant = app.variant(5).await;
    for _ in 0..2 {
        app.paid(&variant, 1).await;
    }
    let (_, checkout) = app.checked_out(&variant, 1).await;
    let told = counted(&app, "POST", "/v1/webhooks/stripe");
    app.pay(&checkout, "paid").await;
    app.deliveries_done().await;
    assert_eq!(told.sent(), 3 + 6);
    app.run_jobs().await;
    app.finish().await;
}
