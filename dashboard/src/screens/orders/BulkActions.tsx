import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { useOnce } from '../../components/actions';
import { BulkModal } from '../../components/BulkModal';
import { CANCEL_REASON, optionsOf } from '../../format/states';
import { counted } from '../../format/words';
import { nameOf, ORDERS, type OrderSummary } from './queries';

interface Props {
  orders: OrderSummary[];
  onDone: () => void;
}

/** What can be done to all orders that are ticked; nothing while none is. */
export function BulkActions({ orders, onDone }: Props) {
  const may = useMay();
  // The orders of the dialog stay, even if the list behind it loses them.
  const [dialog, setDialog] = useState<{ to: 'ship' | 'cancel' | 'tag'; orders: OrderSummary[] } | null>(
    null,
  );
  if (orders.length === 0 && !dialog) return null;
  const ask = (to: 'ship' | 'cancel' | 'tag') => setDialog({ to, orders });
  const close = (done: boolean) => {
    setDialog(null);
    if (done) onDone();
  };
  return (
    <Group
      px="md"
      py={8}
      gap="xs"
      bg="var(--mantine-primary-color-light)"
      role="toolbar"
      aria-label="Selected orders"
    >
      <Text size="sm" fw={550}>
        {counted(orders.length, 'order')} selected
      </Text>
      {may('fulfillments:write') && (
        <Button size="xs" variant="default" onClick={() => ask('ship')}>
          Ship
        </Button>
      )}
      {may('orders:write') && (
        <>
          <Button size="xs" variant="default" onClick={() => ask('tag')}>
            Add tag
          </Button>
          <Button size="xs" variant="default" onClick={() => ask('cancel')}>
            Cancel
          </Button>
        </>
      )}
      {dialog?.to === 'ship' && <ShipAll orders={dialog.orders} onClose={close} />}
      {dialog?.to === 'tag' && <TagAll orders={dialog.orders} onClose={close} />}
      {dialog?.to === 'cancel' && <CancelAll orders={dialog.orders} onClose={close} />}
    </Group>
  );
}

interface DialogProps {
  orders: OrderSummary[];
  onClose: (done: boolean) => void;
}

const common = { nameOf, refresh: [ORDERS] };

const paramsOf = ({ id, version }: OrderSummary, key?: { 'Idempotency-Key': string }) => ({
  path: { id },
  header: { ...key, ...ifMatch(version) },
});

function ShipAll({ orders, onClose }: DialogProps) {
  const once = useOnce();
  const ship = (order: OrderSummary) =>
    once({ ship: order.id }, (key) =>
      answer(api.POST('/v1/admin/orders/{id}/fulfillments', { params: paramsOf(order, key), body: {} })),
    );
  return (
    <BulkModal
      {...common}
      title={`Ship ${counted(orders.length, 'order')}?`}
      items={orders}
      run={ship}
      submit="Ship everything that is left"
      onClose={onClose}
    >
      <Text size="sm">
        A shipment of everything that is still to be sent is recorded for each. Tracking numbers and labels
        are added on the order afterwards.
      </Text>
    </BulkModal>
  );
}

function TagAll({ orders, onClose }: DialogProps) {
  const [tag, setTag] = useState('');
  const add = ({ id }: OrderSummary) =>
    answer(
      api.PATCH('/v1/admin/orders/{id}', { params: { path: { id } }, body: { add_tags: [tag.trim()] } }),
    );
  return (
    <BulkModal
      {...common}
      title={`Tag ${counted(orders.length, 'order')}`}
      items={orders}
      run={add}
      submit="Add the tag"
      disabled={!tag.trim()}
      onClose={onClose}
    >
      <TextInput
        label="Tag"
        data-autofocus
        maxLength={64}
        value={tag}
        onChange={(event) => setTag(event.currentTarget.value)}
      />
    </BulkModal>
  );
}

function CancelAll({ orders, onClose }: DialogProps) {
  const once = useOnce();
  const [reason, setReason] = useState<Schemas['CancelReason']>('requested_by_customer');
  const cancel = (order: OrderSummary) =>
    once({ cancel: order.id, reason }, (key) =>
      answer(api.POST('/v1/admin/orders/{id}/cancel', { params: paramsOf(order, key), body: { reason } })),
    );
  return (
    <BulkModal
      {...common}
      title={`Cancel ${counted(orders.length, 'order')}?`}
      items={orders}
      run={cancel}
      submit={`Cancel ${counted(orders.length, 'order')}`}
      danger
      onClose={onClose}
    >
      <Text size="sm">
        What was paid is given back, and each customer is told by e-mail. This cannot be undone.
      </Text>
      <Select
        label="Reason"
        data={optionsOf(CANCEL_REASON)}
        value={reason}
        onChange={(value) => value && setReason(value)}
      />
    </BulkModal>
  );
}
