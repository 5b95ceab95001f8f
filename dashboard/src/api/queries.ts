import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { Problem } from './problem';
import { sessionEnded } from './session';

function onError(error: unknown) {
  if (error instanceof Problem && error.status === 401) sessionEnded(queryClient);
}

/** What is known of the server. Reads are repeated when the fault may pass; writes never are. */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && error instanceof Problem && error.passing,
    },
    mutations: { retry: false },
  },
});
