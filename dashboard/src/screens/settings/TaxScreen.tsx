import { Checkbox, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { REFRESH, type TaxSettings, taxQuery } from './queries';
import { BehaviorRules, TaxRates } from './TaxTables';
import { BEHAVIORS, bodyOf, errorsOf, LABELS, type TaxValues, valuesOf } from './taxForm';

/** Who reckons tax, how prices are meant, and the shop's own rates. */
export function TaxScreen() {
  const query = useQuery(taxQuery);
  return (
    <Page title="Tax">
      <Loaded query={query}>{(document) => <Editor document={document} />}</Loaded>
    </Page>
  );
}

function Editor({ document }: { document: TaxSettings }) {
  const may = useMay()('settings:write');
  const client = useQueryClient();
  const of = useDocumentForm<TaxSettings, TaxValues>({
    document,
    toValues: valuesOf,
    validate: errorsOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/tax-settings', {
          params: { header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...taxQuery, staleTime: 0 }),
    refresh: REFRESH,
    done: 'The tax settings are saved.',
    labels: LABELS,
  });
  const { form } = of;
  const stripe = form.values.provider === 'stripe';
  return (
    <DocumentForm of={of} may={may}>
      <Stack gap="md">
        <Panel title="Who reckons it">
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <Select
                label="Tax is reckoned"
                data={[
                  { value: 'none', label: 'Not at all' },
                  { value: 'table', label: 'By the rates below' },
                  { value: 'stripe', label: 'By Stripe Tax' },
                ]}
                {...form.getInputProps('provider')}
              />
              <Select
                label="When Stripe cannot be asked"
                disabled={!stripe}
                data={[
                  { value: 'refuse', label: 'No checkout until it can' },
                  { value: 'fallback', label: 'The rates below stand in' },
                ]}
                {...form.getInputProps('on_failure')}
              />
              <TextInput label="Tax code of goods" {...form.getInputProps('default_tax_code')} />
              <TextInput label="Tax code of shipping" {...form.getInputProps('shipping_tax_code')} />
            </SimpleGrid>
            <Checkbox
              label="Believe tax ids that shoppers enter"
              description="Stripe does not verify them, and may charge no tax because of them."
              disabled={!stripe}
              {...form.getInputProps('trust_tax_ids', { type: 'checkbox' })}
            />
          </Stack>
        </Panel>
        <Panel title="How prices are meant">
          <Stack gap="sm">
            <Select
              label="Where no rule below says otherwise"
              maw={320}
              data={BEHAVIORS}
              {...form.getInputProps('tax_behavior')}
            />
            <BehaviorRules form={form} />
          </Stack>
        </Panel>
        <TaxRates form={form} />
      </Stack>
    </DocumentForm>
  );
}
