import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';
import { KINDS } from './kinds';

/** Which alerts are listed when not the open ones. */
export const SHOWN = { closed: true, all: true };

export const alertsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'alerts',
  validateSearch: (search) => optional({ kind: oneOf(KINDS, search.kind), show: oneOf(SHOWN, search.show) }),
  component: lazyRouteComponent(() => import('./AlertsScreen'), 'AlertsScreen'),
});
