import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { STAFF } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional } from '../../shell/search';
import { memberQuery, rolesQuery } from './queries';

export const membersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'staff',
  validateSearch: (search) => optional({ status: oneOf(STAFF, search.status) }),
  component: lazyRouteComponent(() => import('./MembersScreen'), 'MembersScreen'),
});

export const rolesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'staff/roles',
  loader: ({ context }) => void context.queryClient.prefetchQuery(rolesQuery),
  component: lazyRouteComponent(() => import('./RolesScreen'), 'RolesScreen'),
});

export const memberRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'staff/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(memberQuery(params.id)),
  component: lazyRouteComponent(() => import('./MemberScreen'), 'MemberScreen'),
});

export const staffRoutes = [membersRoute, rolesRoute, memberRoute];
