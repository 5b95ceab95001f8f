import type { Schemas } from '../api/client';

type Bucket = Schemas['AnalyticsBucket'];

const formats = (options: Record<Bucket, Intl.DateTimeFormatOptions>) =>
  Object.fromEntries(
    Object.entries(options).map(([bucket, option]) => [bucket, new Intl.DateTimeFormat(undefined, option)]),
  ) as Record<Bucket, Intl.DateTimeFormat>;

const SHORT = formats({
  hour: { hour: 'numeric', minute: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  week: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: '2-digit' },
});

const FULL = formats({
  hour: { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  week: { day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
});

const HOUR_OF_DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: 'numeric' });

/** How a bucket of a series is called on an axis; hours of several days say which day. */
export function bucketLabel(start: string, { bucket, from, to }: Schemas['AnalyticsPeriod']): string {
  const format = bucket === 'hour' && from !== to ? HOUR_OF_DAY : SHORT[bucket];
  return format.format(new Date(start));
}

/** How a bucket is called in a table. */
export const bucketName = (start: string, bucket: Bucket) => FULL[bucket].format(new Date(start));
