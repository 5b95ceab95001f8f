import { linkOptions } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';

/** What a report can be asked by. */
export type Control = 'period' | 'bucket' | 'compare' | 'currency';

const ALL: Control[] = ['period', 'bucket', 'compare', 'currency'];

/** All reports, in the order of their tabs; the key names the API's endpoint. */
export const REPORTS = {
  revenue: { label: 'Revenue', link: linkOptions({ to: '/analytics' }), controls: ALL },
  orders: { label: 'Orders', link: linkOptions({ to: '/analytics/orders' }), controls: ALL },
  products: {
    label: 'Products',
    link: linkOptions({ to: '/analytics/products' }),
    controls: ['period', 'compare', 'currency'] as Control[],
  },
  customers: { label: 'Customers', link: linkOptions({ to: '/analytics/customers' }), controls: ALL },
  discounts: { label: 'Discounts', link: linkOptions({ to: '/analytics/discounts' }), controls: ALL },
  refunds: { label: 'Refunds', link: linkOptions({ to: '/analytics/refunds' }), controls: ALL },
  funnel: {
    label: 'Funnel',
    link: linkOptions({ to: '/analytics/funnel' }),
    controls: ['period', 'compare'] as Control[],
  },
  inventory: {
    label: 'Inventory',
    link: linkOptions({ to: '/analytics/inventory' }),
    controls: [] as Control[],
  },
};

export type ReportName = keyof typeof REPORTS;

/** What a row of the products is of. */
export const GROUPINGS: Record<Schemas['ProductGrouping'], string> = {
  product: 'Products',
  variant: 'Variants',
};
