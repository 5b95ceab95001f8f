import type { Schemas } from '../api/client';

type Money = Schemas['Money'];

const formats = new Map<string, Intl.NumberFormat>();

function format(currency: string): Intl.NumberFormat {
  const known = formats.get(currency);
  if (known) return known;
  const made = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  formats.set(currency, made);
  return made;
}

/** How many decimals a currency's minor unit has: 2 for EUR, 0 for JPY, 3 for KWD. */
export const decimalsOf = (currency: string) => format(currency).resolvedOptions().maximumFractionDigits ?? 2;

/** An amount in the viewer's own manner: 1999 EUR is "€19.99". */
export function money({ amount, currency }: Pick<Money, 'amount' | 'currency'>): string {
  return format(currency).format(amount / 10 ** decimalsOf(currency));
}

/** The amount in major units that a field shows, such as "19.99". */
export function majorUnits({ amount, currency }: Pick<Money, 'amount' | 'currency'>): string {
  return (amount / 10 ** decimalsOf(currency)).toFixed(decimalsOf(currency));
}

/** What was typed, such as "19.99" or "19,99", in minor units; `null` when it is no such amount. */
export function minorUnits(text: string, currency: string): number | null {
  const decimals = decimalsOf(currency);
  const match = /^(\d{1,12})(?:[.,](\d*))?$/.exec(text.trim());
  if (!match || (match[2]?.length ?? 0) > decimals) return null;
  return Number(`${match[1]}${(match[2] ?? '').padEnd(decimals, '0')}`);
}
