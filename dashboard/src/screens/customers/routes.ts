import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { customerQuery, SORTS } from './queries';

export const customersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'customers',
  validateSearch: (search) => optional({ q: text(search.q), sort: oneOf(SORTS, search.sort) }),
  component: lazyRouteComponent(() => import('./CustomersScreen'), 'CustomersScreen'),
});

export const customerRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'customers/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(customerQuery(params.id)),
  component: lazyRouteComponent(() => import('./CustomerScreen'), 'CustomerScreen'),
});
