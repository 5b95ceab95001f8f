import { useSearch } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { usePages } from '../../components/lists';
import { startOfDay } from '../../format/time';
import { ORDERS, type OrderSummary } from './queries';

/** The filters of the URL as the API takes them: days are those of the viewer's zone. */
function useOrderQuery() {
  const { placed_from, placed_to, sort, currency, ...rest } = useSearch({ from: '/shell/orders' });
  const byTotal = sort === 'total' || sort === '-total';
  return {
    ...rest,
    currency,
    sort: byTotal && !currency ? undefined : sort,
    placed_from: startOfDay(placed_from),
    placed_to: startOfDay(placed_to, 1),
  };
}

/** The orders that match the URL, and the address of the same as a file. */
export function useOrders() {
  const query = useOrderQuery();
  const list = usePages<OrderSummary>([...ORDERS, 'list', query], (cursor) =>
    answer(
      api.GET('/v1/admin/order-summaries', {
        params: { query: { ...query, cursor, limit: 50, include: 'total_count' } },
      }),
    ),
  );
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return { list, file: `/v1/admin/orders.csv?${new URLSearchParams(given)}` };
}
