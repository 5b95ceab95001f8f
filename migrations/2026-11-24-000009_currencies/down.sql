ALTER TABLE orders DROP COLUMN exchange_rate;
DELETE FROM variant_prices WHERE origin = 'derived';
ALTER TABLE variant_prices DROP COLUMN origin, DROP COLUMN rate_date;
DROP TABLE fx_rates;
