import { useNavigate, useSearch } from '@tanstack/react-router';
import { bucketFor, type Comparison, type Days, daysOf, viewersZone } from '../../components/periods';
import type { PeriodQuery } from './queries';
import { REPORTS, type ReportName } from './reports';
import type { ReportSearch } from './routes';

/** What a report is asked by: as the URL says it, and as the API takes it. */
export interface Asked {
  report: ReportName;
  search: ReportSearch;
  days: Days;
  query: PeriodQuery & { bucket: NonNullable<PeriodQuery['bucket']>; compare: Comparison };
  change: (patch: Partial<ReportSearch>) => void;
}

export function useAsked(report: ReportName): Asked {
  const search: ReportSearch = useSearch({ from: '/shell/analytics' });
  const navigate = useNavigate();
  const days = daysOf(search, 'month');
  const query = {
    from: days.from,
    to: days.to,
    time_zone: viewersZone(),
    bucket: bucketFor(days.count, search.bucket),
    compare: search.compare ?? 'previous_period',
    ...(search.currency ? { currency: search.currency } : { convert: true }),
  };
  const change = (patch: Partial<ReportSearch>) =>
    navigate({ ...REPORTS[report].link, search: { ...search, ...patch }, replace: true });
  return { report, search, days, query, change };
}

/** What goes along from one report to another. */
export const carried = ({ range, from, to, bucket, compare, currency }: ReportSearch): ReportSearch => ({
  range,
  from,
  to,
  bucket,
  compare,
  currency,
});

/** The address of a report as a file. */
export function fileOf(
  report: ReportName,
  query: Record<string, string | number | boolean | undefined>,
): string {
  const given = Object.entries(query).flatMap(([name, value]) => (value ? [[name, String(value)]] : []));
  return `/v1/admin/analytics/${report}.csv?${new URLSearchParams(given)}`;
}
