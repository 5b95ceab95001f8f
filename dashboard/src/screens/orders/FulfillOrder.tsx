import { Alert, Checkbox, NumberInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { counted } from '../../format/words';
import { nameOf, ORDERS, type Order } from './queries';

interface Values {
  quantities: Record<string, number>;
  carrier: string;
  tracking_number: string;
  force: boolean;
}

/** Lines of which units are still to be sent. */
const toSend = (order: Order) =>
  order.line_items.filter(({ fulfillable_quantity }) => fulfillable_quantity > 0);

/** Records what is sent; a label can be bought for it then, or it is followed by a number of one's own. */
export function FulfillOrder({ order, onClose }: { order: Order; onClose: () => void }) {
  const once = useOnce();
  const form = useForm<Values>({
    initialValues: {
      quantities: Object.fromEntries(toSend(order).map((line) => [line.id, line.fulfillable_quantity])),
      carrier: '',
      tracking_number: '',
      force: false,
    },
  });
  const chosen = Object.entries(form.values.quantities).filter(([, quantity]) => quantity > 0);
  const units = chosen.reduce((sum, [, quantity]) => sum + quantity, 0);
  const fulfill = useAction({
    run: ({ carrier, tracking_number, force }: Values) => {
      const line_items = chosen.map(([line_item_id, quantity]) => ({ line_item_id, quantity }));
      const body = { line_items, carrier: carrier || null, tracking_number: tracking_number || null, force };
      return once(body, (key) =>
        answer(
          api.POST('/v1/admin/orders/{id}/fulfillments', {
            params: { path: { id: order.id }, header: { ...key, ...ifMatch(order.version) } },
            body,
          }),
        ),
      );
    },
    form,
    refresh: [ORDERS],
    done: `The shipment of ${nameOf(order)} is recorded.`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Ship ${nameOf(order)}`}
      size="lg"
      opened
      onClose={onClose}
      submit={`Ship ${counted(units, 'unit')}`}
      disabled={units === 0}
      action={fulfill}
      fields={Object.keys(form.values)}
      onSubmit={() => fulfill.mutate(form.values)}
    >
      {order.dispute_status === 'open' && (
        <Alert color="orange" title="The payment is disputed">
          <Stack gap="xs">
            Goods that are sent now may be lost together with the money.
            <Checkbox label="Ship all the same" {...form.getInputProps('force', { type: 'checkbox' })} />
          </Stack>
        </Alert>
      )}
      <Table aria-label="Items to ship" fz="sm" verticalSpacing={6} horizontalSpacing="xs">
        <Table.Tbody>
          {toSend(order).map((line) => (
            <Table.Tr key={line.id}>
              <Table.Td>
                <Text size="sm">{line.title}</Text>
                <Text size="xs" c="dimmed">
                  {[line.variant_title, line.sku].filter(Boolean).join(' · ')}
                </Text>
              </Table.Td>
              <Table.Td w={130}>
                <NumberInput
                  size="xs"
                  aria-label={`Units of ${line.title} to ship`}
                  min={0}
                  max={line.fulfillable_quantity}
                  clampBehavior="strict"
                  allowDecimal={false}
                  suffix={` of ${line.fulfillable_quantity}`}
                  value={form.values.quantities[line.id]}
                  onChange={(quantity) => form.setFieldValue(`quantities.${line.id}`, Number(quantity) || 0)}
                />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" c="dimmed">
        To buy a label, leave these empty and choose “Buy label” on the shipment.
      </Text>
      <TextInput label="Carrier" placeholder="DHL" {...form.getInputProps('carrier')} />
      <TextInput label="Tracking number" {...form.getInputProps('tracking_number')} />
    </ActionModal>
  );
}
