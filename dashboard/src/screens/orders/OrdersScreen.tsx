import { IconShoppingBag } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { ColumnsMenu, useColumns } from '../../components/columns';
import { DataTable } from '../../components/DataTable';
import { DownloadLink } from '../../components/DownloadLink';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { SaveView } from '../../components/ViewDialogs';
import { ViewTabs } from '../../components/ViewTabs';
import { useViews, type View } from '../../components/views';
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

/** All orders: views in tabs, everything else by search and filters. */
export function OrdersScreen() {
  const { search, change } = useFilters();
  const { list, file } = useOrders();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { sort = '-placed_at', ...filters } = search;
  const views = useViews('orders', VIEWS, search);
  const columns = useColumns('orders', search.currency ? COLUMNS : UNSORTED);
  return (
    <Page title="Orders" actions={<DownloadLink href={file}>CSV</DownloadLink>}>
      <ListCard
        list={list}
        empty={<NoOrders filtered={Object.values(filters).some(Boolean)} />}
        above={
          <>
            <ViewTabs label="Views of orders" views={views} />
            <FilterBar
              value={search}
              onChange={change}
              filters={FILTERS}
              search="Number, name, e-mail, SKU, tracking"
            >
              <ColumnsMenu columns={columns} />
              <SaveView views={views} />
            </FilterBar>
            <BulkActions
              orders={(list.rows ?? []).filter(({ id }) => selected.has(id))}
              onDone={() => setSelected(new Set())}
            />
          </>
        }
      >
        {(rows) => (
          <DataTable
            label="Orders"
            rows={rows}
            columns={columns.shown}
            nameOf={nameOf}
            selection={{ ids: selected, set: setSelected }}
            sort={{ by: sort, set: (by) => change({ sort: by as Search['sort'] }) }}
          />
        )}
      </ListCard>
    </Page>
  );
}

/** Totals of several currencies have no order. */
const UNSORTED = COLUMNS.map((column) => (column.key === 'total' ? { ...column, sort: undefined } : column));

/** The views that everybody has. */
const VIEWS: View[] = [
  { name: 'All', search: {} },
  { name: NEED.fulfillment.label, search: { needs: 'fulfillment' } },
  { name: NEED.review.label, search: { needs: 'review' } },
  { name: NEED.dispute.label, search: { needs: 'dispute' } },
  { name: PAYMENT.unpaid.label, search: { payment_status: 'unpaid' } },
  { name: PAYMENT.refunded.label, search: { payment_status: 'refunded' } },
  { name: ORDER.cancelled.label, search: { status: 'cancelled' } },
];

const FILTERS: Filter<Search>[] = [
  { key: 'needs', label: 'Needs', options: optionsOf(NEED) },
  { key: 'status', label: 'Status', options: optionsOf(ORDER) },
  { key: 'payment_status', label: 'Payment', options: optionsOf(PAYMENT) },
  { key: 'fulfillment_status', label: 'Shipping', options: optionsOf(FULFILLMENT) },
  { key: 'currency', label: 'Currency' },
  { key: 'placed_from', label: 'Placed from', type: 'date' },
  { key: 'placed_to', label: 'Placed until', type: 'date' },
  { key: 'tag', label: 'Tag' },
  { key: 'discount_code', label: 'Discount code' },
];

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
