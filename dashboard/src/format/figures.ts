import type { Schemas } from '../api/client';
import { decimalsOf, money } from './money';
import { percent } from './numbers';

/** A figure of the analytics: an amount, a count, or a share as a decimal text; `null` of nothing. */
export type Value = Schemas['Money'] | number | string | null | undefined;

/** A figure as people read it. */
export function told(value: Value): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return value.toLocaleString();
  return typeof value === 'string' ? percent(value) : money(value);
}

/** How big a figure is, amounts in major units; `null` of nothing. */
export function sizeOf(value: Value): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'object') return value.amount / 10 ** decimalsOf(value.currency);
  return Number(value);
}

/** By how many percent a figure differs from what it was, as the API reckons it; nothing of what was nothing. */
export function changeOf(now: Value, before: Value): string | undefined {
  const [size, past] = [sizeOf(now), sizeOf(before)];
  if (size === null || !past) return undefined;
  return (((size - past) / Math.abs(past)) * 100).toFixed(1);
}

const counts = new Intl.NumberFormat(undefined, { notation: 'compact' });
const shares = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

/** How an axis tells figures of the kind of this one. */
export function axisOf(value: Value): (size: number) => string {
  if (typeof value === 'object' && value) {
    const { currency } = value;
    const amounts = new Intl.NumberFormat(undefined, { style: 'currency', currency, notation: 'compact' });
    return (size) => amounts.format(size);
  }
  return (size) => (typeof value === 'number' ? counts : shares).format(size);
}
