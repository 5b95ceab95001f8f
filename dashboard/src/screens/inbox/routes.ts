import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { EVENT_SOURCE, INBOX_EVENT, VERDICT } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { eventQuery } from './queries';

export const inboxRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-in',
  validateSearch: (search) =>
    optional({
      status: oneOf(INBOX_EVENT, search.status),
      source: oneOf(EVENT_SOURCE, search.source),
      type: text(search.type),
      provider_event_id: text(search.provider_event_id),
      since: text(search.since),
      until: text(search.until),
    }),
  component: lazyRouteComponent(() => import('./EventsScreen'), 'EventsScreen'),
});

export const inboxEventRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-in/events/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(eventQuery(params.id)),
  component: lazyRouteComponent(() => import('./EventScreen'), 'EventScreen'),
});

export const inboxAttemptsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-in/attempts',
  validateSearch: (search) =>
    optional({
      verdict: oneOf(VERDICT, search.verdict),
      provider_event_id: text(search.provider_event_id),
      address: text(search.address),
      since: text(search.since),
      until: text(search.until),
    }),
  component: lazyRouteComponent(() => import('./AttemptsScreen'), 'AttemptsScreen'),
});

export const inboxRefusalsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'webhooks-in/refusals',
  component: lazyRouteComponent(() => import('./RefusalsScreen'), 'RefusalsScreen'),
});

export const inboxRoutes = [inboxRoute, inboxEventRoute, inboxAttemptsRoute, inboxRefusalsRoute];
