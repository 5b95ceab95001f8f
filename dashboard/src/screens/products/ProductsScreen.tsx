import { Avatar, Box, Group, Text } from '@mantine/core';
import { IconPackage, IconPlus, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { collectionChoices, storeQuery } from '../../api/shop';
import { ButtonLink } from '../../components/ButtonLink';
import { type Column, DataTable } from '../../components/DataTable';
import { DownloadLink } from '../../components/DownloadLink';
import { FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Amount, State, Time } from '../../components/Told';
import { optionsOf, PRODUCT } from '../../format/states';
import { counted } from '../../format/words';
import { BulkProducts } from './BulkProducts';
import { onSale, PRODUCTS, type Product } from './queries';

/** Everything that the shop sells, sold, or is about to sell. */
export function ProductsScreen() {
  const search = useSearch({ from: '/shell/products' });
  const navigate = useNavigate({ from: '/products' });
  const may = useMay();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const collections = useQuery(collectionChoices).data ?? [];
  const currency = useQuery(storeQuery).data?.default_currency;
  const list = usePages<Product>([...PRODUCTS, 'list', search], (cursor) =>
    answer(api.GET('/v1/admin/products', { params: { query: { ...search, cursor, limit: 50 } } })),
  );
  const set = (patch: typeof search) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  const filtered = Boolean(search.q || search.status || search.collection);
  return (
    <Page title="Products" actions={<Actions />}>
      <ListCard
        list={list}
        empty={<NoProducts filtered={filtered} />}
        above={
          <>
            <FilterBar
              value={search}
              onChange={set}
              search="Search titles, words, SKUs and barcodes"
              filters={[
                { key: 'status', label: 'Status', options: optionsOf(PRODUCT) },
                {
                  key: 'collection',
                  label: 'Collection',
                  options: collections.map(({ id, title }) => ({ value: id, label: title })),
                },
              ]}
            />
            <BulkProducts
              products={(list.rows ?? []).filter(({ id }) => selected.has(id))}
              onDone={() => setSelected(new Set())}
            />
          </>
        }
      >
        {(rows) => (
          <DataTable
            label="Products"
            rows={rows}
            columns={columnsFor(currency)}
            nameOf={({ title }) => title}
            selection={may('products:write') ? { ids: selected, set: setSelected } : undefined}
            sort={{
              by: search.sort ?? (search.q ? '' : '-created_at'),
              set: (by) => set({ sort: sortOf(by) }),
            }}
          />
        )}
      </ListCard>
    </Page>
  );
}

/** What the list can be ordered by; titles go up only. */
const sortOf = (by: string) => (by === 'created_at' || by === '-created_at' ? by : ('title' as const));

function Actions() {
  const may = useMay();
  // Not in openapi.yaml yet, so the address is not checked.
  const file = <DownloadLink href="/v1/admin/products.csv">Export CSV</DownloadLink>;
  if (!may('products:write')) return file;
  return (
    <>
      {file}
      <ButtonLink to="/imports" variant="default" leftSection={<IconUpload size={16} aria-hidden />}>
        Import
      </ButtonLink>
      <ButtonLink to="/products/new" leftSection={<IconPlus size={16} aria-hidden />}>
        New product
      </ButtonLink>
    </>
  );
}

const columnsFor = (currency: string | undefined): Column<Product>[] => [
  { key: 'title', label: 'Product', sort: 'title', cell: (product) => <Name product={product} /> },
  { key: 'status', label: 'Status', cell: ({ status }) => <State of={PRODUCT} value={status} /> },
  { key: 'stock', label: 'Stock', from: 'sm', cell: (product) => <Stock product={product} /> },
  {
    key: 'price',
    label: 'Price',
    align: 'right',
    from: 'xs',
    cell: (product) => <Prices product={product} currency={currency} />,
  },
  {
    key: 'vendor',
    label: 'Vendor',
    from: 'lg',
    cell: ({ vendor }) => (
      <Text component="span" inherit truncate display="block" maw={160}>
        {vendor ?? '–'}
      </Text>
    ),
  },
  {
    key: 'created_at',
    label: 'Created',
    sort: 'created_at',
    from: 'md',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
];

function Name({ product: { id, title, media, product_type, slug } }: { product: Product }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <Avatar src={media[0]?.url} radius="sm" size={38} alt="" visibleFrom="xs">
        <IconPackage size={18} stroke={1.4} aria-hidden />
      </Avatar>
      <Box miw={0} style={{ overflowWrap: 'anywhere' }}>
        <RowLink to="/products/$id" params={{ id }}>
          {title}
        </RowLink>
        <Text size="xs" c="dimmed" truncate maw={{ base: 140, sm: 320 }}>
          {product_type ?? slug}
        </Text>
      </Box>
    </Group>
  );
}

function Stock({ product }: { product: Product }) {
  const variants = onSale(product);
  const levels = variants.flatMap(({ inventory }) => (inventory?.track_inventory ? [inventory] : []));
  const available = levels.reduce((sum, level) => sum + Math.max(level.available, 0), 0);
  const soldOut = levels.filter((level) => level.available <= 0 && !level.allow_backorder).length;
  const notes = [
    variants.length > 1 && counted(variants.length, 'variant'),
    soldOut > 0 && (variants.length === 1 ? 'sold out' : `${soldOut} sold out`),
  ].filter(Boolean);
  return (
    <Box style={{ whiteSpace: 'nowrap' }}>
      {levels.length === 0 ? 'Not tracked' : `${available.toLocaleString()} available`}
      {notes.length > 0 && (
        <Text size="xs" c={soldOut > 0 ? WARNING : 'dimmed'}>
          {notes.join(' · ')}
        </Text>
      )}
    </Box>
  );
}

/** Red that can be read in light and in dark. */
const WARNING = 'light-dark(var(--mantine-color-red-9), var(--mantine-color-red-3))';

function Prices({ product, currency }: { product: Product; currency: string | undefined }) {
  const amounts = onSale(product).flatMap(({ prices = [] }) =>
    prices.filter((price) => price.currency === currency).map(({ amount }) => amount),
  );
  if (!currency || amounts.length === 0) return '–';
  const [least, most] = [Math.min(...amounts), Math.max(...amounts)];
  return (
    <Box component="span" style={{ whiteSpace: 'nowrap' }}>
      {least < most && 'from '}
      <Amount value={{ amount: least, currency }} />
    </Box>
  );
}

function NoProducts({ filtered }: { filtered: boolean }) {
  const may = useMay();
  const icon = <IconPackage size={40} stroke={1.3} aria-hidden />;
  if (filtered) {
    return (
      <Empty icon={icon} title="No product matches">
        Search for other words, or remove a filter.
      </Empty>
    );
  }
  return (
    <Empty icon={icon} title="Nothing to sell yet">
      Create a product, or import those of another shop from a CSV file.
      {may('products:write') && (
        <Group justify="center" mt="sm">
          <ButtonLink to="/products/new">New product</ButtonLink>
        </Group>
      )}
    </Empty>
  );
}
