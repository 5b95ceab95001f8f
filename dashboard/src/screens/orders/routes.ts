import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { ORDER, PAYMENT } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';
import { orderQuery } from './queries';

export const ordersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'orders',
  validateSearch: (search) =>
    optional({
      status: oneOf(ORDER, search.status),
      payment_status: oneOf(PAYMENT, search.payment_status),
    }),
  component: lazyRouteComponent(() => import('./OrdersScreen'), 'OrdersScreen'),
});

export const orderRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'orders/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(orderQuery(params.id)),
  component: lazyRouteComponent(() => import('./OrderScreen'), 'OrderScreen'),
});
