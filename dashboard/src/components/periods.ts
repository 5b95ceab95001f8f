// Which days the analytics are of, as the URL says it and as the API takes it.
import type { Schemas } from '../api/client';
import { dayOf, daysBetween } from '../format/days';

export type Bucket = Schemas['AnalyticsBucket'];

type Span = (now: Date) => { from: Date; to: Date };

const lastDays =
  (days: number): Span =>
  (now) => ({ from: new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1), to: now });

/** The periods that have a name. */
export const RANGES = {
  today: { label: 'Today', span: lastDays(1) },
  yesterday: {
    label: 'Yesterday',
    span: (now) => {
      const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
      return { from: day, to: day };
    },
  },
  week: { label: '7 days', span: lastDays(7) },
  month: { label: '30 days', span: lastDays(30) },
  quarter: { label: '90 days', span: lastDays(90) },
  year: { label: '12 months', span: lastDays(365) },
  this_month: {
    label: 'This month',
    span: (now) => ({ from: new Date(now.getFullYear(), now.getMonth(), 1), to: now }),
  },
  last_month: {
    label: 'Last month',
    span: (now) => ({
      from: new Date(now.getFullYear(), now.getMonth() - 1, 1),
      to: new Date(now.getFullYear(), now.getMonth(), 0),
    }),
  },
} satisfies Record<string, { label: string; span: Span }>;

export type RangeName = keyof typeof RANGES;

/** The longest period that the API takes, in days. */
export const MOST_DAYS = 1830;

/** What a series is cut into, each for so many days at most. */
export const BUCKETS: Record<Bucket, { label: string; most: number }> = {
  hour: { label: 'By hour', most: 92 },
  day: { label: 'By day', most: MOST_DAYS },
  week: { label: 'By week', most: MOST_DAYS },
  month: { label: 'By month', most: MOST_DAYS },
};

/** What a period is compared with. */
export const COMPARISONS = {
  previous_period: 'The period before',
  previous_year: 'A year ago',
  none: 'No comparison',
} satisfies Record<Schemas['AnalyticsComparison'], string>;

export type Comparison = keyof typeof COMPARISONS;

/** A period in the URL: one with a name, or the first and the last day of any other. */
export interface RangeSearch {
  range?: RangeName;
  from?: string;
  to?: string;
}

/** The days of a period. */
export interface Days {
  from: string;
  to: string;
  count: number;
  /** Its name, if it has one. */
  range?: RangeName;
}

/** The days that an URL names, in the viewer's zone. */
export function daysOf(search: RangeSearch, otherwise: RangeName, now = new Date()): Days {
  const { from, to } = search;
  if (from && to) return { from, to, count: daysBetween(from, to) };
  const range = search.range ?? otherwise;
  const span = RANGES[range].span(now);
  const days = { from: dayOf(span.from), to: dayOf(span.to) };
  return { ...days, count: daysBetween(days.from, days.to), range };
}

/** The bucket that was chosen, if so many days may be cut into it, else one that leaves the points few. */
export function bucketFor(days: number, chosen?: Bucket): Bucket {
  if (chosen && days <= BUCKETS[chosen].most) return chosen;
  if (days <= 2) return 'hour';
  if (days <= 62) return 'day';
  return days <= 184 ? 'week' : 'month';
}

/** The zone that days are of. */
export const viewersZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
