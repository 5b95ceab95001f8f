import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { shellRoute } from '../../shell/route';
import {
  currencyQuery,
  inventoryQuery,
  invoiceQuery,
  shippingQuery,
  taxQuery,
  zoneQuery,
  zonesQuery,
} from './queries';

export const shippingRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/shipping',
  loader: ({ context }) => {
    context.queryClient.prefetchQuery(zonesQuery);
    context.queryClient.prefetchQuery(shippingQuery);
  },
  component: lazyRouteComponent(() => import('./ShippingScreen'), 'ShippingScreen'),
});

export const newZoneRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/shipping/zones/new',
  component: lazyRouteComponent(() => import('./NewZoneScreen'), 'NewZoneScreen'),
});

export const zoneRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/shipping/zones/$id',
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(zoneQuery(params.id)),
  component: lazyRouteComponent(() => import('./ZoneScreen'), 'ZoneScreen'),
});

export const taxRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/tax',
  loader: ({ context }) => void context.queryClient.prefetchQuery(taxQuery),
  component: lazyRouteComponent(() => import('./TaxScreen'), 'TaxScreen'),
});

export const currenciesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/currencies',
  loader: ({ context }) => void context.queryClient.prefetchQuery(currencyQuery),
  component: lazyRouteComponent(() => import('./CurrenciesScreen'), 'CurrenciesScreen'),
});

export const invoiceSettingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/invoices',
  loader: ({ context }) => void context.queryClient.prefetchQuery(invoiceQuery),
  component: lazyRouteComponent(() => import('./InvoiceSettingsScreen'), 'InvoiceSettingsScreen'),
});

export const inventorySettingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings/inventory',
  loader: ({ context }) => void context.queryClient.prefetchQuery(inventoryQuery),
  component: lazyRouteComponent(() => import('./InventorySettingsScreen'), 'InventorySettingsScreen'),
});
