DROP INDEX invoices_number_key;
ALTER TABLE invoices ADD CONSTRAINT invoices_number_key UNIQUE (number);

DROP INDEX jobs_discarded_idx;

DROP INDEX webhook_deliveries_due_idx;
CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE status = 'pending';

DROP INDEX alerts_mailed_at_idx;
