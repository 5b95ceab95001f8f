import { Text } from '@mantine/core';
import { IconUsers } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Amount, Time } from '../../components/Told';
import { CUSTOMERS, type CustomerSummary, nameOf } from './queries';

/** Everybody with an account, and what they bought. */
export function CustomersScreen() {
  const search = useSearch({ from: '/shell/customers' });
  const navigate = useNavigate({ from: '/customers' });
  const list = usePages<CustomerSummary>([...CUSTOMERS, 'list', search], (cursor) =>
    answer(
      api.GET('/v1/admin/customers', {
        params: { query: { ...search, include: 'total_count', cursor, limit: 50 } },
      }),
    ),
  );
  const set = (patch: typeof search) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  return (
    <Page title="Customers">
      <ListCard
        list={list}
        empty={<NoCustomers searched={search.q} />}
        above={
          <FilterBar
            value={search}
            onChange={set}
            search="Search names, e-mail addresses and phone numbers"
            filters={[]}
          />
        }
      >
        {(rows) => (
          <DataTable
            label="Customers"
            rows={rows}
            columns={COLUMNS}
            nameOf={nameOf}
            sort={{ by: search.sort ?? '-created_at', set: (by) => set({ sort: sortOf(by) }) }}
          />
        )}
      </ListCard>
    </Page>
  );
}

/** What the list can be ordered by; addresses go up only. */
const sortOf = (by: string) => (by === 'created_at' || by === '-created_at' ? by : ('email' as const));

const COLUMNS: Column<CustomerSummary>[] = [
  {
    key: 'name',
    label: 'Customer',
    sort: 'email',
    cell: (customer) => (
      <>
        <RowLink to="/customers/$id" params={{ id: customer.id }}>
          {customer.erased_at ? 'Erased' : nameOf(customer)}
        </RowLink>
        {customer.name && (
          <Text size="xs" c="dimmed">
            {customer.email}
          </Text>
        )}
      </>
    ),
  },
  {
    key: 'orders',
    label: 'Orders',
    align: 'right',
    cell: ({ purchases }) => purchases.order_count.toLocaleString(),
  },
  {
    key: 'spent',
    label: 'Spent',
    align: 'right',
    cell: ({ purchases: { total_spent } }) =>
      total_spent.length === 0
        ? '–'
        : total_spent.map((amount) => <Amount key={amount.currency} value={amount} display="block" />),
  },
  {
    key: 'last',
    label: 'Last order',
    from: 'sm',
    cell: ({ purchases }) => <Time at={purchases.last_order_at} c="dimmed" />,
  },
  {
    key: 'created_at',
    label: 'Since',
    sort: 'created_at',
    from: 'md',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
];

function NoCustomers({ searched }: { searched: string | undefined }) {
  const icon = <IconUsers size={40} stroke={1.3} aria-hidden />;
  if (searched) {
    return (
      <Empty icon={icon} title="Nobody matches">
        Guests who never made an account are found among the orders.
      </Empty>
    );
  }
  return (
    <Empty icon={icon} title="Nobody has an account yet">
      Shoppers appear here once they have proved their e-mail address.
    </Empty>
  );
}
