DROP INDEX orders_guest_email_idx;
ALTER TABLE orders DROP COLUMN customer_id;
ALTER TABLE carts DROP COLUMN customer_id;
DROP TABLE emails, account_requests, customer_addresses, customer_refresh_tokens, customer_sessions, password_resets,
    customer_registrations, customers;
