import { Skeleton, VisuallyHidden } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import type { Schemas } from '../../api/client';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { COMPARISONS } from '../../components/periods';
import { ScreenLink } from '../../components/RowLink';
import { bucketLabel, bucketName } from '../../format/buckets';
import { scaleOf, sizeOf } from '../../format/figures';
import { money } from '../../format/money';
import { revenueQuery } from './queries';
import type { Shown } from './shown';

const PeriodChart = lazy(() => import('../../components/PeriodChart'));

type Series = Schemas['AnalyticsSeries_RevenueFigures'];

/** Net sales over the period, against those of the other one. The chart's code comes when it is shown. */
export function RevenuePanel({ shown: { query, compare, report } }: { shown: Shown }) {
  const revenue = useQuery({ ...revenueQuery(query), placeholderData: keepPreviousData });
  return (
    <Panel
      title="Net sales"
      action={
        <ScreenLink to="/analytics" search={report} size="sm" aria-label="Revenue report">
          Report
        </ScreenLink>
      }
    >
      <Loaded query={revenue} rows={8}>
        {(found) => (
          <>
            <Suspense fallback={<Skeleton height={280} aria-busy />}>
              <PeriodChart
                points={pointsOf(found)}
                scale={scaleOf(found.totals.net_sales)}
                before={found.comparison && COMPARISONS[compare]}
              />
            </Suspense>
            <AsTable found={found} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

const pointsOf = ({ series, period, comparison }: Series) =>
  series.map(({ start, net_sales }, index) => ({
    bucket: bucketLabel(start, period),
    present: sizeOf(net_sales),
    before: sizeOf(comparison?.series[index]?.net_sales),
  }));

/** The same figures for those who do not see the chart. */
function AsTable({ found: { series, period } }: { found: Series }) {
  return (
    <VisuallyHidden>
      <table>
        <caption>Net sales</caption>
        <tbody>
          {series.map(({ start, net_sales }) => (
            <tr key={start}>
              <th scope="row">{bucketName(start, period.bucket)}</th>
              <td>{money(net_sales)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  );
}
