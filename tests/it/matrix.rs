//! Every route, as every kind of caller. A route without a row fails.

mod rows;

use std::collections::BTreeSet;

use merx::staff::api_keys;
use merx::staff::roles::BuiltInRole;
use serde_json::{Value, json};

use crate::harness::{CartHandle, CheckoutHandle, PASSWORD, TestApp, address, checkout_body, operations};
use rows::ROWS;

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
    /// Invited with the first role, which may do what staff's own routes need.
    member: String,
    roles: [String; 2],
    keys: [String; 2],
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
    let role = async |name: &str| {
        let role = json!({"name": name, "scopes": ["staff:write"]});
        text(&app.staff_post("/v1/admin/roles", role).send().await.expect(201)["id"])
    };
    let roles = [role("Kept").await, role("Deleted").await];
    let key = async || {
        let key = json!({"name": "K", "scopes": ["api_keys:write"]});
        text(&app.staff_post("/v1/admin/api-keys", key).send().await.expect(201)["id"])
    };
    World {
        member: text(&app.invite("grace@shop.example", &roles[0]).await["id"]),
        roles,
        keys: [key().await, key().await],
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
        path if path.contains("/admin/staff/") => &world.member,
        path if path.contains("/admin/roles/") => &world.roles[usize::from(deleting)],
        path if path.contains("/admin/api-keys/") => &world.keys[usize::from(deleting)],
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
        path if path.contains("/invoices/{id}") => "inv_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/customers/") => "cus_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/refunds/") => "ref_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/audit-entries/") => "aud_01jd8x3v5ke2t9qj6f4z0w7m8r",
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
        .replace("{note_id}", "note_01jd8x3v5ke2t9qj6f4z0w7m8r")
        .replace("{currency}", "KWD")
        .replace("{kind}", if template.contains("/email-templates/") { "alert" } else { "import" })
        .replace("{fulfillment_id}", "ful_01jd8x3v5ke2t9qj6f4z0w7m8r")
        .replace("{session_id}", "sses_01jd8x3v5ke2t9qj6f4z0w7m8r")
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
        | "update_inventory_settings"
        | "update_currency_settings"
        | "update_shipping_settings"
        | "create_quote"
        | "receive_stripe_webhook"
        | "receive_shippo_webhook" => json!({}),
        "update_order" | "update_any_customer" => json!({}),
        "erase_customer" => json!({"reason": "r"}),
        "create_order_note" => json!({"body": "n"}),
        "create_import" | "update_customer" | "update_customer_address" => json!({}),
        "update_staff_member" | "update_staff_role" | "update_api_key" => json!({}),
        "create_staff_session" => json!({"email": "grace@shop.example", "password": PASSWORD}),
        "change_staff_password" => json!({"current_password": PASSWORD, "password": PASSWORD}),
        "request_staff_password_reset" => json!({"email": "grace@shop.example"}),
        "reset_staff_password" => json!({"token": "sr_x", "password": PASSWORD}),
        "accept_staff_invitation" => json!({"token": "si_x", "name": "Grace", "password": PASSWORD}),
        "create_staff_member" => {
            json!({"email": format!("{}@shop.example", uuid::Uuid::new_v4().simple()), "role": world.roles[0]})
        }
        "create_staff_role" => json!({"name": uuid::Uuid::new_v4().to_string(), "scopes": ["staff:write"]}),
        "create_api_key" => json!({"name": "K", "scopes": ["api_keys:write"]}),
        "rotate_api_key" => json!({"overlap_hours": 1}),
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

/// A member is refused exactly what their role does not name, on every route of staff.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_built_in_role_opens_what_its_scopes_name_and_nothing_else() {
    let app = TestApp::start().await;
    let world = world(&app).await;
    for role in BuiltInRole::ALL {
        let member = app.staff(role).await;
        let scopes = role.scopes();
        for (method, template, operation) in operations() {
            let name = operation["operationId"].as_str().unwrap();
            let row = ROWS.iter().find(|row| row.operation == name).unwrap();
            let Some(scope) = row.scope else { continue };
            let mut call = app.by(&member, &method, &path(&method, &template, &world));
            if let Some(body) = body(name, &world) {
                call = call.json(body);
            }
            let reply = call.send().await;
            if scopes.contains(&scope) {
                assert!(![401, 403].contains(&reply.status), "{name} as {role}: {}", reply.text);
            } else {
                assert_eq!(
                    reply.problem(403, "insufficient_scope")["required_scope"],
                    scope.as_str(),
                    "{name} as {role}"
                );
            }
        }
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
