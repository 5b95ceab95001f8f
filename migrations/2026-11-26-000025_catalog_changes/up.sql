-- What shoppers see changed: so that each process can drop what it keeps ready of it. Rows are kept for minutes.
CREATE TABLE catalog_changes (
    -- The transaction. What is written before the oldest that still runs is complete, so readers miss nothing.
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- All of the catalogue when null.
    product_id uuid,
    -- Nothing but whether the product can be bought.
    availability_only boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    CONSTRAINT catalog_changes_pkey PRIMARY KEY (xid, position)
);

-- Tells the planner what the catalogue looks like after many products came at once. The service may not ANALYZE tables that
-- it does not own, and until it is done lists are read as if there were four products.
CREATE FUNCTION analyze_catalog() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
    'ANALYZE products, variants, variant_prices, stock_levels, product_prices, product_media, product_search,
         collection_products, search_words';
