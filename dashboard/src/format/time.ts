const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** The whole time in the viewer's zone, for whoever hovers. */
export const fullTime = (at: string) => full.format(new Date(at));

/** A time as a table shows it: the hour today, else the day with the hour, with the year when it is another. */
export function shortTime(at: string, now = new Date()): string {
  const date = new Date(at);
  const time = clock.format(date);
  if (date.toDateString() === now.toDateString()) return `Today ${time}`;
  return `${(date.getFullYear() === now.getFullYear() ? day : dayOfYear).format(date)}, ${time}`;
}

/** Where a day that was chosen ("2026-11-25") begins in the viewer's zone; `plus` days later. */
export function startOfDay(chosen: string | undefined, plus = 0): string | undefined {
  const date = new Date(`${chosen}T00:00`);
  if (!chosen || Number.isNaN(date.getTime())) return undefined;
  date.setDate(date.getDate() + plus);
  return date.toISOString();
}

/** A day of the calendar, such as "25 Nov 2026". */
export const calendarDay = (at: string | Date) => dayOfYear.format(new Date(at));

/** A time of a field such as "2026-11-25T14:30", which is of the viewer's zone, in UTC; nothing of an empty one. */
export const utcOf = (local: string) => (local ? new Date(local).toISOString() : null);

/** What a field of date and time shows for so many hours before now. */
export function localHoursAgo(hours: number, now = Date.now()): string {
  const date = new Date(now - hours * 3_600_000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
