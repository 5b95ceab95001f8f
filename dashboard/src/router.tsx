import { createRouter } from '@tanstack/react-router';
import { queryClient } from './api/queries';
import { alertsRoute } from './screens/alerts/routes';
import { analyticsRoutes } from './screens/analytics/routes';
import { auditRoutes } from './screens/audit/routes';
import { collectionRoute, collectionsRoute } from './screens/collections/routes';
import { customerRoute, customersRoute } from './screens/customers/routes';
import { discountRoute, discountsRoute, newDiscountRoute } from './screens/discounts/routes';
import { emailsRoutes } from './screens/emails/routes';
import { homeRoute } from './screens/home/routes';
import { importRoute, importsRoute } from './screens/imports/routes';
import { inboxRoutes } from './screens/inbox/routes';
import { jobsRoutes } from './screens/jobs/routes';
import { keysRoute } from './screens/keys/routes';
import { orderRoute, ordersRoute } from './screens/orders/routes';
import {
  editProductsRoute,
  newProductRoute,
  productRoute,
  productsRoute,
  variantRoute,
} from './screens/products/routes';
import { acceptInvitationRoute, loginRoute, resetRoute } from './screens/session/routes';
import {
  currenciesRoute,
  inventorySettingsRoute,
  invoiceSettingsRoute,
  newZoneRoute,
  shippingRoute,
  taxRoute,
  zoneRoute,
} from './screens/settings/routes';
import { staffRoutes } from './screens/staff/routes';
import { lowStockRoute } from './screens/stock/routes';
import { webhooksRoutes } from './screens/webhooks/routes';
import { Failed, NotFound } from './shell/Failed';
import { rootRoute, shellRoute } from './shell/route';
import { parseSearch, stringifySearch } from './shell/search';

/** Every screen. One that is added here gets its place in `shell/navigation.ts` too. */
const routes = rootRoute.addChildren([
  shellRoute.addChildren([
    homeRoute,
    analyticsRoutes,
    ordersRoute,
    orderRoute,
    productsRoute,
    newProductRoute,
    editProductsRoute,
    productRoute,
    variantRoute,
    collectionsRoute,
    collectionRoute,
    importsRoute,
    importRoute,
    lowStockRoute,
    customersRoute,
    customerRoute,
    discountsRoute,
    newDiscountRoute,
    discountRoute,
    shippingRoute,
    newZoneRoute,
    zoneRoute,
    taxRoute,
    currenciesRoute,
    invoiceSettingsRoute,
    inventorySettingsRoute,
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
