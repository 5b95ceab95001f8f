import { Text } from '@mantine/core';
import type { Column } from '../../components/DataTable';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { DELIVERY } from '../../format/states';
import type { Delivery, Endpoint } from './queries';

/** The columns of a table of deliveries; where they went only when several endpoints are in it. */
export function deliveryColumns(endpoints: Endpoint[] | null): Column<Delivery>[] {
  const hostOf = (id: string) => {
    const url = endpoints?.find((endpoint) => endpoint.id === id)?.url;
    return url ? new URL(url).host : id;
  };
  const to: Column<Delivery> = {
    key: 'endpoint',
    label: 'To',
    from: 'md',
    cell: ({ endpoint_id }) => (
      <Text component="span" inherit c="dimmed">
        {hostOf(endpoint_id)}
      </Text>
    ),
  };
  return [
    {
      key: 'event_type',
      label: 'Event',
      cell: ({ id, event_type, created_at }) => (
        <>
          <RowLink to="/webhooks-out/deliveries/$id" params={{ id }}>
            {event_type}
          </RowLink>
          <Text size="xs" c="dimmed" hiddenFrom="sm">
            <Time at={created_at} />
          </Text>
        </>
      ),
    },
    ...(endpoints ? [to] : []),
    { key: 'status', label: 'Status', cell: ({ status }) => <State of={DELIVERY} value={status} /> },
    {
      key: 'answer',
      label: 'Last answer',
      from: 'sm',
      cell: (delivery) => <LastAnswer delivery={delivery} />,
    },
    { key: 'attempts', label: 'Tries', align: 'right', from: 'md', cell: ({ attempts }) => attempts },
    {
      key: 'created_at',
      label: 'Caused',
      from: 'sm',
      cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
    },
  ];
}

function LastAnswer({ delivery: { last_http_status, last_error } }: { delivery: Delivery }) {
  return (
    <Text component="span" inherit c="dimmed" lineClamp={2} maw={260} style={{ overflowWrap: 'anywhere' }}>
      {last_http_status ?? last_error ?? '–'}
    </Text>
  );
}
