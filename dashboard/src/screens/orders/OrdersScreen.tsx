import { Button, ScrollArea, Tabs } from '@mantine/core';
import { IconDownload, IconShoppingBag } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { FULFILLMENT, NEED, ORDER, optionsOf, PAYMENT } from '../../format/states';
import { BulkActions } from './BulkActions';
import { COLUMNS } from './columns';
import { useOrders } from './list';
import { nameOf } from './queries';

type Search = ReturnType<typeof useFilters>['search'];

function useFilters() {
  const search = useSearch({ from: '/shell/orders' });
  const navigate = useNavigate({ from: '/orders' });
  const change = (patch: Partial<typeof search>) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  return { search, change };
}

/** All orders: what needs a person in tabs, everything else by search and filters. */
export function OrdersScreen() {
  const { search, change } = useFilters();
  const { list, file } = useOrders();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { sort = '-placed_at', ...filters } = search;
  const columns = search.currency
    ? COLUMNS
    : COLUMNS.map(({ key, sort, ...rest }) => ({ ...rest, key, sort: key === 'total' ? undefined : sort }));
  return (
    <Page title="Orders" actions={<Download file={file} />}>
      <ListCard
        list={list}
        empty={<NoOrders filtered={Object.values(filters).some(Boolean)} />}
        above={
          <>
            <Needs needs={search.needs} onChange={(needs) => change({ needs })} />
            <FilterBar
              value={search}
              onChange={change}
              filters={FILTERS}
              search="Number, name, e-mail, SKU, tracking"
            />
          </>
        }
      >
        {(rows) => (
          <>
            <BulkActions
              orders={rows.filter(({ id }) => selected.has(id))}
              onDone={() => setSelected(new Set())}
            />
            <DataTable
              label="Orders"
              rows={rows}
              columns={columns}
              nameOf={nameOf}
              selection={{ ids: selected, set: setSelected }}
              sort={{ by: sort, set: (by) => change({ sort: by as Search['sort'] }) }}
            />
          </>
        )}
      </ListCard>
    </Page>
  );
}

const FILTERS: Filter<Search>[] = [
  { key: 'status', label: 'Status', options: optionsOf(ORDER) },
  { key: 'payment_status', label: 'Payment', options: optionsOf(PAYMENT) },
  { key: 'fulfillment_status', label: 'Shipping', options: optionsOf(FULFILLMENT) },
  { key: 'currency', label: 'Currency' },
  { key: 'placed_from', label: 'Placed from', type: 'date' },
  { key: 'placed_to', label: 'Placed until', type: 'date' },
  { key: 'tag', label: 'Tag' },
  { key: 'discount_code', label: 'Discount code' },
];

function Needs({ needs, onChange }: { needs: Search['needs']; onChange: (needs: Search['needs']) => void }) {
  return (
    <ScrollArea type="never">
      <Tabs
        value={needs ?? 'all'}
        onChange={(value) => onChange(value === 'all' ? undefined : (value as Search['needs']))}
        keepMounted={false}
      >
        <Tabs.List style={{ flexWrap: 'nowrap' }} px="xs" aria-label="Which orders">
          <Tabs.Tab value="all">All</Tabs.Tab>
          {optionsOf(NEED).map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
    </ScrollArea>
  );
}

/** The file holds all that match, not only what is shown. */
function Download({ file }: { file: string }) {
  return (
    <Button
      component="a"
      href={file}
      download
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      CSV
    </Button>
  );
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
