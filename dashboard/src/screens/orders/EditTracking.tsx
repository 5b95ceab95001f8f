import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { ConflictModal, useVersioned } from '../../components/versions';
import { ORDERS, type Order, orderQuery } from './queries';
import type { Shipment } from './Shipments';

interface Values {
  carrier: string;
  tracking_number: string;
}

const valuesOf = (shipment: Shipment | undefined): Values => ({
  carrier: shipment?.carrier ?? '',
  tracking_number: shipment?.tracking_number ?? '',
});

/** Changes how a shipment is followed. A change that somebody else made meanwhile is shown, not overwritten. */
export function EditTracking({
  order,
  shipment,
  onClose,
}: {
  order: Order;
  shipment: Shipment;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const form = useForm<Values>({ initialValues: valuesOf(shipment) });
  const sameIn = (other: Order) => valuesOf(other.fulfillments.find(({ id }) => id === shipment.id));
  const versioned = useVersioned<Order, Values>({
    send: async (values, version) => {
      const path = { id: order.id, fulfillment_id: shipment.id };
      const body = { carrier: values.carrier || null, tracking_number: values.tracking_number || null };
      const address = '/v1/admin/orders/{id}/fulfillments/{fulfillment_id}';
      return answer(api.PATCH(address, { params: { path, header: ifMatch(version) }, body }));
    },
    read: () => client.fetchQuery({ ...orderQuery(order.id), staleTime: 0 }),
  });
  const save = useAction({
    run: versioned.save,
    form,
    refresh: [ORDERS],
    done: 'The tracking is saved.',
    onDone: onClose,
  });
  return (
    <>
      <ActionModal
        title="Edit tracking"
        opened={!versioned.conflict}
        onClose={onClose}
        submit="Save"
        action={save}
        fields={Object.keys(form.values)}
        disabled={!form.isDirty()}
        onSubmit={() => save.mutate({ values: form.values, version: order.version })}
      >
        <TextInput label="Carrier" data-autofocus {...form.getInputProps('carrier')} />
        <TextInput label="Tracking number" {...form.getInputProps('tracking_number')} />
      </ActionModal>
      <ConflictModal
        conflict={versioned.conflict}
        toValues={sameIn}
        fields={[
          { label: 'Carrier', of: ({ carrier }) => carrier },
          { label: 'Tracking number', of: ({ tracking_number }) => tracking_number },
        ]}
        onKeepMine={(values, theirs) => save.mutate({ values, version: theirs.version })}
        onTakeTheirs={onClose}
        onClose={versioned.dismiss}
      />
    </>
  );
}
