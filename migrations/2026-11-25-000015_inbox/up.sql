-- The webhook inbox and the job queue for staff.

ALTER TABLE webhook_events
    -- How it came: delivered, or found in the provider's list.
    ADD COLUMN source text NOT NULL DEFAULT 'webhook'
        CONSTRAINT webhook_events_source_check CHECK (source IN ('webhook', 'catch_up')),
    -- How often it was processed to an outcome, good or bad.
    ADD COLUMN tries integer NOT NULL DEFAULT 0,
    ADD COLUMN ignored_because text CONSTRAINT webhook_events_ignored_because_check
        CHECK (ignored_because IN ('unknown_type', 'not_needed', 'other_mode', 'not_ours', 'order_unknown')),
    ADD COLUMN discarded_at timestamptz,
    ADD COLUMN discarded_by text,
    ADD COLUMN discard_reason text,
    DROP CONSTRAINT webhook_events_status_check,
    ADD CONSTRAINT webhook_events_status_check
        CHECK (status IN ('pending', 'processed', 'ignored', 'dead', 'discarded')),
    ADD CONSTRAINT webhook_events_discarded_check
        CHECK ((status = 'discarded') = (discarded_at IS NOT NULL AND discarded_by IS NOT NULL AND discard_reason IS NOT NULL));
CREATE INDEX webhook_events_received_at_idx ON webhook_events (received_at, id);

CREATE TABLE webhook_attempts (
    id uuid CONSTRAINT webhook_attempts_pkey PRIMARY KEY,
    provider text NOT NULL,
    verdict text NOT NULL CONSTRAINT webhook_attempts_verdict_check
        CHECK (verdict IN ('accepted', 'duplicate', 'bad_signature', 'too_old', 'malformed', 'too_large')),
    reason text,
    event_id text,
    event_type text,
    body_sha256 bytea,
    address text NOT NULL,
    user_agent text,
    latency_ms bigint NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX webhook_attempts_received_at_idx ON webhook_attempts (received_at, id);
CREATE INDEX webhook_attempts_event_id_idx ON webhook_attempts (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX webhook_attempts_refused_idx ON webhook_attempts (received_at, id)
    WHERE verdict NOT IN ('accepted', 'duplicate');

-- All refused deliveries of an address (IPv6: of a /64) in an hour, also those that have no row of their own.
CREATE TABLE webhook_refusals (
    hour timestamptz NOT NULL,
    address text NOT NULL,
    refused bigint NOT NULL,
    CONSTRAINT webhook_refusals_pkey PRIMARY KEY (hour, address)
);

ALTER TABLE jobs
    ADD COLUMN discarded_by text,
    ADD COLUMN discard_reason text,
    DROP CONSTRAINT jobs_status_check,
    ADD CONSTRAINT jobs_status_check CHECK (status IN ('queued', 'running', 'done', 'dead', 'discarded')),
    ADD CONSTRAINT jobs_discarded_check
        CHECK ((status = 'discarded') = (discarded_by IS NOT NULL AND discard_reason IS NOT NULL));
CREATE INDEX jobs_dead_idx ON jobs (kind, dedupe_key) WHERE status = 'dead';

-- Kinds of jobs that no worker claims for now.
CREATE TABLE paused_job_kinds (
    kind text CONSTRAINT paused_job_kinds_pkey PRIMARY KEY,
    paused_by text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL
);
