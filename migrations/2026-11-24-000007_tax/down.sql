ALTER TABLE order_line_items DROP COLUMN tax_breakdown, DROP COLUMN tax_reference, DROP COLUMN tax_code;
ALTER TABLE orders DROP COLUMN tax, DROP COLUMN tax_calculation_id, DROP COLUMN tax_transaction_id, DROP COLUMN tax_record_error;
ALTER TABLE carts DROP COLUMN tax_ids, DROP COLUMN tax_exemption;
DROP TABLE tax_calculations, provider_usage, settings;
