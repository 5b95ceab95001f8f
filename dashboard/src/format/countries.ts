const names = new Intl.DisplayNames(undefined, { type: 'region' });

/** A country's name in the viewer's language. */
export function countryName(code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

/** Countries as the options of a select, by name. */
export const countryOptions = (codes: string[]) =>
  codes
    .map((code) => ({ value: code, label: countryName(code) }))
    .sort((one, other) => one.label.localeCompare(other.label));
