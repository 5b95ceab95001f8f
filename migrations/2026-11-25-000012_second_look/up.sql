-- What reviews of customers and cancellations asked for.

ALTER TABLE orders
    -- Until when a member of staff has the cancelling of an unpaid order to themselves.
    ADD COLUMN cancel_claimed_until timestamptz;

ALTER TABLE customers
    ADD COLUMN stripe_asked_at timestamptz,
    -- Stripe refused to create it, or its customer was deleted there: not asked again.
    ADD COLUMN stripe_refused_at timestamptz;
CREATE INDEX customers_unknown_to_stripe_idx ON customers (created_at)
    WHERE stripe_customer_id IS NULL AND stripe_refused_at IS NULL;

-- The password is chosen behind the link in the mail.
ALTER TABLE customer_registrations DROP COLUMN password_hash;

ALTER TABLE emails
    DROP CONSTRAINT emails_kind_check,
    ADD CONSTRAINT emails_kind_check
        CHECK (kind IN ('verify_email', 'account_exists', 'reset_password', 'password_changed', 'order_link'));
CREATE INDEX emails_recipient_idx ON emails (lower(recipient), created_at DESC);

ALTER TABLE carts
    -- Of an abandoned cart: the one that its lines came into.
    ADD COLUMN merged_into uuid CONSTRAINT carts_merged_into_fkey REFERENCES carts (id);
CREATE INDEX carts_merged_into_idx ON carts (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE disputes
    -- Staff want its tax reversed: noted before Stripe is asked, so that whatever dies then is taken up again.
    ADD COLUMN tax_reversal_asked_at timestamptz,
    ADD COLUMN tax_reversal_asked_by text,
    ADD CONSTRAINT disputes_tax_reversal_asked_check
        CHECK ((tax_reversal_asked_at IS NULL) = (tax_reversal_asked_by IS NULL));
CREATE INDEX disputes_tax_waiting_idx ON disputes (tax_reversal_asked_at)
    WHERE tax_reversal_id IS NULL AND tax_reversal_asked_at IS NOT NULL;
