-- Dated exchange rates, and prices that are derived by them.

CREATE TABLE fx_rates (
    currency text NOT NULL CONSTRAINT fx_rates_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    rate_date date NOT NULL,
    source text NOT NULL CONSTRAINT fx_rates_source_check CHECK (source IN ('ecb', 'manual')),
    -- How many units one euro is: a decimal number.
    rate text NOT NULL CONSTRAINT fx_rates_rate_check CHECK (rate ~ '^[0-9]{1,9}(\.[0-9]{1,12})?$' AND rate::numeric > 0),
    fetched_at timestamptz NOT NULL,
    CONSTRAINT fx_rates_pkey PRIMARY KEY (currency, rate_date, source)
);

ALTER TABLE variant_prices
    ADD COLUMN origin text NOT NULL DEFAULT 'manual'
        CONSTRAINT variant_prices_origin_check CHECK (origin IN ('manual', 'derived')),
    -- The day of the rate that a derived price comes from.
    ADD COLUMN rate_date date,
    ADD CONSTRAINT variant_prices_derived_has_date CHECK ((origin = 'derived') = (rate_date IS NOT NULL));
CREATE INDEX variant_prices_derived_idx ON variant_prices (currency) WHERE origin = 'derived';

-- The rate that an order's derived prices came from.
ALTER TABLE orders ADD COLUMN exchange_rate jsonb;
