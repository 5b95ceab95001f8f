import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { FULFILLMENT, NEED, ORDER, PAYMENT } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { orderQuery, SORTS } from './queries';

export const ordersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'orders',
  validateSearch: (search) =>
    optional({
      q: text(search.q),
      needs: oneOf(NEED, search.needs),
      status: oneOf(ORDER, search.status),
      payment_status: oneOf(PAYMENT, search.payment_status),
      fulfillment_status: oneOf(FULFILLMENT, search.fulfillment_status),
      currency: text(search.currency),
      tag: text(search.tag),
      discount_code: text(search.discount_code),
      customer_id: text(search.customer_id),
      placed_from: text(search.placed_from),
      placed_to: text(search.placed_to),
      sort: oneOf(SORTS, search.sort),
    }),
  component: lazyRouteComponent(() => import('./OrdersScreen'), 'OrdersScreen'),
});

export const orderRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'orders/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(orderQuery(params.id)),
  component: lazyRouteComponent(() => import('./OrderScreen'), 'OrderScreen'),
});
