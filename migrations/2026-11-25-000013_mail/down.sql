DROP INDEX alerts_unmailed_idx;
ALTER TABLE alerts DROP COLUMN mailed_at;

DELETE FROM emails
WHERE kind NOT IN ('verify_email', 'account_exists', 'reset_password', 'password_changed')
   OR resend_of IS NOT NULL;
DROP INDEX emails_order_id_idx;
DROP INDEX emails_subject_key;
ALTER TABLE emails
    DROP CONSTRAINT emails_sent_at_check,
    DROP COLUMN sent_at,
    DROP COLUMN last_error,
    DROP COLUMN attempts,
    DROP COLUMN resend_of,
    DROP COLUMN order_id,
    DROP CONSTRAINT emails_status_check;
UPDATE emails SET status = 'dead' WHERE status = 'failed';
ALTER TABLE emails
    ADD CONSTRAINT emails_status_check CHECK (status IN ('queued', 'sent', 'dead')),
    DROP CONSTRAINT emails_kind_check,
    ADD CONSTRAINT emails_kind_check
        CHECK (kind IN ('verify_email', 'account_exists', 'reset_password', 'password_changed', 'order_link')),
    ADD CONSTRAINT emails_subject_key UNIQUE (kind, subject_id, recipient);
