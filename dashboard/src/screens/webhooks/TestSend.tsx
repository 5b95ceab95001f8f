import { Button, Group, Stack, Text } from '@mantine/core';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { useAction } from '../../components/actions';
import { Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { Source } from '../../components/Source';
import { duration } from '../../format/duration';
import { Answered } from './Answered';
import type { Endpoint } from './queries';

/** Sends a sample and shows what the receiver says to it. */
export function TestSend({ endpoint: { id } }: { endpoint: Endpoint }) {
  const may = useMay();
  const send = useAction({
    run: () => answer(api.POST('/v1/admin/webhook-endpoints/{id}/test', { params: { path: { id } } })),
  });
  if (!may('webhooks:write')) return null;
  const { data: result } = send;
  return (
    <Panel
      title="Test"
      action={
        <Button size="xs" variant="default" loading={send.isPending} onClick={() => send.mutate()}>
          Send a test event
        </Button>
      }
    >
      <Stack gap="xs" aria-live="polite">
        <ProblemAlert error={send.error} />
        {result ? (
          <>
            <Group gap="xs">
              <Answered status={result.http_status} ok={result.succeeded} />
              <Text size="sm" c="dimmed">
                after {duration(result.latency_ms)}
              </Text>
            </Group>
            {result.error && (
              <Text size="sm" c="var(--bad)" style={{ overflowWrap: 'anywhere' }}>
                {result.error}
              </Text>
            )}
            {result.response_body && <Source label="the answer" of={result.response_body} />}
          </>
        ) : (
          <Text size="sm" c="dimmed">
            A signed sample is sent at once, and the answer shown here.
          </Text>
        )}
      </Stack>
    </Panel>
  );
}
