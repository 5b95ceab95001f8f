const calendarDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** "2026-11-25" of a day in the viewer's zone. */
export function dayOf(date: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A day such as "2026-11-25" of the URL or of a field, else nothing. */
export function dayText(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return undefined;
  return Number.isNaN(Date.parse(value)) ? undefined : value;
}

/** How many days there are from one to another, both included. */
export const daysBetween = (from: string, to: string) =>
  Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;

/** "1–25 Nov 2026" as the viewer writes it. */
export const daySpan = (from: string, to: string) =>
  calendarDay.formatRange(new Date(`${from}T12:00`), new Date(`${to}T12:00`));
