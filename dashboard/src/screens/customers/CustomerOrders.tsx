import { Card } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { Empty, Panel } from '../../components/Page';
import { RowLink, ScreenLink } from '../../components/RowLink';
import { Amount, State, Time } from '../../components/Told';
import { FULFILLMENT, PAYMENT } from '../../format/states';
import { CUSTOMERS, type Customer } from './queries';

type Order = Schemas['OrderSummary'];

/** Their newest orders, and the way to all of them. */
export function CustomerOrders({ customer: { id } }: { customer: Customer }) {
  const query = useQuery({
    queryKey: [...CUSTOMERS, 'orders', id],
    queryFn: async () => {
      const params = { query: { customer_id: id, limit: 10 } };
      return (await answer(api.GET('/v1/admin/order-summaries', { params }))).data;
    },
  });
  return (
    <Panel
      title="Orders"
      action={
        <ScreenLink to="/orders" search={{ customer_id: id }} size="sm">
          See all
        </ScreenLink>
      }
    >
      <Loaded query={query} rows={3}>
        {(orders) =>
          orders.length === 0 ? (
            <Empty title="They bought nothing yet" />
          ) : (
            <Card.Section>
              <DataTable label="Their orders" rows={orders} columns={COLUMNS} />
            </Card.Section>
          )
        }
      </Loaded>
    </Panel>
  );
}

const COLUMNS: Column<Order>[] = [
  {
    key: 'number',
    label: 'Order',
    cell: ({ id, number }) => (
      <RowLink to="/orders/$id" params={{ id }}>
        {number ? `#${number}` : 'Unpaid order'}
      </RowLink>
    ),
  },
  { key: 'placed_at', label: 'Placed', cell: ({ placed_at }) => <Time at={placed_at} c="dimmed" /> },
  {
    key: 'payment',
    label: 'Payment',
    from: 'xs',
    cell: ({ payment_status }) => <State of={PAYMENT} value={payment_status} />,
  },
  {
    key: 'fulfillment',
    label: 'Shipping',
    from: 'sm',
    cell: ({ fulfillment_status }) => <State of={FULFILLMENT} value={fulfillment_status} />,
  },
  { key: 'total', label: 'Total', align: 'right', cell: ({ total }) => <Amount value={total} /> },
];
