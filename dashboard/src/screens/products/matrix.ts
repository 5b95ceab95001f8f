import type { Schemas } from '../../api/client';

/** A value of each option. */
export type Combination = Record<string, string>;

/** Every combination of the options' values, in the options' order. */
export function combinations(options: Schemas['ProductOption'][]): Combination[] {
  const complete = options.filter(({ name, values }) => name.trim() && values.length > 0);
  if (complete.length === 0) return [];
  return complete.reduce<Combination[]>(
    (made, { name, values }) =>
      made.flatMap((before) => values.map((value) => ({ ...before, [name.trim()]: value }))),
    [{}],
  );
}

/** Two combinations are the same when every option has the same value. */
export const keyOf = (combination: Combination) =>
  JSON.stringify(Object.entries(combination).sort(([one], [other]) => one.localeCompare(other)));

/** What a combination is called, such as "S / Blue". */
export const titleOf = (combination: Combination) => Object.values(combination).join(' / ');

/** A SKU that could be meant: the product's beginning and the values. */
export function skuFor(stem: string, combination: Combination): string {
  const parts = [stem, ...Object.values(combination)].map((part) =>
    part
      .normalize('NFKD')
      .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
      .replaceAll(/^-+|-+$/g, '')
      .toUpperCase(),
  );
  return parts.filter(Boolean).join('-');
}

/** What all SKUs of a product begin with, up to a whole part of them; else its address. */
export function stemOf(skus: string[], slug: string): string {
  const [first = '', ...others] = skus;
  if (others.length === 0) return slug;
  const differs = [...first].findIndex((letter, at) => others.some((sku) => sku[at] !== letter));
  const common = differs < 0 ? first : first.slice(0, differs);
  return /^(.*[\p{Letter}\p{Number}])[-_. ]/u.exec(common)?.[1] ?? slug;
}
