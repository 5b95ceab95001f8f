import { Badge } from '@mantine/core';

/** What a receiver answered, as its HTTP status. */
export function Answered({ status, ok }: { status: number | null | undefined; ok: boolean }) {
  return <Badge color={ok ? 'green' : 'red'}>{status ? `Answered ${status}` : 'No answer'}</Badge>;
}
