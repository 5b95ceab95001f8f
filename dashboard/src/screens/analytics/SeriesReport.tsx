import { Select, Skeleton, Stack } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { type Figure, Figures } from '../../components/Figures';
import { Loaded } from '../../components/Loaded';
import { Empty, Panel } from '../../components/Page';
import { COMPARISONS } from '../../components/periods';
import { bucketLabel } from '../../format/buckets';
import { changeOf, scaleOf, sizeOf, told } from '../../format/figures';
import { type Asked, fileOf, useAsked } from './asked';
import type { FiguresOf, Series, SeriesQuery } from './queries';
import { PeriodNote, ReportPage } from './ReportPage';
import type { ReportName } from './reports';
import { SeriesTable } from './SeriesTable';

const PeriodChart = lazy(() => import('../../components/PeriodChart'));

/** A figure of a series. */
export interface Metric<Key extends string = string> extends Pick<Figure, 'label' | 'meaning' | 'more'> {
  key: Key;
}

interface Props {
  report: ReportName;
  metrics: Metric[];
  read: SeriesQuery;
  /** What is said of a period without any. */
  nothing: string;
}

/** A report over time: its figures, one of them as a chart, all of them as a table. */
export function SeriesReport({ report, metrics, read, nothing }: Props) {
  const asked = useAsked(report);
  const series = useQuery({ ...read(asked.query), placeholderData: keepPreviousData });
  return (
    <ReportPage asked={asked} file={fileOf(report, asked.query)}>
      <Loaded query={series} rows={12}>
        {(found) => (
          <Stack gap="md" aria-busy={series.isPlaceholderData} opacity={series.isPlaceholderData ? 0.6 : 1}>
            <PeriodNote period={found.period} comparison={found.comparison?.period} />
            <Figures
              figures={metrics.map((metric) => figureOf(metric, found))}
              columns={columnsFor(metrics)}
            />
            {isEmpty(found, metrics) ? (
              <Panel>
                <Empty
                  icon={<IconChartBar size={40} stroke={1.3} aria-hidden />}
                  title={`${nothing} in these days`}
                >
                  Choose other days or another currency to see more.
                </Empty>
              </Panel>
            ) : (
              <>
                <ChartPanel asked={asked} metrics={metrics} series={found} />
                <SeriesTable metrics={metrics} series={found} />
              </>
            )}
          </Stack>
        )}
      </Loaded>
    </ReportPage>
  );
}

const columnsFor = ({ length }: unknown[]) => (length === 5 ? 5 : 4);

function figureOf({ key, ...rest }: Metric, { totals, comparison }: Series): Figure {
  const before = comparison?.totals[key];
  return {
    ...rest,
    value: told(totals[key]),
    before: comparison && told(before),
    change: changeOf(totals[key], before),
  };
}

/** Whether there is nothing to be drawn, in the period or in the other one. */
function isEmpty({ totals, comparison }: Series, metrics: Metric[]): boolean {
  const all = [totals, comparison?.totals ?? {}];
  return all.every((figures: FiguresOf) => metrics.every(({ key }) => !sizeOf(figures[key])));
}

function ChartPanel({ asked, metrics, series }: { asked: Asked; metrics: Metric[]; series: Series }) {
  const metric = metrics.find(({ key }) => key === asked.search.metric) ?? metrics[0];
  if (!metric) return null;
  const { key } = metric;
  const { period, totals, comparison } = series;
  const points = series.series.map((point, index) => ({
    bucket: bucketLabel(point.start, period),
    present: sizeOf(point[key]),
    before: sizeOf(comparison?.series[index]?.[key]),
  }));
  const sample = totals[key] ?? comparison?.totals[key];
  const before = comparison && COMPARISONS[asked.query.compare];
  return (
    <Panel
      title="Over time"
      action={
        <Select
          size="xs"
          w={170}
          aria-label="The chart's figure"
          data={metrics.map((metric) => ({ value: metric.key, label: metric.label }))}
          value={key}
          onChange={(chosen) => asked.change({ metric: chosen ?? undefined })}
        />
      }
    >
      <Suspense fallback={<Skeleton height={280} aria-busy />}>
        <PeriodChart points={points} scale={scaleOf(sample)} before={before} />
      </Suspense>
    </Panel>
  );
}
