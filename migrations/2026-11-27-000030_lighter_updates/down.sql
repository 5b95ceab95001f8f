DO $$
DECLARE
    uncounted CONSTANT jsonb := '{
        "carts": ["shipping_address", "billing_address", "tax_ids", "metadata"],
        "cart_line_items": ["metadata"],
        "checkouts": ["request_body", "coupon_body", "url", "fingerprint"],
        "orders": ["shipping_address", "billing_address", "shipping_rate", "metadata", "tax", "exchange_rate"],
        "order_line_items": ["title", "variant_title", "metadata", "discounts", "tax_breakdown"],
        "order_events": ["detail"],
        "webhook_events": ["payload", "last_error"],
        "jobs": ["payload", "last_error"],
        "emails": ["data"],
        "live_events": ["detail"],
        "idempotency_keys": ["body"],
        "quotes": ["body"]}';
    uncounted_table text;
    uncounted_column text;
BEGIN
    FOR uncounted_table, uncounted_column IN
        SELECT tables.key, columns.value FROM jsonb_each(uncounted) AS tables, jsonb_array_elements_text(tables.value) AS columns
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET STATISTICS -1', uncounted_table, uncounted_column);
    END LOOP;
END
$$;

DROP INDEX carts_customer_id_idx;
CREATE INDEX carts_customer_id_idx ON carts (customer_id, updated_at DESC) WHERE customer_id IS NOT NULL;

ALTER TABLE idempotency_keys RESET (fillfactor);
ALTER TABLE orders RESET (fillfactor);
ALTER TABLE checkouts RESET (fillfactor);
ALTER TABLE carts RESET (fillfactor);
