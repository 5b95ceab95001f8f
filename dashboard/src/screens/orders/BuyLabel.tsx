import { Group, NumberInput, Select, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { ORDERS, type Order } from './queries';
import type { Shipment } from './Shipments';

const FILES: { value: Schemas['LabelFileType']; label: string }[] = [
  { value: 'PDF_4x6', label: 'Label printer, 4 × 6 inches (PDF)' },
  { value: 'PDF_A6', label: 'A6 (PDF)' },
  { value: 'PDF_A4', label: 'A4 (PDF)' },
  { value: 'PNG', label: 'Picture (PNG)' },
  { value: 'ZPLII', label: 'Label printer (ZPL II)' },
];

interface Values {
  service: string;
  file_type: Schemas['LabelFileType'];
  measured: boolean;
  weight: number;
  length: number;
  width: number;
  height: number;
}

/** Buys a carrier's label for a shipment: by the rate that the shopper chose, unless another service is named. */
export function BuyLabel({
  order,
  shipment,
  onClose,
}: {
  order: Order;
  shipment: Shipment;
  onClose: () => void;
}) {
  const once = useOnce();
  const chosen = order.shipping_rate?.provider_rate_id ? order.shipping_rate : null;
  const form = useForm<Values>({
    initialValues: {
      service: '',
      file_type: 'PDF_4x6',
      measured: false,
      weight: 500,
      length: 300,
      width: 200,
      height: 100,
    },
    validate: {
      service: (service) =>
        service || chosen ? null : "Name the carrier's service, such as dhl_express_domestic.",
    },
  });
  const buy = useAction({
    run: (values: Values) => {
      const body = labelOf(values);
      const path = { id: order.id, fulfillment_id: shipment.id };
      return once(body, (key) =>
        answer(
          api.POST('/v1/admin/orders/{id}/fulfillments/{fulfillment_id}/label', {
            params: { path, header: key },
            body,
          }),
        ),
      );
    },
    form,
    refresh: [ORDERS],
    done: 'The label is being bought.',
    onDone: onClose,
  });
  return (
    <ActionModal
      title="Buy label"
      opened
      onClose={onClose}
      submit="Buy the label"
      action={buy}
      fields={Object.keys(form.values)}
      onSubmit={form.onSubmit((values) => buy.mutate(values))}
    >
      <TextInput
        label="Service"
        description={
          chosen
            ? `${chosen.name}, as the shopper chose, when left empty`
            : 'The shopper chose no carrier’s rate.'
        }
        placeholder="dhl_express_domestic"
        {...form.getInputProps('service')}
      />
      <Select label="Print on" data={FILES} {...form.getInputProps('file_type')} />
      <Switch
        label="I measured the parcel"
        description="Otherwise it is reckoned from the items and the shop's boxes."
        {...form.getInputProps('measured', { type: 'checkbox' })}
      />
      {form.values.measured && (
        <Group grow gap="xs" align="flex-end">
          <NumberInput label="Weight" suffix=" g" min={1} {...form.getInputProps('weight')} />
          <NumberInput label="Length" suffix=" mm" min={1} {...form.getInputProps('length')} />
          <NumberInput label="Width" suffix=" mm" min={1} {...form.getInputProps('width')} />
          <NumberInput label="Height" suffix=" mm" min={1} {...form.getInputProps('height')} />
        </Group>
      )}
      <Text size="xs" c="dimmed">
        It is charged to the shop's account with the carrier. An unused label can be voided.
      </Text>
    </ActionModal>
  );
}

function labelOf({
  service,
  file_type,
  measured,
  weight,
  length,
  width,
  height,
}: Values): Schemas['NewShippingLabel'] {
  const parcel = { weight_grams: weight, dimensions_mm: { length, width, height } };
  return { service: service || null, file_type, parcel: measured ? parcel : null };
}
