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

/** How a chart tells figures: whole when pointed at, short on its axis. */
export interface Scale {
  whole: (size: number) => string;
  short: (size: number) => string;
}

/** The scale for figures of the kind of this one. */
export function scaleOf(value: Value): Scale {
  const kind = kindOf(value);
  const whole = new Intl.NumberFormat(undefined, kind);
  const short = new Intl.NumberFormat(undefined, {
    ...kind,
    notation: 'compact',
    maximumSignificantDigits: 3,
  });
  return { whole: (size) => whole.format(size), short: (size) => short.format(size) };
}

function kindOf(value: Value): Intl.NumberFormatOptions {
  if (typeof value === 'number') return {};
  if (typeof value === 'object' && value) return { style: 'currency', currency: value.currency };
  return { style: 'percent', maximumFractionDigits: 1 };
}
