import type { EmailKind } from './queries';

/** What each kind of e-mail is called. */
export const KINDS: Record<EmailKind, string> = {
  order_confirmation: 'Order confirmed',
  payment_pending: 'Payment on its way',
  payment_failed: 'Payment failed',
  order_shipped: 'Order shipped',
  order_delivered: 'Order delivered',
  order_refunded: 'Order refunded',
  order_cancelled: 'Order cancelled',
  order_link: 'Link to an order',
  verify_email: 'Confirm the address',
  account_exists: 'There is an account already',
  reset_password: 'Reset the password',
  password_changed: 'Password changed',
  staff_invitation: 'Invitation to the staff',
  staff_password_reset: 'Reset the password of staff',
  staff_password_changed: 'Password of staff changed',
  alert: 'Alert to the shop',
};

/** What a kind is called. */
export const kindName = (kind: EmailKind) => KINDS[kind] ?? kind;

export const KIND_OPTIONS = Object.entries(KINDS).map(([value, label]) => ({ value, label }));
