import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { answer, api, type Schemas } from './client';
import { Problem } from './problem';

/** Who is logged in, and what they may do. */
export type Session = Schemas['StaffSession'];

/** What a person may be allowed to do. */
export type Scope = Schemas['Scope'];

/** The session as last heard; `ended` while a page is open whose session has run out. */
export interface SessionState {
  session: Session | null;
  ended: boolean;
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<SessionState> => {
    try {
      return { session: await answer(api.GET('/v1/admin/session')), ended: false };
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return { session: null, ended: false };
      throw error;
    }
  },
});

export const logIn = (body: Schemas['StaffLogin']) => answer(api.POST('/v1/admin/session', { body }));

export const logOut = () => answer(api.DELETE('/v1/admin/session'));

/** Notes who has logged in: what failed for want of a session is read anew. */
export function sessionBegun(client: QueryClient, session: Session) {
  client.setQueryData(sessionQuery.queryKey, { session, ended: false });
  client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
}

/** Notes that the API no longer knows the session: the shell asks for the password above the open page. */
export function sessionEnded(client: QueryClient) {
  client.setQueryData(sessionQuery.queryKey, (state) => (state?.session ? { ...state, ended: true } : state));
}

/** Whether the person may do what a scope allows; what they may not do is not shown. */
export function useMay(): (scope: Scope) => boolean {
  const { data } = useQuery(sessionQuery);
  return (scope) => data?.session?.scopes.includes(scope) ?? false;
}
