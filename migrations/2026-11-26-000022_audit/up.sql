-- What staff and the command line changed. `merx migrate` lets the service's role add rows and read them, nothing else.
CREATE TABLE audit_log (
    id uuid CONSTRAINT audit_log_pkey PRIMARY KEY,
    sequence bigint NOT NULL CONSTRAINT audit_log_sequence_key UNIQUE,
    -- An API key's or staff account's id, or `cli`.
    actor text NOT NULL,
    -- What the actor was called then.
    actor_name text NOT NULL,
    request_id text,
    client_address text,
    -- What it is about, and after the point what was done.
    action text NOT NULL,
    subject_id text NOT NULL,
    reason text,
    changes jsonb NOT NULL CONSTRAINT audit_log_changes_check CHECK (jsonb_typeof(changes) = 'object'),
    created_at timestamptz NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX audit_log_actor_idx ON audit_log (actor, sequence);
CREATE INDEX audit_log_action_idx ON audit_log (action text_pattern_ops, sequence);
CREATE INDEX audit_log_subject_idx ON audit_log (subject_id, sequence);
CREATE INDEX audit_log_request_idx ON audit_log (request_id);
CREATE INDEX audit_log_created_at_idx ON audit_log (created_at);

-- The end of the chain: whoever adds an entry holds this row until the transaction ends, and locks nothing after it.
CREATE TABLE audit_head (
    singleton boolean CONSTRAINT audit_head_pkey PRIMARY KEY CONSTRAINT audit_head_singleton_check CHECK (singleton),
    sequence bigint NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO audit_head VALUES (true, 0, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'));
