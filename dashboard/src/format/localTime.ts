/** A time as a `datetime-local` field shows it, in the viewer's zone; empty when there is none. */
export function localInput(at: string | null | undefined): string {
  if (!at) return '';
  const date = new Date(at);
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** What such a field holds, as a time of the API; `null` when it is empty. */
export const fromLocalInput = (text: string) => (text ? new Date(text).toISOString() : null);
