//! The tables as Diesel sees them: printed from the migrated database by a test (`MERX_BLESS=1`), never edited.
#![expect(missing_docs, reason = "generated")]

diesel::table! {
    alerts (id) {
        id -> Uuid,
        kind -> Text,
        dedupe_key -> Text,
        order_id -> Nullable<Uuid>,
        detail -> Text,
        created_at -> Timestamptz,
        acknowledged_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        name -> Text,
        token_hash -> Bytea,
        token_hint -> Text,
        scopes -> Array<Text>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    cart_line_items (id) {
        id -> Uuid,
        cart_id -> Uuid,
        variant_id -> Uuid,
        quantity -> Int8,
        metadata -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    carts (id) {
        id -> Uuid,
        status -> Text,
        currency -> Text,
        email -> Nullable<Text>,
        shipping_address -> Nullable<Jsonb>,
        billing_address -> Nullable<Jsonb>,
        metadata -> Jsonb,
        token_version -> Int4,
        version -> Int8,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    checkouts (id) {
        id -> Uuid,
        cart_id -> Uuid,
        order_id -> Uuid,
        status -> Text,
        idempotency_scope -> Text,
        idempotency_key -> Text,
        fingerprint -> Bytea,
        request_body -> Text,
        session_id -> Nullable<Text>,
        url -> Nullable<Text>,
        close_reason -> Nullable<Text>,
        hold_expires_at -> Timestamptz,
        session_expires_at -> Timestamptz,
        synced_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (scope, key) {
        scope -> Text,
        key -> Text,
        fingerprint -> Bytea,
        token -> Uuid,
        leased_until -> Timestamptz,
        status -> Nullable<Int2>,
        body -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        kind -> Text,
        payload -> Jsonb,
        dedupe_key -> Nullable<Text>,
        status -> Text,
        run_at -> Timestamptz,
        attempts -> Int4,
        max_attempts -> Int4,
        lease_token -> Nullable<Uuid>,
        leased_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    order_events (id) {
        id -> Uuid,
        order_id -> Uuid,
        kind -> Text,
        detail -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    order_line_items (id) {
        id -> Uuid,
        order_id -> Uuid,
        position -> Int4,
        variant_id -> Uuid,
        product_id -> Uuid,
        sku -> Text,
        title -> Text,
        variant_title -> Text,
        requires_shipping -> Bool,
        metadata -> Jsonb,
        quantity -> Int8,
        unit_price -> Int8,
        subtotal -> Int8,
        discount -> Int8,
        tax_added -> Int8,
        tax_included -> Int8,
        total -> Int8,
    }
}

diesel::table! {
    orders (id) {
        id -> Uuid,
        number -> Nullable<Text>,
        cart_id -> Uuid,
        status -> Text,
        payment_status -> Text,
        fulfillment_status -> Text,
        payment_review -> Bool,
        currency -> Text,
        email -> Text,
        shipping_address -> Nullable<Jsonb>,
        billing_address -> Nullable<Jsonb>,
        shipping_rate -> Nullable<Jsonb>,
        metadata -> Jsonb,
        subtotal -> Int8,
        discount -> Int8,
        shipping -> Int8,
        shipping_discount -> Int8,
        tax_added -> Int8,
        tax_included -> Int8,
        total -> Int8,
        payment_intent_id -> Nullable<Text>,
        captured -> Int8,
        cancel_reason -> Nullable<Text>,
        cancel_requested_at -> Nullable<Timestamptz>,
        token_version -> Int4,
        version -> Int8,
        placed_at -> Timestamptz,
        paid_at -> Nullable<Timestamptz>,
        cancelled_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    products (id) {
        id -> Uuid,
        slug -> Text,
        title -> Text,
        description -> Text,
        status -> Text,
        options -> Jsonb,
        metadata -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    refunds (id) {
        id -> Uuid,
        order_id -> Uuid,
        status -> Text,
        amount -> Int8,
        currency -> Text,
        reason -> Text,
        payment_intent_id -> Text,
        provider_refund_id -> Nullable<Text>,
        failure_reason -> Nullable<Text>,
        sends -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    reservations (order_id, variant_id) {
        order_id -> Uuid,
        variant_id -> Uuid,
        quantity -> Int8,
        status -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    stock_levels (variant_id) {
        variant_id -> Uuid,
        on_hand -> Int8,
        reserved -> Int8,
        shortage -> Int8,
        track_inventory -> Bool,
        allow_backorder -> Bool,
        low_stock_threshold -> Int8,
    }
}

diesel::table! {
    stock_movements (id) {
        id -> Uuid,
        variant_id -> Uuid,
        delta -> Int8,
        on_hand_after -> Int8,
        reason -> Text,
        order_id -> Nullable<Uuid>,
        note -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    variant_prices (variant_id, currency) {
        variant_id -> Uuid,
        currency -> Text,
        amount -> Int8,
        compare_at_amount -> Nullable<Int8>,
    }
}

diesel::table! {
    variants (id) {
        id -> Uuid,
        product_id -> Uuid,
        sku -> Text,
        title -> Text,
        option_values -> Jsonb,
        position -> Int4,
        weight_grams -> Nullable<Int8>,
        requires_shipping -> Bool,
        archived_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_events (id) {
        id -> Uuid,
        provider -> Text,
        event_id -> Text,
        event_type -> Text,
        payload -> Jsonb,
        livemode -> Bool,
        status -> Text,
        last_error -> Nullable<Text>,
        received_at -> Timestamptz,
        processed_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    alerts,
    api_keys,
    cart_line_items,
    carts,
    checkouts,
    idempotency_keys,
    jobs,
    order_events,
    order_line_items,
    orders,
    products,
    refunds,
    reservations,
    stock_levels,
    stock_movements,
    variant_prices,
    variants,
    webhook_events,
);
