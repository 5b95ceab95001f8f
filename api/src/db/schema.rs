//! The tables as Diesel sees them: printed from the migrated database by a test (`MERX_BLESS=1`), never edited.
#![expect(missing_docs, reason = "generated")]

diesel::table! {
    account_requests (id) {
        id -> Uuid,
        kind -> Text,
        email -> Text,
        order_number -> Nullable<Text>,
        registration_id -> Nullable<Uuid>,
        locale -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    alerts (id) {
        id -> Uuid,
        kind -> Text,
        dedupe_key -> Text,
        order_id -> Nullable<Uuid>,
        detail -> Text,
        created_at -> Timestamptz,
        acknowledged_at -> Nullable<Timestamptz>,
        mailed_at -> Nullable<Timestamptz>,
        acknowledged_by -> Nullable<Text>,
    }
}

diesel::table! {
    analytics_carts (at) {
        at -> Timestamptz,
        carts -> Int8,
        carts_with_lines -> Int8,
        checkouts -> Int8,
    }
}

diesel::table! {
    analytics_pending (id) {
        id -> Int8,
        order_id -> Uuid,
        refund_id -> Nullable<Uuid>,
        sign -> Int8,
        taken -> Bool,
    }
}

diesel::table! {
    analytics_quarters (currency, at) {
        at -> Timestamptz,
        currency -> Text,
        orders -> Int8,
        units -> Int8,
        discounted_orders -> Int8,
        first_orders -> Int8,
        gross -> Int8,
        discounts -> Int8,
        shipping -> Int8,
        shipping_discounts -> Int8,
        tax -> Int8,
        total -> Int8,
        refunds -> Int8,
        refunded_units -> Int8,
        refunded -> Int8,
        refunded_goods -> Int8,
        refunded_shipping -> Int8,
        refunded_tax -> Int8,
    }
}

diesel::table! {
    analytics_state (id) {
        id -> Bool,
        carts_until -> Timestamptz,
    }
}

diesel::table! {
    analytics_variant_days (day, variant_id, currency) {
        day -> Date,
        variant_id -> Uuid,
        currency -> Text,
        product_id -> Uuid,
        units -> Int8,
        gross -> Int8,
        net -> Int8,
        refunded_units -> Int8,
        refunded_net -> Int8,
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
        last_used_at -> Nullable<Timestamptz>,
        version -> Int8,
        former_token_hash -> Nullable<Bytea>,
        former_token_until -> Nullable<Timestamptz>,
        created_by -> Nullable<Text>,
    }
}

diesel::table! {
    audit_head (singleton) {
        singleton -> Bool,
        sequence -> Int8,
        previous_hash -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Uuid,
        sequence -> Int8,
        actor -> Text,
        actor_name -> Text,
        request_id -> Nullable<Text>,
        client_address -> Nullable<Text>,
        action -> Text,
        subject_id -> Text,
        reason -> Nullable<Text>,
        changes -> Jsonb,
        created_at -> Timestamptz,
        previous_hash -> Bytea,
        hash -> Bytea,
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
        seen_unit_price -> Nullable<Int8>,
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
        locale -> Nullable<Text>,
        shipping_rate_id -> Nullable<Text>,
        discount_codes -> Array<Text>,
        tax_ids -> Jsonb,
        tax_exemption -> Text,
        customer_id -> Nullable<Uuid>,
        merged_into -> Nullable<Uuid>,
        first_line_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    catalog_changes (xid, position) {
        xid -> Int8,
        position -> Int8,
        product_id -> Nullable<Uuid>,
        availability_only -> Bool,
        created_at -> Timestamptz,
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
        coupon_body -> Nullable<Text>,
        buyer_address -> Nullable<Text>,
        buyer_email -> Nullable<Text>,
        units -> Int8,
    }
}

diesel::table! {
    collection_products (collection_id, product_id) {
        collection_id -> Uuid,
        product_id -> Uuid,
    }
}

diesel::table! {
    collection_slugs (slug) {
        slug -> Text,
        collection_id -> Uuid,
    }
}

diesel::table! {
    collections (id) {
        id -> Uuid,
        slug -> Text,
        title -> Text,
        description_html -> Text,
        description -> Text,
        image_url -> Nullable<Text>,
        status -> Text,
        translations -> Jsonb,
        metadata -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    customer_addresses (id) {
        id -> Uuid,
        customer_id -> Uuid,
        address -> Jsonb,
        is_default_shipping -> Bool,
        is_default_billing -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    customer_refresh_tokens (hash) {
        hash -> Bytea,
        session_id -> Uuid,
        used_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    customer_registrations (id) {
        id -> Uuid,
        email -> Text,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        locale -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    customer_sessions (id) {
        id -> Uuid,
        customer_id -> Uuid,
        access_hash -> Bytea,
        access_expires_at -> Timestamptz,
        previous_access_hash -> Nullable<Bytea>,
        previous_access_expires_at -> Nullable<Timestamptz>,
        expires_at -> Timestamptz,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    customers (id) {
        id -> Uuid,
        email -> Text,
        name -> Nullable<Text>,
        phone -> Nullable<Text>,
        locale -> Nullable<Text>,
        password_hash -> Text,
        stripe_customer_id -> Nullable<Text>,
        stripe_sends -> Int4,
        metadata -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        stripe_asked_at -> Nullable<Timestamptz>,
        stripe_refused_at -> Nullable<Timestamptz>,
        note -> Nullable<Text>,
        erased_at -> Nullable<Timestamptz>,
        erase_reason -> Nullable<Text>,
    }
}

diesel::table! {
    discount_codes (id) {
        id -> Uuid,
        discount_id -> Uuid,
        code -> Text,
        usage_limit -> Nullable<Int8>,
        used -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    discount_uses (order_id, discount_id) {
        order_id -> Uuid,
        discount_id -> Uuid,
        code_id -> Nullable<Uuid>,
        customer -> Text,
        amount -> Int8,
        counted -> Bool,
        created_at -> Timestamptz,
        released_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    discounts (id) {
        id -> Uuid,
        title -> Text,
        method -> Text,
        status -> Text,
        terms -> Jsonb,
        priority -> Int4,
        combinable -> Bool,
        usage_limit -> Nullable<Int8>,
        usage_limit_per_customer -> Nullable<Int8>,
        used -> Int8,
        starts_at -> Timestamptz,
        ends_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    disputes (id) {
        id -> Uuid,
        order_id -> Uuid,
        provider_dispute_id -> Text,
        status -> Text,
        reason -> Text,
        amount -> Int8,
        withdrawn -> Int8,
        evidence_due_at -> Nullable<Timestamptz>,
        tax_reversal_id -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        tax_reversal_asked_at -> Nullable<Timestamptz>,
        tax_reversal_asked_by -> Nullable<Text>,
    }
}

diesel::table! {
    emails (id) {
        id -> Uuid,
        kind -> Text,
        recipient -> Text,
        locale -> Nullable<Text>,
        subject_id -> Uuid,
        data -> Jsonb,
        status -> Text,
        created_at -> Timestamptz,
        order_id -> Nullable<Uuid>,
        resend_of -> Nullable<Uuid>,
        attempts -> Int4,
        last_error -> Nullable<Text>,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    event_cursors (provider) {
        provider -> Text,
        listed_until -> Timestamptz,
    }
}

diesel::table! {
    fulfillment_line_items (fulfillment_id, line_item_id) {
        fulfillment_id -> Uuid,
        line_item_id -> Uuid,
        quantity -> Int8,
    }
}

diesel::table! {
    fulfillments (id) {
        id -> Uuid,
        order_id -> Uuid,
        carrier -> Nullable<Text>,
        tracking_number -> Nullable<Text>,
        tracking_url -> Nullable<Text>,
        created_by -> Text,
        created_at -> Timestamptz,
        status -> Text,
        carrier_token -> Nullable<Text>,
        tracked_at -> Nullable<Timestamptz>,
        tracking_detail -> Nullable<Text>,
        tracking_checked_at -> Nullable<Timestamptz>,
        shipped_at -> Nullable<Timestamptz>,
        delivered_at -> Nullable<Timestamptz>,
        cancelled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    fx_rates (currency, rate_date, source) {
        currency -> Text,
        rate_date -> Date,
        source -> Text,
        rate -> Text,
        fetched_at -> Timestamptz,
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
    import_chunks (import_id, position) {
        import_id -> Uuid,
        position -> Int4,
        data -> Bytea,
    }
}

diesel::table! {
    import_rows (import_id, line) {
        import_id -> Uuid,
        line -> Int8,
        handle -> Nullable<Text>,
        sku -> Nullable<Text>,
        outcome -> Text,
        messages -> Jsonb,
    }
}

diesel::table! {
    imports (id) {
        id -> Uuid,
        status -> Text,
        file_name -> Nullable<Text>,
        options -> Jsonb,
        bytes -> Int8,
        summary -> Jsonb,
        done_line -> Int8,
        error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    invoice_series (kind) {
        kind -> Text,
        next -> Int8,
    }
}

diesel::table! {
    invoices (id) {
        id -> Uuid,
        kind -> Text,
        number -> Text,
        order_id -> Uuid,
        refund_id -> Nullable<Uuid>,
        document -> Jsonb,
        issued_at -> Timestamptz,
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
        discarded_by -> Nullable<Text>,
        discard_reason -> Nullable<Text>,
    }
}

diesel::table! {
    live_events (xid, position) {
        xid -> Int8,
        position -> Int8,
        topic -> Text,
        detail -> Jsonb,
        created_at -> Timestamptz,
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
        discounts -> Jsonb,
        tax_breakdown -> Jsonb,
        tax_reference -> Nullable<Text>,
        tax_code -> Nullable<Text>,
        fulfilled_quantity -> Int8,
        restocked_quantity -> Int8,
        refunded_quantity -> Int8,
        refunded_amount -> Int8,
        refunded_tax -> Int8,
        removed_quantity -> Int8,
    }
}

diesel::table! {
    order_notes (id) {
        id -> Uuid,
        order_id -> Uuid,
        body -> Text,
        created_by -> Text,
        created_at -> Timestamptz,
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
        locale -> Nullable<Text>,
        discounts -> Jsonb,
        tax -> Jsonb,
        tax_calculation_id -> Nullable<Uuid>,
        tax_transaction_id -> Nullable<Text>,
        tax_record_error -> Nullable<Text>,
        exchange_rate -> Nullable<Jsonb>,
        refund_claimed -> Int8,
        refund_imported -> Int8,
        disputed -> Int8,
        dispute_status -> Text,
        cancel_note -> Nullable<Text>,
        review_amount -> Nullable<Int8>,
        review_currency -> Nullable<Text>,
        customer_id -> Nullable<Uuid>,
        cancel_claimed_until -> Nullable<Timestamptz>,
        bought_before -> Nullable<Bool>,
        tags -> Array<Text>,
    }
}

diesel::table! {
    outbound_events (id) {
        id -> Uuid,
        position -> Int8,
        event_type -> Text,
        order_id -> Nullable<Uuid>,
        data -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    password_resets (id) {
        id -> Uuid,
        customer_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    paused_job_kinds (kind) {
        kind -> Text,
        paused_by -> Text,
        reason -> Text,
        since -> Timestamptz,
    }
}

diesel::table! {
    product_media (id) {
        id -> Uuid,
        product_id -> Uuid,
        position -> Int4,
        url -> Text,
        alt -> Nullable<Text>,
        width -> Nullable<Int4>,
        height -> Nullable<Int4>,
        variant_ids -> Array<Uuid>,
    }
}

diesel::table! {
    product_prices (product_id, currency) {
        product_id -> Uuid,
        currency -> Text,
        min_amount -> Int8,
        max_amount -> Int8,
    }
}

diesel::table! {
    product_search (product_id) {
        product_id -> Uuid,
        status -> Text,
    }
}

diesel::table! {
    product_slugs (slug) {
        slug -> Text,
        product_id -> Uuid,
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
        description_html -> Text,
        vendor -> Nullable<Text>,
        product_type -> Nullable<Text>,
        category -> Nullable<Text>,
        tags -> Array<Text>,
        tax_code -> Nullable<Text>,
        seo_title -> Nullable<Text>,
        seo_description -> Nullable<Text>,
        translations -> Jsonb,
        sort_title -> Text,
    }
}

diesel::table! {
    provider_usage (provider, day) {
        provider -> Text,
        day -> Date,
        calls -> Int8,
    }
}

diesel::table! {
    quotes (id) {
        id -> Uuid,
        cart_id -> Uuid,
        fingerprint -> Bytea,
        body -> Jsonb,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    refund_line_items (refund_id, line_item_id) {
        refund_id -> Uuid,
        line_item_id -> Uuid,
        quantity -> Int8,
        amount -> Int8,
        tax -> Int8,
        removed -> Int8,
        restock -> Int8,
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
        source -> Text,
        shipping -> Int8,
        tax -> Int8,
        note -> Nullable<Text>,
        requested_by -> Text,
        tax_mode -> Text,
        tax_reversal_id -> Nullable<Text>,
        tax_undo_id -> Nullable<Text>,
        tax_error -> Nullable<Text>,
        succeeded_at -> Nullable<Timestamptz>,
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
    search_words (word) {
        word -> Text,
    }
}

diesel::table! {
    settings (kind) {
        kind -> Text,
        body -> Jsonb,
        version -> Int8,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    shipping_labels (id) {
        id -> Uuid,
        order_id -> Uuid,
        fulfillment_id -> Uuid,
        status -> Text,
        service -> Text,
        file_type -> Text,
        parcel -> Nullable<Jsonb>,
        quoted_amount -> Nullable<Int8>,
        quoted_currency -> Nullable<Text>,
        rate_id -> Nullable<Text>,
        rate_source -> Nullable<Text>,
        carrier -> Nullable<Text>,
        amount -> Nullable<Int8>,
        currency -> Nullable<Text>,
        attempted_at -> Nullable<Timestamptz>,
        transaction_id -> Nullable<Text>,
        tracking_number -> Nullable<Text>,
        label_url -> Nullable<Text>,
        invoice_url -> Nullable<Text>,
        error -> Nullable<Text>,
        requested_by -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    shipping_quotes (id) {
        id -> Uuid,
        cart_id -> Uuid,
        fingerprint -> Bytea,
        outcome -> Jsonb,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    shipping_rates (id) {
        id -> Uuid,
        zone_id -> Uuid,
        position -> Int4,
        name -> Text,
        description -> Nullable<Text>,
        min_days -> Nullable<Int4>,
        max_days -> Nullable<Int4>,
        basis -> Text,
        bands -> Jsonb,
    }
}

diesel::table! {
    shipping_zone_regions (zone_id, country, state) {
        zone_id -> Uuid,
        country -> Text,
        state -> Text,
    }
}

diesel::table! {
    shipping_zones (id) {
        id -> Uuid,
        name -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    staff_links (id) {
        id -> Uuid,
        staff_id -> Uuid,
        kind -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    staff_members (id) {
        id -> Uuid,
        email -> Text,
        name -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        built_in_role -> Nullable<Text>,
        role_id -> Nullable<Uuid>,
        status -> Text,
        last_seen_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    staff_roles (id) {
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        scopes -> Array<Text>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    staff_sessions (id) {
        id -> Uuid,
        staff_id -> Uuid,
        token_hash -> Bytea,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
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
        low_since -> Nullable<Timestamptz>,
        uses_default_threshold -> Bool,
        out_since -> Nullable<Timestamptz>,
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
    tax_calculations (id) {
        id -> Uuid,
        cart_id -> Uuid,
        fingerprint -> Bytea,
        provider_id -> Nullable<Text>,
        outcome -> Jsonb,
        expires_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    variant_prices (variant_id, currency) {
        variant_id -> Uuid,
        currency -> Text,
        amount -> Int8,
        compare_at_amount -> Nullable<Int8>,
        origin -> Text,
        rate_date -> Nullable<Date>,
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
        barcode -> Nullable<Text>,
        length_mm -> Nullable<Int8>,
        width_mm -> Nullable<Int8>,
        height_mm -> Nullable<Int8>,
        hs_code -> Nullable<Text>,
        origin_country -> Nullable<Text>,
        taxable -> Bool,
        max_per_order -> Nullable<Int8>,
        unit_cost -> Nullable<Int8>,
        unit_cost_currency -> Nullable<Text>,
        metadata -> Jsonb,
        facets -> Array<Text>,
    }
}

diesel::table! {
    webhook_attempts (id) {
        id -> Uuid,
        provider -> Text,
        verdict -> Text,
        reason -> Nullable<Text>,
        event_id -> Nullable<Text>,
        event_type -> Nullable<Text>,
        body_sha256 -> Nullable<Bytea>,
        address -> Text,
        user_agent -> Nullable<Text>,
        latency_ms -> Int8,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Uuid,
        endpoint_id -> Uuid,
        event_id -> Uuid,
        order_id -> Nullable<Uuid>,
        position -> Int8,
        status -> Text,
        attempts -> Int4,
        next_attempt_at -> Timestamptz,
        last_http_status -> Nullable<Int4>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_delivery_attempts (id) {
        id -> Uuid,
        delivery_id -> Uuid,
        attempted_at -> Timestamptz,
        latency_ms -> Int8,
        http_status -> Nullable<Int4>,
        error -> Nullable<Text>,
        response_body -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Uuid,
        url -> Text,
        event_types -> Array<Text>,
        description -> Nullable<Text>,
        status -> Text,
        disabled_reason -> Nullable<Text>,
        secret_version -> Int4,
        former_secret_version -> Int4,
        former_secret_until -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        lease_token -> Nullable<Uuid>,
        leased_until -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
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
        source -> Text,
        tries -> Int4,
        ignored_because -> Nullable<Text>,
        discarded_at -> Nullable<Timestamptz>,
        discarded_by -> Nullable<Text>,
        discard_reason -> Nullable<Text>,
        about -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_refusals (hour, address) {
        hour -> Timestamptz,
        address -> Text,
        refused -> Int8,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    account_requests,
    alerts,
    analytics_carts,
    analytics_pending,
    analytics_quarters,
    analytics_state,
    analytics_variant_days,
    api_keys,
    audit_head,
    audit_log,
    cart_line_items,
    carts,
    catalog_changes,
    checkouts,
    collection_products,
    collection_slugs,
    collections,
    customer_addresses,
    customer_refresh_tokens,
    customer_registrations,
    customer_sessions,
    customers,
    discount_codes,
    discount_uses,
    discounts,
    disputes,
    emails,
    event_cursors,
    fulfillment_line_items,
    fulfillments,
    fx_rates,
    idempotency_keys,
    import_chunks,
    import_rows,
    imports,
    invoice_series,
    invoices,
    jobs,
    live_events,
    order_events,
    order_line_items,
    order_notes,
    orders,
    outbound_events,
    password_resets,
    paused_job_kinds,
    product_media,
    product_prices,
    product_search,
    product_slugs,
    products,
    provider_usage,
    quotes,
    refund_line_items,
    refunds,
    reservations,
    search_words,
    settings,
    shipping_labels,
    shipping_quotes,
    shipping_rates,
    shipping_zone_regions,
    shipping_zones,
    staff_links,
    staff_members,
    staff_roles,
    staff_sessions,
    stock_levels,
    stock_movements,
    tax_calculations,
    variant_prices,
    variants,
    webhook_attempts,
    webhook_deliveries,
    webhook_delivery_attempts,
    webhook_endpoints,
    webhook_events,
    webhook_refusals,
);
