DROP TABLE event_cursors, disputes, fulfillment_line_items, fulfillments, refund_line_items;
DELETE FROM refunds WHERE source = 'stripe';
ALTER TABLE refunds
    DROP COLUMN source, DROP COLUMN shipping, DROP COLUMN tax, DROP COLUMN note, DROP COLUMN requested_by,
    DROP COLUMN tax_mode, DROP COLUMN tax_reversal_id, DROP COLUMN tax_undo_id, DROP COLUMN tax_error;
ALTER TABLE order_line_items
    DROP COLUMN fulfilled_quantity, DROP COLUMN restocked_quantity, DROP COLUMN refunded_quantity,
    DROP COLUMN refunded_amount, DROP COLUMN refunded_tax, DROP COLUMN removed_quantity;
ALTER TABLE orders
    DROP COLUMN refund_claimed, DROP COLUMN refund_imported, DROP COLUMN disputed, DROP COLUMN dispute_status,
    DROP COLUMN cancel_note, DROP COLUMN review_amount, DROP COLUMN review_currency;
DROP INDEX checkouts_buyer_address_idx, checkouts_buyer_email_idx, checkouts_live_idx;
UPDATE checkouts SET close_reason = 'cancelled' WHERE close_reason = 'released_by_staff';
ALTER TABLE checkouts
    DROP COLUMN buyer_address, DROP COLUMN buyer_email, DROP COLUMN units,
    DROP CONSTRAINT checkouts_close_reason_check,
    ADD CONSTRAINT checkouts_close_reason_check CHECK (close_reason IN ('hold_expired', 'cancelled', 'replaced', 'wrong_total'));
