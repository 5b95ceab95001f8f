import { Card, Checkbox, NumberInput, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { MoneyInput } from '../../components/MoneyInput';
import { Panel } from '../../components/Page';
import { PricesField } from '../../components/PricesField';
import { counted } from '../../format/words';
import { titleOf } from './matrix';
import { defaultSku, EMPTY_VARIANT, type NewProductValues, type VariantText, variantsOf } from './newProduct';

interface FormProps {
  form: UseFormReturnType<NewProductValues>;
}

/** What holds for all its variants. */
export function PricesPanel({ form }: FormProps) {
  return (
    <Panel title="Prices and stock">
      <Stack gap="sm">
        <PricesField form={form} />
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
          <TextInput
            label="SKU"
            placeholder={defaultSku(form.values, {}) || 'Made from the title'}
            {...form.getInputProps('sku')}
          />
          <NumberInput
            label="In stock"
            placeholder="0"
            min={0}
            allowDecimal={false}
            {...form.getInputProps('on_hand')}
          />
          <NumberInput label="Weight" suffix=" g" min={0} {...form.getInputProps('weight_grams')} />
        </SimpleGrid>
        <Checkbox
          label="It is sent by post"
          {...form.getInputProps('requires_shipping', { type: 'checkbox' })}
        />
      </Stack>
    </Panel>
  );
}

/** A row for each combination of options; what is not typed is as above. */
export function NewVariantsPanel({ form, currency }: FormProps & { currency: string }) {
  const rows = variantsOf(form.values);
  if (rows.length === 1 && Object.keys(rows[0]?.combination ?? {}).length === 0) return null;
  const kept = rows.filter(({ text }) => !text.skipped).length;
  const set = (key: string, patch: Partial<VariantText>) =>
    form.setFieldValue('variants', {
      ...form.values.variants,
      [key]: { ...(form.values.variants[key] ?? EMPTY_VARIANT), ...patch },
    });
  const price = form.values.prices.find((given) => given.currency === currency)?.amount;
  return (
    <Panel title={`Variants: ${counted(kept, 'one', 'of them')}`}>
      <Text size="xs" c="dimmed" mb="xs">
        Untick what is not made. Grey values are taken from above.
      </Text>
      <Card.Section>
        <Table.ScrollContainer minWidth={560} type="native">
          <Table aria-label="Variants" fz="sm" verticalSpacing={6} horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Variant</Table.Th>
                <Table.Th>SKU</Table.Th>
                <Table.Th w={150}>Price</Table.Th>
                <Table.Th w={110}>In stock</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ key, combination, text }) => {
                const title = titleOf(combination);
                return (
                  <Table.Tr key={key}>
                    <Table.Td>
                      <Checkbox
                        size="xs"
                        label={title}
                        checked={!text.skipped}
                        onChange={({ currentTarget }) => set(key, { skipped: !currentTarget.checked })}
                      />
                    </Table.Td>
                    <Table.Td>
                      <TextInput
                        aria-label={`SKU of ${title}`}
                        placeholder={defaultSku(form.values, combination)}
                        disabled={text.skipped}
                        value={text.sku}
                        onChange={({ currentTarget }) => set(key, { sku: currentTarget.value })}
                      />
                    </Table.Td>
                    <Table.Td>
                      <MoneyInput
                        currency={currency}
                        aria-label={`Price of ${title}`}
                        placeholder={price}
                        disabled={text.skipped}
                        value={text.price}
                        onChange={({ currentTarget }) => set(key, { price: currentTarget.value })}
                      />
                    </Table.Td>
                    <Table.Td>
                      <NumberInput
                        aria-label={`In stock of ${title}`}
                        placeholder={String(form.values.on_hand || 0)}
                        min={0}
                        allowDecimal={false}
                        disabled={text.skipped}
                        value={text.on_hand}
                        onChange={(value) => set(key, { on_hand: value === '' ? '' : Number(value) })}
                      />
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card.Section>
    </Panel>
  );
}
