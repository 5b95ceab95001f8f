-- What comes after the payment: goods out, money back, disputes; and who holds stock.

ALTER TABLE orders
    -- Our own refunds that are pending or succeeded; never more than was captured.
    ADD COLUMN refund_claimed bigint NOT NULL DEFAULT 0,
    -- Refunds made at the provider by others; facts, so without a bound.
    ADD COLUMN refund_imported bigint NOT NULL DEFAULT 0,
    -- What disputes took and did not give back.
    ADD COLUMN disputed bigint NOT NULL DEFAULT 0,
    ADD COLUMN dispute_status text NOT NULL DEFAULT 'none'
        CONSTRAINT orders_dispute_status_check CHECK (dispute_status IN ('none', 'warning', 'open', 'won', 'lost')),
    ADD COLUMN cancel_note text,
    -- What was paid when it was not the order's total, until staff decide.
    ADD COLUMN review_amount bigint,
    ADD COLUMN review_currency text,
    ADD CONSTRAINT orders_refunds_check
        CHECK (refund_claimed BETWEEN 0 AND captured AND refund_imported >= 0 AND disputed >= 0);
ALTER TABLE orders
    ALTER COLUMN refund_claimed DROP DEFAULT,
    ALTER COLUMN refund_imported DROP DEFAULT,
    ALTER COLUMN disputed DROP DEFAULT,
    ALTER COLUMN dispute_status DROP DEFAULT;
UPDATE orders SET refund_claimed = COALESCE((SELECT sum(amount) FROM refunds
    WHERE refunds.order_id = orders.id AND refunds.status IN ('pending', 'succeeded')), 0);

ALTER TABLE order_line_items
    ADD COLUMN fulfilled_quantity bigint NOT NULL DEFAULT 0,
    -- Units that were put back on the shelf, whatever became of their refund.
    ADD COLUMN restocked_quantity bigint NOT NULL DEFAULT 0,
    -- What live refunds say of the line.
    ADD COLUMN refunded_quantity bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded_amount bigint NOT NULL DEFAULT 0,
    ADD COLUMN refunded_tax bigint NOT NULL DEFAULT 0,
    -- Units that need not be sent any more, whatever became of their refund.
    ADD COLUMN removed_quantity bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT order_line_items_after_check CHECK (
        fulfilled_quantity >= 0 AND removed_quantity >= 0
        AND fulfilled_quantity + removed_quantity <= quantity
        AND restocked_quantity BETWEEN 0 AND quantity AND refunded_quantity BETWEEN 0 AND quantity
        AND refunded_amount BETWEEN 0 AND total AND refunded_tax BETWEEN 0 AND tax_added + tax_included);
ALTER TABLE order_line_items
    ALTER COLUMN fulfilled_quantity DROP DEFAULT,
    ALTER COLUMN restocked_quantity DROP DEFAULT,
    ALTER COLUMN refunded_quantity DROP DEFAULT,
    ALTER COLUMN refunded_amount DROP DEFAULT,
    ALTER COLUMN refunded_tax DROP DEFAULT,
    ALTER COLUMN removed_quantity DROP DEFAULT;

ALTER TABLE refunds
    ADD COLUMN source text NOT NULL DEFAULT 'merx' CONSTRAINT refunds_source_check CHECK (source IN ('merx', 'stripe')),
    -- The part of the amount that is for shipping, with its tax.
    ADD COLUMN shipping bigint NOT NULL DEFAULT 0,
    -- The tax contained in the amount.
    ADD COLUMN tax bigint NOT NULL DEFAULT 0,
    ADD COLUMN note text,
    -- Who asked for it: a key's id, `shopper`, `system`, `stripe`.
    ADD COLUMN requested_by text NOT NULL DEFAULT 'system',
    -- How its tax is reversed at the provider: by line, or as one amount.
    ADD COLUMN tax_mode text NOT NULL DEFAULT 'flat' CONSTRAINT refunds_tax_mode_check CHECK (tax_mode IN ('lines', 'flat')),
    ADD COLUMN tax_reversal_id text CONSTRAINT refunds_tax_reversal_id_key UNIQUE,
    -- The reversal of the reversal, after the refund failed.
    ADD COLUMN tax_undo_id text CONSTRAINT refunds_tax_undo_id_key UNIQUE,
    ADD COLUMN tax_error text,
    ADD CONSTRAINT refunds_parts_check CHECK (shipping BETWEEN 0 AND amount AND tax BETWEEN 0 AND amount);
ALTER TABLE refunds
    ALTER COLUMN source DROP DEFAULT,
    ALTER COLUMN shipping DROP DEFAULT,
    ALTER COLUMN tax DROP DEFAULT,
    ALTER COLUMN requested_by DROP DEFAULT,
    ALTER COLUMN tax_mode DROP DEFAULT;
CREATE INDEX refunds_tax_open_idx ON refunds (updated_at)
    WHERE tax_error IS NULL AND (status = 'succeeded' AND tax_reversal_id IS NULL
        OR status IN ('failed', 'cancelled') AND tax_reversal_id IS NOT NULL AND tax_undo_id IS NULL);

CREATE TABLE refund_line_items (
    refund_id uuid NOT NULL CONSTRAINT refund_line_items_refund_id_fkey REFERENCES refunds (id),
    line_item_id uuid NOT NULL CONSTRAINT refund_line_items_line_item_id_fkey REFERENCES order_line_items (id),
    quantity bigint NOT NULL CONSTRAINT refund_line_items_quantity_check CHECK (quantity > 0),
    amount bigint NOT NULL CONSTRAINT refund_line_items_amount_check CHECK (amount >= 0),
    tax bigint NOT NULL CONSTRAINT refund_line_items_tax_check CHECK (tax BETWEEN 0 AND amount),
    -- Units that were not sent yet and need not be.
    removed bigint NOT NULL CONSTRAINT refund_line_items_removed_check CHECK (removed BETWEEN 0 AND quantity),
    -- Units to be put back on the shelf when the refund succeeds.
    restock bigint NOT NULL CONSTRAINT refund_line_items_restock_check CHECK (restock BETWEEN 0 AND quantity),
    CONSTRAINT refund_line_items_pkey PRIMARY KEY (refund_id, line_item_id)
);
CREATE INDEX refund_line_items_line_item_id_idx ON refund_line_items (line_item_id);

CREATE TABLE fulfillments (
    id uuid CONSTRAINT fulfillments_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT fulfillments_order_id_fkey REFERENCES orders (id),
    carrier text,
    tracking_number text,
    tracking_url text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX fulfillments_order_id_idx ON fulfillments (order_id);

CREATE TABLE fulfillment_line_items (
    fulfillment_id uuid NOT NULL CONSTRAINT fulfillment_line_items_fulfillment_id_fkey REFERENCES fulfillments (id),
    line_item_id uuid NOT NULL CONSTRAINT fulfillment_line_items_line_item_id_fkey REFERENCES order_line_items (id),
    quantity bigint NOT NULL CONSTRAINT fulfillment_line_items_quantity_check CHECK (quantity > 0),
    CONSTRAINT fulfillment_line_items_pkey PRIMARY KEY (fulfillment_id, line_item_id)
);
CREATE INDEX fulfillment_line_items_line_item_id_idx ON fulfillment_line_items (line_item_id);

CREATE TABLE disputes (
    id uuid CONSTRAINT disputes_pkey PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT disputes_order_id_fkey REFERENCES orders (id),
    provider_dispute_id text NOT NULL CONSTRAINT disputes_provider_dispute_id_key UNIQUE,
    -- As the provider says: `needs_response`, `under_review`, `won`, `lost`, `warning_…`.
    status text NOT NULL,
    reason text NOT NULL,
    amount bigint NOT NULL CONSTRAINT disputes_amount_check CHECK (amount >= 0),
    -- What was taken and not given back.
    withdrawn bigint NOT NULL CONSTRAINT disputes_withdrawn_check CHECK (withdrawn >= 0),
    evidence_due_at timestamptz,
    tax_reversal_id text CONSTRAINT disputes_tax_reversal_id_key UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX disputes_order_id_idx ON disputes (order_id);

ALTER TABLE checkouts
    -- Where the shopper is, as far as limits go: an address, or the network of an IPv6 one.
    ADD COLUMN buyer_address text,
    -- The shopper's e-mail address in lower case.
    ADD COLUMN buyer_email text,
    -- Units of tracked stock that it holds.
    ADD COLUMN units bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT checkouts_close_reason_check,
    ADD CONSTRAINT checkouts_close_reason_check
        CHECK (close_reason IN ('hold_expired', 'cancelled', 'replaced', 'wrong_total', 'released_by_staff'));
ALTER TABLE checkouts ALTER COLUMN units DROP DEFAULT;
CREATE INDEX checkouts_buyer_address_idx ON checkouts (buyer_address) WHERE status IN ('creating', 'open');
CREATE INDEX checkouts_buyer_email_idx ON checkouts (buyer_email) WHERE status IN ('creating', 'open');
CREATE INDEX checkouts_live_idx ON checkouts (created_at DESC, id DESC) WHERE status IN ('creating', 'open');

-- Until when a provider's events were listed.
CREATE TABLE event_cursors (
    provider text CONSTRAINT event_cursors_pkey PRIMARY KEY,
    listed_until timestamptz NOT NULL
);
