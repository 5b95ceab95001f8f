DROP TABLE alerts;
DROP TABLE webhook_events;
DROP TABLE jobs;
DROP TABLE idempotency_keys;
DROP TABLE api_keys;
