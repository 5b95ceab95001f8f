DROP TABLE live_events;

DROP INDEX customers_email_prefix_idx;
DROP INDEX customers_people_idx;
DROP INDEX customers_created_at_idx;
ALTER TABLE customers DROP COLUMN erase_reason, DROP COLUMN erased_at, DROP COLUMN note;

DROP TABLE order_notes;

DROP INDEX alerts_order_id_idx;
DROP INDEX webhook_events_about_idx;
DROP INDEX order_line_items_sku_idx;
DROP INDEX orders_people_idx;
DROP INDEX orders_payment_review_idx;
DROP INDEX orders_disputed_idx;
DROP INDEX orders_partly_fulfilled_idx;
DROP INDEX orders_unfulfilled_idx;
DROP INDEX orders_odd_payment_idx;
DROP INDEX orders_cancelled_idx;
DROP INDEX orders_open_idx;
DROP INDEX orders_number_idx;
DROP INDEX orders_total_idx;
DROP INDEX orders_email_idx;
CREATE INDEX orders_guest_email_idx ON orders (lower(email)) WHERE customer_id IS NULL;
DROP INDEX orders_discounts_idx;
DROP INDEX orders_tags_idx;
ALTER TABLE orders DROP COLUMN tags;
