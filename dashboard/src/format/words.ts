/** A code of the API as people read it: `out_of_stock` is "Out of stock". */
export function words(code: string): string {
  const text = code.replaceAll(/[_.]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "1 order", "2 orders". */
export const counted = (count: number, one: string, more = `${one}s`) =>
  `${count.toLocaleString()} ${count === 1 ? one : more}`;
