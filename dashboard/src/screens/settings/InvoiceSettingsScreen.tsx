import { SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { AddressFields, type AddressText, addressOf, addressText } from '../../components/AddressFields';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { RowsField } from '../../components/RowsField';
import { REGION_CODES } from '../../format/countries';
import { type InvoiceSettings, invoiceQuery, SETTINGS } from './queries';

interface Values {
  seller: {
    name: string;
    address: AddressText;
    email: string;
    registration: string;
    tax_ids: Schemas['TaxId'][];
  };
  invoice_prefix: string;
  credit_note_prefix: string;
  footer: string;
}

const valuesOf = ({ seller, invoice_prefix, credit_note_prefix, footer }: InvoiceSettings): Values => ({
  seller: {
    name: seller?.name ?? '',
    address: addressText(seller?.address),
    email: seller?.email ?? '',
    registration: seller?.registration ?? '',
    tax_ids: seller?.tax_ids ?? [],
  },
  invoice_prefix,
  credit_note_prefix,
  footer: footer ?? '',
});

function sellerOf({
  name,
  address,
  email,
  registration,
  tax_ids,
}: Values['seller']): Schemas['Seller'] | null {
  const where = addressOf(address);
  if (!name.trim() || !where) return null;
  return {
    name: name.trim(),
    address: where,
    email: email || null,
    registration: registration || null,
    tax_ids,
  };
}

const bodyOf = ({ seller, footer, ...prefixes }: Values): Schemas['InvoiceSettingsPatch'] => ({
  ...prefixes,
  seller: sellerOf(seller),
  footer: footer || null,
});

/** A seller is whole or not there at all. */
function errorsOf({ seller: { name, address, email, registration } }: Values): Record<string, string | null> {
  const begun = [name, email, registration, ...Object.values(address)].some((text) => text?.trim());
  return {
    'seller.name': begun && !name.trim() ? "Enter the firm's name." : null,
    'seller.address.country': begun && !address.country ? 'Choose a country.' : null,
  };
}

/** Who issues invoices, and how they are numbered. */
export function InvoiceSettingsScreen() {
  const query = useQuery(invoiceQuery);
  return (
    <Page title="Invoices">
      <Loaded query={query}>{(document) => <Editor document={document} />}</Loaded>
    </Page>
  );
}

function Editor({ document }: { document: InvoiceSettings }) {
  const may = useMay()('settings:write');
  const client = useQueryClient();
  const of = useDocumentForm<InvoiceSettings, Values>({
    document,
    toValues: valuesOf,
    validate: errorsOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/invoice-settings', {
          params: { header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...invoiceQuery, staleTime: 0 }),
    refresh: [SETTINGS],
    done: 'The invoice settings are saved.',
    labels: {
      seller: 'Seller',
      invoice_prefix: 'Prefix of invoices',
      credit_note_prefix: 'Prefix of credit notes',
      footer: 'Footer',
    },
  });
  const { form } = of;
  return (
    <DocumentForm of={of} may={may}>
      <Stack gap="md">
        <Panel title="Seller">
          <Stack gap="sm">
            {!document.seller && (
              <Text size="sm" c="dimmed">
                Invoices are issued once the shop says who sells.
              </Text>
            )}
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <TextInput label="Firm" {...form.getInputProps('seller.name')} />
              <TextInput label="E-mail" type="email" {...form.getInputProps('seller.email')} />
            </SimpleGrid>
            <AddressFields form={form} path="seller.address" countries={REGION_CODES} />
            <Textarea
              label="Register"
              description="Its number, the directors: what the law asks for."
              autosize
              minRows={2}
              {...form.getInputProps('seller.registration')}
            />
          </Stack>
        </Panel>
        <Panel title="Tax ids">
          <RowsField
            one="tax id"
            count={form.values.seller.tax_ids.length}
            onAdd={() => form.insertListItem('seller.tax_ids', { type: 'eu_vat', value: '' })}
            onRemove={(index) => form.removeListItem('seller.tax_ids', index)}
            empty="None is printed."
          >
            {(index) => (
              <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
                <TextInput
                  label={index === 0 ? 'Type' : undefined}
                  aria-label={`Type of tax id ${index + 1}`}
                  placeholder="eu_vat, gb_vat, us_ein"
                  {...form.getInputProps(`seller.tax_ids.${index}.type`)}
                />
                <TextInput
                  label={index === 0 ? 'Id' : undefined}
                  aria-label={`Tax id ${index + 1}`}
                  placeholder="DE123456789"
                  {...form.getInputProps(`seller.tax_ids.${index}.value`)}
                />
              </SimpleGrid>
            )}
          </RowsField>
        </Panel>
        <Panel title="Numbers and footer">
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <TextInput
                label="Before the numbers of invoices"
                description="They go on counting."
                {...form.getInputProps('invoice_prefix')}
              />
              <TextInput
                label="Before the numbers of credit notes"
                description="They go on counting."
                {...form.getInputProps('credit_note_prefix')}
              />
            </SimpleGrid>
            <Textarea label="At the end of each" autosize minRows={2} {...form.getInputProps('footer')} />
          </Stack>
        </Panel>
      </Stack>
    </DocumentForm>
  );
}
