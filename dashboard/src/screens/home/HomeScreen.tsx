import { Grid, Group, SegmentedControl, Select, Stack } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/session';
import { Page } from '../../components/Page';
import {
  COMPARISONS,
  type Comparison,
  RANGES,
  type RangeName,
  type RangeSearch,
} from '../../components/periods';
import { RangeMenu } from '../../components/RangeMenu';
import { Attention } from './Attention';
import { FunnelPanel } from './FunnelPanel';
import { LatestOrders } from './LatestOrders';
import { RevenuePanel } from './RevenuePanel';
import { Summary } from './Summary';
import { type Shown, useShown } from './shown';
import { TopProducts } from './TopProducts';

/** What the shop looks like: what needs a person, how it sells against another period, what came in last. */
export function HomeScreen() {
  const shown = useShown();
  const may = useMay();
  const analytics = may('analytics:read');
  return (
    <Page title="Home" actions={analytics && <PeriodPicker shown={shown} />}>
      <Attention />
      {analytics && <Summary shown={shown} />}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            {analytics && <RevenuePanel shown={shown} />}
            {may('orders:read') && <LatestOrders />}
          </Stack>
        </Grid.Col>
        {analytics && (
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <FunnelPanel shown={shown} />
              <TopProducts shown={shown} />
            </Stack>
          </Grid.Col>
        )}
      </Grid>
    </Page>
  );
}

/** The periods that are beside each other; all others are behind the menu. */
const BESIDE = ['today', 'week', 'month', 'quarter', 'year'] satisfies RangeName[];

const MORE = ['yesterday', 'this_month', 'last_month'] satisfies RangeName[];

const inMenu = (range: RangeName | undefined) => !BESIDE.some((name) => name === range);

function PeriodPicker({ shown: { days, compare } }: { shown: Shown }) {
  const navigate = useNavigate({ from: '/' });
  const change = (patch: RangeSearch & { compare?: Comparison }) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label="Period"
        data={BESIDE.map((value) => ({ value, label: RANGES[value].label }))}
        value={inMenu(days.range) ? '' : days.range}
        onChange={(value) => change({ range: value as RangeName, from: undefined, to: undefined })}
      />
      <RangeMenu
        size="xs"
        days={days}
        ranges={MORE}
        label={inMenu(days.range) ? undefined : 'Other days'}
        onChange={change}
      />
      <Select
        size="xs"
        w={150}
        aria-label="Compared with"
        data={Object.entries(COMPARISONS).map(([value, label]) => ({ value, label }))}
        value={compare}
        onChange={(value) => change({ compare: value as Comparison })}
      />
    </Group>
  );
}
