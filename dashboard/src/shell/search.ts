/** Reads what is searched for from an URL: every value is a text, so that `q=1001` stays one. */
export const parseSearch = (text: string): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(text));

/** The reverse of `parseSearch`; what is not set is left out. */
export function stringifySearch(search: Record<string, unknown>): string {
  const set = Object.entries(search).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const text = new URLSearchParams(set).toString();
  return text ? `?${text}` : '';
}

/** A value of the URL if it is one of those that are known, else nothing. */
export function oneOf<S extends string>(known: Record<S, unknown>, value: unknown): S | undefined {
  return typeof value === 'string' && Object.hasOwn(known, value) ? (value as S) : undefined;
}

/** Says that every filter of a screen may be absent. */
export const optional = <S extends object>(search: S): Partial<S> => search;

/** A text of the URL. */
export const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
