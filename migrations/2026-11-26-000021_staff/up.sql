-- Staff: accounts, roles besides the built-in ones, sessions, and the links that are mailed to them.

-- Roles that the shop made. Those that are built in are a table in code.
CREATE TABLE staff_roles (
    id uuid CONSTRAINT staff_roles_pkey PRIMARY KEY,
    name text NOT NULL,
    description text,
    scopes text[] NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX staff_roles_name_key ON staff_roles (lower(name));

CREATE TABLE staff_members (
    id uuid CONSTRAINT staff_members_pkey PRIMARY KEY,
    email text NOT NULL,
    name text,
    -- argon2id in the PHC string format; none until the invitation is accepted.
    password_hash text,
    built_in_role text CONSTRAINT staff_members_built_in_role_check
        CHECK (built_in_role IN ('owner', 'manager', 'fulfilment', 'support', 'analyst')),
    role_id uuid CONSTRAINT staff_members_role_id_fkey REFERENCES staff_roles (id),
    status text NOT NULL CONSTRAINT staff_members_status_check CHECK (status IN ('invited', 'active', 'deactivated')),
    last_seen_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT staff_members_role_check CHECK (num_nonnulls(built_in_role, role_id) = 1),
    CONSTRAINT staff_members_password_hash_check
        CHECK (status = 'deactivated' OR (status = 'active') = (password_hash IS NOT NULL))
);
CREATE UNIQUE INDEX staff_members_email_key ON staff_members (lower(email));
CREATE INDEX staff_members_created_at_idx ON staff_members (created_at DESC, id DESC);
CREATE INDEX staff_members_role_id_idx ON staff_members (role_id) WHERE role_id IS NOT NULL;

-- Links that work once: invitations, and resets of passwords. Their tokens are derived from the id.
CREATE TABLE staff_links (
    id uuid CONSTRAINT staff_links_pkey PRIMARY KEY,
    staff_id uuid NOT NULL CONSTRAINT staff_links_staff_id_fkey REFERENCES staff_members (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT staff_links_kind_check CHECK (kind IN ('invitation', 'password_reset')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX staff_links_staff_id_idx ON staff_links (staff_id);
CREATE INDEX staff_links_expires_at_idx ON staff_links (expires_at);

CREATE TABLE staff_sessions (
    id uuid CONSTRAINT staff_sessions_pkey PRIMARY KEY,
    staff_id uuid NOT NULL CONSTRAINT staff_sessions_staff_id_fkey REFERENCES staff_members (id) ON DELETE CASCADE,
    -- SHA-256 of the cookie's value.
    token_hash bytea NOT NULL CONSTRAINT staff_sessions_token_hash_key UNIQUE,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    -- However much it is used.
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX staff_sessions_staff_id_idx ON staff_sessions (staff_id, created_at DESC, id DESC);
CREATE INDEX staff_sessions_expires_at_idx ON staff_sessions (expires_at);

ALTER TABLE api_keys
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    -- The token before the last rotation, which works for a while.
    ADD COLUMN former_token_hash bytea CONSTRAINT api_keys_former_token_hash_key UNIQUE,
    ADD COLUMN former_token_until timestamptz,
    ADD COLUMN created_by text,
    ADD CONSTRAINT api_keys_former_token_check CHECK ((former_token_hash IS NULL) = (former_token_until IS NULL));
CREATE INDEX api_keys_created_at_idx ON api_keys (created_at DESC, id DESC);

ALTER TABLE account_requests
    DROP CONSTRAINT account_requests_kind_check,
    ADD CONSTRAINT account_requests_kind_check
        CHECK (kind IN ('registration', 'password_reset', 'order_lookup', 'staff_password_reset'));

ALTER TABLE emails
    DROP CONSTRAINT emails_kind_check,
    ADD CONSTRAINT emails_kind_check CHECK (kind IN (
        'verify_email', 'account_exists', 'reset_password', 'password_changed', 'order_link',
        'order_confirmation', 'payment_pending', 'payment_failed', 'order_shipped', 'order_delivered', 'order_refunded',
        'order_cancelled', 'alert', 'staff_invitation', 'staff_password_reset', 'staff_password_changed'
    ));
