import type { Schemas } from '../../api/client';
import { minorUnits } from '../../format/money';
import type { Order } from './queries';

export type Line = Order['line_items'][number];

/** What is typed into the refund's form. */
export interface RefundValues {
  by: 'lines' | 'amount';
  lines: Record<string, { quantity: number; restock: boolean }>;
  shipping: string;
  amount: string;
  reason: Schemas['RefundReason'];
  note: string;
  force: boolean;
}

/** Lines of which units were not given back yet. */
export const refundable = (order: Order): Line[] =>
  order.line_items.filter(({ quantity, refunded_quantity }) => quantity > refunded_quantity);

/** Nothing chosen yet. Units that were never sent go back into stock, as the API would have it. */
export function emptyRefund(order: Order): RefundValues {
  const lines = refundable(order).map((line) => [
    line.id,
    { quantity: 0, restock: line.fulfilled_quantity === 0 },
  ]);
  return {
    by: lines.length > 0 ? 'lines' : 'amount',
    lines: Object.fromEntries(lines),
    shipping: '',
    amount: '',
    reason: 'requested_by_customer',
    note: '',
    force: false,
  };
}

/** The request that the values make; `null` while they name nothing to give back. */
export function refundOf(values: RefundValues, { currency }: Order): Schemas['NewRefund'] | null {
  const common = { reason: values.reason, note: values.note || null, force: values.force };
  if (values.by === 'amount') {
    const amount = minorUnits(values.amount, currency);
    return amount ? { ...common, amount: { amount, currency } } : null;
  }
  const chosen = Object.entries(values.lines).filter(([, { quantity }]) => quantity > 0);
  const line_items = chosen.map(([line_item_id, { quantity, restock }]) => ({
    line_item_id,
    quantity,
    restock,
  }));
  const shipping = minorUnits(values.shipping, currency) ?? 0;
  if (line_items.length === 0 && shipping === 0) return null;
  return { ...common, line_items, ...(shipping > 0 && { shipping: { amount: shipping, currency } }) };
}
