import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { JOB } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { jobQuery, kindsQuery } from './queries';

export const jobsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'jobs',
  validateSearch: (search) =>
    optional({
      kind: text(search.kind) as Schemas['JobKind'] | undefined,
      status: oneOf(JOB, search.status),
    }),
  component: lazyRouteComponent(() => import('./JobsScreen'), 'JobsScreen'),
});

export const jobKindsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'jobs/kinds',
  loader: ({ context }) => void context.queryClient.prefetchQuery(kindsQuery),
  component: lazyRouteComponent(() => import('./KindsScreen'), 'KindsScreen'),
});

export const jobRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'jobs/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(jobQuery(params.id)),
  component: lazyRouteComponent(() => import('./JobScreen'), 'JobScreen'),
});

export const jobsRoutes = [jobsRoute, jobKindsRoute, jobRoute];
