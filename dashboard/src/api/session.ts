import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { Problem } from './problem';

/** Who is logged in, and what they may do. */
export interface Session {
  session_id: string;
  expires_at: string;
  staff: { id: string; email: string; name: string; role: { id: string; name: string }; status: string };
  scopes: string[];
}

/** The session as last heard; `ended` while a page is open whose session has run out. */
export interface SessionState {
  session: Session | null;
  ended: boolean;
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(path, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : undefined,
    body: body ? JSON.stringify(body) : undefined,
  }).catch((cause: unknown) => {
    throw Problem.unreachable(cause);
  });
  const document: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw Problem.of(response, document);
  return document;
}

const post = (path: string, body: object) => call('POST', path, body);

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async (): Promise<SessionState> => {
    try {
      return { session: (await call('GET', '/v1/admin/session')) as Session, ended: false };
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return { session: null, ended: false };
      throw error;
    }
  },
});

export const logIn = (email: string, password: string) =>
  post('/v1/admin/session', { email, password }) as Promise<Session>;
export const logOut = () => call('DELETE', '/v1/admin/session');
export const requestReset = (email: string) => post('/v1/admin/password-resets', { email });
export const acceptReset = (token: string, password: string) =>
  post('/v1/admin/password-resets/accept', { token, password });
export const acceptInvitation = (token: string, name: string, password: string) =>
  post('/v1/admin/staff-invitations/accept', { token, name, password });

/** Notes that the API no longer knows the session: the shell asks for the password above the open page. */
export function sessionEnded(client: QueryClient) {
  client.setQueryData(sessionQuery.queryKey, (state) => (state?.session ? { ...state, ended: true } : state));
}

/** Whether the person may do what a scope allows; what they may not do is not shown. */
export function useMay(): (scope: string) => boolean {
  const { data } = useQuery(sessionQuery);
  return (scope) => data?.session?.scopes.includes(scope) ?? false;
}
