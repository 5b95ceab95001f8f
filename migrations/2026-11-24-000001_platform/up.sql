-- Shared parts: staff keys, idempotency, jobs, provider events, alerts.

CREATE TABLE api_keys (
    id uuid CONSTRAINT api_keys_pkey PRIMARY KEY,
    name text NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT api_keys_token_hash_key UNIQUE,
    token_hint text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE idempotency_keys (
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    token uuid NOT NULL,
    leased_until timestamptz NOT NULL,
    status smallint,
    body jsonb,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

CREATE TABLE jobs (
    id uuid CONSTRAINT jobs_pkey PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    dedupe_key text,
    status text NOT NULL CONSTRAINT jobs_status_check CHECK (status IN ('queued', 'running', 'done', 'dead')),
    run_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    lease_token uuid,
    leased_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz
);
CREATE UNIQUE INDEX jobs_dedupe_key_key ON jobs (kind, dedupe_key) WHERE status = 'queued';
CREATE INDEX jobs_due_idx ON jobs (kind, run_at) WHERE status = 'queued';
CREATE INDEX jobs_leased_idx ON jobs (leased_until) WHERE status = 'running';
CREATE INDEX jobs_finished_idx ON jobs (finished_at) WHERE status = 'done';

CREATE TABLE webhook_events (
    id uuid CONSTRAINT webhook_events_pkey PRIMARY KEY,
    provider text NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    payload jsonb NOT NULL,
    livemode boolean NOT NULL,
    status text NOT NULL CONSTRAINT webhook_events_status_check CHECK (status IN ('pending', 'processed', 'ignored', 'dead')),
    last_error text,
    received_at timestamptz NOT NULL,
    processed_at timestamptz,
    CONSTRAINT webhook_events_event_id_key UNIQUE (provider, event_id)
);
CREATE INDEX webhook_events_pending_idx ON webhook_events (received_at) WHERE status IN ('pending', 'dead');

CREATE TABLE alerts (
    id uuid CONSTRAINT alerts_pkey PRIMARY KEY,
    kind text NOT NULL,
    dedupe_key text NOT NULL,
    order_id uuid,
    detail text NOT NULL,
    created_at timestamptz NOT NULL,
    acknowledged_at timestamptz
);
CREATE UNIQUE INDEX alerts_dedupe_key_key ON alerts (kind, dedupe_key) WHERE acknowledged_at IS NULL;
