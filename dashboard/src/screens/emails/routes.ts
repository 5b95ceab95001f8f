import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { EMAIL } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { KINDS } from './kinds';
import { emailQuery } from './queries';

export const emailsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'emails',
  validateSearch: (search) =>
    optional({
      kind: oneOf(KINDS, search.kind),
      status: oneOf(EMAIL, search.status),
      recipient: text(search.recipient),
      order_id: text(search.order_id),
    }),
  component: lazyRouteComponent(() => import('./EmailsScreen'), 'EmailsScreen'),
});

export const emailTemplatesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'emails/templates',
  validateSearch: (search) => optional({ kind: oneOf(KINDS, search.kind), locale: text(search.locale) }),
  component: lazyRouteComponent(() => import('./TemplatesScreen'), 'TemplatesScreen'),
});

export const emailRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'emails/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(emailQuery(params.id)),
  component: lazyRouteComponent(() => import('./EmailScreen'), 'EmailScreen'),
});

export const emailsRoutes = [emailsRoute, emailTemplatesRoute, emailRoute];
