//! Every route, as every kind of caller. A route without a row fails.

use std::collections::BTreeSet;

use merx::staff::api_keys::{self, Scope};
use serde_json::{Value, json};

use crate::harness::{CartHandle, CheckoutHandle, PASSWORD, TestApp, address, checkout_body, operations};

/// What each caller is answered.
struct Row {
    operation: &'static str,
    /// Without any credentials.
    nobody: u16,
    /// With the token of another cart and order, and as another customer where `customer` is set.
    stranger: u16,
    /// With the token of this cart and order, and as their customer where `customer` is set.
    owner: u16,
    /// With an API key that has no scope.
    powerless: u16,
    /// With an API key of just the needed scope.
    staff: u16,
    /// The scope that staff need.
    scope: Option<Scope>,
    /// Whether it is for customers who are logged in.
    customer: bool,
    /// Whether it takes an Idempotency-Key.
    idempotent: bool,
}

const fn open(operation: &'static str, status: u16) -> Row {
    Row {
        operation,
        nobody: status,
        stranger: status,
        owner: status,
        powerless: status,
        staff: status,
        scope: None,
        customer: false,
        idempotent: false,
    }
}

const fn guest(operation: &'static str, status: u16) -> Row {
    Row {
        operation,
        nobody: 401,
        stranger: 404,
        owner: status,
        powerless: 401,
        staff: 401,
        scope: None,
        customer: false,
        idempotent: false,
    }
}

const fn customer(operation: &'static str, stranger: u16, owner: u16) -> Row {
    Row { stranger, customer: true, ..guest(operation, owner) }
}

const fn staff(operation: &'static str, status: u16, scope: Scope) -> Row {
    Row {
        operation,
        nobody: 401,
        stranger: 401,
        owner: 401,
        powerless: 403,
        staff: status,
        scope: Some(scope),
        customer: false,
        idempotent: false,
    }
}

const fn once(row: Row) -> Row {
    Row { idempotent: true, ..row }
}

const ROWS: &[Row] = &[
    open("get_store", 200),
    open("list_products", 200),
    open("get_product", 200),
    open("get_variant", 200),
    open("list_collections", 200),
    open("get_collection", 200),
    once(open("create_cart", 201)),
    guest("get_cart", 200),
    guest("update_cart", 409),
    guest("add_line_item", 409),
    guest("update_line_item", 409),
    guest("remove_line_item", 409),
    guest("list_shipping_rates", 200),
    guest("choose_shipping_rate", 409),
    guest("explain_cart_totals", 200),
    guest("add_discount_code", 409),
    guest("remove_discount_code", 409),
    guest("create_quote", 200),
    once(guest("create_checkout", 200)),
    guest("get_checkout", 200),
    guest("cancel_checkout", 200),
    guest("get_order", 200),
    guest("cancel_my_order", 200),
    guest("list_my_refunds", 200),
    guest("get_invoice", 404),
    guest("list_order_invoices", 200),
    guest("get_order_invoice", 404),
    open("create_customer", 202),
    open("verify_customer", 422),
    open("request_password_reset", 202),
    open("reset_password", 422),
    open("create_order_lookup", 202),
    open("create_customer_session", 401),
    open("refresh_customer_session", 401),
    customer("delete_customer_session", 204, 204),
    customer("list_customer_sessions", 200, 200),
    customer("revoke_customer_session", 404, 204),
    customer("get_customer", 200, 200),
    customer("update_customer", 200, 200),
    customer("change_password", 422, 422),
    customer("list_customer_orders", 200, 200),
    customer("list_customer_addresses", 200, 200),
    customer("create_customer_address", 201, 201),
    customer("update_customer_address", 404, 200),
    customer("delete_customer_address", 404, 204),
    customer("claim_cart", 404, 409),
    open("receive_stripe_webhook", 400),
    open("receive_shippo_webhook", 400),
    once(staff("create_product", 201, Scope::ProductsWrite)),
    staff("list_all_products", 200, Scope::ProductsRead),
    staff("get_any_product", 200, Scope::ProductsRead),
    staff("update_product", 200, Scope::ProductsWrite),
    staff("delete_product", 204, Scope::ProductsWrite),
    once(staff("create_variant", 422, Scope::ProductsWrite)),
    staff("get_any_variant", 200, Scope::ProductsRead),
    staff("update_variant", 200, Scope::ProductsWrite),
    staff("delete_variant", 204, Scope::ProductsWrite),
    once(staff("create_collection", 201, Scope::ProductsWrite)),
    staff("list_all_collections", 200, Scope::ProductsRead),
    staff("get_any_collection", 200, Scope::ProductsRead),
    staff("update_collection", 200, Scope::ProductsWrite),
    staff("delete_collection", 204, Scope::ProductsWrite),
    staff("add_collection_product", 204, Scope::ProductsWrite),
    staff("remove_collection_product", 204, Scope::ProductsWrite),
    staff("list_stock_movements", 200, Scope::ProductsRead),
    staff("list_low_stock", 200, Scope::ProductsRead),
    staff("export_low_stock", 200, Scope::ProductsRead),
    once(staff("adjust_stock", 201, Scope::InventoryWrite)),
    staff("create_import", 415, Scope::ProductsWrite),
    staff("list_imports", 200, Scope::ProductsRead),
    staff("get_import", 404, Scope::ProductsRead),
    staff("list_import_rows", 404, Scope::ProductsRead),
    once(staff("create_shipping_zone", 201, Scope::SettingsWrite)),
    staff("list_shipping_zones", 200, Scope::SettingsRead),
    staff("get_shipping_zone", 200, Scope::SettingsRead),
    staff("update_shipping_zone", 200, Scope::SettingsWrite),
    staff("delete_shipping_zone", 204, Scope::SettingsWrite),
    staff("get_shipping_settings", 200, Scope::SettingsRead),
    staff("update_shipping_settings", 200, Scope::SettingsWrite),
    staff("get_currency_settings", 200, Scope::SettingsRead),
    staff("update_currency_settings", 200, Scope::SettingsWrite),
    staff("list_exchange_rates", 200, Scope::SettingsRead),
    staff("set_exchange_rate", 200, Scope::SettingsWrite),
    staff("get_tax_settings", 200, Scope::SettingsRead),
    staff("update_tax_settings", 200, Scope::SettingsWrite),
    staff("explain_any_cart_totals", 200, Scope::CartsRead),
    staff("set_tax_exemption", 409, Scope::CartsWrite),
    once(staff("create_discount", 201, Scope::DiscountsWrite)),
    staff("list_discounts", 200, Scope::DiscountsRead),
    staff("get_discount", 200, Scope::DiscountsRead),
    staff("update_discount", 200, Scope::DiscountsWrite),
    staff("delete_discount", 204, Scope::DiscountsWrite),
    once(staff("create_discount_codes", 201, Scope::DiscountsWrite)),
    staff("list_discount_codes", 200, Scope::DiscountsRead),
    staff("delete_discount_code", 404, Scope::DiscountsWrite),
    once(staff("create_webhook_endpoint", 201, Scope::WebhooksWrite)),
    staff("list_webhook_endpoints", 200, Scope::WebhooksRead),
    staff("get_webhook_endpoint", 200, Scope::WebhooksRead),
    staff("update_webhook_endpoint", 200, Scope::WebhooksWrite),
    staff("delete_webhook_endpoint", 204, Scope::WebhooksWrite),
    staff("rotate_webhook_secret", 200, Scope::WebhooksWrite),
    staff("test_webhook_endpoint", 200, Scope::WebhooksWrite),
    staff("replay_webhook_endpoint", 409, Scope::WebhooksWrite),
    staff("list_webhook_deliveries", 200, Scope::WebhooksRead),
    staff("get_webhook_delivery", 404, Scope::WebhooksRead),
    staff("replay_webhook_delivery", 404, Scope::WebhooksWrite),
    staff("list_emails", 200, Scope::EmailsRead),
    staff("list_inbox_attempts", 200, Scope::InboxRead),
    staff("list_inbox_refusals", 200, Scope::InboxRead),
    staff("list_inbox_events", 200, Scope::InboxRead),
    staff("get_inbox_event", 404, Scope::InboxRead),
    staff("retry_inbox_event", 404, Scope::InboxWrite),
    staff("retry_inbox_events", 200, Scope::InboxWrite),
    staff("discard_inbox_event", 404, Scope::InboxWrite),
    staff("list_jobs", 200, Scope::JobsRead),
    staff("get_job", 404, Scope::JobsRead),
    staff("retry_job", 404, Scope::JobsWrite),
    staff("discard_job", 404, Scope::JobsWrite),
    staff("list_job_kinds", 200, Scope::JobsRead),
    staff("pause_job_kind", 200, Scope::JobsWrite),
    staff("resume_job_kind", 200, Scope::JobsWrite),
    staff("get_email", 404, Scope::EmailsRead),
    once(staff("resend_email", 404, Scope::EmailsWrite)),
    staff("preview_email", 200, Scope::EmailsRead),
    once(staff("send_test_email", 201, Scope::EmailsWrite)),
    staff("list_alerts", 200, Scope::AlertsRead),
    staff("acknowledge_alert", 404, Scope::AlertsWrite),
    staff("list_orders", 200, Scope::OrdersRead),
    staff("get_any_order", 200, Scope::OrdersRead),
    once(staff("cancel_order", 409, Scope::OrdersWrite)),
    staff("decide_payment_review", 409, Scope::OrdersWrite),
    once(staff("create_fulfillment", 409, Scope::FulfillmentsWrite)),
    staff("get_fulfillment", 404, Scope::OrdersRead),
    staff("update_fulfillment", 404, Scope::FulfillmentsWrite),
    staff("cancel_fulfillment", 404, Scope::FulfillmentsWrite),
    staff("get_packing_slip", 404, Scope::OrdersRead),
    once(staff("create_shipping_label", 404, Scope::FulfillmentsWrite)),
    staff("void_shipping_label", 404, Scope::FulfillmentsWrite),
    once(staff("create_refund", 409, Scope::RefundsWrite)),
    staff("preview_refund", 409, Scope::RefundsWrite),
    staff("reverse_dispute_tax", 404, Scope::RefundsWrite),
    staff("list_invoices", 200, Scope::OrdersRead),
    staff("get_any_invoice", 404, Scope::OrdersRead),
    staff("issue_invoice", 409, Scope::OrdersWrite),
    staff("get_invoice_settings", 200, Scope::SettingsRead),
    staff("update_invoice_settings", 200, Scope::SettingsWrite),
    staff("list_refunds", 200, Scope::OrdersRead),
    staff("get_refund", 404, Scope::OrdersRead),
    staff("list_holds", 200, Scope::OrdersRead),
    staff("release_hold", 200, Scope::OrdersWrite),
    open("get_livez", 200),
    open("get_readyz", 200),
    staff("get_metrics", 200, Scope::MetricsRead),
];

struct World {
    product: String,
    /// Of which the requests that archive take one.
    spare: [String; 2],
    collections: [String; 2],
    zones: [String; 2],
    discounts: [String; 2],
    endpoints: [String; 2],
    variant: String,
    line: String,
    cart: CartHandle,
    checkout: CheckoutHandle,
    /// For what staff end.
    spare_checkout: CheckoutHandle,
    stranger: (CartHandle, CheckoutHandle),
    /// Of the owner.
    addresses: [String; 2],
    session: String,
}

/// The e-mail addresses of the customers.
const OWNER: &str = "owner@example.com";
const STRANGER: &str = "stranger@example.com";

async fn world(app: &TestApp) -> World {
    let variant = app.variant(100).await;
    let (cart, checkout) = app.checked_out(&variant, 1).await;
    let stranger = app.checked_out(&variant, 1).await;
    let (_, spare_checkout) = app.checked_out(&variant, 1).await;
    let body = app.read_cart(&cart).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let spare = app.read_variant(&app.variant(1).await).await;
    let collection = async |title: &str| {
        text(&app.staff_post("/v1/admin/collections", json!({"title": title})).send().await.expect(201)["id"])
    };
    let zone = async |country: &str| {
        let zone = json!({"name": country, "regions": [{"country": country}]});
        text(&app.staff_post("/v1/admin/shipping-zones", zone).send().await.expect(201)["id"])
    };
    let discount = async || {
        let discount = json!({"title": "D", "method": "code", "type": "free_shipping"});
        text(&app.staff_post("/v1/admin/discounts", discount).send().await.expect(201)["id"])
    };
    let endpoint = async || {
        let endpoint = json!({"url": "https://hooks.invalid/", "event_types": ["*"], "status": "disabled"});
        text(&app.staff_post("/v1/admin/webhook-endpoints", endpoint).send().await.expect(201)["id"])
    };
    let owner = app.customer(OWNER).await;
    app.customer(STRANGER).await;
    let book = async || {
        let new = app.post("/v1/customers/me/addresses", json!({"address": address()})).bearer(&owner.access);
        text(&new.send().await.expect(201)["id"])
    };
    World {
        addresses: [book().await, book().await],
        session: owner.session.clone(),
        discounts: [discount().await, discount().await],
        endpoints: [endpoint().await, endpoint().await],
        zones: [zone("AQ").await, zone("BV").await],
        spare: [text(&spare["product_id"]), text(&spare["id"])],
        collections: [collection("Kept").await, collection("Deleted").await],
        product: text(&body["line_items"][0]["product_id"]),
        line: text(&body["line_items"][0]["id"]),
        variant,
        cart,
        checkout,
        spare_checkout,
        stranger,
    }
}

fn path(method: &str, template: &str, world: &World) -> String {
    let deleting = method == "DELETE";
    let id = match template {
        path if path.contains("/products/{product_id}") => &world.collections[0],
        path if path.contains("/collections/") => &world.collections[usize::from(deleting)],
        path if path.contains("/me/addresses/") => &world.addresses[usize::from(deleting)],
        path if path.contains("/me/sessions/") => &world.session,
        path if path.contains("/inbox/events/") => "evt_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/jobs/") => "job_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/emails/") => "mail_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/imports/") => "imp_01jd8x3v5ke2t9qj6f4z0w7m8r",
        "/v1/admin/discounts/{id}" => &world.discounts[usize::from(deleting)],
        path if path.contains("/discounts/") => &world.discounts[0],
        path if path.contains("/webhook-endpoints/") => &world.endpoints[usize::from(deleting)],
        path if path.contains("/webhook-deliveries/") => "whd_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/shipping-zones/") => &world.zones[usize::from(deleting)],
        "/v1/admin/products/{id}" if deleting => &world.spare[0],
        "/v1/admin/variants/{id}" if deleting => &world.spare[1],
        path if path.contains("/admin/products/{id}/variants") => &world.product,
        path if path.contains("/carts/") => &world.cart.id,
        path if path.contains("/admin/invoices/") => "inv_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/refunds/") => "ref_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/alerts/") => "alrt_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/disputes/") => "dsp_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/checkouts/") => &world.spare_checkout.id,
        "/v1/admin/orders/{id}/cancel" => &world.spare_checkout.order_id,
        path if path.contains("/checkouts/") => &world.checkout.id,
        path if path.contains("/orders/") => &world.checkout.order_id,
        path if path.contains("/variants/") => &world.variant,
        _ => &world.product,
    };
    let path = template.replace("{id_or_slug}", id).replace("{id}", id).replace("{line_item_id}", &world.line);
    path.replace("{product_id}", &world.product)
        .replace("{invoice_id}", "inv_01jd8x3v5ke2t9qj6f4z0w7m8r")
        .replace("{code}", "X")
        .replace("{currency}", "KWD")
        .replace("{kind}", if template.contains("/email-templates/") { "alert" } else { "import" })
        .replace("{fulfillment_id}", "ful_01jd8x3v5ke2t9qj6f4z0w7m8r")
}

fn body(operation: &str, world: &World) -> Option<Value> {
    Some(match operation {
        "create_cart"
        | "update_cart"
        | "update_product"
        | "update_variant"
        | "update_collection"
        | "update_shipping_zone"
        | "update_discount"
        | "update_webhook_endpoint"
        | "update_tax_settings"
        | "update_invoice_settings"
        | "update_currency_settings"
        | "update_shipping_settings"
        | "create_quote"
        | "receive_stripe_webhook"
        | "receive_shippo_webhook" => json!({}),
        "create_import" | "update_customer" | "update_customer_address" => json!({}),
        "create_customer" => json!({"email": "new@example.com"}),
        "request_password_reset" => json!({"email": OWNER}),
        "create_order_lookup" => json!({"email": OWNER, "number": "1001"}),
        "create_customer_session" => json!({"email": OWNER, "password": "not the password"}),
        "refresh_customer_session" => json!({"refresh_token": "crt_x"}),
        "verify_customer" => json!({"token": "ev_x", "password": PASSWORD}),
        "reset_password" => json!({"token": "pr_x", "password": PASSWORD}),
        "change_password" => json!({"current_password": "not the password", "password": PASSWORD}),
        "create_customer_address" => json!({"address": address()}),
        "set_exchange_rate" => json!({"rate": "1.5"}),
        "set_tax_exemption" => json!({"exemption": "none"}),
        "add_discount_code" => json!({"code": "X"}),
        "create_discount" => json!({"title": "D", "method": "code", "type": "free_shipping"}),
        "create_discount_codes" => json!({"count": 1}),
        "create_webhook_endpoint" => {
            json!({"url": "https://hooks.invalid/", "event_types": ["*"], "status": "disabled"})
        }
        "replay_webhook_endpoint" => json!({"since": "2026-01-01T00:00:00Z"}),
        "choose_shipping_rate" => json!({"rate_id": "rate_x"}),
        "create_shipping_zone" => json!({"name": "Z", "regions": [{"country": "TF"}]}),
        "create_variant" => {
            json!({"sku": "X", "option_values": {"no": "such"}, "prices": [{"amount": 1, "currency": "EUR"}]})
        }
        "create_collection" => json!({"title": uuid::Uuid::new_v4().to_string()}),
        "add_line_item" => json!({"variant_id": world.variant, "quantity": 1}),
        "update_line_item" => json!({"quantity": 1}),
        "create_checkout" => checkout_body(&world.cart),
        "create_product" => {
            let sku = uuid::Uuid::new_v4().to_string();
            json!({"title": sku, "variants": [{"sku": sku, "prices": [{"amount": 1, "currency": "EUR"}]}]})
        }
        "adjust_stock" => json!({"delta": 1, "reason": "received"}),
        "create_refund" | "preview_refund" => json!({"amount": {"amount": 1, "currency": "EUR"}, "reason": "other"}),
        "create_fulfillment" | "update_fulfillment" | "create_shipping_label" => json!({}),
        "send_test_email" => json!({"recipient": "a@example.com"}),
        "cancel_order" => json!({"reason": "other"}),
        "retry_inbox_events" => json!({"status": "dead", "since": "2026-01-01T00:00:00Z"}),
        "discard_inbox_event" | "discard_job" | "pause_job_kind" => json!({"reason": "r"}),
        "decide_payment_review" => json!({"decision": "accept"}),
        _ => return None,
    })
}

/// A token of the same form that nobody was given.
fn guess(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    format!("{rest}{}", if last == "A" { "B" } else { "A" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_every_role_as_the_matrix_says() {
    let app = TestApp::start().await;
    let known: BTreeSet<&str> = ROWS.iter().map(|row| row.operation).collect();
    let documented: BTreeSet<&str> =
        operations().iter().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(known, documented, "each operation has a row, and each row an operation");
    let mut conn = app.database().await;
    let now = app.app.clock.now();
    let (_, powerless) = api_keys::create(&mut conn, "powerless", &[], now).await.unwrap();
    let world = world(&app).await;
    for (method, template, operation) in operations() {
        let name = operation["operationId"].as_str().unwrap();
        let row = ROWS.iter().find(|row| row.operation == name).unwrap();
        let send = async |headers: &[(&str, String)]| {
            let mut call = app.call(&method, &path(&method, &template, &world));
            if let Some(body) = body(name, &world) {
                call = call.json(body);
            }
            for (header, value) in headers {
                call = call.header(header, value);
            }
            call.send().await.status
        };
        let bearer = |token: &str| ("Authorization", format!("Bearer {token}"));
        let scoped = match row.scope {
            Some(scope) => api_keys::create(&mut conn, "scoped", &[scope], now).await.unwrap().1,
            None => app.admin_key.clone(),
        };
        // The order's token where the route knows only that, else the cart's.
        let is_of_order = template.starts_with("/v1/orders/");
        let token = |cart: &CartHandle, checkout: &CheckoutHandle| {
            if is_of_order {
                ("X-Order-Token", checkout.order_token.clone())
            } else {
                ("X-Cart-Token", cart.token.clone())
            }
        };
        // A session of their own for each operation, as some end it.
        let headers = async |email: &str, cart: &CartHandle, checkout: &CheckoutHandle| {
            let mut headers = vec![token(cart, checkout)];
            if row.customer {
                headers.push(bearer(&app.log_in(email).await.access));
            }
            headers
        };
        let strange = headers(STRANGER, &world.stranger.0, &world.stranger.1).await;
        let own = headers(OWNER, &world.cart, &world.checkout).await;
        assert_eq!(send(&[]).await, row.nobody, "{name} as nobody");
        for known in [&app.admin_key, &app.log_in(OWNER).await.access] {
            assert_eq!(send(&[bearer(&guess(known))]).await, row.nobody, "{name} with a guessed {known}");
        }
        let (header, known) = token(&world.cart, &world.checkout);
        let by_guess = if row.customer { row.nobody } else { row.stranger };
        assert_eq!(send(&[(header, guess(&known))]).await, by_guess, "{name} with a guessed {header}");
        if is_of_order {
            let other = app.log_in(STRANGER).await.access;
            assert_eq!(send(&[bearer(&other)]).await, 404, "{name} as another customer");
        }
        assert_eq!(send(&strange).await, row.stranger, "{name} as a stranger");
        assert_eq!(send(&[bearer(&powerless)]).await, row.powerless, "{name} with a powerless key");
        assert_eq!(send(&[bearer(&scoped)]).await, row.staff, "{name} as staff");
        assert_eq!(send(&own).await, row.owner, "{name} as the owner");
        let takes_key = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(takes_key, row.idempotent, "{name} takes an Idempotency-Key");
    }
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_keys_and_odd_credentials_open_nothing() {
    let app = TestApp::start().await;
    let get = |token: &str| app.get("/v1/admin/orders").header("Authorization", token).send();
    for token in ["Bearer", "Bearer nonsense", "Bearer sk_nonsense", "Basic c2s6", &format!("bearer{}", app.admin_key)]
    {
        let reply = get(token).await;
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        reply.problem(401, "unauthenticated");
    }
    get(&format!("Bearer {}", app.admin_key)).await.expect(200);
    app.sql("UPDATE api_keys SET revoked_at = now()").await;
    get(&format!("Bearer {}", app.admin_key)).await.problem(401, "unauthenticated");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_token_opens_its_own_checkout_only() {
    let app = TestApp::start().await;
    let world = world(&app).await;
    let path = format!("/v1/checkouts/{}", world.checkout.id);
    let strange = &world.stranger.1.order_token;
    app.get(&path).header("X-Order-Token", strange).send().await.problem(404, "not_found");
    let cancel = format!("{path}/cancel");
    app.call("POST", &cancel).header("X-Order-Token", strange).send().await.problem(404, "not_found");
    app.get(&path).header("X-Cart-Token", strange).send().await.problem(404, "not_found");
    app.get(&path).header("X-Order-Token", &world.checkout.order_token).send().await.expect(200);
    let ended = app.call("POST", &cancel).header("X-Order-Token", &world.checkout.order_token).send().await.expect(200);
    assert_eq!(ended["status"], "cancelled");
    app.get(&path).header("X-Cart-Token", "\u{e9}").send().await.problem(400, "invalid_header");
    app.advance(3600).await;
    app.run_jobs().await;
    app.finish().await;
}
