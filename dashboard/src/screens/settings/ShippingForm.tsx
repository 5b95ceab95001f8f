import { Checkbox, NumberInput, Select, SimpleGrid, Stack, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { AddressFields, type AddressText, addressOf, addressText } from '../../components/AddressFields';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Panel } from '../../components/Page';
import { RowsField } from '../../components/RowsField';
import { REGION_CODES } from '../../format/countries';
import { REFRESH, type ShippingSettings, shippingQuery } from './queries';

interface Values {
  provider: Schemas['RateProvider'];
  on_failure: Schemas['RateFailurePolicy'];
  origin: AddressText;
  origin_email: string;
  boxes: Schemas['ShippingBox'][];
  default_weight_grams: number;
  default_dimensions_mm: Schemas['Dimensions'];
  handling_days: number;
  allowed_services: string[];
  strict_addresses: boolean;
}

const valuesOf = (document: ShippingSettings): Values => ({
  provider: document.provider,
  on_failure: document.on_failure,
  origin: addressText(document.origin),
  origin_email: document.origin_email ?? '',
  boxes: document.boxes,
  default_weight_grams: document.default_weight_grams,
  default_dimensions_mm: document.default_dimensions_mm,
  handling_days: document.handling_days,
  allowed_services: document.allowed_services,
  strict_addresses: document.strict_addresses,
});

const bodyOf = ({ origin, origin_email, ...rest }: Values): Schemas['ShippingSettingsPatch'] => ({
  ...rest,
  origin: addressOf(origin),
  origin_email: origin_email || null,
});

const NEW_BOX: Schemas['ShippingBox'] = {
  name: '',
  dimensions_mm: { length: 300, width: 200, height: 100 },
  empty_weight_grams: 100,
  max_weight_grams: 20_000,
};

const LABELS = {
  provider: 'Who knows the prices',
  on_failure: 'When Shippo cannot be asked',
  origin: 'Sent from',
  origin_email: 'E-mail for carriers',
  boxes: 'Boxes',
  default_weight_grams: 'Weight of what has none',
  default_dimensions_mm: 'Size of what has none',
  handling_days: 'Days until the carrier has it',
  allowed_services: 'Services on offer',
  strict_addresses: 'Faulty addresses are refused',
};

/** Who reckons the prices of sending, from where, and in which boxes. */
export function ShippingForm({ document }: { document: ShippingSettings }) {
  const may = useMay()('settings:write');
  const client = useQueryClient();
  const of = useDocumentForm<ShippingSettings, Values>({
    document,
    toValues: valuesOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/shipping-settings', {
          params: { header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...shippingQuery, staleTime: 0 }),
    refresh: REFRESH,
    done: 'The shipping settings are saved.',
    labels: LABELS,
  });
  const { form } = of;
  return (
    <DocumentForm of={of} may={may}>
      <Stack gap="md">
        <Boxes form={form} />
        <Prices form={form} />
        <Panel title="Sent from">
          <Stack gap="sm">
            <AddressFields form={form} path="origin" countries={REGION_CODES} />
            <TextInput
              label="E-mail for carriers"
              type="email"
              maw={420}
              {...form.getInputProps('origin_email')}
            />
          </Stack>
        </Panel>
      </Stack>
    </DocumentForm>
  );
}

type FormProps = { form: UseFormReturnType<Values> };

function Boxes({ form }: FormProps) {
  return (
    <Panel title="Boxes">
      <RowsField
        one="box"
        count={form.values.boxes.length}
        onAdd={() => form.insertListItem('boxes', NEW_BOX)}
        onRemove={(index) => form.removeListItem('boxes', index)}
        empty="Without boxes each thing is sent as it is."
      >
        {(index) => {
          const heading = (text: string) => (index === 0 ? text : undefined);
          const of = (name: string) => form.getInputProps(`boxes.${index}.${name}`);
          const number = (name: string, label: string, suffix: string) => (
            <NumberInput
              label={heading(label)}
              aria-label={`${label} of box ${index + 1}`}
              suffix={suffix}
              min={0}
              hideControls
              allowDecimal={false}
              {...of(name)}
            />
          );
          return (
            <SimpleGrid cols={{ base: 2, xs: 3, md: 6 }} spacing="xs">
              <TextInput label={heading('Name')} aria-label={`Name of box ${index + 1}`} {...of('name')} />
              {number('dimensions_mm.length', 'Length', ' mm')}
              {number('dimensions_mm.width', 'Width', ' mm')}
              {number('dimensions_mm.height', 'Height', ' mm')}
              {number('empty_weight_grams', 'Empty', ' g')}
              {number('max_weight_grams', 'Full at most', ' g')}
            </SimpleGrid>
          );
        }}
      </RowsField>
    </Panel>
  );
}

function Prices({ form }: FormProps) {
  const shippo = form.values.provider === 'shippo';
  return (
    <Panel title="Prices and packing">
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <Select
            label="Who knows the prices"
            data={[
              { value: 'table', label: 'The zones above' },
              { value: 'shippo', label: 'Shippo, which asks carriers' },
            ]}
            {...form.getInputProps('provider')}
          />
          <Select
            label="When Shippo cannot be asked"
            disabled={!shippo}
            data={[
              { value: 'fallback', label: 'The zones stand in' },
              { value: 'refuse', label: 'Nothing is sent until it can' },
            ]}
            {...form.getInputProps('on_failure')}
          />
        </SimpleGrid>
        {shippo && (
          <>
            <TagsInput
              label="Services on offer"
              description="Shippo's tokens, such as usps_priority. Empty: all."
              {...form.getInputProps('allowed_services')}
            />
            <Checkbox
              label="Refuse addresses that Shippo finds fault with"
              {...form.getInputProps('strict_addresses', { type: 'checkbox' })}
            />
          </>
        )}
        <SimpleGrid cols={{ base: 2, md: 5 }} spacing="sm">
          <NumberInput
            label="Days to pack"
            min={0}
            allowDecimal={false}
            {...form.getInputProps('handling_days')}
          />
          <NumberInput
            label="Default weight"
            suffix=" g"
            min={0}
            {...form.getInputProps('default_weight_grams')}
          />
          {(['length', 'width', 'height'] as const).map((side) => (
            <NumberInput
              key={side}
              label={`Default ${side}`}
              suffix=" mm"
              min={0}
              {...form.getInputProps(`default_dimensions_mm.${side}`)}
            />
          ))}
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}
