import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../shell/route';
import { optional, text } from '../../shell/search';

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'login',
  validateSearch: ({ next }) => optional({ next: text(next) }),
  component: lazyRouteComponent(() => import('./LoginScreen'), 'LoginScreen'),
});

export const acceptInvitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'accept',
  component: lazyRouteComponent(() => import('./AcceptInvitationScreen'), 'AcceptInvitationScreen'),
});

export const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'reset',
  component: lazyRouteComponent(() => import('./ResetScreen'), 'ResetScreen'),
});
