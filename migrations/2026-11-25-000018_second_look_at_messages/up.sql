-- Links to orders name their order in its column from now on; those of before were never sent, and are asked for again.
DELETE FROM emails WHERE kind = 'order_link' AND order_id IS NULL;
CREATE INDEX alerts_mailed_at_idx ON alerts (mailed_at) WHERE mailed_at IS NOT NULL;

DROP INDEX webhook_deliveries_due_idx;
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at, position) WHERE status = 'pending';

CREATE INDEX jobs_discarded_idx ON jobs (finished_at) WHERE status = 'discarded';

-- Numbers are unique within their series; prefixes may be changed, and swapped.
ALTER TABLE invoices DROP CONSTRAINT invoices_number_key;
CREATE UNIQUE INDEX invoices_number_key ON invoices ((kind = 'invoice'), number);
