import { Button, Card, Group, Select, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconStack2 } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { Figures } from '../../components/Figures';
import { Loaded } from '../../components/Loaded';
import { MEANINGS } from '../../components/meanings';
import { Empty, Panel } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { scaleOf, told } from '../../format/figures';
import { type Asked, fileOf, useAsked } from './asked';
import { inventoryQuery } from './queries';
import { ReportPage } from './ReportPage';

const BarsChart = lazy(() => import('./BarsChart'));

type Row = Schemas['InventoryFigures'];
type Ranking = Schemas['InventoryRanking'];

const RANKINGS: Record<Ranking, string> = {
  days_of_stock_left: 'What lasts shortest',
  units_sold_30d: 'What sells most',
  on_hand: 'What there is most of',
};

/** How many rows there are at first, how many there can be, and how many a file holds. */
const FIRST_ROWS = 50;
const MOST_ROWS = 1000;
const MOST_IN_FILE = 10_000;

/** Stock by how many days it lasts, up to and without `below`. */
const SPANS = [
  { name: 'Sold out', below: 1, meaning: 'Variants that sell, of which less than a day’s units are left' },
  { name: 'Under a week', below: 7, meaning: 'Variants that last from one to six days at the present pace' },
  { name: '1–4 weeks', below: 30, meaning: 'Variants that last from 7 to 29 days at the present pace' },
  { name: '1–3 months', below: 90, meaning: 'Variants that last from 30 to 89 days at the present pace' },
  { name: 'Longer', below: Number.POSITIVE_INFINITY, meaning: 'Variants that last 90 days or longer' },
  { name: 'Unsold', below: null, meaning: 'Variants that nothing was sold of in the last 30 days' },
];

/** How long the stock lasts. It is of the last thirty days, whatever other reports are of. */
export function InventoryReport() {
  const asked = useAsked('inventory');
  const [limit, setLimit] = useState(FIRST_ROWS);
  const sort = sortOf(asked.search.sort);
  const stock = useQuery({ ...inventoryQuery({ sort, limit }), placeholderData: keepPreviousData });
  return (
    <ReportPage asked={asked} file={fileOf('inventory', { sort, limit: MOST_IN_FILE })}>
      <Text size="sm" c="dimmed">
        At the pace of the last 30 days (UTC), today included, in all currencies
      </Text>
      <Spread />
      <Loaded query={stock} rows={12}>
        {({ data }) => (
          <Card
            withBorder
            padding={0}
            component="section"
            aria-label="Stock"
            aria-busy={stock.isPlaceholderData}
            opacity={stock.isPlaceholderData ? 0.6 : 1}
          >
            <Group justify="space-between" px="md" py="sm" gap="xs">
              <Title order={2}>Stock</Title>
              <Order asked={asked} sort={sort} />
            </Group>
            {data.length === 0 ? <NoStock /> : <Stock rows={data} />}
            {data.length >= limit && limit < MOST_ROWS && (
              <Group px="md" py="xs">
                <Button
                  size="xs"
                  variant="default"
                  loading={stock.isFetching}
                  onClick={() => setLimit(MOST_ROWS)}
                >
                  Show more
                </Button>
              </Group>
            )}
          </Card>
        )}
      </Loaded>
    </ReportPage>
  );
}

const sortOf = (sort: string | undefined): Ranking =>
  sort === 'units_sold_30d' || sort === 'on_hand' ? sort : 'days_of_stock_left';

function Order({ asked, sort }: { asked: Asked; sort: Ranking }) {
  return (
    <Select
      size="xs"
      w={180}
      aria-label="What comes first"
      data={Object.entries(RANKINGS).map(([value, label]) => ({ value, label }))}
      value={sort}
      onChange={(value) => asked.change({ sort: value ?? undefined })}
    />
  );
}

/** How many variants last how long. */
function Spread() {
  const stock = useQuery(inventoryQuery({ sort: 'days_of_stock_left', limit: MOST_ROWS }));
  return (
    <Loaded query={stock} rows={8}>
      {({ data }) => {
        const spans = countSpans(data);
        return (
          <Stack gap="md">
            <Figures
              columns={6}
              figures={spans.map(({ name, meaning, count }) => ({
                label: name,
                meaning,
                value: told(count),
              }))}
            />
            {data.length > 0 && (
              <Panel title="Variants by how long they last">
                <Suspense fallback={<Skeleton height={220} aria-busy />}>
                  <BarsChart
                    what="Variants"
                    bars={spans.map(({ name, count }) => ({ name, present: count }))}
                    scale={scaleOf(0)}
                  />
                </Suspense>
                {data.length === MOST_ROWS && (
                  <Text size="xs" c="dimmed">
                    {`Of the ${MOST_ROWS.toLocaleString()} variants that last shortest; the file holds more.`}
                  </Text>
                )}
              </Panel>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function countSpans(rows: Row[]) {
  const spanOf = ({ days_of_stock_left: days }: Row) =>
    SPANS.findIndex(({ below }) =>
      typeof days === 'number' ? below !== null && days < below : below === null,
    );
  const places = rows.map(spanOf);
  return SPANS.map((span, index) => ({ ...span, count: places.filter((place) => place === index).length }));
}

function Stock({ rows }: { rows: Row[] }) {
  const mayOpen = useMay()('products:read');
  const name: Column<Row & { id: string }> = {
    key: 'name',
    label: 'Variant',
    cell: ({ title, variant_title, sku, product_id, variant_id }) => (
      <>
        {mayOpen ? (
          <RowLink to="/products/$id/variants/$variantId" params={{ id: product_id, variantId: variant_id }}>
            {title}
          </RowLink>
        ) : (
          title
        )}
        <Text size="xs" c="dimmed">
          {[variant_title !== 'Default' && variant_title, sku].filter(Boolean).join(' · ')}
        </Text>
      </>
    ),
  };
  const withIds = rows.map((row) => ({ ...row, id: row.variant_id }));
  return <DataTable label="Stock" rows={withIds} columns={[name, ...COLUMNS]} />;
}

const COLUMNS: Column<Row>[] = [
  {
    key: 'sold',
    label: 'Sold in 30 days',
    align: 'right',
    from: 'sm',
    cell: (row) => told(row.units_sold_30d),
  },
  { key: 'on_hand', label: 'On hand', align: 'right', cell: ({ on_hand }) => told(on_hand) },
  {
    key: 'available',
    label: 'Available',
    align: 'right',
    from: 'md',
    cell: ({ available }) => told(available),
  },
  {
    key: 'sell_through',
    label: 'Sell-through',
    meaning: MEANINGS.sell_through,
    align: 'right',
    from: 'sm',
    cell: ({ sell_through }) => told(sell_through),
  },
  {
    key: 'days',
    label: 'Days left',
    meaning: MEANINGS.days_of_stock_left,
    align: 'right',
    cell: ({ days_of_stock_left }) => told(days_of_stock_left),
  },
];

function NoStock() {
  return (
    <Empty icon={<IconStack2 size={40} stroke={1.3} aria-hidden />} title="No stock is kept">
      Variants whose stock is tracked appear here.
    </Empty>
  );
}
