import { queryOptions } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import type { Shown } from './shown';

/** What all queries of the home screen begin with. */
export const HOME = ['home'];

type Query = Shown['query'];

export const summaryQuery = (query: Query) =>
  queryOptions({
    queryKey: [...HOME, 'summary', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/summary', { params: { query } })),
  });

export const revenueQuery = (query: Query) =>
  queryOptions({
    queryKey: [...HOME, 'revenue', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/revenue', { params: { query } })),
  });

export const funnelQuery = (query: Query) =>
  queryOptions({
    queryKey: [...HOME, 'funnel', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/funnel', { params: { query } })),
  });

export const topProductsQuery = ({ from, to, time_zone, convert }: Query) =>
  queryOptions({
    queryKey: [...HOME, 'products', from, to, time_zone],
    queryFn: () =>
      answer(
        api.GET('/v1/admin/analytics/products', {
          params: { query: { from, to, time_zone, convert, limit: 5 } },
        }),
      ),
  });

export const attentionQuery = queryOptions({
  queryKey: [...HOME, 'attention'],
  queryFn: () => answer(api.GET('/v1/admin/attention')),
});

export const latestOrdersQuery = queryOptions({
  queryKey: ['orders', 'latest'],
  queryFn: () => answer(api.GET('/v1/admin/order-summaries', { params: { query: { limit: 6 } } })),
});
