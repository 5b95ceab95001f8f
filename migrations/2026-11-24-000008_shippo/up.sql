-- What Shippo answered for a cart, or why it did not.
CREATE TABLE shipping_quotes (
    id uuid CONSTRAINT shipping_quotes_pkey PRIMARY KEY,
    cart_id uuid NOT NULL CONSTRAINT shipping_quotes_cart_id_fkey REFERENCES carts (id) ON DELETE CASCADE,
    fingerprint bytea NOT NULL,
    outcome jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX shipping_quotes_cart_id_idx ON shipping_quotes (cart_id, created_at DESC);
CREATE INDEX shipping_quotes_expires_at_idx ON shipping_quotes (expires_at);
