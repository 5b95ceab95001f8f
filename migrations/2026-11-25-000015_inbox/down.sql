DROP TABLE paused_job_kinds;
DROP INDEX jobs_dead_idx;
DELETE FROM jobs WHERE status = 'discarded';
ALTER TABLE jobs
    DROP CONSTRAINT jobs_discarded_check,
    DROP CONSTRAINT jobs_status_check,
    ADD CONSTRAINT jobs_status_check CHECK (status IN ('queued', 'running', 'done', 'dead')),
    DROP COLUMN discarded_by,
    DROP COLUMN discard_reason;
DROP TABLE webhook_refusals;
DROP TABLE webhook_attempts;
DROP INDEX webhook_events_received_at_idx;
UPDATE webhook_events SET status = 'ignored', discarded_at = NULL WHERE status = 'discarded';
ALTER TABLE webhook_events
    DROP CONSTRAINT webhook_events_discarded_check,
    DROP CONSTRAINT webhook_events_status_check,
    ADD CONSTRAINT webhook_events_status_check CHECK (status IN ('pending', 'processed', 'ignored', 'dead')),
    DROP COLUMN source,
    DROP COLUMN tries,
    DROP COLUMN ignored_because,
    DROP COLUMN discarded_at,
    DROP COLUMN discarded_by,
    DROP COLUMN discard_reason;
