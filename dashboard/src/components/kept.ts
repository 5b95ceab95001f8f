import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { sessionQuery } from '../api/session';

/** Told to this window when something is kept; other windows hear it from the browser. */
const KEPT = 'merx-kept';

function follow(tell: () => void): () => void {
  window.addEventListener('storage', tell);
  window.addEventListener(KEPT, tell);
  return () => {
    window.removeEventListener('storage', tell);
    window.removeEventListener(KEPT, tell);
  };
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What a person chose for themselves. It is kept in this browser, apart from what others keep who use it. `read` makes
 * something of what is found, which may be nothing or anything; it must not be a new function at each call.
 */
export function useKept<T>(name: string, read: (found: unknown) => T): [T, (value: T) => void] {
  const { data } = useQuery(sessionQuery);
  const key = `merx.${data?.session?.staff.id ?? 'nobody'}.${name}`;
  const text = useSyncExternalStore(follow, () => localStorage.getItem(key));
  const value = useMemo(() => read(parsed(text)), [text, read]);
  const keep = useCallback(
    (next: T) => {
      localStorage.setItem(key, JSON.stringify(next));
      window.dispatchEvent(new Event(KEPT));
    },
    [key],
  );
  return [value, keep];
}
