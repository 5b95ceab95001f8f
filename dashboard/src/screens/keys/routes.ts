import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';

export const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'api-keys',
  component: lazyRouteComponent(() => import('./KeysScreen'), 'KeysScreen'),
});
