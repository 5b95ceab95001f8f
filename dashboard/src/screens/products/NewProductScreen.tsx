import { Grid, Stack } from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { storeQuery } from '../../api/shop';
import { useAction, useOnce, useUnsaved } from '../../components/actions';
import { SaveBar, shownErrors } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page, Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import { MediaPanel } from './MediaPanel';
import { NewVariantsPanel, PricesPanel } from './NewVariants';
import { bodyOf, emptyProduct, errorsOf, type NewProductValues } from './newProduct';
import { OptionsFields } from './OptionsPanel';
import { DescriptionPanel, MetadataPanel, OrganisationPanel, StatusPanel } from './ProductFields';
import type { ProductValues } from './productForm';
import { PRODUCTS } from './queries';

/** A product from nothing, with its variants. */
export function NewProductScreen() {
  const store = useQuery(storeQuery);
  return (
    <Page title="New product" back={<ScreenLink to="/products">← Products</ScreenLink>}>
      <Loaded query={store}>
        {({ currencies }) => <Form currencies={currencies.map(({ code }) => code)} />}
      </Loaded>
    </Page>
  );
}

function Form({ currencies }: { currencies: string[] }) {
  const navigate = useNavigate();
  const once = useOnce();
  const [created, setCreated] = useState(false);
  const form = useForm<NewProductValues>({ initialValues: emptyProduct(currencies), validate: errorsOf });
  useUnsaved(form.isDirty() && !created);
  const create = useAction({
    run: (values: NewProductValues) => {
      const body = bodyOf(values, currencies[0] ?? 'EUR');
      return once(body, (header) => answer(api.POST('/v1/admin/products', { params: { header }, body })));
    },
    form,
    refresh: [PRODUCTS],
    done: ({ title }) => `${title} is created.`,
    onDone: ({ id }) => {
      setCreated(true);
      navigate({ to: '/products/$id', params: { id }, ignoreBlocker: true });
    },
  });
  const shared = form as unknown as UseFormReturnType<ProductValues>;
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))} noValidate>
      <Stack gap="md">
        <ProblemAlert error={create.error} shown={shownErrors(form)} />
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Stack gap="md">
              <DescriptionPanel form={shared} />
              <MediaPanel form={shared} skus={[]} />
              <PricesPanel form={form} />
              <Panel title="Options">
                <OptionsFields form={form} />
              </Panel>
              <NewVariantsPanel form={form} currency={currencies[0] ?? 'EUR'} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <StatusPanel form={shared} />
              <OrganisationPanel form={shared} />
              <MetadataPanel form={shared} />
            </Stack>
          </Grid.Col>
        </Grid>
        <SaveBar saving={create.isPending} submit="Create the product" />
      </Stack>
    </form>
  );
}
