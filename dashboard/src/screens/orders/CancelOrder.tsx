import { Checkbox, Select, Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { CANCEL_REASON, optionsOf } from '../../format/states';
import { nameOf, ORDERS, type Order } from './queries';

interface Props {
  order: Order;
  onClose: () => void;
}

type Values = Required<Pick<Schemas['NewCancellation'], 'reason'>> & { note: string; restock: boolean };

/** Asks why an order is to be cancelled, and says what follows. */
export function CancelOrder({ order, onClose }: Props) {
  const once = useOnce();
  const form = useForm<Values>({
    initialValues: { reason: 'requested_by_customer', note: '', restock: true },
  });
  const cancel = useAction({
    run: ({ note, ...rest }: Values) => {
      const body = { ...rest, note: note || null };
      return once(body, (key) =>
        answer(
          api.POST('/v1/admin/orders/{id}/cancel', {
            params: { path: { id: order.id }, header: { ...key, ...ifMatch(order.version) } },
            body,
          }),
        ),
      );
    },
    form,
    refresh: [ORDERS],
    done: (after) =>
      after.status === 'cancelled' ? `${nameOf(order)} is cancelled.` : 'The cancellation is on its way.',
    onDone: onClose,
  });
  const paid = order.remaining_refundable.amount > 0;
  return (
    <ActionModal
      title={`Cancel ${nameOf(order)}?`}
      opened
      onClose={onClose}
      submit="Cancel the order"
      danger
      action={cancel}
      fields={Object.keys(form.values)}
      onSubmit={() => cancel.mutate(form.values)}
    >
      <Text size="sm">
        {paid
          ? 'What was paid is given back, and the customer is told by e-mail.'
          : 'The payment is called off.'}{' '}
        This cannot be undone.
      </Text>
      <Select label="Reason" data={optionsOf(CANCEL_REASON)} {...form.getInputProps('reason')} />
      <Checkbox
        label="Put the items back into stock"
        {...form.getInputProps('restock', { type: 'checkbox' })}
      />
      <Textarea label="Note for the shop" autosize minRows={2} {...form.getInputProps('note')} />
    </ActionModal>
  );
}
