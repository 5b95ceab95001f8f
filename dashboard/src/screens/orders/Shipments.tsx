import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { Empty, Panel } from '../../components/Page';
import { State, Time } from '../../components/Told';
import { SHIPMENT } from '../../format/states';
import { EditTracking } from './EditTracking';
import type { Order } from './queries';

export type Shipment = Order['fulfillments'][number];

/** What was sent of an order, and where it is. */
export function Shipments({ order }: { order: Order }) {
  const may = useMay();
  const [edited, setEdited] = useState<Shipment | null>(null);
  return (
    <Panel title="Shipments">
      {order.fulfillments.length === 0 && <Empty title="Nothing was sent yet" />}
      <Stack>
        {order.fulfillments.map((shipment) => (
          <Group key={shipment.id} justify="space-between" align="flex-start">
            <Tracking shipment={shipment} />
            {may('fulfillments:write') && shipment.status !== 'cancelled' && (
              <Button size="xs" variant="default" onClick={() => setEdited(shipment)}>
                Edit tracking
              </Button>
            )}
          </Group>
        ))}
      </Stack>
      {edited && <EditTracking order={order} shipment={edited} onClose={() => setEdited(null)} />}
    </Panel>
  );
}

function Tracking({ shipment }: { shipment: Shipment }) {
  const { carrier, tracking_number, tracking_url, status, created_at, shipped_at } = shipment;
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <State of={SHIPMENT} value={status} />
        <Text size="xs" c="dimmed">
          <Time at={shipped_at ?? created_at} />
        </Text>
      </Group>
      <Text size="sm">
        {[carrier, tracking_number].filter(Boolean).join(' ') || 'No tracking yet'}{' '}
        {tracking_url && (
          <Anchor inherit href={tracking_url} target="_blank" rel="noreferrer">
            Track
          </Anchor>
        )}
      </Text>
    </Stack>
  );
}
