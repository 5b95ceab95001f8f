-- Products, variants, prices, and the stock ledger.

CREATE TABLE products (
    id uuid CONSTRAINT products_pkey PRIMARY KEY,
    slug text NOT NULL CONSTRAINT products_slug_key UNIQUE,
    title text NOT NULL,
    description text NOT NULL,
    status text NOT NULL CONSTRAINT products_status_check CHECK (status IN ('draft', 'active', 'archived')),
    options jsonb NOT NULL,
    metadata jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX products_created_idx ON products (created_at DESC, id DESC);
CREATE INDEX products_active_idx ON products (created_at DESC, id DESC) WHERE status = 'active';

CREATE TABLE variants (
    id uuid CONSTRAINT variants_pkey PRIMARY KEY,
    product_id uuid NOT NULL CONSTRAINT variants_product_id_fkey REFERENCES products (id),
    sku text NOT NULL CONSTRAINT variants_sku_key UNIQUE,
    title text NOT NULL,
    option_values jsonb NOT NULL,
    position integer NOT NULL,
    weight_grams bigint CONSTRAINT variants_weight_grams_check CHECK (weight_grams >= 0),
    requires_shipping boolean NOT NULL,
    archived_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX variants_product_id_idx ON variants (product_id, position, id);

CREATE TABLE variant_prices (
    variant_id uuid NOT NULL CONSTRAINT variant_prices_variant_id_fkey REFERENCES variants (id) ON DELETE CASCADE,
    currency text NOT NULL CONSTRAINT variant_prices_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CONSTRAINT variant_prices_amount_check CHECK (amount >= 0),
    compare_at_amount bigint CONSTRAINT variant_prices_compare_at_check CHECK (compare_at_amount >= 0),
    CONSTRAINT variant_prices_pkey PRIMARY KEY (variant_id, currency)
);

-- Apart from `variants`, so that selling never touches the row that staff edit and caches read.
-- `shortage` is what staff found missing below `reserved`; only staff facts raise it, a reservation never does.
CREATE TABLE stock_levels (
    variant_id uuid CONSTRAINT stock_levels_pkey PRIMARY KEY
        CONSTRAINT stock_levels_variant_id_fkey REFERENCES variants (id),
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL CONSTRAINT stock_levels_reserved_check CHECK (reserved >= 0),
    shortage bigint NOT NULL CONSTRAINT stock_levels_shortage_check CHECK (shortage >= 0),
    track_inventory boolean NOT NULL,
    allow_backorder boolean NOT NULL,
    low_stock_threshold bigint NOT NULL,
    CONSTRAINT stock_levels_not_oversold
        CHECK (reserved <= on_hand + shortage OR allow_backorder OR NOT track_inventory)
) WITH (fillfactor = 70);

CREATE TABLE stock_movements (
    id uuid CONSTRAINT stock_movements_pkey PRIMARY KEY,
    variant_id uuid NOT NULL CONSTRAINT stock_movements_variant_id_fkey REFERENCES variants (id),
    delta bigint NOT NULL,
    on_hand_after bigint NOT NULL,
    reason text NOT NULL CONSTRAINT stock_movements_reason_check
        CHECK (reason IN ('initial', 'received', 'correction', 'damaged', 'lost', 'returned', 'sale', 'restock')),
    order_id uuid,
    note text,
    created_at timestamptz NOT NULL
);
CREATE INDEX stock_movements_variant_id_idx ON stock_movements (variant_id, created_at);
