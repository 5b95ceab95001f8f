import { Text } from '@mantine/core';
import type { Schemas } from '../../api/client';
import type { Column } from '../../components/DataTable';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { duration } from '../../format/duration';
import { INBOX_EVENT, VERDICT } from '../../format/states';
import type { InboxEvent } from './queries';

const anywhere = { overflowWrap: 'anywhere' } as const;

/** The columns of the events' table. */
export const EVENT_COLUMNS: Column<InboxEvent>[] = [
  {
    key: 'type',
    label: 'Event',
    cell: ({ id, type, provider_event_id, received_at }) => (
      <>
        <RowLink to="/webhooks-in/events/$id" params={{ id }} style={anywhere}>
          {type}
        </RowLink>
        <Text size="xs" c="dimmed" style={anywhere} visibleFrom="sm">
          {provider_event_id}
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          <Time at={received_at} />
        </Text>
      </>
    ),
  },
  {
    key: 'provider',
    label: 'Provider',
    from: 'md',
    cell: ({ provider }) => <span style={{ textTransform: 'capitalize' }}>{provider}</span>,
  },
  {
    key: 'received_at',
    label: 'Received',
    from: 'sm',
    cell: ({ received_at }) => <Time at={received_at} c="dimmed" />,
  },
  { key: 'status', label: 'Status', cell: ({ status }) => <State of={INBOX_EVENT} value={status} /> },
  {
    key: 'last_error',
    label: 'Last failure',
    from: 'lg',
    cell: ({ last_error }) => (
      <Text component="span" inherit c="dimmed" lineClamp={2} style={anywhere} maw={340}>
        {last_error ?? '–'}
      </Text>
    ),
  },
  { key: 'tries', label: 'Tries', align: 'right', from: 'md', cell: ({ tries }) => tries.toLocaleString() },
];

/** The columns of the attempts' table. */
export const ATTEMPT_COLUMNS: Column<Schemas['InboxAttempt']>[] = [
  {
    key: 'type',
    label: 'What it said',
    cell: ({ type, provider_event_id, received_at }) => (
      <>
        <Text component="span" inherit fw={550} style={anywhere}>
          {type ?? 'Unreadable'}
        </Text>
        <Text size="xs" c="dimmed" style={anywhere} visibleFrom="sm">
          {provider_event_id}
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          <Time at={received_at} />
        </Text>
      </>
    ),
  },
  {
    key: 'verdict',
    label: 'Verdict',
    cell: ({ verdict, reason }) => (
      <>
        <State of={VERDICT} value={verdict} />
        {reason && (
          <Text size="xs" c="dimmed" maw={320} style={anywhere}>
            {reason}
          </Text>
        )}
      </>
    ),
  },
  {
    key: 'received_at',
    label: 'Received',
    from: 'sm',
    cell: ({ received_at }) => <Time at={received_at} c="dimmed" />,
  },
  {
    key: 'address',
    label: 'From',
    from: 'md',
    cell: ({ address, user_agent }) => (
      <>
        {address}
        <Text size="xs" c="dimmed" truncate maw={220} title={user_agent ?? undefined}>
          {user_agent}
        </Text>
      </>
    ),
  },
  {
    key: 'latency',
    label: 'Took',
    align: 'right',
    from: 'lg',
    cell: ({ latency_ms }) => duration(latency_ms),
  },
];
