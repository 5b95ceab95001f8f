import { Button, Card, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { Empty } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { ENDPOINT } from '../../format/states';
import { NewEndpoint } from './NewEndpoint';
import { type Endpoint, endpointsQuery, wantedOf } from './queries';
import { WebhooksPage } from './WebhooksPage';

const COLUMNS: Column<Endpoint>[] = [
  {
    key: 'url',
    label: 'Endpoint',
    cell: ({ id, url, description }) => (
      <>
        <RowLink to="/webhooks-out/endpoints/$id" params={{ id }} style={{ overflowWrap: 'anywhere' }}>
          {url}
        </RowLink>
        <Text size="xs" c="dimmed">
          {description}
        </Text>
      </>
    ),
  },
  { key: 'status', label: 'Status', cell: (endpoint) => <Standing endpoint={endpoint} /> },
  {
    key: 'events',
    label: 'Events',
    from: 'md',
    cell: (endpoint) => (
      <Text component="span" inherit c="dimmed" lineClamp={2} maw={320}>
        {wantedOf(endpoint)}
      </Text>
    ),
  },
  {
    key: 'created_at',
    label: 'Added',
    from: 'sm',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
];

/** Whether it is sent anything, and since when nothing arrives. */
function Standing({ endpoint: { status, failing_since } }: { endpoint: Endpoint }) {
  return (
    <>
      <State of={ENDPOINT} value={status} />
      {failing_since && (
        <Text size="xs" c="var(--bad)">
          Failing since <Time at={failing_since} />
        </Text>
      )}
    </>
  );
}

/** Where events are sent. */
export function EndpointsScreen() {
  const query = useQuery(endpointsQuery);
  const may = useMay();
  const [adding, { open, close }] = useDisclosure(false);
  const add = may('webhooks:write') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      Add endpoint
    </Button>
  );
  return (
    <WebhooksPage actions={add}>
      <Card withBorder padding={0}>
        <Loaded query={query}>
          {({ data }) =>
            data.length > 0 ? (
              <DataTable label="Endpoints" rows={data} columns={COLUMNS} />
            ) : (
              <Empty icon={<IconWebhook size={40} stroke={1.3} aria-hidden />} title="No endpoints yet">
                Add one to tell your ERP, your warehouse or your mail service what happens in the shop.
              </Empty>
            )
          }
        </Loaded>
      </Card>
      {adding && <NewEndpoint onClose={close} />}
    </WebhooksPage>
  );
}
