import type { Schemas } from '../../api/client';

export type Key = Schemas['ListedApiKey'];

/** What all queries about API keys begin with. */
export const KEYS = ['keys'];

/** Whether a key opens anything. */
export function standingOf({ revoked_at, expires_at }: Key, now = new Date()) {
  if (revoked_at) return 'revoked';
  return expires_at && new Date(expires_at) <= now ? 'expired' : 'active';
}

/** The last moment of a day that was chosen; nothing when none was. */
export const endOfDay = (day: string) => (day ? new Date(`${day}T23:59:59`).toISOString() : null);

/** The day of a time in the viewer's zone, as a field of a day takes it. */
export const dayOf = (at: string | null | undefined) => (at ? new Date(at).toLocaleDateString('sv') : '');
