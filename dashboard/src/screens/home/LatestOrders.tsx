import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { Empty, Panel } from '../../components/Page';
import { RowLink, ScreenLink } from '../../components/RowLink';
import { Amount, State, Time } from '../../components/Told';
import { PAYMENT } from '../../format/states';
import { latestOrdersQuery } from './queries';

type Row = Schemas['OrderSummary'];

const COLUMNS: Column<Row>[] = [
  {
    key: 'number',
    label: 'Order',
    cell: ({ id, number, name, email }) => (
      <RowLink to="/orders/$id" params={{ id }}>
        {number ? `#${number}` : (name ?? email)}
      </RowLink>
    ),
  },
  { key: 'placed', label: 'Placed', from: 'sm', cell: ({ placed_at }) => <Time at={placed_at} c="dimmed" /> },
  { key: 'customer', label: 'Customer', from: 'sm', cell: ({ name, email }) => name ?? email },
  {
    key: 'payment',
    label: 'Payment',
    cell: ({ payment_status }) => <State of={PAYMENT} value={payment_status} />,
  },
  { key: 'total', label: 'Total', align: 'right', cell: ({ total }) => <Amount value={total} /> },
];

/** What came in last. */
export function LatestOrders() {
  const orders = useQuery(latestOrdersQuery);
  return (
    <Panel
      title="Latest orders"
      action={
        <ScreenLink to="/orders" size="sm">
          See all
        </ScreenLink>
      }
    >
      <Loaded query={orders}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No orders yet">They appear here as soon as a shopper begins to pay.</Empty>
          ) : (
            <DataTable label="Latest orders" rows={data} columns={COLUMNS} />
          )
        }
      </Loaded>
    </Panel>
  );
}
