import { Alert, Grid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { DataTable } from '../../components/DataTable';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { DISABLED_REASON, ENDPOINT } from '../../format/states';
import { deliveryColumns } from './columns';
import { EndpointActions } from './EndpointActions';
import { type Endpoint, endpointQuery, WEBHOOKS, wantedOf } from './queries';
import { TestSend } from './TestSend';

/** One endpoint: what it is sent, whether that arrives, and what can be done about it. */
export function EndpointScreen() {
  const { id } = useParams({ from: '/shell/webhooks-out/endpoints/$id' });
  const query = useQuery(endpointQuery(id));
  return <Loaded query={query}>{(endpoint) => <Details endpoint={endpoint} />}</Loaded>;
}

function Details({ endpoint }: { endpoint: Endpoint }) {
  return (
    <Page
      title={new URL(endpoint.url).host}
      back={<ScreenLink to="/webhooks-out">← Webhooks out</ScreenLink>}
      beside={<State of={ENDPOINT} value={endpoint.status} />}
      below={<span style={{ overflowWrap: 'anywhere' }}>{endpoint.url}</span>}
      actions={<EndpointActions endpoint={endpoint} />}
    >
      <Troubles endpoint={endpoint} />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <LatestDeliveries endpoint={endpoint} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <TestSend endpoint={endpoint} />
            <About endpoint={endpoint} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Troubles({ endpoint: { disabled_reason, failing_since } }: { endpoint: Endpoint }) {
  if (disabled_reason && disabled_reason !== 'staff') {
    return (
      <Alert color="red" title="Disabled by itself">
        {DISABLED_REASON[disabled_reason].label}. Mend the receiver, enable it, and replay what it missed.
      </Alert>
    );
  }
  if (!failing_since) return null;
  return (
    <Alert color="yellow" title="Nothing arrives">
      Every try since <Time at={failing_since} /> failed.
    </Alert>
  );
}

function About({ endpoint }: { endpoint: Endpoint }) {
  const { description, created_at, updated_at, disabled_reason, former_secret_until } = endpoint;
  return (
    <Panel title="About">
      <Facts>
        {description && <Fact name="Description">{description}</Fact>}
        <Fact name="Events">{wantedOf(endpoint)}</Fact>
        {disabled_reason && <Fact name="Why disabled">{DISABLED_REASON[disabled_reason].label}</Fact>}
        {former_secret_until && (
          <Fact name="Former secret until">
            <Time at={former_secret_until} />
          </Fact>
        )}
        <Fact name="Added">
          <Time at={created_at} />
        </Fact>
        <Fact name="Changed">
          <Time at={updated_at} />
        </Fact>
      </Facts>
    </Panel>
  );
}

const COLUMNS = deliveryColumns(null);

function LatestDeliveries({ endpoint: { id } }: { endpoint: Endpoint }) {
  const deliveries = useQuery({
    queryKey: [...WEBHOOKS, 'deliveries', 'of', id],
    queryFn: () =>
      answer(api.GET('/v1/admin/webhook-deliveries', { params: { query: { endpoint_id: id, limit: 20 } } })),
  });
  return (
    <Panel
      title="Latest deliveries"
      action={
        <ScreenLink to="/webhooks-out/deliveries" search={{ endpoint_id: id }} size="sm">
          All deliveries
        </ScreenLink>
      }
    >
      <Loaded query={deliveries} rows={3}>
        {({ data }) =>
          data.length > 0 ? (
            <DataTable label="Latest deliveries" rows={data} columns={COLUMNS} />
          ) : (
            <Text size="sm" c="dimmed">
              Nothing was sent in the last 30 days.
            </Text>
          )
        }
      </Loaded>
    </Panel>
  );
}
