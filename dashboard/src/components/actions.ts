import { notifications } from '@mantine/notifications';
import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { useRef } from 'react';
import { fieldErrors, Problem } from '../api/problem';

interface Action<V, R> {
  /** Calls the API. */
  run: (values: V) => Promise<R>;
  /** What is said once it is done. */
  done?: string | ((result: R) => string);
  /** What is to be read anew then. */
  refresh?: QueryKey[];
  /** What else follows. */
  onDone?: (result: R) => void;
  /** The form whose fields show their errors. */
  form?: { setErrors: (errors: Record<string, string>) => void };
}

/** A change that a person asks for: told when it is done, its problem kept to be shown. */
export function useAction<V = void, R = unknown>({ run, done, refresh = [], onDone, form }: Action<V, R>) {
  const client = useQueryClient();
  return useMutation<R, Error, V>({
    mutationFn: run,
    onSuccess: async (result) => {
      await Promise.all(refresh.map((queryKey) => client.invalidateQueries({ queryKey })));
      if (done)
        notifications.show({ message: typeof done === 'string' ? done : done(result), color: 'green' });
      onDone?.(result);
    },
    onError: (error) => form?.setErrors(fieldErrors(Problem.from(error))),
  });
}

/** Tells a problem where no dialog is open that could show it. */
export function tellProblem(error: unknown) {
  const { title, detail } = Problem.from(error);
  notifications.show({ title, message: detail, color: 'red', autoClose: 12_000 });
}

/** A key that no other request has. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Sends a body under an `Idempotency-Key`. When no answer was heard, the same body goes under the same key again, so
 * that nothing is done twice; after any answer the next one is a new request.
 */
export function useOnce() {
  const pending = useRef<{ body: string; key: string }>(null);
  return async <R>(
    body: unknown,
    send: (header: { 'Idempotency-Key': string }) => Promise<R>,
  ): Promise<R> => {
    const told = JSON.stringify(body);
    if (pending.current?.body !== told) pending.current = { body: told, key: newKey() };
    try {
      const result = await send({ 'Idempotency-Key': pending.current.key });
      pending.current = null;
      return result;
    } catch (error) {
      const heard = error instanceof Problem && error.status !== 0 && error.status < 500;
      if (heard) pending.current = null;
      throw error;
    }
  };
}

/** Asks before a page with unsaved changes is left. */
export function useUnsaved(dirty: boolean) {
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm('Leave without saving your changes?'),
    enableBeforeUnload: dirty,
  });
}
