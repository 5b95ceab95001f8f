import type { Schemas } from '../../api/client';

const FORMATS: Record<Schemas['AnalyticsBucket'], Intl.DateTimeFormat> = {
  hour: new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' }),
  day: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' }),
  week: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' }),
  month: new Intl.DateTimeFormat(undefined, { month: 'short', year: '2-digit' }),
};

/** How a bucket of a series is called on an axis. */
export const bucketLabel = (start: string, bucket: Schemas['AnalyticsBucket']) =>
  FORMATS[bucket].format(new Date(start));
