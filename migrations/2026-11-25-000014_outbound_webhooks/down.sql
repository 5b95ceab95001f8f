DROP TABLE webhook_delivery_attempts, webhook_deliveries, outbound_events, webhook_endpoints;
DELETE FROM jobs WHERE kind = 'deliver_webhooks';
DELETE FROM alerts WHERE kind = 'webhook_endpoint_disabled';
