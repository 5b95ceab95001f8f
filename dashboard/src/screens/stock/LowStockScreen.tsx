import { Text } from '@mantine/core';
import { IconMoodSmile } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { DownloadLink } from '../../components/DownloadLink';
import { FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { LEFT } from './routes';

type Item = Schemas['LowStockItem'] & { id: string };

const OPTIONS = Object.entries(LEFT).map(([value, label]) => ({ value, label }));

/** What runs low and is to be ordered anew; what ran low last comes first. */
export function LowStockScreen() {
  const search = useSearch({ from: '/shell/low-stock' });
  const navigate = useNavigate({ from: '/low-stock' });
  const out_of_stock = search.out_of_stock && search.out_of_stock === 'true';
  const list = usePages<Item>(['products', 'low', search], async (cursor) => {
    const params = { query: { out_of_stock, cursor, limit: 50 } };
    const page = await answer(api.GET('/v1/admin/low-stock', { params }));
    return { ...page, data: page.data.map((item) => ({ ...item, id: item.variant_id })) };
  });
  const file = `/v1/admin/low-stock.csv${out_of_stock === undefined ? '' : `?out_of_stock=${out_of_stock}`}`;
  return (
    <Page title="Low stock" actions={<DownloadLink href={file}>Download CSV</DownloadLink>}>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconMoodSmile size={40} stroke={1.3} aria-hidden />} title="Nothing runs low">
            Variants are listed here once as few are left as their threshold says.
          </Empty>
        }
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={[{ key: 'out_of_stock', label: 'Left', options: OPTIONS }]}
          />
        }
      >
        {(rows) => <DataTable label="What runs low" rows={rows} columns={COLUMNS} />}
      </ListCard>
    </Page>
  );
}

const COLUMNS: Column<Item>[] = [
  {
    key: 'title',
    label: 'Variant',
    cell: ({ product_id, variant_id, title, variant_title, sku }) => (
      <>
        <RowLink to="/products/$id/variants/$variantId" params={{ id: product_id, variantId: variant_id }}>
          {title}
        </RowLink>
        <Text size="xs" c="dimmed">
          {[variant_title !== 'Default' && variant_title, sku].filter(Boolean).join(' · ')}
        </Text>
      </>
    ),
  },
  { key: 'on_hand', label: 'On hand', align: 'right', cell: ({ on_hand }) => on_hand.toLocaleString() },
  {
    key: 'reserved',
    label: 'Reserved',
    align: 'right',
    from: 'xs',
    cell: ({ reserved }) => reserved.toLocaleString(),
  },
  {
    key: 'threshold',
    label: 'Low at',
    align: 'right',
    from: 'xs',
    cell: ({ low_stock_threshold }) => low_stock_threshold.toLocaleString(),
  },
  { key: 'since', label: 'Since', from: 'sm', cell: ({ low_since }) => <Time at={low_since} c="dimmed" /> },
];
