DROP TABLE invoices;
DROP TABLE invoice_series;
DELETE FROM settings WHERE kind = 'invoices';
ALTER TABLE settings
    DROP CONSTRAINT settings_kind_check,
    ADD CONSTRAINT settings_kind_check CHECK (kind IN ('tax', 'shipping', 'currencies'));
