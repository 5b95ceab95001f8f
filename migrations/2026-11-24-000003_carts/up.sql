CREATE TABLE carts (
    id uuid CONSTRAINT carts_pkey PRIMARY KEY,
    status text NOT NULL CONSTRAINT carts_status_check CHECK (status IN ('open', 'checking_out', 'completed', 'abandoned')),
    currency text NOT NULL CONSTRAINT carts_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    email text,
    shipping_address jsonb,
    billing_address jsonb,
    metadata jsonb NOT NULL,
    token_version integer NOT NULL,
    version bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE cart_line_items (
    id uuid CONSTRAINT cart_line_items_pkey PRIMARY KEY,
    cart_id uuid NOT NULL CONSTRAINT cart_line_items_cart_id_fkey REFERENCES carts (id) ON DELETE CASCADE,
    variant_id uuid NOT NULL CONSTRAINT cart_line_items_variant_id_fkey REFERENCES variants (id),
    quantity bigint NOT NULL CONSTRAINT cart_line_items_quantity_check CHECK (quantity BETWEEN 1 AND 9999),
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT cart_line_items_variant_key UNIQUE (cart_id, variant_id)
);
CREATE INDEX cart_line_items_variant_id_idx ON cart_line_items (variant_id);
