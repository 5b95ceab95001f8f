-- A whole shop: richer products, media, collections, search, shipping by table, quotes, imports.

-- Trusted since PostgreSQL 13: the database's owner may create it.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

ALTER TABLE products
    ADD COLUMN description_html text NOT NULL DEFAULT '',
    ADD COLUMN vendor text,
    ADD COLUMN product_type text,
    ADD COLUMN category text,
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN tax_code text,
    ADD COLUMN seo_title text,
    ADD COLUMN seo_description text,
    ADD COLUMN translations jsonb NOT NULL DEFAULT '{}',
    -- The title as it is sorted: folded to lower-case ASCII.
    ADD COLUMN sort_title text COLLATE "C" NOT NULL DEFAULT '';
UPDATE products SET
    description_html = '<p>' || replace(replace(replace(description, '&', '&amp;'), '<', '&lt;'), '>', '&gt;') || '</p>',
    sort_title = lower(title);
ALTER TABLE products
    ALTER COLUMN description_html DROP DEFAULT,
    ALTER COLUMN tags DROP DEFAULT,
    ALTER COLUMN translations DROP DEFAULT,
    ALTER COLUMN sort_title DROP DEFAULT;
CREATE INDEX products_title_idx ON products (sort_title, id) WHERE status = 'active';
CREATE INDEX products_tags_idx ON products USING gin (tags);

-- The names that a product or a collection once had; they lead to the present one.
CREATE TABLE product_slugs (
    slug text CONSTRAINT product_slugs_pkey PRIMARY KEY,
    product_id uuid NOT NULL CONSTRAINT product_slugs_product_id_fkey REFERENCES products (id) ON DELETE CASCADE
);

ALTER TABLE variants
    ADD COLUMN barcode text,
    ADD COLUMN length_mm bigint,
    ADD COLUMN width_mm bigint,
    ADD COLUMN height_mm bigint,
    ADD COLUMN hs_code text,
    ADD COLUMN origin_country text,
    ADD COLUMN taxable boolean NOT NULL DEFAULT true,
    ADD COLUMN max_per_order bigint CONSTRAINT variants_max_per_order_check CHECK (max_per_order > 0),
    ADD COLUMN unit_cost bigint CONSTRAINT variants_unit_cost_check CHECK (unit_cost >= 0),
    ADD COLUMN unit_cost_currency text,
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
    -- Each option value as `name=value`, folded, for filters and facets.
    ADD COLUMN facets text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT variants_dimensions_check CHECK (
        num_nulls(length_mm, width_mm, height_mm) IN (0, 3) AND LEAST(length_mm, width_mm, height_mm) > 0),
    ADD CONSTRAINT variants_unit_cost_currency_check CHECK (num_nulls(unit_cost, unit_cost_currency) IN (0, 2));
UPDATE variants SET facets = ARRAY(SELECT lower(key COLLATE "C") || '=' || lower(value COLLATE "C") FROM jsonb_each_text(option_values));
ALTER TABLE variants
    ALTER COLUMN taxable DROP DEFAULT,
    ALTER COLUMN metadata DROP DEFAULT,
    ALTER COLUMN facets DROP DEFAULT;
CREATE INDEX variants_facets_idx ON variants USING gin (facets) WHERE archived_at IS NULL;

-- The span of a product's prices per currency, over its variants on sale: what lists filter and sort by.
CREATE TABLE product_prices (
    product_id uuid NOT NULL CONSTRAINT product_prices_product_id_fkey REFERENCES products (id) ON DELETE CASCADE,
    currency text NOT NULL,
    min_amount bigint NOT NULL,
    max_amount bigint NOT NULL,
    CONSTRAINT product_prices_pkey PRIMARY KEY (product_id, currency)
);
CREATE INDEX product_prices_amount_idx ON product_prices (currency, min_amount, product_id);
INSERT INTO product_prices
    SELECT variants.product_id, price.currency, min(price.amount), max(price.amount)
    FROM variants JOIN variant_prices AS price ON price.variant_id = variants.id
    WHERE variants.archived_at IS NULL GROUP BY 1, 2;

CREATE TABLE product_media (
    id uuid CONSTRAINT product_media_pkey PRIMARY KEY,
    product_id uuid NOT NULL CONSTRAINT product_media_product_id_fkey REFERENCES products (id) ON DELETE CASCADE,
    position integer NOT NULL,
    url text NOT NULL,
    alt text,
    width integer,
    height integer,
    variant_ids uuid[] NOT NULL
);
CREATE INDEX product_media_product_id_idx ON product_media (product_id, position);

CREATE TABLE collections (
    id uuid CONSTRAINT collections_pkey PRIMARY KEY,
    slug text NOT NULL CONSTRAINT collections_slug_key UNIQUE,
    title text NOT NULL,
    description_html text NOT NULL,
    description text NOT NULL,
    image_url text,
    status text NOT NULL CONSTRAINT collections_status_check CHECK (status IN ('draft', 'active', 'archived')),
    translations jsonb NOT NULL,
    metadata jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX collections_created_idx ON collections (created_at DESC, id DESC);

CREATE TABLE collection_slugs (
    slug text CONSTRAINT collection_slugs_pkey PRIMARY KEY,
    collection_id uuid NOT NULL CONSTRAINT collection_slugs_collection_id_fkey REFERENCES collections (id) ON DELETE CASCADE
);

CREATE TABLE collection_products (
    collection_id uuid NOT NULL CONSTRAINT collection_products_collection_id_fkey REFERENCES collections (id) ON DELETE CASCADE,
    product_id uuid NOT NULL CONSTRAINT collection_products_product_id_fkey REFERENCES products (id) ON DELETE CASCADE,
    CONSTRAINT collection_products_pkey PRIMARY KEY (collection_id, product_id)
);
CREATE INDEX collection_products_product_id_idx ON collection_products (product_id);

-- What a product is found by, in all its languages; apart from `products`, as it is large and read by search only.
CREATE TABLE product_search (
    product_id uuid CONSTRAINT product_search_pkey PRIMARY KEY
        CONSTRAINT product_search_product_id_fkey REFERENCES products (id) ON DELETE CASCADE,
    document tsvector NOT NULL
);
CREATE INDEX product_search_document_idx ON product_search USING gin (document);
INSERT INTO product_search SELECT id, to_tsvector('simple', title || ' ' || description) FROM products;

-- Every word of the documents, to correct what was mistyped.
CREATE TABLE search_words (
    word text COLLATE "C" CONSTRAINT search_words_pkey PRIMARY KEY
);
CREATE INDEX search_words_trigram_idx ON search_words USING gist (word gist_trgm_ops);

ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason_check,
    ADD CONSTRAINT stock_movements_reason_check CHECK (reason IN
        ('initial', 'received', 'correction', 'damaged', 'lost', 'returned', 'sale', 'restock', 'import'));

CREATE TABLE shipping_zones (
    id uuid CONSTRAINT shipping_zones_pkey PRIMARY KEY,
    name text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- A country is in one zone, and so is a state of it; `*` is everywhere else, no state the rest of the country.
CREATE TABLE shipping_zone_regions (
    zone_id uuid NOT NULL CONSTRAINT shipping_zone_regions_zone_id_fkey REFERENCES shipping_zones (id) ON DELETE CASCADE,
    country text NOT NULL CONSTRAINT shipping_zone_regions_country_check CHECK (country ~ '^([A-Z]{2}|\*)$'),
    state text NOT NULL,
    CONSTRAINT shipping_zone_regions_pkey PRIMARY KEY (zone_id, country, state)
);
CREATE UNIQUE INDEX shipping_zone_regions_place_key ON shipping_zone_regions (country, lower(state));
CREATE INDEX shipping_zone_regions_zone_id_idx ON shipping_zone_regions (zone_id);

CREATE TABLE shipping_rates (
    id uuid CONSTRAINT shipping_rates_pkey PRIMARY KEY,
    zone_id uuid NOT NULL CONSTRAINT shipping_rates_zone_id_fkey REFERENCES shipping_zones (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    description text,
    min_days integer,
    max_days integer,
    basis text NOT NULL CONSTRAINT shipping_rates_basis_check CHECK (basis IN ('weight', 'subtotal')),
    bands jsonb NOT NULL
);
CREATE INDEX shipping_rates_zone_id_idx ON shipping_rates (zone_id, position);

ALTER TABLE carts
    ADD COLUMN locale text,
    ADD COLUMN shipping_rate_id text;
ALTER TABLE cart_line_items
    -- The price of one when the shopper last chose the quantity, to tell when it changed since.
    ADD COLUMN seen_unit_price bigint;
ALTER TABLE orders
    ADD COLUMN locale text;

CREATE TABLE quotes (
    id uuid CONSTRAINT quotes_pkey PRIMARY KEY,
    cart_id uuid NOT NULL CONSTRAINT quotes_cart_id_fkey REFERENCES carts (id) ON DELETE CASCADE,
    fingerprint bytea NOT NULL,
    body jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT quotes_fingerprint_key UNIQUE (cart_id, fingerprint)
);
CREATE INDEX quotes_expires_at_idx ON quotes (expires_at);

CREATE TABLE imports (
    id uuid CONSTRAINT imports_pkey PRIMARY KEY,
    status text NOT NULL CONSTRAINT imports_status_check CHECK (status IN ('uploading', 'queued', 'running', 'done', 'failed')),
    file_name text,
    options jsonb NOT NULL,
    bytes bigint NOT NULL,
    -- The report's head: counts and notes; and the last line that is done, where a dead worker's work goes on.
    summary jsonb NOT NULL,
    done_line bigint NOT NULL,
    error text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE INDEX imports_created_idx ON imports (created_at DESC, id DESC);

CREATE TABLE import_chunks (
    import_id uuid NOT NULL CONSTRAINT import_chunks_import_id_fkey REFERENCES imports (id) ON DELETE CASCADE,
    position integer NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT import_chunks_pkey PRIMARY KEY (import_id, position)
);

CREATE TABLE import_rows (
    import_id uuid NOT NULL CONSTRAINT import_rows_import_id_fkey REFERENCES imports (id) ON DELETE CASCADE,
    line bigint NOT NULL,
    handle text,
    sku text,
    outcome text NOT NULL CONSTRAINT import_rows_outcome_check CHECK (outcome IN ('created', 'updated', 'unchanged', 'failed')),
    messages jsonb NOT NULL,
    CONSTRAINT import_rows_pkey PRIMARY KEY (import_id, line)
);
