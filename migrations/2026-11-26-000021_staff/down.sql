DELETE FROM emails WHERE kind IN ('staff_invitation', 'staff_password_reset', 'staff_password_changed');
ALTER TABLE emails
    DROP CONSTRAINT emails_kind_check,
    ADD CONSTRAINT emails_kind_check CHECK (kind IN (
        'verify_email', 'account_exists', 'reset_password', 'password_changed', 'order_link',
        'order_confirmation', 'payment_pending', 'payment_failed', 'order_shipped', 'order_delivered', 'order_refunded',
        'order_cancelled', 'alert'
    ));

DELETE FROM account_requests WHERE kind = 'staff_password_reset';
ALTER TABLE account_requests
    DROP CONSTRAINT account_requests_kind_check,
    ADD CONSTRAINT account_requests_kind_check CHECK (kind IN ('registration', 'password_reset', 'order_lookup'));

DROP INDEX api_keys_created_at_idx;
ALTER TABLE api_keys
    DROP CONSTRAINT api_keys_former_token_check,
    DROP COLUMN created_by,
    DROP COLUMN former_token_until,
    DROP COLUMN former_token_hash,
    DROP COLUMN version,
    DROP COLUMN last_used_at;

DROP TABLE staff_sessions;
DROP TABLE staff_links;
DROP TABLE staff_members;
DROP TABLE staff_roles;
