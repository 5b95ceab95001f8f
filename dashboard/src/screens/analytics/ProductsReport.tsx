import { Button, Card, Group, SegmentedControl, Select, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconPackage } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import type { Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { type Figure, Figures } from '../../components/Figures';
import { Loaded } from '../../components/Loaded';
import { MEANINGS } from '../../components/meanings';
import { Empty, Panel } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Amount } from '../../components/Told';
import { scaleOf, sizeOf, told } from '../../format/figures';
import { type Asked, fileOf, useAsked } from './asked';
import { productsQuery, summaryQuery } from './queries';
import { PeriodNote, ReportPage } from './ReportPage';
import { GROUPINGS } from './reports';

const BarsChart = lazy(() => import('./BarsChart'));

type Row = Schemas['ProductFigures'];
type Ranking = Schemas['ProductRanking'];

const RANKINGS: Record<Ranking, string> = { net_sales: 'By net sales', units: 'By units' };

/** How many rows there are at first, and how many there can be. */
const FIRST_ROWS = 50;
const MOST_ROWS = 1000;

/** How many bars the chart has. */
const BARS = 10;

/** What sold best. */
export function ProductsReport() {
  const asked = useAsked('products');
  const [limit, setLimit] = useState(FIRST_ROWS);
  const { compare: _, bucket: __, ...period } = asked.query;
  const by = asked.search.by ?? 'product';
  const sort: Ranking = asked.search.sort === 'units' ? 'units' : 'net_sales';
  const query = { ...period, by, sort };
  const products = useQuery({
    ...productsQuery({ ...query, limit }),
    placeholderData: keepPreviousData,
  });
  return (
    <ReportPage asked={asked} file={fileOf('products', { ...query, limit: MOST_ROWS })}>
      <Totals asked={asked} />
      <Loaded query={products} rows={12}>
        {({ data }) => (
          <Stack
            gap="md"
            aria-busy={products.isPlaceholderData}
            opacity={products.isPlaceholderData ? 0.6 : 1}
          >
            {data.length > 0 && <Best rows={data} sort={sort} />}
            <Card withBorder padding={0} component="section" aria-label="What sold best">
              <Group justify="space-between" px="md" py="sm" gap="xs">
                <Title order={2}>What sold best</Title>
                <Ways asked={asked} by={by} sort={sort} />
              </Group>
              {data.length === 0 ? <NothingSold /> : <Ranked rows={data} />}
              {data.length >= limit && limit < MOST_ROWS && (
                <Group px="md" py="xs">
                  <Button
                    size="xs"
                    variant="default"
                    loading={products.isFetching}
                    onClick={() => setLimit(MOST_ROWS)}
                  >
                    Show more
                  </Button>
                </Group>
              )}
            </Card>
          </Stack>
        )}
      </Loaded>
    </ReportPage>
  );
}

/** What was sold of all products together, against the other period. */
function Totals({ asked }: { asked: Asked }) {
  const summary = useQuery({ ...summaryQuery(asked.query), placeholderData: keepPreviousData });
  return (
    <Loaded query={summary} rows={3}>
      {({ period, comparison, metrics: { units, gross_sales, net_sales, orders } }) => (
        <Stack gap="md" aria-busy={summary.isPlaceholderData}>
          <PeriodNote period={period} comparison={comparison} />
          <Figures
            columns={4}
            figures={[
              { label: 'Net sales', meaning: MEANINGS.net_sales, ...ofMetric(net_sales) },
              { label: 'Gross sales', meaning: MEANINGS.gross_sales, ...ofMetric(gross_sales) },
              { label: 'Units', meaning: MEANINGS.units, ...ofMetric(units) },
              { label: 'Orders', meaning: MEANINGS.orders, ...ofMetric(orders) },
            ]}
          />
        </Stack>
      )}
    </Loaded>
  );
}

type SummaryMetric = Schemas['MoneyMetric'] | Schemas['CountMetric'];

const ofMetric = ({
  value,
  comparison,
  change_percent,
}: SummaryMetric): Omit<Figure, 'label' | 'meaning'> => ({
  value: told(value),
  before: comparison === undefined ? undefined : told(comparison),
  change: change_percent,
});

function Ways({ asked, by, sort }: { asked: Asked; by: Schemas['ProductGrouping']; sort: Ranking }) {
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label="What each row is of"
        data={Object.entries(GROUPINGS).map(([value, label]) => ({ value, label }))}
        value={by}
        onChange={(value) => asked.change({ by: value as Schemas['ProductGrouping'] })}
      />
      <Select
        size="xs"
        w={140}
        aria-label="What the best are best by"
        data={Object.entries(RANKINGS).map(([value, label]) => ({ value, label }))}
        value={sort}
        onChange={(value) => asked.change({ sort: value ?? undefined })}
      />
    </Group>
  );
}

/** What sets a variant apart, where products have more than one. */
const ofVariant = ({ variant_title }: Row) => (variant_title === 'Default' ? undefined : variant_title);

const nameOf = (row: Row) => [row.title, ofVariant(row)].filter(Boolean).join(', ');

function Best({ rows, sort }: { rows: Row[]; sort: Ranking }) {
  const best = rows.slice(0, BARS);
  return (
    <Panel title={sort === 'units' ? 'Most units' : 'Highest net sales'}>
      <Suspense fallback={<Skeleton height={340} aria-busy />}>
        <BarsChart
          bars={best.map((row) => ({ name: nameOf(row), present: sizeOf(row[sort]) }))}
          scale={scaleOf(best[0]?.[sort])}
        />
      </Suspense>
    </Panel>
  );
}

function Ranked({ rows }: { rows: Row[] }) {
  const mayOpen = useMay()('products:read');
  const name: Column<Row & { id: string }> = {
    key: 'name',
    label: 'Product',
    cell: (row) => (
      <>
        {mayOpen ? <Opened row={row} /> : row.title}
        {ofVariant(row) && (
          <Text size="xs" c="dimmed">
            {ofVariant(row)}
          </Text>
        )}
      </>
    ),
  };
  const withIds = rows.map((row) => ({ ...row, id: row.variant_id ?? row.product_id }));
  return <DataTable label="What sold best" rows={withIds} columns={[name, ...COLUMNS]} />;
}

function Opened({ row: { product_id, variant_id, title } }: { row: Row }) {
  if (!variant_id) {
    return (
      <RowLink to="/products/$id" params={{ id: product_id }}>
        {title}
      </RowLink>
    );
  }
  return (
    <RowLink to="/products/$id/variants/$variantId" params={{ id: product_id, variantId: variant_id }}>
      {title}
    </RowLink>
  );
}

const COLUMNS: Column<Row>[] = [
  { key: 'units', label: 'Units', align: 'right', cell: ({ units }) => told(units) },
  {
    key: 'refunded',
    label: 'Given back',
    align: 'right',
    from: 'sm',
    cell: (row) => told(row.refunded_units),
  },
  {
    key: 'gross',
    label: 'Gross sales',
    align: 'right',
    from: 'sm',
    cell: ({ gross_sales }) => <Amount value={gross_sales} />,
  },
  {
    key: 'net',
    label: 'Net sales',
    meaning: MEANINGS.product_net_sales,
    align: 'right',
    cell: ({ net_sales }) => <Amount value={net_sales} />,
  },
  {
    key: 'sell_through',
    label: 'Sell-through',
    meaning: MEANINGS.sell_through,
    align: 'right',
    from: 'md',
    cell: ({ sell_through }) => told(sell_through),
  },
];

function NothingSold() {
  return (
    <Empty icon={<IconPackage size={40} stroke={1.3} aria-hidden />} title="Nothing was sold in these days">
      Choose other days or another currency to see more.
    </Empty>
  );
}
