import type { Schemas } from '../../api/client';

interface Range {
  label: string;
  /** How many days it has, today included. */
  days: number;
  bucket: Schemas['AnalyticsBucket'];
}

/** The periods that can be looked at. */
export const RANGES = {
  today: { label: 'Today', days: 1, bucket: 'hour' },
  week: { label: '7 days', days: 7, bucket: 'day' },
  month: { label: '30 days', days: 30, bucket: 'day' },
  quarter: { label: '90 days', days: 90, bucket: 'week' },
  year: { label: '12 months', days: 365, bucket: 'month' },
} satisfies Record<string, Range>;

/** What they can be compared with. */
export const COMPARISONS = {
  previous_period: 'The period before',
  previous_year: 'A year ago',
} satisfies Partial<Record<Schemas['AnalyticsComparison'], string>>;

export type RangeName = keyof typeof RANGES;
export type Comparison = keyof typeof COMPARISONS;

/** "2026-11-25" of a day in the viewer's zone. */
function dayOf(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The query of the analytics for a period that ends today, in the viewer's zone and in the shop's currency. */
export function analyticsQuery(range: RangeName, compare: Comparison, now = new Date()) {
  const { days, bucket } = RANGES[range];
  const from = new Date(now);
  from.setDate(from.getDate() - (days - 1));
  const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    from: dayOf(from),
    to: dayOf(now),
    bucket: bucket as Schemas['AnalyticsBucket'],
    time_zone,
    compare,
    convert: true,
  };
}
