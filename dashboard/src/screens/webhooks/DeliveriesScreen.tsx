import { Button, Group, Text } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { BulkModal } from '../../components/BulkModal';
import { DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { DELIVERY, optionsOf } from '../../format/states';
import { counted } from '../../format/words';
import { deliveryColumns } from './columns';
import {
  type Delivery,
  type Endpoint,
  EVENT_TYPES,
  endpointsQuery,
  replayDelivery,
  WEBHOOKS,
} from './queries';
import type { deliveriesRoute } from './routes';
import { WebhooksPage } from './WebhooksPage';

type Search = typeof deliveriesRoute.types.fullSearchSchema;

const filtersOf = (endpoints: Endpoint[]): Filter<Search>[] => [
  { key: 'status', label: 'Status', options: optionsOf(DELIVERY) },
  {
    key: 'event_type',
    label: 'Event',
    options: Object.keys(EVENT_TYPES).map((value) => ({ value, label: value })),
  },
  {
    key: 'endpoint_id',
    label: 'Endpoint',
    options: endpoints.map(({ id, url }) => ({ value: id, label: url })),
  },
  { key: 'order_id', label: "Order's id" },
  { key: 'event_id', label: "Event's id" },
];

/** Everything that was sent to other systems, and sending it once more. */
export function DeliveriesScreen() {
  const search = useSearch({ from: '/shell/webhooks-out/deliveries' });
  const navigate = useNavigate({ from: '/webhooks-out/deliveries' });
  const may = useMay();
  const endpoints = useQuery(endpointsQuery).data?.data ?? [];
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const list = usePages<Delivery>([...WEBHOOKS, 'deliveries', search], (cursor) =>
    answer(api.GET('/v1/admin/webhook-deliveries', { params: { query: { ...search, cursor, limit: 50 } } })),
  );
  return (
    <WebhooksPage>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconSend size={40} stroke={1.3} aria-hidden />} title="No delivery here">
            What endpoints are sent is kept for 30 days.
          </Empty>
        }
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={filtersOf(endpoints)}
          />
        }
      >
        {(rows) => (
          <>
            <ReplaySelected
              deliveries={rows.filter(({ id }) => selected.has(id))}
              onDone={() => setSelected(new Set())}
            />
            <DataTable
              label="Deliveries"
              rows={rows}
              columns={deliveryColumns(endpoints)}
              selection={may('webhooks:write') ? { ids: selected, set: setSelected } : undefined}
              nameOf={({ event_type, event_id }) => `${event_type} ${event_id}`}
            />
          </>
        )}
      </ListCard>
    </WebhooksPage>
  );
}

function ReplaySelected({ deliveries, onDone }: { deliveries: Delivery[]; onDone: () => void }) {
  const [asking, setAsking] = useState(false);
  if (deliveries.length === 0) return null;
  const count = counted(deliveries.length, 'delivery', 'deliveries');
  return (
    <Group
      px="md"
      py={8}
      gap="xs"
      bg="var(--mantine-primary-color-light)"
      role="toolbar"
      aria-label="Selected deliveries"
    >
      <Text size="sm" fw={550}>
        {count} selected
      </Text>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        Replay
      </Button>
      {asking && (
        <BulkModal
          title={`Send ${count} once more?`}
          items={deliveries}
          nameOf={({ event_type }) => event_type}
          run={({ id }) => replayDelivery(id)}
          submit="Send once more"
          refresh={[WEBHOOKS]}
          onClose={(done) => {
            setAsking(false);
            if (done) onDone();
          }}
        >
          <Text size="sm">Receivers know by the webhook-id what they have seen already.</Text>
        </BulkModal>
      )}
    </Group>
  );
}
