import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { discountQuery } from './queries';

export const discountsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'discounts',
  component: lazyRouteComponent(() => import('./DiscountsScreen'), 'DiscountsScreen'),
});

export const newDiscountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'discounts/new',
  component: lazyRouteComponent(() => import('./NewDiscountScreen'), 'NewDiscountScreen'),
});

export const discountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'discounts/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(discountQuery(params.id)),
  component: lazyRouteComponent(() => import('./DiscountScreen'), 'DiscountScreen'),
});
