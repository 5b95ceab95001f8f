-- One checkout = one order = one Stripe session; see docs/ARCHITECTURE.md, "How a checkout flows".

CREATE SEQUENCE order_number_seq START 1001;

CREATE TABLE orders (
    id uuid CONSTRAINT orders_pkey PRIMARY KEY,
    number text CONSTRAINT orders_number_key UNIQUE,
    cart_id uuid NOT NULL CONSTRAINT orders_cart_id_fkey REFERENCES carts (id),
    status text NOT NULL CONSTRAINT orders_status_check CHECK (status IN ('pending', 'confirmed', 'completed', 'cancelled')),
    payment_status text NOT NULL CONSTRAINT orders_payment_status_check
        CHECK (payment_status IN ('unpaid', 'processing', 'paid', 'partially_refunded', 'refunded', 'failed')),
    fulfillment_status text NOT NULL CONSTRAINT orders_fulfillment_status_check
        CHECK (fulfillment_status IN ('unfulfilled', 'partially_fulfilled', 'fulfilled', 'delivered')),
    payment_review boolean NOT NULL,
    currency text NOT NULL,
    email text NOT NULL,
    shipping_address jsonb,
    billing_address jsonb,
    shipping_rate jsonb,
    metadata jsonb NOT NULL,
    subtotal bigint NOT NULL,
    discount bigint NOT NULL,
    shipping bigint NOT NULL,
    shipping_discount bigint NOT NULL,
    tax_added bigint NOT NULL,
    tax_included bigint NOT NULL,
    total bigint NOT NULL,
    payment_intent_id text CONSTRAINT orders_payment_intent_id_key UNIQUE,
    captured bigint NOT NULL,
    cancel_reason text,
    cancel_requested_at timestamptz,
    token_version integer NOT NULL,
    version bigint NOT NULL,
    placed_at timestamptz NOT NULL,
    paid_at timestamptz,
    cancelled_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT orders_total_check CHECK (subtotal - discount + shipping + tax_added = total AND total >= 0),
    CONSTRAINT orders_amounts_check CHECK (subtotal >= 0 AND discount BETWEEN 0 AND subtotal AND shipping >= 0
        AND shipping_discount >= 0 AND tax_added >= 0 AND tax_included >= 0 AND captured >= 0),
    CONSTRAINT orders_confirmed_has_number CHECK (status NOT IN ('confirmed', 'completed') OR number IS NOT NULL)
);
CREATE INDEX orders_placed_idx ON orders (placed_at DESC, id DESC);
CREATE INDEX orders_cart_id_idx ON orders (cart_id);
CREATE INDEX orders_processing_idx ON orders (placed_at) WHERE payment_status = 'processing';

CREATE TABLE order_line_items (
    id uuid CONSTRAINT order_line_items_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT order_line_items_order_id_fkey REFERENCES orders (id),
    position integer NOT NULL,
    variant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    sku text NOT NULL,
    title text NOT NULL,
    variant_title text NOT NULL,
    requires_shipping boolean NOT NULL,
    metadata jsonb NOT NULL,
    quantity bigint NOT NULL CONSTRAINT order_line_items_quantity_check CHECK (quantity > 0),
    unit_price bigint NOT NULL,
    subtotal bigint NOT NULL,
    discount bigint NOT NULL,
    tax_added bigint NOT NULL,
    tax_included bigint NOT NULL,
    total bigint NOT NULL,
    CONSTRAINT order_line_items_total_check
        CHECK (subtotal = unit_price * quantity AND total = subtotal - discount + tax_added AND discount BETWEEN 0 AND subtotal)
);
CREATE INDEX order_line_items_order_id_idx ON order_line_items (order_id, position);

CREATE TABLE checkouts (
    id uuid CONSTRAINT checkouts_pkey PRIMARY KEY,
    cart_id uuid NOT NULL CONSTRAINT checkouts_cart_id_fkey REFERENCES carts (id),
    order_id uuid NOT NULL CONSTRAINT checkouts_order_id_fkey REFERENCES orders (id)
        CONSTRAINT checkouts_order_id_key UNIQUE,
    status text NOT NULL CONSTRAINT checkouts_status_check
        CHECK (status IN ('creating', 'open', 'completed', 'expired', 'cancelled', 'failed')),
    idempotency_scope text NOT NULL,
    idempotency_key text NOT NULL,
    fingerprint bytea NOT NULL,
    request_body text NOT NULL,
    session_id text CONSTRAINT checkouts_session_id_key UNIQUE,
    url text,
    close_reason text CONSTRAINT checkouts_close_reason_check
        CHECK (close_reason IN ('hold_expired', 'cancelled', 'replaced', 'wrong_total')),
    hold_expires_at timestamptz NOT NULL,
    session_expires_at timestamptz NOT NULL,
    synced_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT checkouts_idempotency_key UNIQUE (idempotency_scope, idempotency_key),
    CONSTRAINT checkouts_open_has_session CHECK (status <> 'open' OR session_id IS NOT NULL)
);
CREATE UNIQUE INDEX checkouts_one_live_per_cart ON checkouts (cart_id) WHERE status IN ('creating', 'open', 'completed');
CREATE INDEX checkouts_creating_idx ON checkouts (created_at) WHERE status = 'creating';
CREATE INDEX checkouts_open_idx ON checkouts (hold_expires_at) WHERE status = 'open';

CREATE TABLE reservations (
    order_id uuid NOT NULL CONSTRAINT reservations_order_id_fkey REFERENCES orders (id),
    variant_id uuid NOT NULL CONSTRAINT reservations_variant_id_fkey REFERENCES variants (id),
    quantity bigint NOT NULL CONSTRAINT reservations_quantity_check CHECK (quantity > 0),
    status text NOT NULL CONSTRAINT reservations_status_check CHECK (status IN ('held', 'committed', 'released')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT reservations_pkey PRIMARY KEY (order_id, variant_id)
);
CREATE INDEX reservations_held_idx ON reservations (variant_id) WHERE status = 'held';

CREATE TABLE refunds (
    id uuid CONSTRAINT refunds_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT refunds_order_id_fkey REFERENCES orders (id),
    status text NOT NULL CONSTRAINT refunds_status_check CHECK (status IN ('pending', 'succeeded', 'failed', 'cancelled')),
    amount bigint NOT NULL CONSTRAINT refunds_amount_check CHECK (amount > 0),
    currency text NOT NULL,
    reason text NOT NULL,
    payment_intent_id text NOT NULL,
    provider_refund_id text CONSTRAINT refunds_provider_refund_id_key UNIQUE,
    failure_reason text,
    sends integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX refunds_order_id_idx ON refunds (order_id);
CREATE INDEX refunds_pending_idx ON refunds (created_at) WHERE status = 'pending';

CREATE TABLE order_events (
    id uuid CONSTRAINT order_events_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT order_events_order_id_fkey REFERENCES orders (id),
    kind text NOT NULL,
    detail jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX order_events_order_id_idx ON order_events (order_id, created_at);
