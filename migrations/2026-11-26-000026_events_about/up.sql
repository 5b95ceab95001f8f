-- What a provider's event is about: a payment, else a session, else a parcel. A column of its own, so that a change of an
-- event's status need not read and unpack its document to keep the index.
DROP INDEX webhook_events_about_idx;
ALTER TABLE webhook_events ADD COLUMN about text GENERATED ALWAYS AS (left(COALESCE(
    payload #>> '{data,object,payment_intent}', payload #>> '{data,object,id}', payload #>> '{data,tracking_number}'
), 200)) STORED;
CREATE INDEX webhook_events_about_idx ON webhook_events (about, received_at DESC, id DESC);
