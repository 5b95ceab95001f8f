import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { BUCKETS, COMPARISONS, RANGES } from '../../components/periods';
import { dayText } from '../../format/days';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { GROUPINGS } from './reports';

/** What all reports are asked by; those that a report does not know change nothing. */
const analyticsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'analytics',
  validateSearch: (search) =>
    optional({
      range: oneOf(RANGES, search.range),
      from: dayText(search.from),
      to: dayText(search.to),
      bucket: oneOf(BUCKETS, search.bucket),
      compare: oneOf(COMPARISONS, search.compare),
      currency: text(search.currency),
      metric: text(search.metric),
      by: oneOf(GROUPINGS, search.by),
      sort: text(search.sort),
    }),
});

/** What the reports' addresses say. */
export type ReportSearch = typeof analyticsRoute.types.searchSchema;

const getParentRoute = () => analyticsRoute;
const series = () => import('./SeriesReports');

const reportRoutes = [
  createRoute({ getParentRoute, path: '/', component: lazyRouteComponent(series, 'RevenueReport') }),
  createRoute({ getParentRoute, path: 'orders', component: lazyRouteComponent(series, 'OrdersReport') }),
  createRoute({
    getParentRoute,
    path: 'products',
    component: lazyRouteComponent(() => import('./ProductsReport'), 'ProductsReport'),
  }),
  createRoute({
    getParentRoute,
    path: 'customers',
    component: lazyRouteComponent(series, 'CustomersReport'),
  }),
  createRoute({
    getParentRoute,
    path: 'discounts',
    component: lazyRouteComponent(series, 'DiscountsReport'),
  }),
  createRoute({ getParentRoute, path: 'refunds', component: lazyRouteComponent(series, 'RefundsReport') }),
  createRoute({
    getParentRoute,
    path: 'funnel',
    component: lazyRouteComponent(() => import('./FunnelReport'), 'FunnelReport'),
  }),
  createRoute({
    getParentRoute,
    path: 'inventory',
    component: lazyRouteComponent(() => import('./InventoryReport'), 'InventoryReport'),
  }),
] as const;

export const analyticsRoutes = analyticsRoute.addChildren(reportRoutes);
