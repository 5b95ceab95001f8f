DROP TABLE import_rows, import_chunks, imports, quotes;
ALTER TABLE orders DROP COLUMN locale;
ALTER TABLE cart_line_items DROP COLUMN seen_unit_price;
ALTER TABLE carts DROP COLUMN locale, DROP COLUMN shipping_rate_id;
DROP TABLE shipping_rates, shipping_zone_regions, shipping_zones;
UPDATE stock_movements SET reason = 'correction' WHERE reason = 'import';
ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason_check,
    ADD CONSTRAINT stock_movements_reason_check CHECK (reason IN
        ('initial', 'received', 'correction', 'damaged', 'lost', 'returned', 'sale', 'restock'));
DROP TABLE search_words, product_search, collection_products, collection_slugs, collections, product_media, product_prices,
    product_slugs;
DROP INDEX variants_facets_idx, products_title_idx, products_tags_idx;
ALTER TABLE variants
    DROP CONSTRAINT variants_dimensions_check, DROP CONSTRAINT variants_unit_cost_currency_check,
    DROP COLUMN barcode, DROP COLUMN length_mm, DROP COLUMN width_mm, DROP COLUMN height_mm, DROP COLUMN hs_code,
    DROP COLUMN origin_country, DROP COLUMN taxable, DROP COLUMN max_per_order, DROP COLUMN unit_cost,
    DROP COLUMN unit_cost_currency, DROP COLUMN metadata, DROP COLUMN facets;
ALTER TABLE products
    DROP COLUMN description_html, DROP COLUMN vendor, DROP COLUMN product_type, DROP COLUMN category, DROP COLUMN tags,
    DROP COLUMN tax_code, DROP COLUMN seo_title, DROP COLUMN seo_description, DROP COLUMN translations, DROP COLUMN sort_title;
DROP EXTENSION pg_trgm;
