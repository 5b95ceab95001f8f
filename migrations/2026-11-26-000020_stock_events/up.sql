-- What counts as low by the shop's default, since when nothing is left of a variant, and the settings that say so.

ALTER TABLE stock_levels
    -- Whether `low_stock_threshold` is the shop's default, as the variant has none of its own.
    ADD COLUMN uses_default_threshold boolean NOT NULL DEFAULT false,
    -- Since when none is on hand of what is tracked and on sale; other systems were told then.
    ADD COLUMN out_since timestamptz;
ALTER TABLE stock_levels ALTER COLUMN uses_default_threshold DROP DEFAULT;

-- Until now 0 was what a variant had that was given nothing. Of what is gone already nobody is told anew.
UPDATE stock_levels AS level
SET uses_default_threshold = level.low_stock_threshold = 0,
    out_since = CASE WHEN level.track_inventory AND level.on_hand <= 0 AND variants.archived_at IS NULL THEN now() END
FROM variants WHERE variants.id = level.variant_id;

ALTER TABLE settings
    DROP CONSTRAINT settings_kind_check,
    ADD CONSTRAINT settings_kind_check CHECK (kind IN ('tax', 'shipping', 'currencies', 'invoices', 'inventory'));
