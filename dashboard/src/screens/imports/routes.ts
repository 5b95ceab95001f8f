import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { ROW_OUTCOME } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';
import { importQuery } from './queries';

export const importsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'imports',
  component: lazyRouteComponent(() => import('./ImportsScreen'), 'ImportsScreen'),
});

export const importRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'imports/$id',
  validateSearch: (search) => optional({ outcome: oneOf(ROW_OUTCOME, search.outcome) }),
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(importQuery(params.id)),
  component: lazyRouteComponent(() => import('./ImportScreen'), 'ImportScreen'),
});
