import {
  type Icon,
  IconBell,
  IconBox,
  IconChartBar,
  IconCoins,
  IconDiscount,
  IconFileInvoice,
  IconFolders,
  IconHistory,
  IconHome,
  IconInbox,
  IconKey,
  IconListCheck,
  IconMail,
  IconPackage,
  IconReceiptTax,
  IconShoppingBag,
  IconStack2,
  IconTruckDelivery,
  IconUsers,
  IconUsersGroup,
  IconWebhook,
} from '@tabler/icons-react';
import type { LinkProps } from '@tanstack/react-router';
import type { Scope } from '../api/session';

/** A way to a screen; those whose scope the person lacks are not shown. */
export interface Destination {
  to: LinkProps['to'];
  label: string;
  icon: Icon;
  scope?: Scope;
}

export interface Section {
  /** The first section has none. */
  title?: string;
  destinations: Destination[];
}

/** All screens by sections, in the order of the navigation. */
export const NAVIGATION: Section[] = [
  {
    destinations: [
      { to: '/', label: 'Home', icon: IconHome },
      { to: '/analytics', label: 'Analytics', icon: IconChartBar, scope: 'analytics:read' },
      { to: '/orders', label: 'Orders', icon: IconShoppingBag, scope: 'orders:read' },
      { to: '/customers', label: 'Customers', icon: IconUsers, scope: 'customers:read' },
    ],
  },
  {
    title: 'Catalogue',
    destinations: [
      { to: '/products', label: 'Products', icon: IconPackage, scope: 'products:read' },
      { to: '/collections', label: 'Collections', icon: IconFolders, scope: 'products:read' },
      { to: '/low-stock', label: 'Low stock', icon: IconStack2, scope: 'products:read' },
      { to: '/discounts', label: 'Discounts', icon: IconDiscount, scope: 'discounts:read' },
    ],
  },
  {
    title: 'Operation',
    destinations: [
      { to: '/alerts', label: 'Alerts', icon: IconBell, scope: 'alerts:read' },
      { to: '/webhooks-in', label: 'Webhooks in', icon: IconInbox, scope: 'inbox:read' },
      { to: '/webhooks-out', label: 'Webhooks out', icon: IconWebhook, scope: 'webhooks:read' },
      { to: '/emails', label: 'E-mails', icon: IconMail, scope: 'emails:read' },
      { to: '/jobs', label: 'Jobs', icon: IconListCheck, scope: 'jobs:read' },
    ],
  },
  {
    title: 'Settings',
    destinations: [
      { to: '/settings/shipping', label: 'Shipping', icon: IconTruckDelivery, scope: 'settings:read' },
      { to: '/settings/tax', label: 'Tax', icon: IconReceiptTax, scope: 'settings:read' },
      { to: '/settings/currencies', label: 'Currencies', icon: IconCoins, scope: 'settings:read' },
      { to: '/settings/invoices', label: 'Invoices', icon: IconFileInvoice, scope: 'settings:read' },
      { to: '/settings/inventory', label: 'Inventory', icon: IconBox, scope: 'settings:read' },
    ],
  },
  {
    title: 'People and access',
    destinations: [
      { to: '/staff', label: 'Staff', icon: IconUsersGroup, scope: 'staff:read' },
      { to: '/api-keys', label: 'API keys', icon: IconKey, scope: 'api_keys:read' },
      { to: '/audit', label: 'Audit log', icon: IconHistory, scope: 'audit:read' },
    ],
  },
];
