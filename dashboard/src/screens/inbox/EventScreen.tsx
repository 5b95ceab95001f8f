import { Alert, Button, Code, Grid, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { DataTable } from '../../components/DataTable';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ReasonModal } from '../../components/ReasonModal';
import { ScreenLink } from '../../components/RowLink';
import { Source } from '../../components/Source';
import { State, Time } from '../../components/Told';
import { EVENT_SOURCE, IGNORED_BECAUSE, INBOX_EVENT } from '../../format/states';
import { ATTEMPT_COLUMNS } from './columns';
import {
  canDiscard,
  canRetry,
  discardEvent,
  eventQuery,
  INBOX,
  type InboxEvent,
  retryEvent,
} from './queries';

/** One event of a provider: what it says, what became of it, and what can be done about it. */
export function EventScreen() {
  const { id } = useParams({ from: '/shell/webhooks-in/events/$id' });
  const query = useQuery(eventQuery(id));
  return <Loaded query={query}>{(event) => <Details event={event} />}</Loaded>;
}

function Details({ event }: { event: InboxEvent }) {
  const { type, status, provider_event_id, last_error } = event;
  return (
    <Page
      title={type}
      back={<ScreenLink to="/webhooks-in">← Webhooks in</ScreenLink>}
      beside={<State of={INBOX_EVENT} value={status} />}
      below={provider_event_id}
      actions={<Actions event={event} />}
    >
      {last_error && status !== 'processed' && (
        <Alert color={status === 'dead' ? 'red' : 'yellow'} title="The newest try failed">
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {last_error}
          </Text>
        </Alert>
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Panel title="Payload">
              <Source label="the payload" of={event.payload ?? {}} />
            </Panel>
            <Attempts event={event} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <WhatBecame event={event} />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function WhatBecame({ event }: { event: InboxEvent }) {
  const { provider, livemode, source, received_at, processed_at, next_try_at, tries } = event;
  return (
    <Panel title="What became of it">
      <Facts>
        <Fact name="Provider">
          <span style={{ textTransform: 'capitalize' }}>{provider}</span>, {livemode ? 'live' : 'test mode'}
        </Fact>
        <Fact name="Came by">{EVENT_SOURCE[source].label}</Fact>
        <Fact name="Received">
          <Time at={received_at} />
        </Fact>
        <Fact name="Tries">{tries.toLocaleString()}</Fact>
        {next_try_at && (
          <Fact name="Next try">
            <Time at={next_try_at} />
          </Fact>
        )}
        {processed_at && (
          <Fact name="Processed">
            <Time at={processed_at} />
          </Fact>
        )}
        {event.ignored_because && (
          <Fact name="Ignored because">{IGNORED_BECAUSE[event.ignored_because].label}</Fact>
        )}
        {event.discarded && (
          <>
            <Fact name="Discarded">
              <Time at={event.discarded.at} />
            </Fact>
            <Fact name="Reason">{event.discarded.reason}</Fact>
            <Fact name="By">
              <Code>{event.discarded.by}</Code>
            </Fact>
          </>
        )}
      </Facts>
    </Panel>
  );
}

function Actions({ event }: { event: InboxEvent }) {
  const may = useMay();
  const [discarding, { open, close }] = useDisclosure(false);
  const retry = useAction({
    run: () => retryEvent(event.id),
    refresh: [INBOX],
    done: 'The event is processed again.',
  });
  if (!may('inbox:write')) return null;
  return (
    <>
      {canDiscard(event) && (
        <Button variant="default" onClick={open}>
          Discard
        </Button>
      )}
      {canRetry(event) && (
        <Button loading={retry.isPending} onClick={() => retry.mutate(undefined, { onError: tellProblem })}>
          Retry now
        </Button>
      )}
      {discarding && (
        <ReasonModal
          title="Discard this event?"
          submit="Discard the event"
          run={(reason) => discardEvent(event.id, reason)}
          done="The event is discarded."
          refresh={[INBOX]}
          onClose={close}
        >
          It takes no effect, so do by hand what it was about. It can be retried later.
        </ReasonModal>
      )}
    </>
  );
}

/** The deliveries that brought the event; none when it was read from the provider. */
function Attempts({ event: { provider_event_id } }: { event: InboxEvent }) {
  const attempts = useQuery({
    queryKey: [...INBOX, 'attempts', 'of', provider_event_id],
    queryFn: () =>
      answer(api.GET('/v1/admin/inbox/attempts', { params: { query: { provider_event_id, limit: 50 } } })),
  });
  return (
    <Panel title="Attempts to deliver it">
      <Loaded query={attempts} rows={2}>
        {({ data }) =>
          data.length > 0 ? (
            <DataTable label="Attempts" rows={data} columns={ATTEMPT_COLUMNS} />
          ) : (
            <Text size="sm" c="dimmed">
              None in the last 30 days.
            </Text>
          )
        }
      </Loaded>
    </Panel>
  );
}
