DROP INDEX alerts_created_at_idx;
ALTER TABLE alerts DROP COLUMN acknowledged_by;
DROP INDEX stock_levels_low_since_idx;
ALTER TABLE stock_levels DROP COLUMN low_since;
DROP TABLE shipping_labels;
DROP INDEX fulfillments_to_ask_idx;
DROP INDEX fulfillments_tracking_number_idx;
ALTER TABLE fulfillments
    DROP COLUMN status,
    DROP COLUMN carrier_token,
    DROP COLUMN tracked_at,
    DROP COLUMN tracking_detail,
    DROP COLUMN tracking_checked_at,
    DROP COLUMN shipped_at,
    DROP COLUMN delivered_at,
    DROP COLUMN cancelled_at;
