import { Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemAlert } from './ProblemAlert';

/** The answer of a query, or that it is awaited, or why there is none. What was shown stays while it is read anew. */
export function Loaded<T>({ query, children, rows = 6 }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <ProblemAlert error={query.error} onRetry={() => query.refetch()} />;
  return <Waiting rows={rows} />;
}

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, 'data' | 'error'> & { refetch: () => unknown };
  children: (data: T) => ReactNode;
  /** How many lines stand in for the answer. */
  rows?: number;
}

/** Grey lines where an answer is awaited. */
export function Waiting({ rows }: { rows: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike
        <Skeleton key={row} height={18} width={`${95 - (row % 3) * 12}%`} />
      ))}
    </Stack>
  );
}
