-- Settings that staff change, tax, and what is asked of providers each day.

CREATE TABLE settings (
    kind text CONSTRAINT settings_pkey PRIMARY KEY
        CONSTRAINT settings_kind_check CHECK (kind IN ('tax', 'shipping', 'currencies')),
    body jsonb NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE provider_usage (
    provider text NOT NULL,
    day date NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT provider_usage_pkey PRIMARY KEY (provider, day)
);

-- What a tax provider answered for a cart, or what stands in for its answer while it is down. An order takes its
-- calculation for itself: a provider records each only once.
CREATE TABLE tax_calculations (
    id uuid CONSTRAINT tax_calculations_pkey PRIMARY KEY,
    cart_id uuid NOT NULL CONSTRAINT tax_calculations_cart_id_fkey REFERENCES carts (id) ON DELETE CASCADE,
    fingerprint bytea NOT NULL,
    provider_id text CONSTRAINT tax_calculations_provider_id_key UNIQUE,
    outcome jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX tax_calculations_cart_id_idx ON tax_calculations (cart_id, created_at DESC);
CREATE INDEX tax_calculations_expires_at_idx ON tax_calculations (expires_at);

ALTER TABLE carts
    ADD COLUMN tax_ids jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN tax_exemption text NOT NULL DEFAULT 'none'
        CONSTRAINT carts_tax_exemption_check CHECK (tax_exemption IN ('none', 'exempt', 'reverse_charge'));
ALTER TABLE carts ALTER COLUMN tax_ids DROP DEFAULT, ALTER COLUMN tax_exemption DROP DEFAULT;

ALTER TABLE orders
    ADD COLUMN tax jsonb NOT NULL DEFAULT '{"source": "none", "tax_ids": [], "exemption": "none", "breakdown": [], "shipping": null}',
    ADD COLUMN tax_calculation_id uuid CONSTRAINT orders_tax_calculation_id_key UNIQUE
        CONSTRAINT orders_tax_calculation_id_fkey REFERENCES tax_calculations (id),
    ADD COLUMN tax_transaction_id text CONSTRAINT orders_tax_transaction_id_key UNIQUE,
    -- Why the provider refuses to record the sale; a person was told.
    ADD COLUMN tax_record_error text;
ALTER TABLE orders ALTER COLUMN tax DROP DEFAULT;
CREATE INDEX orders_tax_unrecorded_idx ON orders (paid_at)
    WHERE tax_calculation_id IS NOT NULL AND tax_transaction_id IS NULL AND tax_record_error IS NULL AND captured > 0;

ALTER TABLE order_line_items
    ADD COLUMN tax_breakdown jsonb NOT NULL DEFAULT '[]',
    -- What the line is called in the tax calculation, for reversals.
    ADD COLUMN tax_reference text,
    ADD COLUMN tax_code text;
ALTER TABLE order_line_items ALTER COLUMN tax_breakdown DROP DEFAULT;
