import { Grid, Group, SegmentedControl, Select, Stack } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { Page } from '../../components/Page';
import { Attention } from './Attention';
import { FunnelPanel } from './FunnelPanel';
import { LatestOrders } from './LatestOrders';
import { RevenuePanel } from './RevenuePanel';
import { analyticsQuery, COMPARISONS, type Comparison, RANGES, type RangeName } from './range';
import { Summary } from './Summary';
import { TopProducts } from './TopProducts';

/** What the shop looks like: what needs a person, how it sells against another period, what came in last. */
export function HomeScreen() {
  const { range = 'today', compare = 'previous_period' } = useSearch({ from: '/shell/' });
  const may = useMay();
  const analytics = may('analytics:read');
  const query = analyticsQuery(range, compare);
  return (
    <Page title="Home" actions={analytics && <PeriodPicker range={range} compare={compare} />}>
      <Attention />
      {analytics && <Summary query={query} />}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            {analytics && <RevenuePanel query={query} />}
            {may('orders:read') && <LatestOrders />}
          </Stack>
        </Grid.Col>
        {analytics && (
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <FunnelPanel query={query} />
              <TopProducts query={query} />
            </Stack>
          </Grid.Col>
        )}
      </Grid>
    </Page>
  );
}

function PeriodPicker({ range, compare }: { range: RangeName; compare: Comparison }) {
  const navigate = useNavigate({ from: '/' });
  const change = (patch: { range?: RangeName; compare?: Comparison }) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label="Period"
        data={Object.entries(RANGES).map(([value, { label }]) => ({ value, label }))}
        value={range}
        onChange={(value) => change({ range: value as RangeName })}
      />
      <Select
        size="xs"
        w={170}
        aria-label="Compared with"
        data={Object.entries(COMPARISONS).map(([value, label]) => ({ value, label }))}
        value={compare}
        onChange={(value) => change({ compare: value as Comparison })}
      />
    </Group>
  );
}
