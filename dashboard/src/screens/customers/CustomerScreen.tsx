import { Alert, Grid, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { changes, DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { mapOf, type Pair, PairsField, pairsOf } from '../../components/PairsField';
import { ScreenLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { CustomerActions } from './CustomerActions';
import { AccountPanel, Addresses, Purchases } from './CustomerFacts';
import { CustomerOrders } from './CustomerOrders';
import { CUSTOMERS, type Customer, customerQuery, nameOf } from './queries';

/** Everything about one customer. */
export function CustomerScreen() {
  const { id } = useParams({ from: '/shell/customers/$id' });
  const query = useQuery(customerQuery(id));
  return <Loaded query={query}>{(customer) => <Details key={customer.id} customer={customer} />}</Loaded>;
}

function Details({ customer }: { customer: Customer }) {
  const may = useMay();
  return (
    <Page
      title={customer.erased_at ? 'Erased customer' : nameOf(customer)}
      back={<ScreenLink to="/customers">← Customers</ScreenLink>}
      below={
        <>
          {!customer.erased_at && customer.name && `${customer.email} · `}since{' '}
          <Time at={customer.created_at} />
        </>
      }
      actions={<CustomerActions customer={customer} />}
    >
      {customer.erased_at && (
        <Alert color="gray" title="Their data was erased">
          <Time at={customer.erased_at} />
          {customer.erase_reason && `: ${customer.erase_reason}`}
        </Alert>
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="md">
            <Purchases customer={customer} />
            {may('orders:read') && <CustomerOrders customer={customer} />}
            {!customer.erased_at && <Editor customer={customer} />}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="md">
            <AccountPanel customer={customer} />
            <Addresses customer={customer} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

interface Values {
  name: string;
  phone: string;
  note: string;
  metadata: Pair[];
}

const valuesOf = ({ name, phone, note, metadata }: Customer): Values => ({
  name: name ?? '',
  phone: phone ?? '',
  note: note ?? '',
  metadata: pairsOf(metadata),
});

const bodyOf = ({ name, phone, note, metadata }: Values): Schemas['StaffCustomerPatch'] => ({
  name: name || null,
  phone: phone || null,
  note: note || null,
  metadata: mapOf(metadata),
});

function Editor({ customer }: { customer: Customer }) {
  const may = useMay()('customers:write');
  const client = useQueryClient();
  const of = useDocumentForm<Customer, Values>({
    document: customer,
    toValues: valuesOf,
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/customers/{id}', {
          params: { path: { id: base.id }, header: ifMatch(base.version) },
          body: changes(bodyOf(values), bodyOf(valuesOf(base))),
        }),
      ),
    read: () => client.fetchQuery({ ...customerQuery(customer.id), staleTime: 0 }),
    refresh: [CUSTOMERS],
    done: 'The customer is saved.',
    labels: { name: 'Name', phone: 'Phone', note: 'Note', metadata: 'Metadata' },
  });
  const { form } = of;
  return (
    <DocumentForm of={of} may={may}>
      <Stack gap="md">
        <Panel title="About them">
          <Stack gap="sm">
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
              <TextInput label="Name" {...form.getInputProps('name')} />
              <TextInput label="Phone" type="tel" {...form.getInputProps('phone')} />
            </SimpleGrid>
            <Textarea
              label="Note"
              description="Customers never see it."
              autosize
              minRows={3}
              {...form.getInputProps('note')}
            />
          </Stack>
        </Panel>
        <Panel title="Metadata">
          <PairsField label="Metadata" {...form.getInputProps('metadata')} />
        </Panel>
      </Stack>
    </DocumentForm>
  );
}
