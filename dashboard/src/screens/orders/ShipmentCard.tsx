import { ActionIcon, Anchor, Box, Button, Group, Menu, Paper, Text } from '@mantine/core';
import { IconDots, IconPrinter } from '@tabler/icons-react';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { Amount, State, Time } from '../../components/Told';
import { LABEL, SHIPMENT } from '../../format/states';
import { ORDERS, type Order } from './queries';
import type { Shipment } from './Shipments';

interface Props {
  order: Order;
  shipment: Shipment;
  onEditTracking: () => void;
  onBuyLabel: () => void;
}

/** A parcel: what is in it, where it is, its label. */
export function ShipmentCard({ order, shipment, onEditTracking, onBuyLabel }: Props) {
  const may = useMay();
  const label = shipment.labels?.at(-1);
  const called = shipment.status === 'cancelled';
  const slip = `/v1/admin/orders/${order.id}/fulfillments/${shipment.id}/packing-slip`;
  return (
    <Paper withBorder p="sm" component="article" aria-label={`Shipment ${shipment.tracking_number ?? ''}`}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Where shipment={shipment} />
        {!called && (
          <Group gap={6} wrap="nowrap">
            <Button
              component="a"
              href={slip}
              target="_blank"
              rel="noreferrer"
              size="xs"
              variant="default"
              leftSection={<IconPrinter size={14} aria-hidden />}
            >
              Packing slip
            </Button>
            {may('fulfillments:write') && (
              <ShipmentMenu
                order={order}
                shipment={shipment}
                onEditTracking={onEditTracking}
                onBuyLabel={onBuyLabel}
              />
            )}
          </Group>
        )}
      </Group>
      <Text size="xs" c="dimmed" mt={6}>
        {shipment.line_items
          .map((part) => `${part.quantity} × ${titleOf(order, part.line_item_id)}`)
          .join(', ')}
      </Text>
      {label && <Label label={label} />}
    </Paper>
  );
}

const titleOf = (order: Order, id: string) => order.line_items.find((line) => line.id === id)?.title ?? id;

function Where({ shipment }: { shipment: Shipment }) {
  const {
    carrier,
    tracking_number,
    tracking_url,
    status,
    created_at,
    shipped_at,
    delivered_at,
    tracking_detail,
  } = shipment;
  const followed = [carrier, tracking_number].filter(Boolean).join(' ');
  return (
    <Box miw={0}>
      <Group gap="xs">
        <State of={SHIPMENT} value={status} />
        <Text size="xs" c="dimmed">
          <Time at={delivered_at ?? shipped_at ?? created_at} />
        </Text>
      </Group>
      <Text size="sm" mt={4}>
        {followed && tracking_url ? (
          <Anchor inherit underline="always" href={tracking_url} target="_blank" rel="noreferrer">
            {followed}
          </Anchor>
        ) : (
          followed || 'No tracking yet'
        )}
      </Text>
      {tracking_detail && (
        <Text size="xs" c="dimmed">
          {tracking_detail}
        </Text>
      )}
    </Box>
  );
}

function Label({ label }: { label: Schemas['ShippingLabel'] }) {
  return (
    <Group gap="xs" mt="xs" fz="sm">
      <Text inherit c="dimmed">
        Label
      </Text>
      <State of={LABEL} value={label.status} />
      {label.cost && <Amount value={label.cost} />}
      {label.label_url && (
        <Anchor inherit underline="always" href={label.label_url} target="_blank" rel="noreferrer">
          Print
        </Anchor>
      )}
      {label.invoice_url && (
        <Anchor inherit underline="always" href={label.invoice_url} target="_blank" rel="noreferrer">
          Customs invoice
        </Anchor>
      )}
      {label.error && (
        <Text inherit c="var(--bad)">
          {label.error}
        </Text>
      )}
    </Group>
  );
}

/** Labels that still stand for the parcel. */
const STANDING: Schemas['LabelStatus'][] = ['pending', 'purchased', 'void_requested'];

function ShipmentMenu({ order, shipment, onEditTracking, onBuyLabel }: Props) {
  const path = { id: order.id, fulfillment_id: shipment.id };
  const base = { refresh: [ORDERS] };
  const mark = useAction({
    ...base,
    run: (status: Schemas['ShipmentStatus']) =>
      answer(
        api.PATCH('/v1/admin/orders/{id}/fulfillments/{fulfillment_id}', {
          params: { path },
          body: { status },
        }),
      ),
  });
  const cancel = useAction({
    ...base,
    run: () =>
      answer(api.POST('/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/cancel', { params: { path } })),
    done: 'The shipment is cancelled; its items are to be sent again.',
  });
  const voidLabel = useAction({
    ...base,
    run: () =>
      answer(
        api.POST('/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/label/void', { params: { path } }),
      ),
    done: 'The carrier was asked to take the label back.',
  });
  const label = shipment.labels?.at(-1);
  const standing = label !== undefined && STANDING.includes(label.status);
  const told = { onError: tellProblem };
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label="More about this shipment">
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {!standing && <Menu.Item onClick={onBuyLabel}>Buy label…</Menu.Item>}
        <Menu.Item onClick={onEditTracking}>Edit tracking…</Menu.Item>
        {['pending', 'label_purchased'].includes(shipment.status) && (
          <Menu.Item onClick={() => mark.mutate('in_transit', told)}>Mark as on its way</Menu.Item>
        )}
        {['pending', 'label_purchased', 'in_transit'].includes(shipment.status) && (
          <Menu.Item onClick={() => mark.mutate('delivered', told)}>Mark as delivered</Menu.Item>
        )}
        <Menu.Divider />
        {label?.status === 'purchased' && (
          <Menu.Item color="red" onClick={() => voidLabel.mutate(undefined, told)}>
            Void the label
          </Menu.Item>
        )}
        {shipment.status === 'pending' && !standing && (
          <Menu.Item color="red" onClick={() => cancel.mutate(undefined, told)}>
            Cancel the shipment
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
