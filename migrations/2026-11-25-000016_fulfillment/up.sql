-- Parcels and where they are, their labels, stock that runs low, and who saw an alert.

ALTER TABLE fulfillments
    -- What was recorded until now was recorded as sent.
    ADD COLUMN status text NOT NULL DEFAULT 'in_transit' CONSTRAINT fulfillments_status_check CHECK (status IN
        ('pending', 'label_purchased', 'in_transit', 'delivered', 'failed', 'returned', 'cancelled')),
    -- Shippo's word for the carrier; none when Shippo is not to be asked.
    ADD COLUMN carrier_token text,
    -- When the newest that is known of the parcel happened, as the carrier says.
    ADD COLUMN tracked_at timestamptz,
    ADD COLUMN tracking_detail text,
    -- When Shippo was last heard of it.
    ADD COLUMN tracking_checked_at timestamptz,
    ADD COLUMN shipped_at timestamptz,
    ADD COLUMN delivered_at timestamptz,
    ADD COLUMN cancelled_at timestamptz;
ALTER TABLE fulfillments ALTER COLUMN status DROP DEFAULT;
CREATE INDEX fulfillments_tracking_number_idx ON fulfillments (tracking_number) WHERE tracking_number IS NOT NULL;
CREATE INDEX fulfillments_to_ask_idx ON fulfillments ((COALESCE(tracking_checked_at, created_at)))
    WHERE carrier_token IS NOT NULL AND status IN ('pending', 'label_purchased', 'in_transit', 'failed');

CREATE TABLE shipping_labels (
    id uuid CONSTRAINT shipping_labels_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT shipping_labels_order_id_fkey REFERENCES orders (id),
    fulfillment_id uuid NOT NULL CONSTRAINT shipping_labels_fulfillment_id_fkey REFERENCES fulfillments (id),
    status text NOT NULL CONSTRAINT shipping_labels_status_check CHECK (status IN
        ('pending', 'purchased', 'failed', 'void_requested', 'voiding', 'voided', 'void_rejected')),
    service text NOT NULL,
    file_type text NOT NULL,
    -- As staff measured it; none when it is packed by the shop's settings.
    parcel jsonb,
    -- What the shopper's rate came to for the carrier when it was chosen.
    quoted_amount bigint,
    quoted_currency text,
    -- The rate that is bought, noted before it is.
    rate_id text,
    -- Whether it is the order's own, which is tried once, or was asked for anew.
    rate_source text CONSTRAINT shipping_labels_rate_source_check CHECK (rate_source IN ('order', 'asked')),
    carrier text,
    amount bigint,
    currency text,
    -- When the purchase was last sent: noted before it is.
    attempted_at timestamptz,
    transaction_id text CONSTRAINT shipping_labels_transaction_id_key UNIQUE,
    tracking_number text,
    label_url text,
    invoice_url text,
    error text,
    requested_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT shipping_labels_quoted_check CHECK ((quoted_amount IS NULL) = (quoted_currency IS NULL)),
    CONSTRAINT shipping_labels_amount_check CHECK ((amount IS NULL) = (currency IS NULL)),
    CONSTRAINT shipping_labels_purchased_check
        CHECK (transaction_id IS NOT NULL OR status IN ('pending', 'failed'))
);
-- A parcel has one label at a time.
CREATE UNIQUE INDEX shipping_labels_live_key ON shipping_labels (fulfillment_id)
    WHERE status IN ('pending', 'purchased', 'void_requested');
CREATE INDEX shipping_labels_order_id_idx ON shipping_labels (order_id);
CREATE INDEX shipping_labels_waiting_idx ON shipping_labels (updated_at)
    WHERE status IN ('pending', 'void_requested', 'voiding');

ALTER TABLE stock_levels
    -- Since when as few are on hand as count as low; staff were told then.
    ADD COLUMN low_since timestamptz;
CREATE INDEX stock_levels_low_since_idx ON stock_levels (low_since, variant_id) WHERE low_since IS NOT NULL;

ALTER TABLE alerts ADD COLUMN acknowledged_by text;
CREATE INDEX alerts_created_at_idx ON alerts (created_at, id);
