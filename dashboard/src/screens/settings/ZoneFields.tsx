import {
  Button,
  Card,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { storeQuery } from '../../api/shop';
import { MoneyInput } from '../../components/MoneyInput';
import { Empty, Panel } from '../../components/Page';
import { RowsField } from '../../components/RowsField';
import { countryName, countryOptions, REGION_CODES } from '../../format/countries';
import { emptyBand, emptyRate, type ZoneValues } from './zoneForm';

interface FormProps {
  form: UseFormReturnType<ZoneValues>;
}

/** Countries whose addresses must name a state. */
const WITH_STATES = new Set(['AU', 'BR', 'CA', 'US']);

const REST = { value: '*', label: 'Everywhere else' };

/** What the zone is called and where it is. */
export function PlacePanel({ form }: FormProps) {
  const { regions } = form.values;
  const choose = (codes: string[]) =>
    form.setFieldValue(
      'regions',
      codes.map((country) => regions.find((region) => region.country === country) ?? { country, states: [] }),
    );
  return (
    <Panel title="Where">
      <Stack gap="sm">
        <TextInput label="Name" description="For staff." required {...form.getInputProps('name')} />
        <MultiSelect
          label="Countries"
          searchable
          clearable
          maxDropdownHeight={280}
          data={[REST, ...countryOptions(REGION_CODES)]}
          value={regions.map(({ country }) => country)}
          onChange={choose}
          error={form.errors.regions}
          data-path="regions"
        />
        {regions.map(({ country, states }, index) =>
          WITH_STATES.has(country) || states.length > 0 ? (
            <TagsInput
              key={country}
              label={`Only these states of ${countryName(country)}`}
              description="As addresses write them, such as CA. Empty: all."
              splitChars={[',', ' ']}
              {...form.getInputProps(`regions.${index}.states`)}
            />
          ) : null,
        )}
      </Stack>
    </Panel>
  );
}

/** The ways to send goods there, in the order in which shoppers see them. */
export function RatesPanel({ form }: FormProps) {
  const store = useQuery(storeQuery).data;
  const currency = store?.default_currency ?? 'EUR';
  const { rates } = form.values;
  return (
    <Panel
      title="Rates"
      action={
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => form.insertListItem('rates', emptyRate(currency))}
        >
          Add a rate
        </Button>
      }
    >
      {rates.length === 0 && <Empty title="Nothing is sent there yet">Add a rate, such as Standard.</Empty>}
      <Stack gap="md">
        {rates.map(({ id, basis }, index) => (
          <Card key={id ?? `new-${index}`} withBorder padding="sm">
            <Stack gap="sm">
              <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
                <TextInput
                  label="Name"
                  placeholder="Standard"
                  {...form.getInputProps(`rates.${index}.name`)}
                />
                <TextInput label="More about it" {...form.getInputProps(`rates.${index}.description`)} />
              </SimpleGrid>
              <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="sm">
                <Select
                  label="Priced by"
                  data={[
                    { value: 'subtotal', label: 'Value' },
                    { value: 'weight', label: 'Weight' },
                  ]}
                  {...form.getInputProps(`rates.${index}.basis`)}
                />
                <NumberInput
                  label="Days, least"
                  min={0}
                  allowDecimal={false}
                  {...form.getInputProps(`rates.${index}.min_days`)}
                />
                <NumberInput
                  label="Days, most"
                  min={0}
                  allowDecimal={false}
                  {...form.getInputProps(`rates.${index}.max_days`)}
                />
                <Group align="flex-end" justify="flex-end">
                  <Button
                    size="xs"
                    variant="subtle"
                    color="red"
                    onClick={() => form.removeListItem('rates', index)}
                  >
                    Remove
                  </Button>
                </Group>
              </SimpleGrid>
              <Bands form={form} rate={index} />
              {basis === 'subtotal' && (
                <Text size="xs" c="dimmed">
                  What a cart's value is in no row of its currency cannot be sent so.
                </Text>
              )}
            </Stack>
          </Card>
        ))}
      </Stack>
    </Panel>
  );
}

function Bands({ form, rate }: FormProps & { rate: number }) {
  const store = useQuery(storeQuery).data;
  const codes = (store?.currencies ?? []).map(({ code }) => code);
  const path = `rates.${rate}.bands`;
  const values = form.values.rates[rate];
  if (!values) return null;
  return (
    <RowsField
      one="price"
      count={values.bands.length}
      onAdd={() => form.insertListItem(path, emptyBand(values.bands.at(-1)?.currency ?? codes[0] ?? 'EUR'))}
      onRemove={(index) => form.removeListItem(path, index)}
      empty="It has no price, and so is not offered."
    >
      {(index) => {
        const currency = values.bands[index]?.currency ?? 'EUR';
        const bound = (name: 'min' | 'max', label: string, placeholder: string) => {
          const props = form.getInputProps(`${path}.${index}.${name}`);
          const heading = index === 0 ? label : undefined;
          const told = `${label}, price ${index + 1}`;
          return values.basis === 'weight' ? (
            <TextInput
              label={heading}
              aria-label={told}
              rightSection="g"
              inputMode="numeric"
              {...props}
              placeholder={placeholder}
            />
          ) : (
            <MoneyInput
              currency={currency}
              label={heading}
              aria-label={told}
              {...props}
              placeholder={placeholder}
            />
          );
        };
        return (
          <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="xs">
            <Select
              label={index === 0 ? 'Currency' : undefined}
              aria-label={`Currency of price ${index + 1}`}
              data={[...new Set([...codes, currency])]}
              {...form.getInputProps(`${path}.${index}.currency`)}
            />
            {bound('min', 'From', '0')}
            {bound('max', 'To less than', 'No end')}
            <MoneyInput
              currency={currency}
              label={index === 0 ? 'Price' : undefined}
              aria-label={`Price ${index + 1}`}
              {...form.getInputProps(`${path}.${index}.price`)}
            />
          </SimpleGrid>
        );
      }}
    </RowsField>
  );
}
