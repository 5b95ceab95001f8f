import { Badge, Group, Text } from '@mantine/core';
import type { ChosenColumn } from '../../components/columns';
import { RowLink } from '../../components/RowLink';
import { Amount, State, Time } from '../../components/Told';
import { DISPUTE, FULFILLMENT, ORDER, PAYMENT } from '../../format/states';
import { nameOf, type OrderSummary } from './queries';

/** The columns of the orders' table; the first always stays. */
export const COLUMNS: ChosenColumn<OrderSummary>[] = [
  { key: 'number', label: 'Order', sort: 'number', cell: (order) => <Name order={order} /> },
  {
    key: 'placed_at',
    label: 'Placed',
    sort: 'placed_at',
    from: 'sm',
    cell: ({ placed_at }) => <Time at={placed_at} c="dimmed" />,
  },
  {
    key: 'customer',
    label: 'Customer',
    from: 'sm',
    cell: ({ name, email }) => (
      <Text component="span" inherit truncate display="block" maw={220} title={email}>
        {name ?? email}
      </Text>
    ),
  },
  {
    key: 'email',
    label: 'E-mail',
    from: 'sm',
    extra: true,
    cell: ({ email }) => (
      <Text component="span" inherit truncate display="block" maw={220} title={email}>
        {email}
      </Text>
    ),
  },
  {
    key: 'status',
    label: 'Status',
    from: 'sm',
    extra: true,
    cell: ({ status }) => <State of={ORDER} value={status} />,
  },
  {
    key: 'payment',
    label: 'Payment',
    cell: ({ payment_status }) => <State of={PAYMENT} value={payment_status} />,
  },
  { key: 'fulfillment', label: 'Shipping', from: 'sm', cell: (order) => <Whereabouts order={order} /> },
  {
    key: 'destination',
    label: 'Goes to',
    from: 'sm',
    extra: true,
    cell: ({ shipping_city, shipping_country }) =>
      [shipping_city, shipping_country].filter(Boolean).join(', ') || '–',
  },
  { key: 'method', label: 'Method', from: 'sm', extra: true, cell: (order) => order.shipping_method ?? '–' },
  {
    key: 'tags',
    label: 'Tags',
    from: 'lg',
    cell: ({ tags }) => (
      <Group gap={4}>
        {tags.slice(0, 2).map((tag) => (
          <Badge key={tag} variant="default">
            {tag}
          </Badge>
        ))}
      </Group>
    ),
  },
  {
    key: 'items',
    label: 'Items',
    align: 'right',
    from: 'md',
    cell: ({ item_count }) => item_count.toLocaleString(),
  },
  {
    key: 'to_send',
    label: 'Still to send',
    align: 'right',
    from: 'sm',
    extra: true,
    cell: ({ fulfillable_count }) => fulfillable_count.toLocaleString(),
  },
  {
    key: 'paid_at',
    label: 'Paid on',
    from: 'sm',
    extra: true,
    cell: ({ paid_at }) => <Time at={paid_at} c="dimmed" />,
  },
  {
    key: 'refunded',
    label: 'Refunded',
    align: 'right',
    from: 'sm',
    extra: true,
    cell: ({ refunded }) => (refunded.amount > 0 ? <Amount value={refunded} /> : '–'),
  },
  {
    key: 'total',
    label: 'Total',
    sort: 'total',
    align: 'right',
    cell: ({ total }) => <Amount value={total} />,
  },
];

/** The order's name; on narrow screens with what other columns tell elsewhere. */
function Name({ order }: { order: OrderSummary }) {
  return (
    <>
      <RowLink to="/orders/$id" params={{ id: order.id }}>
        {nameOf(order)}
      </RowLink>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        {order.name ?? order.email}
      </Text>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        <Time at={order.placed_at} />
      </Text>
    </>
  );
}

function Whereabouts({ order }: { order: OrderSummary }) {
  const { status, payment_status, fulfillment_status, dispute_status } = order;
  if (dispute_status === 'open') return <State of={DISPUTE} value={dispute_status} />;
  if (status === 'cancelled') return <State of={ORDER} value={status} />;
  if (payment_status === 'unpaid' || payment_status === 'failed')
    return (
      <Text inherit c="dimmed" component="span">
        –
      </Text>
    );
  return <State of={FULFILLMENT} value={fulfillment_status} />;
}
