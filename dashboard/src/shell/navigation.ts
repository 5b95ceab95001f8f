import { type Icon, IconHome, IconShoppingBag } from '@tabler/icons-react';
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
      { to: '/orders', label: 'Orders', icon: IconShoppingBag, scope: 'orders:read' },
    ],
  },
];
