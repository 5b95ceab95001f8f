import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';
import { COMPARISONS, RANGES } from './range';

export const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  validateSearch: (search) =>
    optional({ range: oneOf(RANGES, search.range), compare: oneOf(COMPARISONS, search.compare) }),
  component: lazyRouteComponent(() => import('./HomeScreen'), 'HomeScreen'),
});
