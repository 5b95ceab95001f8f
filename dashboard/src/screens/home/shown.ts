import { useSearch } from '@tanstack/react-router';
import { bucketFor, daysOf, viewersZone } from '../../components/periods';

/** What the screen is of: as the URL says it, as the API takes it, and as the reports' addresses say the same. */
export function useShown() {
  const { compare = 'previous_period', ...search } = useSearch({ from: '/shell/' });
  const days = daysOf(search, 'today');
  const query = {
    from: days.from,
    to: days.to,
    bucket: bucketFor(days.count),
    time_zone: viewersZone(),
    compare,
    convert: true,
  };
  const { range, from, to } = days;
  return { days, compare, query, report: range ? { range, compare } : { from, to, compare } };
}

export type Shown = ReturnType<typeof useShown>;
