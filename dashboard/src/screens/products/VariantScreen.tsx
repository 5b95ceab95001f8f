import { Grid, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { storeQuery } from '../../api/shop';
import { DocumentForm, useDocumentForm } from '../../components/documentForm';
import { Loaded } from '../../components/Loaded';
import { noAmount } from '../../components/MoneyInput';
import { Empty, Page } from '../../components/Page';
import { priceErrors } from '../../components/PricesField';
import { ScreenLink } from '../../components/RowLink';
import { State } from '../../components/Told';
import { minorUnits } from '../../format/money';
import { AVAILABILITY } from '../../format/states';
import { ArchiveVariant } from './ArchiveVariant';
import { PRODUCTS, type Product, productQuery, type Variant } from './queries';
import { StockPanel } from './StockPanel';
import {
  IdentityPanel,
  PricingPanel,
  ShippingPanel,
  StockRulesPanel,
  VariantMetadata,
} from './VariantFields';
import { costCurrency, LABELS, patchOf, type VariantValues, valuesFor } from './variantForm';

/** Everything about one variant of a product. */
export function VariantScreen() {
  const { id, variantId } = useParams({ from: '/shell/products/$id/variants/$variantId' });
  const product = useQuery(productQuery(id));
  const store = useQuery(storeQuery);
  return (
    <Loaded query={store}>
      {({ currencies }) => (
        <Loaded query={product}>
          {(loaded) => {
            const variant = loaded.variants.find((candidate) => candidate.id === variantId);
            if (!variant) return <Empty title="The product has no such variant" />;
            const codes = currencies.map(({ code }) => code);
            return <Editor key={variant.id} product={loaded} variant={variant} currencies={codes} />;
          }}
        </Loaded>
      )}
    </Loaded>
  );
}

interface Props {
  product: Product;
  variant: Variant;
  /** The shop's, the default first. */
  currencies: string[];
}

function Editor({ product, variant, currencies }: Props) {
  const may = useMay()('products:write');
  const client = useQueryClient();
  const currency = costCurrency(variant, currencies[0] ?? 'EUR');
  const toValues = ({ variants }: Product): VariantValues =>
    valuesFor(currencies)(variants.find(({ id }) => id === variant.id) ?? variant);
  const read = () => client.fetchQuery({ ...productQuery(product.id), staleTime: 0 });
  const of = useDocumentForm<Product, VariantValues>({
    document: product,
    toValues,
    validate: ({ sku, prices, unit_cost }) => ({
      sku: sku.trim() ? null : 'Give it a SKU.',
      unit_cost: unit_cost.trim() && minorUnits(unit_cost, currency) === null ? noAmount(currency) : null,
      ...priceErrors(prices),
    }),
    send: async (values, base) => {
      const params = { path: { id: variant.id }, header: ifMatch(base.version) };
      const body = patchOf(values, toValues(base), currency);
      await answer(api.PATCH('/v1/admin/variants/{id}', { params, body }));
      return read();
    },
    read,
    refresh: [PRODUCTS],
    done: 'The variant is saved.',
    labels: LABELS,
  });
  return (
    <Page
      title={product.variants.length > 1 ? `${product.title}: ${variant.title}` : product.title}
      back={
        <ScreenLink to="/products/$id" params={{ id: product.id }}>
          ← {product.title}
        </ScreenLink>
      }
      beside={!variant.archived_at && <State of={AVAILABILITY} value={variant.availability} />}
      below={variant.archived_at ? 'Off sale' : `SKU ${variant.sku}`}
      actions={may && <ArchiveVariant product={product} variant={variant} />}
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <DocumentForm of={of} may={may}>
            <Stack gap="md">
              <IdentityPanel form={of.form} options={product.options} />
              <PricingPanel form={of.form} variant={variant} currency={currency} />
              <StockRulesPanel form={of.form} />
              <ShippingPanel form={of.form} />
              <VariantMetadata form={of.form} />
            </Stack>
          </DocumentForm>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <StockPanel product={product} variant={variant} />
        </Grid.Col>
      </Grid>
    </Page>
  );
}
