import { Skeleton, VisuallyHidden } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import type { Schemas } from '../../api/client';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { money } from '../../format/money';
import { bucketLabel } from './buckets';
import { revenueQuery } from './queries';
import type { analyticsQuery } from './range';

const RevenueChart = lazy(() => import('./RevenueChart'));

/** Net sales over the period, against those of the other one. The chart's code comes when it is shown. */
export function RevenuePanel({ query }: { query: ReturnType<typeof analyticsQuery> }) {
  const revenue = useQuery({ ...revenueQuery(query), placeholderData: keepPreviousData });
  return (
    <Panel title="Net sales">
      <Loaded query={revenue} rows={8}>
        {(series) => (
          <>
            <Suspense fallback={<Skeleton height={260} />}>
              <RevenueChart series={series} />
            </Suspense>
            <AsTable series={series} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

/** The same figures for those who do not see the chart. */
function AsTable({ series: { series, period } }: { series: Schemas['AnalyticsSeries_RevenueFigures'] }) {
  return (
    <VisuallyHidden>
      <table>
        <caption>Net sales</caption>
        <tbody>
          {series.map(({ start, net_sales }) => (
            <tr key={start}>
              <th scope="row">{bucketLabel(start, period.bucket)}</th>
              <td>{money(net_sales)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </VisuallyHidden>
  );
}
