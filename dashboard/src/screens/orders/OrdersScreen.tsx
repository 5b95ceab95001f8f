import { Text } from '@mantine/core';
import { IconShoppingBag } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Amount, State, Time } from '../../components/Told';
import { DISPUTE, FULFILLMENT, ORDER, optionsOf, PAYMENT } from '../../format/states';
import { nameOf, ORDERS, type Order } from './queries';

/** All orders, newest first. */
export function OrdersScreen() {
  const search = useSearch({ from: '/shell/orders' });
  const navigate = useNavigate({ from: '/orders' });
  const list = usePages<Order>([...ORDERS, 'list', search], (cursor) =>
    answer(api.GET('/v1/admin/orders', { params: { query: { ...search, cursor, limit: 50 } } })),
  );
  const filtered = Object.values(search).some(Boolean);
  return (
    <Page title="Orders">
      <ListCard
        list={list}
        empty={<NoOrders filtered={filtered} />}
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={[
              { key: 'status', label: 'Status', options: optionsOf(ORDER) },
              { key: 'payment_status', label: 'Payment', options: optionsOf(PAYMENT) },
            ]}
          />
        }
      >
        {(rows) => <DataTable label="Orders" rows={rows} columns={COLUMNS} nameOf={nameOf} />}
      </ListCard>
    </Page>
  );
}

const COLUMNS: Column<Order>[] = [
  { key: 'number', label: 'Order', cell: (order) => <Name order={order} /> },
  {
    key: 'placed_at',
    label: 'Placed',
    from: 'sm',
    cell: ({ placed_at }) => <Time at={placed_at} c="dimmed" />,
  },
  {
    key: 'customer',
    label: 'Customer',
    from: 'sm',
    cell: (order) => (
      <Text component="span" inherit truncate display="block" maw={240}>
        {buyerOf(order)}
      </Text>
    ),
  },
  {
    key: 'payment',
    label: 'Payment',
    cell: ({ payment_status }) => <State of={PAYMENT} value={payment_status} />,
  },
  { key: 'fulfillment', label: 'Shipping', from: 'sm', cell: (order) => <Whereabouts order={order} /> },
  {
    key: 'items',
    label: 'Items',
    align: 'right',
    from: 'md',
    cell: ({ line_items }) => line_items.reduce((sum, { quantity }) => sum + quantity, 0).toLocaleString(),
  },
  {
    key: 'total',
    label: 'Total',
    align: 'right',
    cell: ({ totals }) => (totals.total ? <Amount value={totals.total} /> : '–'),
  },
];

const buyerOf = ({ shipping_address, email }: Order) => shipping_address?.name ?? email;

/** The order's name; on narrow screens with what other columns tell elsewhere. */
function Name({ order }: { order: Order }) {
  return (
    <>
      <RowLink to="/orders/$id" params={{ id: order.id }}>
        {nameOf(order)}
      </RowLink>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        {buyerOf(order)}
      </Text>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        <Time at={order.placed_at} />
      </Text>
    </>
  );
}

function Whereabouts({ order: { status, fulfillment_status, dispute_status } }: { order: Order }) {
  if (dispute_status === 'open') return <State of={DISPUTE} value={dispute_status} />;
  if (status === 'cancelled') return <State of={ORDER} value={status} />;
  return <State of={FULFILLMENT} value={fulfillment_status} />;
}

function NoOrders({ filtered }: { filtered: boolean }) {
  const icon = <IconShoppingBag size={40} stroke={1.3} aria-hidden />;
  if (filtered) {
    return (
      <Empty icon={icon} title="No order matches">
        Remove a filter to see more.
      </Empty>
    );
  }
  return (
    <Empty icon={icon} title="No orders yet">
      They appear here as soon as a shopper begins to pay.
    </Empty>
  );
}
