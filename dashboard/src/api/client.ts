import createClient from 'openapi-fetch';
import { Problem } from './problem';
import type { components, paths } from './schema';

/** The shapes of the API's documents, as `openapi.yaml` defines them. */
export type Schemas = components['schemas'];

/** The API, typed by `openapi.yaml`. The session's cookie goes along by itself. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: 'same-origin' });

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a successful answer; every other answer, and none at all, is thrown as a `Problem`. */
export async function answer<T>(request: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await request.catch((cause: unknown) => {
    throw Problem.unreachable(cause);
  });
  if (!response.ok) throw Problem.of(response, error);
  return data as T;
}

/** The `If-Match` header of a change that is based on this version of a document. */
export const ifMatch = (version: number) => ({ 'If-Match': `"v${version}"` });
