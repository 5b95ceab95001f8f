-- E-mails are sent: what became of each, and those about orders and alerts.

ALTER TABLE emails
    DROP CONSTRAINT emails_kind_check,
    ADD CONSTRAINT emails_kind_check CHECK (kind IN (
        'verify_email', 'account_exists', 'reset_password', 'password_changed', 'order_link',
        'order_confirmation', 'payment_pending', 'payment_failed', 'order_shipped', 'order_delivered', 'order_refunded',
        'order_cancelled', 'alert'
    )),
    DROP CONSTRAINT emails_status_check,
    -- The order that it is about.
    ADD COLUMN order_id uuid CONSTRAINT emails_order_id_fkey REFERENCES orders (id),
    -- The e-mail that staff had sent again as this one.
    ADD COLUMN resend_of uuid,
    -- How often the mail server was tried, the present try included.
    ADD COLUMN attempts integer NOT NULL DEFAULT 0 CONSTRAINT emails_attempts_check CHECK (attempts >= 0),
    -- What the mail server said at the last try that failed.
    ADD COLUMN last_error text,
    ADD COLUMN sent_at timestamptz,
    DROP CONSTRAINT emails_subject_key;
UPDATE emails SET status = 'failed' WHERE status = 'dead';
UPDATE emails SET sent_at = created_at WHERE status = 'sent';
ALTER TABLE emails
    ADD CONSTRAINT emails_status_check CHECK (status IN ('queued', 'sent', 'failed')),
    ADD CONSTRAINT emails_sent_at_check CHECK ((status = 'sent') = (sent_at IS NOT NULL));
-- The same cause sends one mail of a kind to a recipient; staff may send it again.
CREATE UNIQUE INDEX emails_subject_key ON emails (kind, subject_id, recipient) WHERE resend_of IS NULL;
CREATE INDEX emails_order_id_idx ON emails (order_id, created_at DESC) WHERE order_id IS NOT NULL;

ALTER TABLE alerts
    -- When it was put into a mail to the shop.
    ADD COLUMN mailed_at timestamptz;
CREATE INDEX alerts_unmailed_idx ON alerts (created_at) WHERE mailed_at IS NULL AND acknowledged_at IS NULL;
