const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

const inUnit = (value: number, unit: string) =>
  new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: 0,
  }).format(value);

/** How long something lasts in its greatest unit: 90000 ms is "1 min", 120 ms "120 ms". */
export function duration(milliseconds: number): string {
  const found = UNITS.find(([, length]) => milliseconds >= length);
  return found
    ? inUnit(Math.floor(milliseconds / found[1]), found[0])
    : inUnit(Math.max(milliseconds, 0), 'millisecond');
}

/** How long ago something was. */
export const age = (at: string, now = Date.now()) => duration(now - new Date(at).getTime());
