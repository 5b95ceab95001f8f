import { Checkbox, NumberInput, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { AmountsField } from '../../components/AmountsField';
import { Panel } from '../../components/Page';
import { DISCOUNT, optionsOf } from '../../format/states';
import { AppliesToField } from './AppliesToField';
import type { DiscountValues } from './discountForm';

export interface FormProps {
  form: UseFormReturnType<DiscountValues>;
}

/** What it gives, and on what. */
export function GiftPanel({ form }: FormProps) {
  const { type, applies_to } = form.values;
  if (type === 'buy_x_get_y') return <BuyAndGet form={form} />;
  return (
    <Panel title="What it gives">
      <Stack gap="sm">
        {type === 'percentage' && (
          <TextInput
            label="Percentage"
            rightSection="%"
            inputMode="decimal"
            maw={200}
            {...form.getInputProps('percentage')}
          />
        )}
        {type === 'fixed_amount' && (
          <AmountsField
            form={form}
            path="amounts"
            label="Amount"
            description="It is not given in currencies that are left empty."
          />
        )}
        <AppliesToField
          label="On"
          value={applies_to}
          onChange={(value) => form.setFieldValue('applies_to', value)}
        />
      </Stack>
    </Panel>
  );
}

function BuyAndGet({ form }: FormProps) {
  const { buy, get } = form.values;
  return (
    <>
      <Panel title="What must be bought">
        <Stack gap="sm">
          <NumberInput
            label="Units"
            min={1}
            maw={200}
            allowDecimal={false}
            {...form.getInputProps('buy.quantity')}
          />
          <AppliesToField
            label="Of"
            value={buy.applies_to}
            onChange={(value) => form.setFieldValue('buy.applies_to', value)}
          />
        </Stack>
      </Panel>
      <Panel title="What is given for it">
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
            <NumberInput label="Units" min={1} allowDecimal={false} {...form.getInputProps('get.quantity')} />
            <TextInput
              label="Cheaper by"
              rightSection="%"
              inputMode="decimal"
              {...form.getInputProps('get.percentage')}
            />
            <NumberInput
              label="Times in an order"
              placeholder="Any"
              min={1}
              allowDecimal={false}
              {...form.getInputProps('get.most_per_order')}
            />
          </SimpleGrid>
          <AppliesToField
            label="Of"
            value={get.applies_to}
            onChange={(value) => form.setFieldValue('get.applies_to', value)}
          />
        </Stack>
      </Panel>
    </>
  );
}

/** What a cart must hold, and how often it is given. */
export function ConditionsPanel({ form }: FormProps) {
  return (
    <Panel title="Conditions and limits">
      <Stack gap="sm">
        <AmountsField
          form={form}
          path="minimum_subtotal"
          label="Least value"
          description="Of what it is for, before discounts. In currencies that are left empty there is none."
        />
        <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
          <NumberInput
            label="Least units"
            placeholder="None"
            min={1}
            allowDecimal={false}
            {...form.getInputProps('minimum_quantity')}
          />
          <NumberInput
            label="Most orders"
            placeholder="Any number"
            min={1}
            allowDecimal={false}
            {...form.getInputProps('usage_limit')}
          />
          <NumberInput
            label="Most per customer"
            placeholder="Any number"
            min={1}
            allowDecimal={false}
            {...form.getInputProps('usage_limit_per_customer')}
          />
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}

/** When it is given, and with which others. */
export function TimePanel({ form }: FormProps) {
  return (
    <Panel title="When">
      <Stack gap="sm">
        <Select label="Status" data={optionsOf(DISCOUNT)} {...form.getInputProps('status')} />
        <TextInput
          type="datetime-local"
          label="Starts"
          description="Your time. Empty: at once."
          {...form.getInputProps('starts_at')}
        />
        <TextInput
          type="datetime-local"
          label="Ends"
          description="Empty: it goes on."
          {...form.getInputProps('ends_at')}
        />
      </Stack>
    </Panel>
  );
}

export function CombinationPanel({ form }: FormProps) {
  return (
    <Panel title="With other discounts">
      <Stack gap="sm">
        <Checkbox
          label="It may be combined"
          description="One that may not, and comes first, is given alone."
          {...form.getInputProps('combinable', { type: 'checkbox' })}
        />
        <NumberInput
          label="Priority"
          description="Higher ones are given first, each on what the earlier left."
          allowDecimal={false}
          {...form.getInputProps('priority')}
        />
      </Stack>
    </Panel>
  );
}
