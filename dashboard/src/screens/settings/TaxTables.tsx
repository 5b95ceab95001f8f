import { Checkbox, MultiSelect, Select, SimpleGrid, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { storeQuery } from '../../api/shop';
import { Panel } from '../../components/Page';
import { RowsField } from '../../components/RowsField';
import { countryOptions, REGION_CODES } from '../../format/countries';
import { BEHAVIORS, type RuleText, type TaxRateText, type TaxValues } from './taxForm';

type FormProps = { form: UseFormReturnType<TaxValues> };

const NEW_RULE: RuleText = { currency: null, countries: [], tax_behavior: 'inclusive' };

/** Where prices are meant otherwise; the first rule that fits holds. */
export function BehaviorRules({ form }: FormProps) {
  const currencies = (useQuery(storeQuery).data?.currencies ?? []).map(({ code }) => code);
  return (
    <RowsField
      one="rule"
      count={form.values.tax_behavior_rules.length}
      onAdd={() => form.insertListItem('tax_behavior_rules', NEW_RULE)}
      onRemove={(index) => form.removeListItem('tax_behavior_rules', index)}
    >
      {(index) => {
        const of = (name: string) => form.getInputProps(`tax_behavior_rules.${index}.${name}`);
        const heading = (text: string) => (index === 0 ? text : undefined);
        return (
          <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="xs">
            <Select
              label={heading('Currency')}
              aria-label={`Currency of rule ${index + 1}`}
              placeholder="Any"
              clearable
              data={currencies}
              {...of('currency')}
            />
            <MultiSelect
              label={heading('Countries')}
              aria-label={`Countries of rule ${index + 1}`}
              placeholder={form.values.tax_behavior_rules[index]?.countries.length ? undefined : 'Any'}
              searchable
              data={countryOptions(REGION_CODES)}
              {...of('countries')}
            />
            <Select
              label={heading('Then')}
              aria-label={`What rule ${index + 1} says`}
              data={BEHAVIORS}
              {...of('tax_behavior')}
            />
          </SimpleGrid>
        );
      }}
    </RowsField>
  );
}

const NEW_RATE: TaxRateText = {
  country: '',
  state: '',
  name: 'VAT',
  percentage: '',
  on_shipping: true,
  tax_codes: [],
};

/** The shop's own rates, by place. */
export function TaxRates({ form }: FormProps) {
  return (
    <Panel title="Rates">
      <RowsField
        one="rate"
        count={form.values.rates.length}
        onAdd={() => form.insertListItem('rates', NEW_RATE)}
        onRemove={(index) => form.removeListItem('rates', index)}
        empty="No tax is due anywhere."
      >
        {(index) => {
          const of = (name: string) => form.getInputProps(`rates.${index}.${name}`);
          const heading = (text: string) => (index === 0 ? text : undefined);
          const told = (text: string) => `${text} of rate ${index + 1}`;
          return (
            <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="xs">
              <Select
                label={heading('Country')}
                aria-label={told('Country')}
                searchable
                data={countryOptions(REGION_CODES)}
                {...of('country')}
              />
              <TextInput
                label={heading('State')}
                aria-label={told('State')}
                placeholder="All"
                {...of('state')}
              />
              <TextInput label={heading('Name')} aria-label={told('Name')} {...of('name')} />
              <TextInput
                label={heading('Rate')}
                aria-label={told('Percentage')}
                rightSection="%"
                inputMode="decimal"
                {...of('percentage')}
              />
              <TagsInput
                label={heading('Tax codes')}
                aria-label={told('Tax codes')}
                placeholder={form.values.rates[index]?.tax_codes.length ? undefined : 'All others'}
                {...of('tax_codes')}
              />
              <Checkbox
                label="On shipping"
                mt={index === 0 ? 30 : 8}
                {...form.getInputProps(`rates.${index}.on_shipping`, { type: 'checkbox' })}
              />
            </SimpleGrid>
          );
        }}
      </RowsField>
    </Panel>
  );
}
