import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { State, Time } from '../../components/Told';
import { DELIVERY, EMAIL } from '../../format/states';
import { words } from '../../format/words';
import { ORDERS, type Order } from './queries';

const query = (order_id: string) => ({ params: { query: { order_id, limit: 50 } } });

/** The e-mails that an order caused, each of which can be sent again. */
export function OrderEmails({ order }: { order: Order }) {
  const may = useMay();
  const emails = useQuery({
    queryKey: [...ORDERS, 'emails', order.id, order.version],
    queryFn: () => answer(api.GET('/v1/admin/emails', query(order.id))),
  });
  const resend = useAction({
    run: (id: string) => answer(api.POST('/v1/admin/emails/{id}/resend', { params: { path: { id } } })),
    refresh: [[...ORDERS, 'emails']],
    done: 'The e-mail goes out again.',
  });
  return (
    <Panel title="E-mails">
      <Loaded query={emails} rows={2}>
        {({ data }) => (
          <Records none="No e-mail went out yet.">
            {data.map(({ id, kind, status, created_at, last_error }) => (
              <Record
                key={id}
                title={words(kind)}
                at={created_at}
                problem={status === 'sent' ? null : last_error}
              >
                <State of={EMAIL} value={status} />
                {may('emails:write') && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={`Send the e-mail “${words(kind)}” again`}
                    onClick={() => resend.mutate(id, { onError: tellProblem })}
                  >
                    Resend
                  </Button>
                )}
              </Record>
            ))}
          </Records>
        )}
      </Loaded>
    </Panel>
  );
}

/** The events that other systems were told about an order. */
export function OrderDeliveries({ order }: { order: Order }) {
  const deliveries = useQuery({
    queryKey: [...ORDERS, 'deliveries', order.id, order.version],
    queryFn: () => answer(api.GET('/v1/admin/webhook-deliveries', query(order.id))),
  });
  return (
    <Panel title="Webhooks sent">
      <Loaded query={deliveries} rows={2}>
        {({ data }) => (
          <Records none="No endpoint wanted to know of it.">
            {data.map(({ id, event_type, status, created_at, last_error }) => (
              <Record
                key={id}
                title={event_type}
                at={created_at}
                problem={status === 'dead' ? last_error : null}
              >
                <State of={DELIVERY} value={status} />
              </Record>
            ))}
          </Records>
        )}
      </Loaded>
    </Panel>
  );
}

export function Records({ none, children }: { none: string; children: ReactNode[] }) {
  if (children.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  }
  return <Stack gap="xs">{children}</Stack>;
}

interface RecordProps {
  title: ReactNode;
  at: string;
  problem?: string | null;
  children?: ReactNode;
}

/** A record: what it is and when, beside it its state and what can be done with it. */
export function Record({ title, at, problem, children }: RecordProps) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
      <Box miw={0}>
        <Text size="sm" truncate>
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          <Time at={at} />
        </Text>
        {problem && (
          <Text size="xs" c="red">
            {problem}
          </Text>
        )}
      </Box>
      <Group gap={4} wrap="nowrap">
        {children}
      </Group>
    </Group>
  );
}
