import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { PRODUCT } from '../../format/states';
import { shellRoute } from '../../shell/route';
import { oneOf, optional, text } from '../../shell/search';
import { productQuery } from './queries';

/** The orders that a list of products has for staff. */
export const SORTS = { '-created_at': true, created_at: true, title: true } as const;

export const productsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'products',
  validateSearch: (search) =>
    optional({
      q: text(search.q),
      status: oneOf(PRODUCT, search.status),
      collection: text(search.collection),
      sort: oneOf(SORTS, search.sort),
    }),
  component: lazyRouteComponent(() => import('./ProductsScreen'), 'ProductsScreen'),
});

export const newProductRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'products/new',
  component: lazyRouteComponent(() => import('./NewProductScreen'), 'NewProductScreen'),
});

export const editProductsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'products/edit',
  validateSearch: (search) => optional({ ids: text(search.ids), currency: text(search.currency) }),
  component: lazyRouteComponent(() => import('./EditProductsScreen'), 'EditProductsScreen'),
});

export const productRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'products/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(productQuery(params.id)),
  component: lazyRouteComponent(() => import('./ProductScreen'), 'ProductScreen'),
});

export const variantRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'products/$id/variants/$variantId',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(productQuery(params.id)),
  component: lazyRouteComponent(() => import('./VariantScreen'), 'VariantScreen'),
});
