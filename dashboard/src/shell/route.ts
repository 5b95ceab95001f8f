import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, redirect } from '@tanstack/react-router';
import { sessionQuery } from '../api/session';
import { Shell } from './Shell';

/** What every route is given. */
export interface RouteContext {
  queryClient: QueryClient;
}

export const rootRoute = createRootRouteWithContext<RouteContext>()();

/** The frame of all screens for whoever is logged in; others are led to the log-in and back. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const { session } = await context.queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: '/login', search: { next: location.href } });
  },
});
