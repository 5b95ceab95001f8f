import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { DELIVERY } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { deliveryQuery, EVENT_TYPES, endpointQuery, endpointsQuery } from './queries';

export const endpointsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-out',
  loader: ({ context }) => void context.queryClient.prefetchQuery(endpointsQuery),
  component: lazyRouteComponent(() => import('./EndpointsScreen'), 'EndpointsScreen'),
});

export const endpointRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-out/endpoints/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(endpointQuery(params.id)),
  component: lazyRouteComponent(() => import('./EndpointScreen'), 'EndpointScreen'),
});

export const deliveriesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-out/deliveries',
  validateSearch: (search) =>
    optional({
      status: oneOf(DELIVERY, search.status),
      event_type: oneOf(EVENT_TYPES, search.event_type),
      endpoint_id: text(search.endpoint_id),
      order_id: text(search.order_id),
      event_id: text(search.event_id),
    }),
  component: lazyRouteComponent(() => import('./DeliveriesScreen'), 'DeliveriesScreen'),
});

export const deliveryRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-out/deliveries/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(deliveryQuery(params.id)),
  component: lazyRouteComponent(() => import('./DeliveryScreen'), 'DeliveryScreen'),
});

export const webhooksRoutes = [endpointsRoute, endpointRoute, deliveriesRoute, deliveryRoute];
