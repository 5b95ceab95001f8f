import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';

/** Whether something of it is left. */
export const LEFT = { true: 'Nothing is left', false: 'Some is left' };

export const lowStockRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'low-stock',
  validateSearch: (search) => optional({ out_of_stock: oneOf(LEFT, search.out_of_stock) }),
  component: lazyRouteComponent(() => import('./LowStockScreen'), 'LowStockScreen'),
});
