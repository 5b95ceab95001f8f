//! What the attacked endpoints are about, and a lawful body for each.

use serde_json::{Value, json};

use merx::staff::roles::BuiltInRole;

use crate::harness::{CartHandle, CheckoutHandle, CustomerHandle, PASSWORD, StaffHandle, TestApp, checkout_body};

/// What the attacked endpoints are about.
pub(crate) struct World {
    pub(crate) cart: CartHandle,
    pub(crate) other: CartHandle,
    /// Bought, so that nothing of it may change any more.
    pub(crate) bought: (CartHandle, CheckoutHandle),
    pub(crate) line: String,
    /// The line of what was bought.
    pub(crate) order_line: String,
    pub(crate) product: String,
    pub(crate) variant: String,
    pub(crate) collection: String,
    pub(crate) zone: String,
    pub(crate) discount: String,
    pub(crate) endpoint: String,
    pub(crate) customer: CustomerHandle,
    pub(crate) address: String,
    pub(crate) staff: StaffHandle,
    /// Invited.
    pub(crate) member: String,
    pub(crate) role: String,
    pub(crate) key: String,
}

pub(crate) async fn world(app: &TestApp) -> World {
    let product = json!({
        "title": "Shirt", "slug": "shirt", "status": "active", "options": [{"name": "size", "values": ["M"]}],
        "variants": [{"sku": "SHIRT-M", "option_values": {"size": "M"}, "on_hand": 100, "prices": [{"amount": 1999, "currency": "EUR"}]}],
    });
    let product = app.staff_post("/v1/admin/products", product).send().await.expect(201);
    let variant = product["variants"][0]["id"].as_str().unwrap().to_owned();
    let bought = app.checked_out(&variant, 1).await;
    app.pay(&bought.1, "paid").await;
    app.run_jobs().await;
    let (cart, other) = (app.cart(&[(&variant, 1)]).await, app.cart(&[(&variant, 1)]).await);
    let body = app.read_cart(&cart).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let collection = app.staff_post("/v1/admin/collections", json!({"title": "Camp"})).send().await.expect(201);
    let zone = json!({"name": "Z", "regions": [{"country": "AQ"}], "rates": [{"name": "R", "basis": "weight", "bands": [{"currency": "EUR", "price": 1}]}]});
    let zone = app.staff_post("/v1/admin/shipping-zones", zone).send().await.expect(201);
    let discount = json!({"title": "D", "method": "code", "type": "percentage", "percentage": "5"});
    let discount = app.staff_post("/v1/admin/discounts", discount).send().await.expect(201);
    let endpoint = json!({"url": "https://hooks.invalid/", "event_types": ["alert.raised"], "status": "disabled"});
    let endpoint = app.staff_post("/v1/admin/webhook-endpoints", endpoint).send().await.expect(201);
    let customer = app.customer("grace@example.com").await;
    let book = app.post("/v1/customers/me/addresses", json!({"address": address()})).bearer(&customer.access);
    let book = book.send().await.expect(201);
    let role =
        app.staff_post("/v1/admin/roles", json!({"name": "R", "scopes": ["orders:read"]})).send().await.expect(201);
    let key = app.staff_post("/v1/admin/api-keys", json!({"name": "K", "scopes": ["orders:read"]}));
    World {
        staff: app.staff(BuiltInRole::Owner).await,
        member: text(&app.invite("invited@shop.example", "support").await["id"]),
        role: text(&role["id"]),
        key: text(&key.send().await.expect(201)["id"]),
        address: text(&book["id"]),
        customer,
        line: text(&body["line_items"][0]["id"]),
        order_line: text(&bought.1.body["order"]["line_items"][0]["id"]),
        product: text(&body["line_items"][0]["product_id"]),
        collection: text(&collection["id"]),
        zone: text(&zone["id"]),
        discount: text(&discount["id"]),
        endpoint: text(&endpoint["id"]),
        cart,
        other,
        bought,
        variant,
    }
}

fn address() -> Value {
    json!({"name": "Ada", "company": "Analytical", "line1": "Torstr. 1", "line2": "2", "city": "Berlin", "state": "BE", "postal_code": "10119", "country": "DE", "phone": "+49 30 1"})
}

/// A lawful body with every member, so that each can be attacked.
pub(crate) fn lawful(operation: &str, world: &World) -> Option<Value> {
    let metadata = json!({"k": "v"});
    let line = json!({"variant_id": world.variant, "quantity": 1, "metadata": metadata});
    let translations =
        json!({"de": {"title": "T", "description_html": "<p>D</p>", "seo_title": "S", "seo_description": "D"}});
    let variant = json!({
        "sku": "S-1", "barcode": "4006381333931", "title": "V", "option_values": {"size": "M"},
        "prices": [{"amount": 1, "currency": "EUR", "compare_at_amount": 2}], "weight_grams": 1, "dimensions_mm": {"length": 1, "width": 2, "height": 3},
        "hs_code": "610910", "origin_country": "DE", "requires_shipping": true, "taxable": true, "track_inventory": true, "allow_backorder": false,
        "low_stock_threshold": 1, "max_per_order": 3, "unit_cost": {"amount": 1, "currency": "EUR"}, "metadata": metadata,
    });
    let with = |base: &Value, more: Value| {
        let mut body = base.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let texts = json!({
        "title": "T", "slug": "t", "description_html": "<p>x</p>", "status": "draft", "translations": translations, "metadata": metadata,
    });
    let product = with(
        &texts,
        json!({
            "vendor": "V", "product_type": "P", "category": "C", "tags": ["a"], "options": [{"name": "size", "values": ["M"]}],
            "media": [{"url": "https://m.example.com/1.jpg", "alt": "A", "width": 1, "height": 1, "variant_skus": ["S-1"]}],
            "collections": [world.collection], "tax_code": "txcd_99999999", "seo": {"title": "S", "description": "D"},
        }),
    );
    let rate = json!({"name": "R", "description": "D", "min_days": 1, "max_days": 2, "basis": "weight", "bands": [{"currency": "EUR", "min": 0, "max": 1, "price": 1}]});
    let zone = json!({"name": "Z", "regions": [{"country": "US", "states": ["CA"]}], "rates": [rate]});
    let applies_to =
        json!({"products": [world.product], "collections": [world.collection], "variants": [world.variant]});
    let terms = json!({
        "title": "D", "status": "active", "applies_to": applies_to, "minimum_subtotal": [{"amount": 1, "currency": "EUR"}], "minimum_quantity": 1,
        "priority": 1, "combinable": true, "usage_limit": 1, "usage_limit_per_customer": 1, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z",
    });
    Some(match operation {
        "create_customer" => {
            json!({"email": "a@example.com", "name": "Ada", "phone": "+49 30 1", "locale": "de"})
        }
        "verify_customer" => json!({"token": "ev_01jd8x3v5ke2t9qj6f4z0w7m8r", "password": PASSWORD}),
        "request_password_reset" => json!({"email": "grace@example.com"}),
        "reset_password" => json!({"token": "pr_01jd8x3v5ke2t9qj6f4z0w7m8r", "password": PASSWORD}),
        "create_order_lookup" => json!({"email": "ada@example.com", "number": "1001"}),
        "create_customer_session" => json!({"email": "grace@example.com", "password": PASSWORD}),
        "refresh_customer_session" => json!({"refresh_token": "crt_x"}),
        "update_customer" => json!({"name": "Ada", "phone": "+49 30 1", "locale": "de", "metadata": metadata}),
        "change_password" => json!({"current_password": PASSWORD, "password": "another horse battery"}),
        "create_customer_address" | "update_customer_address" => {
            json!({"address": address(), "is_default_shipping": true, "is_default_billing": false})
        }
        "create_staff_session" => json!({"email": world.staff.email, "password": PASSWORD}),
        "change_staff_password" => json!({"current_password": PASSWORD, "password": "another horse battery"}),
        "request_staff_password_reset" => json!({"email": world.staff.email}),
        "reset_staff_password" => json!({"token": "sr_01jd8x3v5ke2t9qj6f4z0w7m8r", "password": PASSWORD}),
        "accept_staff_invitation" => {
            json!({"token": "si_01jd8x3v5ke2t9qj6f4z0w7m8r", "name": "Grace", "password": PASSWORD})
        }
        "create_staff_member" => json!({"email": "new@shop.example", "name": "New", "role": world.role}),
        "update_staff_member" => json!({"name": "N", "role": "analyst", "status": "deactivated"}),
        "create_staff_role" | "update_staff_role" => {
            json!({"name": "Warehouse", "description": "D", "scopes": ["orders:read", "inventory:write"]})
        }
        "create_api_key" => {
            json!({"name": "Scanner", "scopes": ["orders:read"], "expires_at": "2030-01-01T00:00:00Z"})
        }
        "update_api_key" => json!({"name": "Scanner", "expires_at": "2030-01-01T00:00:00Z"}),
        "rotate_api_key" => json!({"overlap_hours": 1}),
        "create_cart" => {
            json!({"currency": "EUR", "email": "a@example.com", "line_items": [line], "shipping_address": address(), "billing_address": address(), "locale": "de", "tax_ids": [{"type": "eu_vat", "value": "DE1"}], "metadata": metadata})
        }
        "update_cart" => {
            json!({"currency": "EUR", "email": "a@example.com", "shipping_address": address(), "billing_address": address(), "locale": "de", "tax_ids": [{"type": "eu_vat", "value": "DE1"}], "metadata": metadata})
        }
        "add_line_item" => line,
        "update_line_item" => json!({"quantity": 1, "metadata": metadata}),
        "choose_shipping_rate" => json!({"rate_id": "rate_01jd8x3v5ke2t9qj6f4z0w7m8r"}),
        "create_quote" => json!({"shipping_rate_id": "rate_01jd8x3v5ke2t9qj6f4z0w7m8r"}),
        "create_checkout" => with(
            &checkout_body(&world.cart),
            json!({"expected_total": {"amount": 1, "currency": "EUR"}, "quote_id": "quo_01jd8x3v5ke2t9qj6f4z0w7m8r"}),
        ),
        "create_product" => with(&product, json!({"variants": [with(&variant, json!({"on_hand": 1}))]})),
        "update_product" => product,
        "create_variant" => with(&variant, json!({"on_hand": 1})),
        "update_variant" => with(&variant, json!({"archived": false})),
        "adjust_stock" => json!({"delta": 1, "reason": "received", "note": "n"}),
        "create_collection" | "update_collection" => with(&texts, json!({"image_url": "https://m.example.com/1.jpg"})),
        "create_shipping_zone" | "update_shipping_zone" => zone,
        "set_tax_exemption" => json!({"exemption": "none"}),
        "update_shipping_settings" => json!({
            "provider": "table", "on_failure": "refuse", "origin": address(), "origin_email": "a@example.com", "handling_days": 1, "strict_addresses": false,
            "boxes": [{"name": "B", "dimensions_mm": {"length": 1, "width": 1, "height": 1}, "empty_weight_grams": 1, "max_weight_grams": 2}],
            "default_weight_grams": 1, "default_dimensions_mm": {"length": 1, "width": 1, "height": 1}, "allowed_services": ["usps_priority"],
        }),
        "update_currency_settings" => json!({
            "derived": [{"currency": "USD", "margin": "2", "round_to": 100, "minus": 1}], "stale_after_days": 5, "stop_after_days": 10,
        }),
        "set_exchange_rate" => json!({"rate": "1.5"}),
        "update_inventory_settings" => json!({"default_low_stock_threshold": 2}),
        "update_invoice_settings" => json!({
            "seller": {"name": "S", "address": address(), "tax_ids": [{"type": "eu_vat", "value": "DE1"}], "email": "s@example.com", "registration": "R"},
            "invoice_prefix": "I-", "credit_note_prefix": "C-", "footer": "F",
        }),
        "update_tax_settings" => json!({
            "provider": "none", "on_failure": "refuse", "tax_behavior": "exclusive", "trust_tax_ids": true, "default_tax_code": "txcd_99999999", "shipping_tax_code": "txcd_92010001",
            "tax_behavior_rules": [{"currency": "EUR", "countries": ["DE"], "tax_behavior": "inclusive"}],
            "rates": [{"name": "VAT", "country": "DE", "state": "BE", "percentage": "19", "tax_codes": ["txcd_35060000"], "on_shipping": true}],
        }),
        "create_refund" | "preview_refund" => json!({
            "line_items": [{"line_item_id": world.order_line, "quantity": 1, "restock": true}],
            "shipping": {"amount": 1, "currency": "EUR"}, "reason": "returned", "note": "n", "force": false,
        }),
        "create_fulfillment" => json!({
            "line_items": [{"line_item_id": world.order_line, "quantity": 1}], "carrier": "DHL", "tracking_number": "1",
            "tracking_url": "https://t.example.com/1", "force": false,
        }),
        "retry_inbox_events" => json!({
            "status": "ignored", "ignored_because": "other_mode", "since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "type": "charge.refunded",
        }),
        "discard_inbox_event" | "discard_job" | "pause_job_kind" => json!({"reason": "r"}),
        "update_fulfillment" => json!({
            "carrier": "DHL", "tracking_number": "1", "tracking_url": "https://t.example.com/1", "status": "in_transit",
        }),
        "create_shipping_label" => json!({
            "service": "ups_standard", "file_type": "PDF_4x6",
            "parcel": {"dimensions_mm": {"length": 1, "width": 1, "height": 1}, "weight_grams": 1},
        }),
        "update_any_customer" => {
            json!({"name": "Ada", "phone": "+49 30 1", "locale": "de", "metadata": metadata, "note": "n"})
        }
        "erase_customer" => json!({"reason": "r"}),
        "update_order" => json!({"tags": ["vip"], "add_tags": [], "remove_tags": []}),
        "create_order_note" => json!({"body": "n"}),
        "cancel_order" => json!({"reason": "other", "note": "n", "restock": true, "force": false}),
        "decide_payment_review" => json!({"decision": "accept"}),
        "send_test_email" => json!({"recipient": "a@example.com", "locale": "de"}),
        "add_discount_code" => json!({"code": "SPRING10"}),
        "create_discount" => {
            with(&terms, json!({"method": "code", "code": "SPRING10", "type": "percentage", "percentage": "10"}))
        }
        "update_discount" => with(&terms, json!({"percentage": "10"})),
        "create_webhook_endpoint" | "update_webhook_endpoint" => {
            json!({"url": "https://hooks.invalid/", "event_types": ["alert.raised", "order.paid"], "description": "d", "status": "disabled"})
        }
        "replay_webhook_endpoint" => {
            json!({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "include_succeeded": true})
        }
        "create_discount_codes" => {
            json!({"codes": ["A"], "prefix": "P", "usage_limit": 1})
        }
        _ => return None,
    })
}

pub(crate) fn path(template: &str, world: &World) -> String {
    let id: &str = match template {
        path if path.contains("/inbox/events/") => "evt_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/jobs/") => "job_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/staff/") => &world.member,
        path if path.contains("/admin/roles/") => &world.role,
        path if path.contains("/admin/api-keys/") => &world.key,
        "/v1/admin/customers/{id}/erase" => "cus_01jd8x3v5ke2t9qj6f4z0w7m8r",
        path if path.contains("/admin/customers/") => &world.customer.id,
        path if path.contains("/carts/") => &world.cart.id,
        path if path.contains("/orders/") => &world.bought.1.order_id,
        path if path.contains("/me/addresses/") => &world.address,
        path if path.contains("/collections/") => &world.collection,
        path if path.contains("/shipping-zones/") => &world.zone,
        path if path.contains("/discounts/") => &world.discount,
        path if path.contains("/webhook-endpoints/") => &world.endpoint,
        path if path.contains("/variants/") => &world.variant,
        _ => &world.product,
    };
    template
        .replace("{id}", id)
        .replace("{line_item_id}", &world.line)
        .replace("{product_id}", &world.product)
        .replace("{note_id}", "note_01jd8x3v5ke2t9qj6f4z0w7m8r")
        .replace("{currency}", "KWD")
        .replace("{kind}", if template.contains("/email-templates/") { "alert" } else { "import" })
        .replace("{fulfillment_id}", "ful_01jd8x3v5ke2t9qj6f4z0w7m8r")
        .replace("{session_id}", "sses_01jd8x3v5ke2t9qj6f4z0w7m8r")
}
