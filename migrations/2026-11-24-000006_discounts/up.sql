-- Discounts: terms, codes, and who used them.

CREATE TABLE discounts (
    id uuid CONSTRAINT discounts_pkey PRIMARY KEY,
    title text NOT NULL,
    method text NOT NULL CONSTRAINT discounts_method_check CHECK (method IN ('code', 'automatic')),
    status text NOT NULL CONSTRAINT discounts_status_check CHECK (status IN ('active', 'disabled', 'archived')),
    terms jsonb NOT NULL,
    priority integer NOT NULL,
    combinable boolean NOT NULL,
    usage_limit bigint CONSTRAINT discounts_usage_limit_check CHECK (usage_limit > 0),
    usage_limit_per_customer bigint CONSTRAINT discounts_usage_limit_per_customer_check CHECK (usage_limit_per_customer > 0),
    -- The live uses, counted only while there is a limit: without one, checkouts must not queue for this row.
    used bigint NOT NULL CONSTRAINT discounts_used_check CHECK (used >= 0),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX discounts_created_idx ON discounts (created_at DESC, id DESC);
CREATE INDEX discounts_automatic_idx ON discounts (id) WHERE method = 'automatic' AND status = 'active';

CREATE TABLE discount_codes (
    id uuid CONSTRAINT discount_codes_pkey PRIMARY KEY,
    discount_id uuid NOT NULL CONSTRAINT discount_codes_discount_id_fkey REFERENCES discounts (id),
    -- In capitals: codes are the same whatever their case.
    code text NOT NULL CONSTRAINT discount_codes_code_key UNIQUE,
    usage_limit bigint CONSTRAINT discount_codes_usage_limit_check CHECK (usage_limit > 0),
    used bigint NOT NULL CONSTRAINT discount_codes_used_check CHECK (used >= 0),
    created_at timestamptz NOT NULL
);
CREATE INDEX discount_codes_discount_id_idx ON discount_codes (discount_id, created_at DESC, id DESC);

CREATE TABLE discount_uses (
    order_id uuid NOT NULL CONSTRAINT discount_uses_order_id_fkey REFERENCES orders (id),
    discount_id uuid NOT NULL CONSTRAINT discount_uses_discount_id_fkey REFERENCES discounts (id),
    code_id uuid CONSTRAINT discount_uses_code_id_fkey REFERENCES discount_codes (id) ON DELETE SET NULL,
    -- Who used it: the e-mail address in lower case.
    customer text NOT NULL,
    amount bigint NOT NULL,
    -- Whether the discount's counter includes it.
    counted boolean NOT NULL,
    created_at timestamptz NOT NULL,
    released_at timestamptz,
    CONSTRAINT discount_uses_pkey PRIMARY KEY (order_id, discount_id)
);
CREATE INDEX discount_uses_discount_id_idx ON discount_uses (discount_id, customer) WHERE released_at IS NULL;
CREATE INDEX discount_uses_code_id_idx ON discount_uses (code_id) WHERE released_at IS NULL;

ALTER TABLE carts ADD COLUMN discount_codes text[] NOT NULL DEFAULT '{}';
ALTER TABLE carts ALTER COLUMN discount_codes DROP DEFAULT;
-- What was given, by discount; the sums are in `discount` and `shipping_discount`.
ALTER TABLE orders ADD COLUMN discounts jsonb NOT NULL DEFAULT '[]';
ALTER TABLE orders ALTER COLUMN discounts DROP DEFAULT;
ALTER TABLE order_line_items ADD COLUMN discounts jsonb NOT NULL DEFAULT '[]';
ALTER TABLE order_line_items ALTER COLUMN discounts DROP DEFAULT;
-- The one coupon of a discounted session, frozen like the session's own request.
ALTER TABLE checkouts ADD COLUMN coupon_body text;
