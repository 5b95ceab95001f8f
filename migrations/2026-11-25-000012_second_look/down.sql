DROP INDEX disputes_tax_waiting_idx;
ALTER TABLE disputes DROP COLUMN tax_reversal_asked_at, DROP COLUMN tax_reversal_asked_by;
ALTER TABLE carts DROP COLUMN merged_into;
DROP INDEX emails_recipient_idx;
DELETE FROM emails WHERE kind = 'password_changed';
ALTER TABLE emails
    DROP CONSTRAINT emails_kind_check,
    ADD CONSTRAINT emails_kind_check CHECK (kind IN ('verify_email', 'account_exists', 'reset_password', 'order_link'));
-- Registrations without a password can open no account.
DELETE FROM customer_registrations;
ALTER TABLE customer_registrations ADD COLUMN password_hash text NOT NULL;
DROP INDEX customers_unknown_to_stripe_idx;
ALTER TABLE customers DROP COLUMN stripe_asked_at, DROP COLUMN stripe_refused_at;
ALTER TABLE orders DROP COLUMN cancel_claimed_until;
