import { Card, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import type { Schemas } from '../../api/client';
import { type Figure, Figures } from '../../components/Figures';
import { Loaded } from '../../components/Loaded';
import { FUNNEL_STEPS, MEANINGS } from '../../components/meanings';
import { Empty, Panel } from '../../components/Page';
import { COMPARISONS } from '../../components/periods';
import { changeOf, scaleOf, told } from '../../format/figures';
import classes from './analytics.module.css';
import { fileOf, useAsked } from './asked';
import { funnelQuery } from './queries';
import { PeriodNote, ReportPage } from './ReportPage';

const BarsChart = lazy(() => import('./BarsChart'));

type Step = Schemas['FunnelStep'];

/** How carts become orders. */
export function FunnelReport() {
  const asked = useAsked('funnel');
  const { from, to, time_zone, compare } = asked.query;
  const query = { from, to, time_zone, compare };
  const funnel = useQuery({ ...funnelQuery(query), placeholderData: keepPreviousData });
  return (
    <ReportPage asked={asked} file={fileOf('funnel', query)}>
      <Loaded query={funnel} rows={12}>
        {({ period, steps, comparison }) => (
          <Stack gap="md" aria-busy={funnel.isPlaceholderData} opacity={funnel.isPlaceholderData ? 0.6 : 1}>
            <PeriodNote period={period} comparison={comparison?.period} amounts={false} />
            <Figures columns={5} figures={figuresOf(steps, comparison?.steps)} />
            {[...steps, ...(comparison?.steps ?? [])].every(({ count }) => count === 0) ? (
              <Panel>
                <Empty
                  icon={<IconFilter size={40} stroke={1.3} aria-hidden />}
                  title="No cart was made in these days"
                >
                  Choose other days to see more.
                </Empty>
              </Panel>
            ) : (
              <>
                <Panel title="From cart to order">
                  <Suspense fallback={<Skeleton height={260} aria-busy />}>
                    <BarsChart
                      bars={steps.map(({ name, count }, index) => ({
                        name: FUNNEL_STEPS[name].label,
                        present: count,
                        before: comparison?.steps[index]?.count,
                      }))}
                      scale={scaleOf(0)}
                      before={comparison && COMPARISONS[compare]}
                    />
                  </Suspense>
                </Panel>
                <StepsTable steps={steps} before={comparison?.steps} />
              </>
            )}
          </Stack>
        )}
      </Loaded>
    </ReportPage>
  );
}

function figuresOf(steps: Step[], before: Step[] | undefined): Figure[] {
  const counts = steps.map(({ name, count }, index) => ({
    label: FUNNEL_STEPS[name].label,
    meaning: FUNNEL_STEPS[name].meaning,
    value: told(count),
    before: before && told(before[index]?.count),
    change: changeOf(count, before?.[index]?.count),
  }));
  const [now, past] = [steps.at(-1)?.rate_from_first, before?.at(-1)?.rate_from_first];
  const conversion = {
    label: 'Conversion',
    meaning: MEANINGS.conversion_rate,
    value: told(now),
    before: before && told(past),
    change: changeOf(now, past),
  };
  return [conversion, ...counts];
}

function StepsTable({ steps, before }: { steps: Step[]; before: Step[] | undefined }) {
  const HEADS = ['Carts', 'Of all carts', 'Of the step before'];
  return (
    <Card withBorder padding={0} component="section" aria-label="Steps">
      <Title order={2} px="md" py="sm">
        Steps
      </Title>
      <Table className={classes.figures} aria-label="Steps" fz="sm" horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Step</Table.Th>
            {HEADS.map((head, index) => (
              <Table.Th key={head} scope="col" ta="right" visibleFrom={index === 2 ? 'xs' : undefined}>
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {steps.map((step, index) => (
            <Table.Tr key={step.name}>
              <Table.Th scope="row">{FUNNEL_STEPS[step.name].label}</Table.Th>
              <Cell now={step.count} before={before?.[index]?.count} />
              <Cell now={step.rate_from_first} before={before && (before[index]?.rate_from_first ?? null)} />
              <Cell
                from="xs"
                now={step.rate_from_previous}
                before={before && (before[index]?.rate_from_previous ?? null)}
              />
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

interface CellProps {
  now: number | string | null | undefined;
  before: number | string | null | undefined;
  from?: 'xs';
}

function Cell({ now, before, from }: CellProps) {
  return (
    <Table.Td ta="right" visibleFrom={from}>
      {told(now)}
      {before !== undefined && (
        <Text size="xs" c="dimmed">
          {told(before)}
        </Text>
      )}
    </Table.Td>
  );
}
