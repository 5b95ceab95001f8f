import type { Schemas } from '../api/client';

/** How a state of the API is told. */
export interface Told {
  label: string;
  color: string;
}

/** How each state of a kind is told; the compiler sees that none is forgotten. */
export type States<S extends string> = Record<S, Told>;

const told = (label: string, color = 'gray'): Told => ({ label, color });

export const ORDER: States<Schemas['OrderStatus']> = {
  pending: told('Pending', 'yellow'),
  confirmed: told('Confirmed', 'blue'),
  completed: told('Completed', 'green'),
  cancelled: told('Cancelled'),
};

export const PAYMENT: States<Schemas['PaymentStatus']> = {
  unpaid: told('Unpaid', 'yellow'),
  processing: told('Processing', 'yellow'),
  paid: told('Paid', 'green'),
  partially_refunded: told('Partly refunded', 'orange'),
  refunded: told('Refunded'),
  failed: told('Failed', 'red'),
};

export const FULFILLMENT: States<Schemas['FulfillmentStatus']> = {
  unfulfilled: told('To ship', 'yellow'),
  partially_fulfilled: told('Partly shipped', 'orange'),
  fulfilled: told('Shipped', 'blue'),
  delivered: told('Delivered', 'green'),
};

export const NEED: States<Schemas['OrderNeed']> = {
  fulfillment: told('To ship', 'yellow'),
  review: told('Payment to decide', 'orange'),
  dispute: told('Disputed', 'red'),
};

export const DISPUTE: States<Schemas['DisputeStatus']> = {
  none: told('None'),
  warning: told('Warning', 'orange'),
  open: told('Disputed', 'red'),
  won: told('Won', 'green'),
  lost: told('Lost', 'red'),
};

export const SHIPMENT: States<Schemas['ShipmentStatus']> = {
  pending: told('Packed', 'yellow'),
  label_purchased: told('Label bought', 'yellow'),
  in_transit: told('On its way', 'blue'),
  delivered: told('Delivered', 'green'),
  failed: told('Failed', 'red'),
  returned: told('Returned', 'orange'),
  cancelled: told('Cancelled'),
};

export const LABEL: States<Schemas['LabelStatus']> = {
  pending: told('Being bought', 'yellow'),
  purchased: told('Bought', 'green'),
  failed: told('Failed', 'red'),
  void_requested: told('Void asked for', 'yellow'),
  voiding: told('Being voided', 'yellow'),
  voided: told('Voided'),
  void_rejected: told('Void refused', 'red'),
};

export const REFUND: States<Schemas['RefundStatus']> = {
  pending: told('On its way', 'yellow'),
  succeeded: told('Refunded', 'green'),
  failed: told('Failed', 'red'),
  cancelled: told('Cancelled'),
};

export const EMAIL: States<Schemas['EmailStatus']> = {
  queued: told('Queued', 'yellow'),
  sent: told('Sent', 'green'),
  failed: told('Failed', 'red'),
};

export const INBOX_EVENT: States<Schemas['EventStatus']> = {
  pending: told('Pending', 'yellow'),
  processed: told('Processed', 'green'),
  ignored: told('Ignored'),
  dead: told('Dead', 'red'),
  discarded: told('Discarded'),
};

export const IGNORED_BECAUSE: States<Schemas['IgnoredBecause']> = {
  unknown_type: told('We have no use for this type'),
  not_needed: told('It had taken its effect already'),
  other_mode: told('It is of the other mode, live or test'),
  not_ours: told('It is about something that is not of this shop'),
  order_unknown: told('Its order is not known here'),
};

export const EVENT_SOURCE: States<Schemas['EventSource']> = {
  webhook: told('Webhook'),
  catch_up: told('Read from the provider'),
};

export const VERDICT: States<Schemas['Verdict']> = {
  accepted: told('Accepted', 'green'),
  duplicate: told('Known already'),
  bad_signature: told('Bad signature', 'red'),
  too_old: told('Too old', 'orange'),
  malformed: told('Malformed', 'red'),
  too_large: told('Too large', 'red'),
};

export const DELIVERY: States<Schemas['DeliveryStatus']> = {
  pending: told('Pending', 'yellow'),
  succeeded: told('Delivered', 'green'),
  dead: told('Dead', 'red'),
};

export const ENDPOINT: States<Schemas['EndpointStatus']> = {
  enabled: told('Enabled', 'green'),
  disabled: told('Disabled'),
};

export const DISABLED_REASON: States<Schemas['DisabledReason']> = {
  staff: told('Disabled by staff'),
  gone: told('The receiver answered that it is gone (410)', 'red'),
  failing: told('Nothing was received for days', 'red'),
};

export const JOB: States<Schemas['JobStatus']> = {
  queued: told('Queued', 'yellow'),
  running: told('Running', 'blue'),
  done: told('Done', 'green'),
  dead: told('Dead', 'red'),
  discarded: told('Discarded'),
};

export const STAFF: States<Schemas['StaffStatus']> = {
  invited: told('Invited', 'yellow'),
  active: told('Active', 'green'),
  deactivated: told('Deactivated'),
};

export const CANCEL_REASON: States<Schemas['CancelReason']> = {
  requested_by_customer: told('Requested by the customer'),
  out_of_stock: told('Out of stock'),
  fraudulent: told('Fraud'),
  pricing_error: told('Wrong price'),
  other: told('Something else'),
};

export const PRODUCT: States<Schemas['ProductStatus']> = {
  draft: told('Draft', 'yellow'),
  active: told('Active', 'green'),
  archived: told('Archived'),
};

export const AVAILABILITY: States<Schemas['Availability']> = {
  in_stock: told('In stock', 'green'),
  low_stock: told('Low', 'orange'),
  out_of_stock: told('Sold out', 'red'),
  backorder: told('Backorder', 'blue'),
};

export const STOCK_REASON: States<Schemas['Reason']> = {
  initial: told('First stock'),
  received: told('Received', 'green'),
  correction: told('Corrected', 'yellow'),
  damaged: told('Damaged', 'red'),
  lost: told('Lost', 'red'),
  returned: told('Returned', 'blue'),
  sale: told('Sold'),
  restock: told('Restocked', 'blue'),
  import: told('Imported'),
};

export const IMPORT: States<Schemas['ImportStatus']> = {
  uploading: told('Uploading', 'yellow'),
  queued: told('Queued', 'yellow'),
  running: told('Running', 'blue'),
  done: told('Done', 'green'),
  failed: told('Failed', 'red'),
};

export const ROW_OUTCOME: States<Schemas['Outcome']> = {
  created: told('New', 'green'),
  updated: told('Changed', 'blue'),
  unchanged: told('Unchanged'),
  failed: told('Refused', 'red'),
};

export const DISCOUNT: States<Schemas['DiscountStatus']> = {
  active: told('Active', 'green'),
  disabled: told('Off', 'yellow'),
  archived: told('Archived'),
};

export const DISCOUNT_TYPE: States<Schemas['DiscountType']> = {
  percentage: told('Percentage'),
  fixed_amount: told('Fixed amount'),
  free_shipping: told('Free shipping'),
  buy_x_get_y: told('Buy X, get Y'),
};

export const REFUND_REASON: States<Schemas['RefundReason']> = {
  requested_by_customer: told('Requested by the customer'),
  returned: told('Returned'),
  damaged: told('Damaged'),
  not_received: told('Not received'),
  goodwill: told('Goodwill'),
  duplicate: told('Bought twice'),
  fraudulent: told('Fraud'),
  out_of_stock: told('Out of stock'),
  cancelled: told('Cancelled'),
  paid_after_close: told('Paid after the order was closed'),
  amount_mismatch: told('Another amount was paid'),
  other: told('Something else'),
};

/** The states of a kind as the options of a select. */
export const optionsOf = <S extends string>(states: States<S>) =>
  (Object.entries(states) as [S, Told][]).map(([value, { label }]) => ({ value, label }));
