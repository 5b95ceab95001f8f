import { Text, Timeline } from '@mantine/core';
import type { Schemas } from '../../api/client';
import { Empty, Panel } from '../../components/Page';
import { Time } from '../../components/Told';
import { money } from '../../format/money';
import { words } from '../../format/words';
import type { Order } from './queries';

/** How what happened is told; what is not named here is told by its own name. */
const HAPPENINGS: Record<string, string> = {
  placed: 'Order placed, items reserved',
  checkout_opened: 'Payment page opened',
  payment_processing: 'Payment is on its way',
  paid: 'Paid',
  tax_recorded: 'Sale recorded for tax',
  payment_failed: 'Payment failed',
  payment_review: 'Another amount was paid than the order costs',
  cancelled: 'Cancelled',
  cancel_requested: 'The customer asked to cancel',
  refund_requested: 'Refund asked for',
  refunded: 'Refunded',
  refund_failed: 'Refund failed',
  refund_imported: 'Refunded in Stripe',
  restocked: 'Items put back into stock',
  tax_reversed: 'Tax of the refund reversed',
  tax_reversal_undone: 'Reversal of the tax undone',
  rest_cancelled: 'What was not sent was cancelled',
  fulfilled: 'Items shipped',
  tracking_changed: 'Tracking changed',
  parcel_moved: 'Parcel moved on',
  fulfillment_cancelled: 'Shipment cancelled',
  label_purchased: 'Label bought',
  label_failed: 'Label could not be bought',
  label_voided: 'Label voided',
  label_void_rejected: 'Label could not be voided',
  disputed: 'Payment disputed',
  fraud_warning: 'Warning of fraud',
  claimed: 'The buyer logged in and has it in their account',
  review_decided: 'Decided about the payment',
  tagged: 'Tags changed',
  note_added: 'Note written',
  note_deleted: 'Note deleted',
};

/** What went wrong is marked. */
const BAD = new Set([
  'payment_failed',
  'refund_failed',
  'label_failed',
  'disputed',
  'fraud_warning',
  'payment_review',
]);

/** What happened to the order, newest first. */
export function OrderTimeline({ order }: { order: Order }) {
  const entries = [...(order.timeline ?? [])].reverse();
  return (
    <Panel title="Timeline">
      {entries.length === 0 && <Empty title="Nothing happened yet" />}
      <Timeline bulletSize={12} lineWidth={2} active={entries.length}>
        {entries.map((entry) => (
          <Timeline.Item
            key={`${entry.at} ${entry.kind}`}
            color={BAD.has(entry.kind) ? 'red' : undefined}
            title={
              <Text size="sm" fw={550}>
                {HAPPENINGS[entry.kind] ?? words(entry.kind)}
              </Text>
            }
          >
            <Text size="xs" c="dimmed">
              <Time at={entry.at} /> {toldOf(entry)}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Panel>
  );
}

const isMoney = (value: unknown): value is { amount: number; currency: string } =>
  typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value;

/** A code of the API in words; a sentence as it is. */
const readable = (value: string) => (/^[a-z_]+$/.test(value) ? words(value) : value);

/** What is worth reading of an entry's detail: ids are not, who did it is. */
function toldOf({ detail, by_name }: Schemas['TimelineEntry']): string {
  const told = Object.entries(detail).flatMap(([name, value]) => {
    if (isMoney(value)) return [`${words(name)} ${money(value)}`];
    if (name.endsWith('_id') || typeof value === 'object' || value === '') return [];
    return [name === 'by' ? `by ${by_name ?? value}` : `${words(name)}: ${readable(String(value))}`];
  });
  return told.length > 0 ? `· ${told.join(' · ')}` : '';
}
