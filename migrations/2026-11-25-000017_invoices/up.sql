-- Invoices, and what corrects them.

ALTER TABLE settings
    DROP CONSTRAINT settings_kind_check,
    ADD CONSTRAINT settings_kind_check CHECK (kind IN ('tax', 'shipping', 'currencies', 'invoices'));

-- The next number of each series. A number is taken in the transaction of what it is for, so that none is left out.
CREATE TABLE invoice_series (
    kind text CONSTRAINT invoice_series_pkey PRIMARY KEY
        CONSTRAINT invoice_series_kind_check CHECK (kind IN ('invoice', 'credit_note')),
    next bigint NOT NULL CONSTRAINT invoice_series_next_check CHECK (next > 0)
);
INSERT INTO invoice_series (kind, next) VALUES ('invoice', 1), ('credit_note', 1);

CREATE TABLE invoices (
    id uuid CONSTRAINT invoices_pkey PRIMARY KEY,
    kind text NOT NULL
        CONSTRAINT invoices_kind_check CHECK (kind IN ('invoice', 'credit_note', 'credit_note_reversal')),
    number text NOT NULL CONSTRAINT invoices_number_key UNIQUE,
    order_id uuid NOT NULL CONSTRAINT invoices_order_id_fkey REFERENCES orders (id),
    refund_id uuid CONSTRAINT invoices_refund_id_fkey REFERENCES refunds (id),
    -- As it was issued; never changed.
    document jsonb NOT NULL,
    issued_at timestamptz NOT NULL,
    CONSTRAINT invoices_refund_check CHECK ((kind = 'invoice') = (refund_id IS NULL))
);
CREATE UNIQUE INDEX invoices_order_key ON invoices (order_id) WHERE kind = 'invoice';
CREATE UNIQUE INDEX invoices_refund_key ON invoices (refund_id, kind) WHERE refund_id IS NOT NULL;
CREATE INDEX invoices_order_id_idx ON invoices (order_id, issued_at);
CREATE INDEX invoices_issued_at_idx ON invoices (issued_at DESC, id DESC);
