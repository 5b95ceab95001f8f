-- Events that other systems are told of, who is told, and what came of it.

CREATE TABLE webhook_endpoints (
    id uuid CONSTRAINT webhook_endpoints_pkey PRIMARY KEY,
    url text NOT NULL,
    -- `*` is every type.
    event_types text[] NOT NULL,
    description text,
    status text NOT NULL CONSTRAINT webhook_endpoints_status_check CHECK (status IN ('enabled', 'disabled')),
    disabled_reason text CONSTRAINT webhook_endpoints_disabled_reason_check CHECK (disabled_reason IN ('staff', 'gone', 'failing')),
    -- Secrets are derived from it, never stored. Those from the former version on sign as well, until then.
    secret_version integer NOT NULL,
    former_secret_version integer NOT NULL,
    former_secret_until timestamptz,
    -- Since when nothing has succeeded, if the last try failed.
    failing_since timestamptz,
    -- Whoever delivers has it to themselves.
    lease_token uuid,
    leased_until timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT webhook_endpoints_reason_check CHECK ((status = 'disabled') = (disabled_reason IS NOT NULL)),
    CONSTRAINT webhook_endpoints_deleted_check CHECK (deleted_at IS NULL OR status = 'disabled')
);

CREATE TABLE outbound_events (
    id uuid CONSTRAINT outbound_events_pkey PRIMARY KEY,
    -- Drawn under the order's lock, so that it orders the events of an order.
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    event_type text NOT NULL,
    order_id uuid CONSTRAINT outbound_events_order_id_fkey REFERENCES orders (id),
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX outbound_events_created_at_idx ON outbound_events (created_at);

CREATE TABLE webhook_deliveries (
    id uuid CONSTRAINT webhook_deliveries_pkey PRIMARY KEY,
    endpoint_id uuid NOT NULL CONSTRAINT webhook_deliveries_endpoint_id_fkey REFERENCES webhook_endpoints (id),
    event_id uuid NOT NULL CONSTRAINT webhook_deliveries_event_id_fkey REFERENCES outbound_events (id) ON DELETE CASCADE,
    -- The event's own.
    order_id uuid,
    position bigint NOT NULL,
    status text NOT NULL CONSTRAINT webhook_deliveries_status_check CHECK (status IN ('pending', 'succeeded', 'dead')),
    -- Of the present round; a replay begins another.
    attempts integer NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    last_http_status integer,
    last_error text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT webhook_deliveries_event_id_key UNIQUE (event_id, endpoint_id),
    CONSTRAINT webhook_deliveries_finished_check CHECK ((status = 'pending') = (finished_at IS NULL))
);
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_order_idx ON webhook_deliveries (endpoint_id, order_id, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_endpoint_id_idx ON webhook_deliveries (endpoint_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_created_at_idx ON webhook_deliveries (created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_order_id_idx ON webhook_deliveries (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE webhook_delivery_attempts (
    id uuid CONSTRAINT webhook_delivery_attempts_pkey PRIMARY KEY,
    delivery_id uuid NOT NULL CONSTRAINT webhook_delivery_attempts_delivery_id_fkey REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    attempted_at timestamptz NOT NULL,
    latency_ms bigint NOT NULL,
    http_status integer,
    error text,
    -- At most 1024 bytes of the answer's body.
    response_body text
);
CREATE INDEX webhook_delivery_attempts_delivery_id_idx ON webhook_delivery_attempts (delivery_id, attempted_at);
