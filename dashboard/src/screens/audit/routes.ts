import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { optional, text } from '../../shell/search';

export const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'audit',
  validateSearch: (search) =>
    optional({
      actor: text(search.actor),
      action: text(search.action),
      subject_id: text(search.subject_id),
      request_id: text(search.request_id),
      since: text(search.since),
      until: text(search.until),
    }),
  component: lazyRouteComponent(() => import('./AuditScreen'), 'AuditScreen'),
});

export const auditEntryRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'audit/$id',
  component: lazyRouteComponent(() => import('./EntryScreen'), 'EntryScreen'),
});

export const auditRoutes = [auditRoute, auditEntryRoute];
