import type { Schemas } from '../../api/client';

/** What each kind of alert is called. */
export const KINDS: Record<Schemas['AlertKind'], string> = {
  paid_after_close: 'Paid after the order was closed',
  amount_mismatch: 'Another amount was paid',
  wrong_session_total: 'A payment page asks for another amount',
  credentials_refused: 'Credentials refused',
  dead_job: 'A job gave up',
  wrong_mode: 'Live and test are mixed up',
  refund_failed: 'A refund failed',
  dispute: 'A payment is disputed',
  fraud_warning: 'Warning of fraud',
  refund_mismatch: 'A refund differs from the provider’s',
  cancelled_unrefunded: 'Cancelled, but not refunded',
  refund_excess: 'More refunded than paid',
  delayed_payment: 'A payment takes long',
  provider_budget: 'A provider’s daily budget is used up',
  tax_not_recorded: 'A sale is not recorded for tax',
  stale_rates: 'Exchange rates are old',
  shortage: 'Sold more than there is',
  webhook_endpoint_disabled: 'A webhook endpoint was disabled',
  webhook_endpoint_drift: 'A provider’s webhook is set up otherwise',
  broken_invariant: 'The database contradicts itself',
  webhook_signatures: 'Webhooks with bad signatures',
  webhooks_silent: 'No webhooks come in',
  event_backlog: 'Events wait for long',
  job_backlog: 'Jobs wait for long',
  job_kind_paused: 'A kind of jobs is paused',
  email_failed: 'An e-mail could not be sent',
  low_stock: 'Low stock',
  label_failed: 'A label could not be bought',
  delivery_failed: 'A parcel could not be delivered',
};

export const KIND_OPTIONS = Object.entries(KINDS).map(([value, label]) => ({ value, label }));
