-- Customers, their sessions and addresses, and the mails that accounts cause.

CREATE TABLE customers (
    id uuid CONSTRAINT customers_pkey PRIMARY KEY,
    email text NOT NULL,
    name text,
    phone text,
    locale text,
    -- argon2id in the PHC string format.
    password_hash text NOT NULL,
    stripe_customer_id text CONSTRAINT customers_stripe_customer_id_key UNIQUE,
    -- How often Stripe was asked to create the customer; whoever is not the first looks first.
    stripe_sends integer NOT NULL,
    metadata jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX customers_email_key ON customers (lower(email));

-- Accounts that come into being when the link in the mail is followed.
CREATE TABLE customer_registrations (
    id uuid CONSTRAINT customer_registrations_pkey PRIMARY KEY,
    email text NOT NULL,
    name text,
    phone text,
    locale text,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX customer_registrations_email_idx ON customer_registrations (lower(email));
CREATE INDEX customer_registrations_expires_at_idx ON customer_registrations (expires_at);

CREATE TABLE password_resets (
    id uuid CONSTRAINT password_resets_pkey PRIMARY KEY,
    customer_id uuid NOT NULL CONSTRAINT password_resets_customer_id_fkey REFERENCES customers (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX password_resets_customer_id_idx ON password_resets (customer_id);
CREATE INDEX password_resets_expires_at_idx ON password_resets (expires_at);

CREATE TABLE customer_sessions (
    id uuid CONSTRAINT customer_sessions_pkey PRIMARY KEY,
    customer_id uuid NOT NULL CONSTRAINT customer_sessions_customer_id_fkey REFERENCES customers (id) ON DELETE CASCADE,
    access_hash bytea NOT NULL CONSTRAINT customer_sessions_access_hash_key UNIQUE,
    access_expires_at timestamptz NOT NULL,
    -- The access token before the last refresh lives to its own end, as two refreshes may cross.
    previous_access_hash bytea CONSTRAINT customer_sessions_previous_access_hash_key UNIQUE,
    previous_access_expires_at timestamptz,
    expires_at timestamptz NOT NULL,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX customer_sessions_customer_id_idx ON customer_sessions (customer_id, created_at DESC, id DESC);
CREATE INDEX customer_sessions_expires_at_idx ON customer_sessions (expires_at);

CREATE TABLE customer_refresh_tokens (
    hash bytea CONSTRAINT customer_refresh_tokens_pkey PRIMARY KEY,
    session_id uuid NOT NULL
        CONSTRAINT customer_refresh_tokens_session_id_fkey REFERENCES customer_sessions (id) ON DELETE CASCADE,
    used_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX customer_refresh_tokens_session_id_idx ON customer_refresh_tokens (session_id);
CREATE INDEX customer_refresh_tokens_created_at_idx ON customer_refresh_tokens (created_at);

CREATE TABLE customer_addresses (
    id uuid CONSTRAINT customer_addresses_pkey PRIMARY KEY,
    customer_id uuid NOT NULL CONSTRAINT customer_addresses_customer_id_fkey REFERENCES customers (id) ON DELETE CASCADE,
    address jsonb NOT NULL,
    is_default_shipping boolean NOT NULL,
    is_default_billing boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX customer_addresses_customer_id_idx ON customer_addresses (customer_id, created_at, id);
CREATE UNIQUE INDEX customer_addresses_default_shipping_key ON customer_addresses (customer_id) WHERE is_default_shipping;
CREATE UNIQUE INDEX customer_addresses_default_billing_key ON customer_addresses (customer_id) WHERE is_default_billing;

-- What somebody asked for who may or may not be known: a job finds out, so that no answer tells.
CREATE TABLE account_requests (
    id uuid CONSTRAINT account_requests_pkey PRIMARY KEY,
    kind text NOT NULL
        CONSTRAINT account_requests_kind_check CHECK (kind IN ('registration', 'password_reset', 'order_lookup')),
    email text NOT NULL,
    order_number text,
    registration_id uuid CONSTRAINT account_requests_registration_id_fkey
        REFERENCES customer_registrations (id) ON DELETE CASCADE,
    locale text,
    created_at timestamptz NOT NULL,
    CONSTRAINT account_requests_subject_check CHECK (
        (kind = 'registration') = (registration_id IS NOT NULL) AND (kind = 'order_lookup') = (order_number IS NOT NULL)
    )
);
CREATE INDEX account_requests_registration_id_idx ON account_requests (registration_id)
    WHERE registration_id IS NOT NULL;

CREATE TABLE emails (
    id uuid CONSTRAINT emails_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT emails_kind_check
        CHECK (kind IN ('verify_email', 'account_exists', 'reset_password', 'order_link')),
    recipient text NOT NULL,
    locale text,
    -- What caused it: a registration, a password reset, an account request.
    subject_id uuid NOT NULL,
    -- What its text is made from; never a link or a token.
    data jsonb NOT NULL,
    status text NOT NULL CONSTRAINT emails_status_check CHECK (status IN ('queued', 'sent', 'dead')),
    created_at timestamptz NOT NULL,
    CONSTRAINT emails_subject_key UNIQUE (kind, subject_id, recipient)
);
CREATE INDEX emails_created_at_idx ON emails (created_at DESC, id DESC);

ALTER TABLE carts
    ADD COLUMN customer_id uuid CONSTRAINT carts_customer_id_fkey REFERENCES customers (id);
CREATE INDEX carts_customer_id_idx ON carts (customer_id, updated_at DESC) WHERE customer_id IS NOT NULL;

ALTER TABLE orders
    ADD COLUMN customer_id uuid CONSTRAINT orders_customer_id_fkey REFERENCES customers (id);
CREATE INDEX orders_customer_id_idx ON orders (customer_id, placed_at DESC, id DESC) WHERE customer_id IS NOT NULL;
CREATE INDEX orders_guest_email_idx ON orders (lower(email)) WHERE customer_id IS NULL;
