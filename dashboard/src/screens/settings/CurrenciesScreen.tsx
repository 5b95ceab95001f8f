import { NumberInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { RowsField } from '../../components/RowsField';
import { ExchangeRates } from './ExchangeRates';
import { type CurrencySettings, currencyQuery, REFRESH } from './queries';

interface DerivedText {
  currency: string;
  margin: string;
  round_to: number;
  minus: number;
}

interface Values {
  derived: DerivedText[];
  stale_after_days: number;
  stop_after_days: number;
}

const valuesOf = ({ derived, stale_after_days, stop_after_days }: CurrencySettings): Values => ({
  derived: derived.map(({ currency, margin, round_to, minus }) => ({
    currency,
    margin,
    round_to,
    minus: minus ?? 0,
  })),
  stale_after_days,
  stop_after_days,
});

const bodyOf = ({ derived, ...days }: Values): Schemas['CurrencySettingsPatch'] => ({
  ...days,
  derived: derived.map(({ currency, ...rest }) => ({ ...rest, currency: currency.trim().toUpperCase() })),
});

/** Currencies whose prices follow from rates, and the rates. */
export function CurrenciesScreen() {
  const query = useQuery(currencyQuery);
  return (
    <Page title="Currencies">
      <Loaded query={query}>{(document) => <Editor document={document} />}</Loaded>
      <ExchangeRates />
    </Page>
  );
}

function Editor({ document }: { document: CurrencySettings }) {
  const may = useMay()('settings:write');
  const client = useQueryClient();
  const of = useDocumentForm<CurrencySettings, Values>({
    document,
    toValues: valuesOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/currency-settings', {
          params: { header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...currencyQuery, staleTime: 0 }),
    refresh: REFRESH,
    done: 'The currency settings are saved.',
    labels: {
      derived: 'Derived currencies',
      stale_after_days: 'Days until staff are told',
      stop_after_days: 'Days until prices stop',
    },
  });
  const { form } = of;
  return (
    <DocumentForm of={of} may={may}>
      <Panel title="Derived prices">
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            Where a variant has no price in one of these currencies, it follows from its price in{' '}
            {document.base} and the day's rate.
          </Text>
          <RowsField
            one="currency"
            count={form.values.derived.length}
            onAdd={() => form.insertListItem('derived', { currency: '', margin: '0', round_to: 1, minus: 0 })}
            onRemove={(index) => form.removeListItem('derived', index)}
            empty={`Prices are in ${document.base} and in what variants name themselves.`}
          >
            {(index) => {
              const of = (name: string) => form.getInputProps(`derived.${index}.${name}`);
              const heading = (text: string) => (index === 0 ? text : undefined);
              const told = (text: string) => `${text} of currency ${index + 1}`;
              return (
                <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="xs">
                  <TextInput
                    label={heading('Currency')}
                    aria-label={told('Code')}
                    placeholder="CHF"
                    maxLength={3}
                    {...of('currency')}
                  />
                  <TextInput
                    label={heading('Added to the rate')}
                    aria-label={told('Margin')}
                    rightSection="%"
                    inputMode="decimal"
                    {...of('margin')}
                  />
                  <NumberInput
                    label={heading('Rounded to, minor units')}
                    aria-label={told('Rounding')}
                    min={1}
                    allowDecimal={false}
                    {...of('round_to')}
                  />
                  <NumberInput
                    label={heading('Then taken off')}
                    aria-label={told('What is taken off the prices')}
                    min={0}
                    allowDecimal={false}
                    {...of('minus')}
                  />
                </SimpleGrid>
              );
            }}
          </RowsField>
          <Text size="xs" c="dimmed">
            Rounded to 100 and 1 taken off, prices end in .99.
          </Text>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" maw={560}>
            <NumberInput
              label="Days without a newer rate until staff are told"
              min={1}
              allowDecimal={false}
              {...form.getInputProps('stale_after_days')}
            />
            <NumberInput
              label="Days until derived prices are no longer offered"
              min={1}
              allowDecimal={false}
              {...form.getInputProps('stop_after_days')}
            />
          </SimpleGrid>
        </Stack>
      </Panel>
    </DocumentForm>
  );
}
