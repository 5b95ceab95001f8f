import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';
import type { paths } from '../../api/schema';
import type { Value } from '../../format/figures';

type QueryOf<Path extends keyof paths> = NonNullable<
  Extract<paths[Path], { get: object }>['get']['parameters']['query']
>;

/** What most reports are asked by. */
export type PeriodQuery = QueryOf<'/v1/admin/analytics/revenue'>;
export type ProductsQuery = QueryOf<'/v1/admin/analytics/products'>;
export type InventoryQuery = QueryOf<'/v1/admin/analytics/inventory'>;

/** The figures of a bucket or of a whole period, by name. */
export type FiguresOf = Record<string, Value>;

interface Points {
  period: Schemas['AnalyticsPeriod'];
  totals: FiguresOf;
  series: (FiguresOf & { start: string })[];
}

/** What the reports over time have in common. */
export type Series = Points & { comparison?: Points };

/** What all queries of the reports begin with. */
export const ANALYTICS = ['analytics'];

const seriesQuery = (name: string, read: (query: PeriodQuery) => Promise<Series>) => (query: PeriodQuery) =>
  queryOptions({ queryKey: [...ANALYTICS, name, query], queryFn: () => read(query) });

export const revenueQuery = seriesQuery('revenue', (query) =>
  answer(api.GET('/v1/admin/analytics/revenue', { params: { query } })),
);

/** A query of a report over time. */
export type SeriesQuery = typeof revenueQuery;

export const ordersQuery = seriesQuery('orders', (query) =>
  answer(api.GET('/v1/admin/analytics/orders', { params: { query } })),
);

export const customersQuery = seriesQuery('customers', (query) =>
  answer(api.GET('/v1/admin/analytics/customers', { params: { query } })),
);

export const discountsQuery = seriesQuery('discounts', (query) =>
  answer(api.GET('/v1/admin/analytics/discounts', { params: { query } })),
);

export const refundsQuery = seriesQuery('refunds', (query) =>
  answer(api.GET('/v1/admin/analytics/refunds', { params: { query } })),
);

export const summaryQuery = (query: PeriodQuery) =>
  queryOptions({
    queryKey: [...ANALYTICS, 'summary', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/summary', { params: { query } })),
  });

export const funnelQuery = (query: PeriodQuery) =>
  queryOptions({
    queryKey: [...ANALYTICS, 'funnel', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/funnel', { params: { query } })),
  });

export const productsQuery = (query: ProductsQuery) =>
  queryOptions({
    queryKey: [...ANALYTICS, 'products', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/products', { params: { query } })),
  });

export const inventoryQuery = (query: InventoryQuery) =>
  queryOptions({
    queryKey: [...ANALYTICS, 'inventory', query],
    queryFn: () => answer(api.GET('/v1/admin/analytics/inventory', { params: { query } })),
  });
