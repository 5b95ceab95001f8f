DROP INDEX webhook_events_about_idx;
ALTER TABLE webhook_events DROP COLUMN about;
CREATE INDEX webhook_events_about_idx ON webhook_events ((left(COALESCE(payload #>> '{data,object,payment_intent}',
    payload #>> '{data,object,id}', payload #>> '{data,tracking_number}'), 200)), received_at DESC, id DESC);
