import { createRouter } from '@tanstack/react-router';
import { queryClient } from './api/queries';
import { alertsRoute } from './screens/alerts/routes';
import { auditRoutes } from './screens/audit/routes';
import { emailsRoutes } from './screens/emails/routes';
import { homeRoute } from './screens/home/routes';
import { inboxRoutes } from './screens/inbox/routes';
import { jobsRoutes } from './screens/jobs/routes';
import { keysRoute } from './screens/keys/routes';
import { orderRoute, ordersRoute } from './screens/orders/routes';
import { acceptInvitationRoute, loginRoute, resetRoute } from './screens/session/routes';
import { staffRoutes } from './screens/staff/routes';
import { webhooksRoutes } from './screens/webhooks/routes';
import { Failed, NotFound } from './shell/Failed';
import { rootRoute, shellRoute } from './shell/route';
import { parseSearch, stringifySearch } from './shell/search';

/** Every screen. One that is added here gets its place in `shell/navigation.ts` too. */
const routes = rootRoute.addChildren([
  shellRoute.addChildren([
    homeRoute,
    ordersRoute,
    orderRoute,
    ...inboxRoutes,
    ...webhooksRoutes,
    ...emailsRoutes,
    ...jobsRoutes,
    alertsRoute,
    ...staffRoutes,
    keysRoute,
    ...auditRoutes,
  ]),
  loginRoute,
  acceptInvitationRoute,
  resetRoute,
]);

export const router = createRouter({
  routeTree: routes,
  basepath: '/admin',
  context: { queryClient },
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultErrorComponent: Failed,
  defaultNotFoundComponent: NotFound,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
