import { Checkbox, NumberInput, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { storeQuery } from '../../api/shop';
import { MoneyInput } from '../../components/MoneyInput';
import { Panel } from '../../components/Page';
import { PairsField } from '../../components/PairsField';
import { PricesField } from '../../components/PricesField';
import { countryOptions } from '../../format/countries';
import type { Product, Variant } from './queries';
import type { VariantValues } from './variantForm';

interface FormProps {
  form: UseFormReturnType<VariantValues>;
}

/** What sets it apart and what identifies it. */
export function IdentityPanel({ form, options }: FormProps & { options: Product['options'] }) {
  return (
    <Panel title="About it">
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <TextInput label="SKU" required {...form.getInputProps('sku')} />
          <TextInput label="Barcode" placeholder="EAN, UPC, ISBN" {...form.getInputProps('barcode')} />
          {options.map(({ name, values }) => (
            <Select
              key={name}
              label={name}
              data={values}
              value={form.values.option_values[name] ?? null}
              onChange={(value) =>
                form.setFieldValue('option_values', { ...form.values.option_values, [name]: value ?? '' })
              }
            />
          ))}
        </SimpleGrid>
        <TextInput
          label="Title"
          description="What sets it apart; made from the options when empty."
          {...form.getInputProps('title')}
        />
      </Stack>
    </Panel>
  );
}

/** What it costs. */
export function PricingPanel({
  form,
  variant,
  currency,
}: FormProps & { variant: Variant; currency: string }) {
  return (
    <Panel title="Prices">
      <Stack gap="sm">
        <PricesField form={form} derived={variant.derived_prices} />
        <MoneyInput
          currency={currency}
          label="Cost"
          description="What the shop pays for one. Shoppers do not see it."
          maw={260}
          {...form.getInputProps('unit_cost')}
        />
        <Checkbox label="Tax is due on it" {...form.getInputProps('taxable', { type: 'checkbox' })} />
      </Stack>
    </Panel>
  );
}

/** When it may be sold. */
export function StockRulesPanel({ form }: FormProps) {
  const { track_inventory } = form.values;
  return (
    <Panel title="Selling">
      <Stack gap="sm">
        <Checkbox
          label="Sell no more than there are"
          description="Its stock is counted."
          {...form.getInputProps('track_inventory', { type: 'checkbox' })}
        />
        <Checkbox
          label="Go on selling when none is left"
          description="Shoppers see that it comes later."
          disabled={!track_inventory}
          {...form.getInputProps('allow_backorder', { type: 'checkbox' })}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NumberInput
            label="Counts as low at"
            description="Units; 0 is never. Empty: the shop's default."
            min={0}
            allowDecimal={false}
            disabled={!track_inventory}
            {...form.getInputProps('low_stock_threshold')}
          />
          <NumberInput
            label="Most per order"
            description="Empty: any number."
            min={1}
            allowDecimal={false}
            {...form.getInputProps('max_per_order')}
          />
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}

/** How it is sent, and what customs ask. */
export function ShippingPanel({ form }: FormProps) {
  const codes = (useQuery(storeQuery).data?.shipping_countries ?? []).map(({ code }) => code);
  const physical = form.values.requires_shipping;
  return (
    <Panel title="Shipping and customs">
      <Stack gap="sm">
        <Checkbox
          label="It is sent by post"
          {...form.getInputProps('requires_shipping', { type: 'checkbox' })}
        />
        {physical && (
          <>
            <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="sm">
              <NumberInput label="Weight" suffix=" g" min={0} {...form.getInputProps('weight_grams')} />
              <NumberInput
                label="Length"
                suffix=" mm"
                min={0}
                {...form.getInputProps('dimensions_mm.length')}
              />
              <NumberInput
                label="Width"
                suffix=" mm"
                min={0}
                {...form.getInputProps('dimensions_mm.width')}
              />
              <NumberInput
                label="Height"
                suffix=" mm"
                min={0}
                {...form.getInputProps('dimensions_mm.height')}
              />
            </SimpleGrid>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <TextInput label="HS code" placeholder="6205.20" {...form.getInputProps('hs_code')} />
              <Select
                label="Made in"
                searchable
                clearable
                data={countryOptions(codes)}
                {...form.getInputProps('origin_country')}
              />
            </SimpleGrid>
          </>
        )}
      </Stack>
    </Panel>
  );
}

/** The shop's own data. */
export function VariantMetadata({ form }: FormProps) {
  return (
    <Panel title="Metadata">
      <PairsField label="Metadata" {...form.getInputProps('metadata')} />
    </Panel>
  );
}
