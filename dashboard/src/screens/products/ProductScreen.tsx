import { Grid, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { Page } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { PRODUCT } from '../../format/states';
import { ArchiveProduct } from './ArchiveProduct';
import { MediaPanel } from './MediaPanel';
import { OptionsPanel } from './OptionsPanel';
import { DescriptionPanel, MetadataPanel, OrganisationPanel, SeoPanel, StatusPanel } from './ProductFields';
import { LABELS, type ProductValues, patchOf, valuesOf } from './productForm';
import { onSale, PRODUCTS, type Product, productQuery } from './queries';
import { TranslationsPanel } from './TranslationsPanel';
import { VariantsPanel } from './VariantsPanel';

/** Everything about one product. */
export function ProductScreen() {
  const { id } = useParams({ from: '/shell/products/$id' });
  const query = useQuery(productQuery(id));
  return <Loaded query={query}>{(product) => <Editor key={product.id} product={product} />}</Loaded>;
}

function Editor({ product }: { product: Product }) {
  const may = useMay()('products:write');
  const client = useQueryClient();
  const of = useDocumentForm<Product, ProductValues>({
    document: product,
    toValues: valuesOf,
    validate: ({ title, slug }) => ({
      title: title.trim() ? null : 'Give it a title.',
      slug: slug.trim() ? null : 'Give it an address.',
    }),
    send: (values, base) =>
      answer(
        api.PATCH('/v1/admin/products/{id}', {
          params: { path: { id: base.id }, header: ifMatch(base.version) },
          body: patchOf(values, base),
        }),
      ),
    read: () => client.fetchQuery({ ...productQuery(product.id), staleTime: 0 }),
    refresh: [PRODUCTS],
    done: 'The product is saved.',
    labels: LABELS,
  });
  return (
    <Page
      title={product.title}
      back={<ScreenLink to="/products">← Products</ScreenLink>}
      beside={<State of={PRODUCT} value={product.status} />}
      below={
        <>
          Changed <Time at={product.updated_at} />
        </>
      }
      actions={may && <ArchiveProduct product={product} />}
    >
      <DocumentForm of={of} may={may}>
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Stack gap="md">
              <DescriptionPanel form={of.form} />
              <MediaPanel form={of.form} skus={onSale(product).map(({ sku }) => sku)} />
              <OptionsPanel form={of.form} product={product} />
              <VariantsPanel product={product} unsavedOptions={of.form.isDirty('options')} />
              <SeoPanel form={of.form} />
              <TranslationsPanel form={of.form} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Stack gap="md">
              <StatusPanel form={of.form} archived={product.status === 'archived'} />
              <OrganisationPanel form={of.form} />
              <MetadataPanel form={of.form} />
            </Stack>
          </Grid.Col>
        </Grid>
      </DocumentForm>
    </Page>
  );
}
