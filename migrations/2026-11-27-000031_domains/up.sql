-- What a column may hold is said by its type. PostgreSQL reads and plans each check of a table anew in every statement that writes
-- a row of it, also where the column stays as it is; a domain's is planned once by each connection, and asked where the column is
-- set. Of the 100 µs that it took to write a row of a cart, 15 went into such checks.
--
-- The domains are without checks while columns take them, so that no table is written anew: only the indexes that look at such
-- a column are.
CREATE DOMAIN currency_code AS text;
CREATE DOMAIN cart_status AS text;
CREATE DOMAIN tax_exemption AS text;
CREATE DOMAIN order_status AS text;
CREATE DOMAIN payment_status AS text;
CREATE DOMAIN fulfillment_status AS text;
CREATE DOMAIN dispute_status AS text;
CREATE DOMAIN checkout_status AS text;
CREATE DOMAIN close_reason AS text;
CREATE DOMAIN reservation_status AS text;
CREATE DOMAIN movement_reason AS text;
CREATE DOMAIN job_status AS text;
CREATE DOMAIN event_status AS text;
CREATE DOMAIN event_source AS text;
CREATE DOMAIN ignored_because AS text;
CREATE DOMAIN attempt_verdict AS text;
CREATE DOMAIN email_kind AS text;
CREATE DOMAIN email_status AS text;
CREATE DOMAIN invoice_kind AS text;
CREATE DOMAIN cart_quantity AS bigint;
CREATE DOMAIN positive AS bigint;
CREATE DOMAIN not_negative AS bigint;

ALTER TABLE carts
    DROP CONSTRAINT carts_status_check,
    DROP CONSTRAINT carts_currency_check,
    DROP CONSTRAINT carts_tax_exemption_check,
    ALTER COLUMN status TYPE cart_status,
    ALTER COLUMN currency TYPE currency_code,
    ALTER COLUMN tax_exemption TYPE tax_exemption;
ALTER TABLE cart_line_items
    DROP CONSTRAINT cart_line_items_quantity_check,
    ALTER COLUMN quantity TYPE cart_quantity;
ALTER TABLE orders
    DROP CONSTRAINT orders_status_check,
    DROP CONSTRAINT orders_payment_status_check,
    DROP CONSTRAINT orders_fulfillment_status_check,
    DROP CONSTRAINT orders_dispute_status_check,
    ALTER COLUMN status TYPE order_status,
    ALTER COLUMN payment_status TYPE payment_status,
    ALTER COLUMN fulfillment_status TYPE fulfillment_status,
    ALTER COLUMN dispute_status TYPE dispute_status;
ALTER TABLE checkouts
    DROP CONSTRAINT checkouts_status_check,
    DROP CONSTRAINT checkouts_close_reason_check,
    ALTER COLUMN status TYPE checkout_status,
    ALTER COLUMN close_reason TYPE close_reason;
ALTER TABLE reservations
    DROP CONSTRAINT reservations_status_check,
    DROP CONSTRAINT reservations_quantity_check,
    ALTER COLUMN status TYPE reservation_status,
    ALTER COLUMN quantity TYPE positive;
ALTER TABLE stock_levels
    DROP CONSTRAINT stock_levels_reserved_check,
    DROP CONSTRAINT stock_levels_shortage_check,
    ALTER COLUMN reserved TYPE not_negative,
    ALTER COLUMN shortage TYPE not_negative;
ALTER TABLE stock_movements
    DROP CONSTRAINT stock_movements_reason_check,
    ALTER COLUMN reason TYPE movement_reason;
ALTER TABLE jobs
    DROP CONSTRAINT jobs_status_check,
    ALTER COLUMN status TYPE job_status;
ALTER TABLE webhook_events
    DROP CONSTRAINT webhook_events_status_check,
    DROP CONSTRAINT webhook_events_source_check,
    DROP CONSTRAINT webhook_events_ignored_because_check,
    ALTER COLUMN status TYPE event_status,
    ALTER COLUMN source TYPE event_source,
    ALTER COLUMN ignored_because TYPE ignored_because;
ALTER TABLE webhook_attempts
    DROP CONSTRAINT webhook_attempts_verdict_check,
    ALTER COLUMN verdict TYPE attempt_verdict;
ALTER TABLE emails
    DROP CONSTRAINT emails_kind_check,
    DROP CONSTRAINT emails_status_check,
    ALTER COLUMN kind TYPE email_kind,
    ALTER COLUMN status TYPE email_status;
ALTER TABLE invoices
    DROP CONSTRAINT invoices_kind_check,
    ALTER COLUMN kind TYPE invoice_kind;

ALTER DOMAIN currency_code ADD CONSTRAINT currency_code_check CHECK (VALUE ~ '^[A-Z]{3}$');
ALTER DOMAIN cart_status ADD CONSTRAINT cart_status_check CHECK (VALUE IN ('open', 'checking_out', 'completed', 'abandoned'));
ALTER DOMAIN tax_exemption ADD CONSTRAINT tax_exemption_check CHECK (VALUE IN ('none', 'exempt', 'reverse_charge'));
ALTER DOMAIN order_status ADD CONSTRAINT order_status_check CHECK (VALUE IN ('pending', 'confirmed', 'completed', 'cancelled'));
ALTER DOMAIN payment_status ADD CONSTRAINT payment_status_check
    CHECK (VALUE IN ('unpaid', 'processing', 'paid', 'partially_refunded', 'refunded', 'failed'));
ALTER DOMAIN fulfillment_status ADD CONSTRAINT fulfillment_status_check
    CHECK (VALUE IN ('unfulfilled', 'partially_fulfilled', 'fulfilled', 'delivered'));
ALTER DOMAIN dispute_status ADD CONSTRAINT dispute_status_check CHECK (VALUE IN ('none', 'warning', 'open', 'won', 'lost'));
ALTER DOMAIN checkout_status ADD CONSTRAINT checkout_status_check
    CHECK (VALUE IN ('creating', 'open', 'completed', 'expired', 'cancelled', 'failed'));
ALTER DOMAIN close_reason ADD CONSTRAINT close_reason_check
    CHECK (VALUE IN ('hold_expired', 'cancelled', 'replaced', 'wrong_total', 'released_by_staff'));
ALTER DOMAIN reservation_status ADD CONSTRAINT reservation_status_check CHECK (VALUE IN ('held', 'committed', 'released'));
ALTER DOMAIN movement_reason ADD CONSTRAINT movement_reason_check CHECK (VALUE IN
    ('initial', 'received', 'correction', 'damaged', 'lost', 'returned', 'sale', 'restock', 'import'));
ALTER DOMAIN job_status ADD CONSTRAINT job_status_check CHECK (VALUE IN ('queued', 'running', 'done', 'dead', 'discarded'));
ALTER DOMAIN event_status ADD CONSTRAINT event_status_check
    CHECK (VALUE IN ('pending', 'processed', 'ignored', 'dead', 'discarded'));
ALTER DOMAIN event_source ADD CONSTRAINT event_source_check CHECK (VALUE IN ('webhook', 'catch_up'));
ALTER DOMAIN ignored_because ADD CONSTRAINT ignored_because_check
    CHECK (VALUE IN ('unknown_type', 'not_needed', 'other_mode', 'not_ours', 'order_unknown'));
ALTER DOMAIN attempt_verdict ADD CONSTRAINT attempt_verdict_check
    CHECK (VALUE IN ('accepted', 'duplicate', 'bad_signature', 'too_old', 'malformed', 'too_large'));
ALTER DOMAIN email_kind ADD CONSTRAINT email_kind_check CHECK (VALUE IN (
    'verify_email', 'account_exists', 'reset_password', 'password_changed', 'order_link', 'order_confirmation',
    'payment_pending', 'payment_failed', 'order_shipped', 'order_delivered', 'order_refunded', 'order_cancelled', 'alert',
    'staff_invitation', 'staff_password_reset', 'staff_password_changed'));
ALTER DOMAIN email_status ADD CONSTRAINT email_status_check CHECK (VALUE IN ('queued', 'sent', 'failed'));
ALTER DOMAIN invoice_kind ADD CONSTRAINT invoice_kind_check CHECK (VALUE IN ('invoice', 'credit_note', 'credit_note_reversal'));
ALTER DOMAIN cart_quantity ADD CONSTRAINT cart_quantity_check CHECK (VALUE BETWEEN 1 AND 9999);
ALTER DOMAIN positive ADD CONSTRAINT positive_check CHECK (VALUE > 0);
ALTER DOMAIN not_negative ADD CONSTRAINT not_negative_check CHECK (VALUE >= 0);

-- What is about several columns stays with the table, in fewer comparisons: what is captured is no less than what is claimed, and
-- a total is no sum of negative amounts.
ALTER TABLE orders
    DROP CONSTRAINT orders_amounts_check,
    DROP CONSTRAINT orders_refunds_check,
    DROP CONSTRAINT orders_total_check,
    ADD CONSTRAINT orders_amounts_check CHECK (LEAST(subtotal - discount, discount, shipping, shipping_discount, tax_added,
        tax_included, captured - refund_claimed, refund_claimed, refund_imported, disputed) >= 0),
    ADD CONSTRAINT orders_total_check CHECK (total = subtotal - discount + shipping + tax_added);
ALTER TABLE order_line_items
    DROP CONSTRAINT order_line_items_quantity_check,
    DROP CONSTRAINT order_line_items_total_check,
    DROP CONSTRAINT order_line_items_after_check,
    ADD CONSTRAINT order_line_items_total_check
        CHECK (subtotal = unit_price * quantity AND total = subtotal - discount + tax_added AND quantity > 0),
    ADD CONSTRAINT order_line_items_after_check CHECK (LEAST(discount, subtotal - discount, fulfilled_quantity, removed_quantity,
        quantity - fulfilled_quantity - removed_quantity, restocked_quantity, quantity - restocked_quantity, refunded_quantity,
        quantity - refunded_quantity, refunded_amount, total - refunded_amount, refunded_tax,
        tax_added + tax_included - refunded_tax) >= 0);

-- What was counted of a column is forgotten with its type. A table without rows is left uncounted: as one that is known to be empty
-- it would be read from end to end by whatever is planned while it fills.
DO $$
DECLARE
    changed text;
    has_rows boolean;
BEGIN
    FOREACH changed IN ARRAY ARRAY['carts', 'cart_line_items', 'orders', 'checkouts', 'reservations', 'stock_levels',
        'stock_movements', 'jobs', 'webhook_events', 'webhook_attempts', 'emails', 'invoices']
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', changed) INTO has_rows;
        IF has_rows THEN
            EXECUTE format('ANALYZE %I', changed);
        END IF;
    END LOOP;
END
$$;
