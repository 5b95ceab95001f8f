import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

/** Which queries a topic of the stream makes stale, by the first part of their keys. */
const STALE: Record<string, string[]> = {
  'order.created': ['orders', 'home', 'analytics'],
  'order.updated': ['orders', 'home', 'analytics'],
  'refund.updated': ['orders', 'home', 'analytics'],
  'alert.raised': ['alerts', 'home'],
  'alert.closed': ['alerts', 'home'],
  'webhook.dead': ['inbox', 'home'],
  'inventory.low_stock': ['products', 'home'],
};

/** News that come together are read together. */
const GATHER_MS = 1000;

/** How often screens are read anew while the stream cannot be had. */
const POLL_MS = 20_000;

/** Keeps open screens up to date while the page is seen: by the stream of events, or else by asking now and then. */
export function useLive() {
  const client = useQueryClient();
  useEffect(() => {
    let stop = follow(client);
    const onVisibility = () => {
      stop();
      stop = document.hidden ? () => undefined : follow(client);
    };
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      stop();
    };
  }, [client]);
}

/** Follows the stream until the returned function is called. */
function follow(client: QueryClient): () => void {
  const stale = new Set<string>();
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let polling: ReturnType<typeof setTimeout> | undefined;
  const refresh = () => {
    gathering = undefined;
    for (const first of stale) client.invalidateQueries({ queryKey: [first] });
    stale.clear();
  };
  const note = (firsts: string[]) => {
    for (const first of firsts) stale.add(first);
    gathering ??= setTimeout(refresh, GATHER_MS);
  };
  const everything = () => note(Object.values(STALE).flat());
  const source = new EventSource('/v1/admin/events');
  for (const [topic, firsts] of Object.entries(STALE)) source.addEventListener(topic, () => note(firsts));
  source.addEventListener('reset', everything);
  source.onerror = () => {
    // A broken connection is taken up again by the browser; a refusal is not.
    if (source.readyState !== EventSource.CLOSED) return;
    polling = setTimeout(function poll() {
      everything();
      polling = setTimeout(poll, POLL_MS);
    }, POLL_MS);
  };
  return () => {
    source.close();
    clearTimeout(gathering);
    clearTimeout(polling);
  };
}
