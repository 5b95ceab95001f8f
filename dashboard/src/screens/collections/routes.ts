import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import { collectionQuery } from './queries';

export const collectionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'collections',
  component: lazyRouteComponent(() => import('./CollectionsScreen'), 'CollectionsScreen'),
});

export const collectionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'collections/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(collectionQuery(params.id)),
  component: lazyRouteComponent(() => import('./CollectionScreen'), 'CollectionScreen'),
});
