-- What staff filter, search and note on orders and customers, and what tells their screens that something happened.

ALTER TABLE orders
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
CREATE INDEX orders_tags_idx ON orders USING gin (tags) WHERE tags <> '{}';
CREATE INDEX orders_discounts_idx ON orders USING gin (discounts jsonb_path_ops) WHERE discounts <> '[]';
DROP INDEX orders_guest_email_idx;
CREATE INDEX orders_email_idx ON orders (lower(email), placed_at DESC, id DESC);
CREATE INDEX orders_total_idx ON orders (currency, total, id);
-- Numbers as people count them; '' for those without. The time is for lists of a range, which may lie at the far end:
-- it is passed over in the index, without a look at the orders.
CREATE INDEX orders_number_idx ON orders ((COALESCE(lpad(number, 20, '0'), '') COLLATE "C"), id, placed_at);
-- The states that few orders are in, so that a list of them does not walk through all orders.
CREATE INDEX orders_open_idx ON orders (status, placed_at DESC, id DESC) WHERE status IN ('pending', 'confirmed');
CREATE INDEX orders_cancelled_idx ON orders (placed_at DESC, id DESC) WHERE status = 'cancelled';
CREATE INDEX orders_odd_payment_idx ON orders (payment_status, placed_at DESC, id DESC)
    WHERE payment_status IN ('processing', 'failed', 'partially_refunded', 'refunded');
CREATE INDEX orders_unfulfilled_idx ON orders (placed_at DESC, id DESC) WHERE fulfillment_status = 'unfulfilled';
CREATE INDEX orders_partly_fulfilled_idx ON orders (placed_at DESC, id DESC)
    WHERE fulfillment_status = 'partially_fulfilled';
CREATE INDEX orders_disputed_idx ON orders (dispute_status, placed_at DESC, id DESC) WHERE dispute_status <> 'none';
CREATE INDEX orders_payment_review_idx ON orders (placed_at DESC, id DESC) WHERE payment_review;
-- Names and e-mail addresses by any part of them. The statement in `orders/search.rs` says the same.
CREATE INDEX orders_people_idx ON orders USING gin ((lower(email
    || ' ' || COALESCE(shipping_address ->> 'name', '') || ' ' || COALESCE(shipping_address ->> 'company', '')
    || ' ' || COALESCE(billing_address ->> 'name', '') || ' ' || COALESCE(billing_address ->> 'company', ''))) gin_trgm_ops)
    -- Few orders wait to be sorted in, so that no checkout has to do it for thousands.
    WITH (gin_pending_list_limit = 256);
CREATE INDEX order_line_items_sku_idx ON order_line_items (lower(sku), id DESC);

-- What a provider's event is about: a payment, else a session, else a parcel. `webhooks_in/events.rs` says the same.
CREATE INDEX webhook_events_about_idx ON webhook_events ((left(COALESCE(payload #>> '{data,object,payment_intent}',
    payload #>> '{data,object,id}', payload #>> '{data,tracking_number}'), 200)), received_at DESC, id DESC);

CREATE INDEX alerts_order_id_idx ON alerts (order_id, created_at DESC) WHERE order_id IS NOT NULL;

CREATE TABLE order_notes (
    id uuid CONSTRAINT order_notes_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT order_notes_order_id_fkey REFERENCES orders (id),
    body text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX order_notes_order_id_idx ON order_notes (order_id, created_at DESC, id DESC);

ALTER TABLE customers
    -- For staff only.
    ADD COLUMN note text,
    -- When the customer's data was erased, and why; the row stays for its orders.
    ADD COLUMN erased_at timestamptz,
    ADD COLUMN erase_reason text,
    ADD CONSTRAINT customers_erased_check CHECK ((erased_at IS NULL) = (erase_reason IS NULL));
CREATE INDEX customers_created_at_idx ON customers (created_at DESC, id DESC);
CREATE INDEX customers_people_idx ON customers USING gin ((lower(email
    || ' ' || COALESCE(name, '') || ' ' || COALESCE(phone, ''))) gin_trgm_ops);
-- For words that are too short for it.
CREATE INDEX customers_email_prefix_idx ON customers (lower(email) text_pattern_ops);

-- What happened, for screens that are open just now. Rows are kept for minutes.
CREATE TABLE live_events (
    -- The transaction. Once no older one is running, nothing is written any more before it: so readers miss nothing.
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    detail jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT live_events_pkey PRIMARY KEY (xid, position)
);
