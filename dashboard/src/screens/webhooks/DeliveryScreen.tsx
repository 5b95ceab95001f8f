import { Button, Code, Grid, Group, Stack, Text, Timeline } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { Source } from '../../components/Source';
import { State, Time } from '../../components/Told';
import { duration } from '../../format/duration';
import { DELIVERY } from '../../format/states';
import { Answered } from './Answered';
import { deliveryQuery, endpointsQuery, replayDelivery, WEBHOOKS } from './queries';

type Detail = Schemas['WebhookDeliveryDetail'];

/** One delivery: what is sent, and every try. */
export function DeliveryScreen() {
  const { id } = useParams({ from: '/shell/webhooks-out/deliveries/$id' });
  const query = useQuery(deliveryQuery(id));
  return <Loaded query={query}>{(delivery) => <Details delivery={delivery} />}</Loaded>;
}

function Details({ delivery }: { delivery: Detail }) {
  const { event_type, status, payload, created_at } = delivery;
  return (
    <Page
      title={event_type}
      back={<ScreenLink to="/webhooks-out/deliveries">← Deliveries</ScreenLink>}
      beside={<State of={DELIVERY} value={status} />}
      below={<Time at={created_at} />}
      actions={<Replay delivery={delivery} />}
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Panel title="Payload">
              <Source label="the payload" of={payload} />
            </Panel>
            <Tries delivery={delivery} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <About delivery={delivery} />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Replay({ delivery: { id } }: { delivery: Detail }) {
  const may = useMay();
  const replay = useAction({
    run: () => replayDelivery(id),
    refresh: [WEBHOOKS],
    done: 'It is sent once more.',
  });
  if (!may('webhooks:write')) return null;
  return (
    <Button loading={replay.isPending} onClick={() => replay.mutate(undefined, { onError: tellProblem })}>
      Replay
    </Button>
  );
}

function About({ delivery }: { delivery: Detail }) {
  const { endpoint_id, event_id, order_id, attempts, next_attempt_at, finished_at } = delivery;
  const url = useQuery(endpointsQuery).data?.data.find(({ id }) => id === endpoint_id)?.url;
  return (
    <Panel title="About">
      <Facts>
        <Fact name="To">
          <ScreenLink to="/webhooks-out/endpoints/$id" params={{ id: endpoint_id }} size="sm">
            {url ? new URL(url).host : endpoint_id}
          </ScreenLink>
        </Fact>
        {order_id && (
          <Fact name="About">
            <ScreenLink to="/orders/$id" params={{ id: order_id }} size="sm">
              The order
            </ScreenLink>
          </Fact>
        )}
        <Fact name="Tries">{attempts}</Fact>
        {next_attempt_at && (
          <Fact name="Next try">
            <Time at={next_attempt_at} />
          </Fact>
        )}
        {finished_at && (
          <Fact name="Finished">
            <Time at={finished_at} />
          </Fact>
        )}
        <Fact name="webhook-id">
          <Code style={{ overflowWrap: 'anywhere' }}>{event_id}</Code>
        </Fact>
      </Facts>
    </Panel>
  );
}

const succeeded = ({ http_status }: Schemas['WebhookAttempt']) =>
  Boolean(http_status && http_status >= 200 && http_status < 300);

function Tries({ delivery: { tries } }: { delivery: Detail }) {
  return (
    <Panel title="Tries">
      {tries.length === 0 && (
        <Text size="sm" c="dimmed">
          It was not tried yet.
        </Text>
      )}
      <Timeline bulletSize={12} lineWidth={2} active={tries.length}>
        {[...tries].reverse().map((attempt) => (
          <Timeline.Item key={attempt.attempted_at} color={succeeded(attempt) ? 'green' : 'red'}>
            <Group gap="xs">
              <Answered status={attempt.http_status} ok={succeeded(attempt)} />
              <Text size="xs" c="dimmed">
                <Time at={attempt.attempted_at} />, after {duration(attempt.latency_ms)}
              </Text>
            </Group>
            <Text size="sm" mt={4} style={{ overflowWrap: 'anywhere' }}>
              {attempt.error}
            </Text>
            {attempt.response_body && <Source label="the answer" of={attempt.response_body} />}
          </Timeline.Item>
        ))}
      </Timeline>
    </Panel>
  );
}
