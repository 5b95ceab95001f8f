import type { Schemas } from '../../api/client';
import { mapOf } from '../../components/PairsField';
import { type PriceText, priceErrors, pricesOf, priceTexts } from '../../components/PricesField';
import { type Combination, combinations, keyOf, skuFor } from './matrix';
import { mediaOf, type ProductValues } from './productForm';

/** What was typed over for one variant; what is empty is as for all. */
export interface VariantText {
  sku: string;
  price: string;
  on_hand: number | '';
  skipped: boolean;
}

/** A product that is being written. */
export interface NewProductValues extends ProductValues {
  prices: PriceText[];
  sku: string;
  on_hand: number | '';
  weight_grams: number | '';
  requires_shipping: boolean;
  /** By the key of their combination. */
  variants: Record<string, VariantText>;
}

export const EMPTY_VARIANT: VariantText = { sku: '', price: '', on_hand: '', skipped: false };

export const emptyProduct = (currencies: string[]): NewProductValues => ({
  title: '',
  description_html: '',
  slug: '',
  status: 'draft',
  vendor: '',
  product_type: '',
  category: '',
  tags: [],
  collections: [],
  tax_code: '',
  seo: { title: '', description: '' },
  media: [],
  options: [],
  metadata: [],
  translations: {},
  prices: priceTexts([], currencies),
  sku: '',
  on_hand: '',
  weight_grams: '',
  requires_shipping: true,
  variants: {},
});

/** The variants that a product will have: one for each combination, or only one. */
export function variantsOf(
  values: NewProductValues,
): { key: string; combination: Combination; text: VariantText }[] {
  const made = combinations(values.options);
  return (made.length > 0 ? made : [{}]).map((combination) => {
    const key = keyOf(combination);
    return { key, combination, text: values.variants[key] ?? EMPTY_VARIANT };
  });
}

/** The SKU that a variant gets when none is typed. */
export const defaultSku = (values: NewProductValues, combination: Combination) =>
  skuFor(values.sku.trim() || values.slug || values.title, combination);

export function errorsOf(values: NewProductValues): Record<string, string | null> {
  const named = values.options.map(({ name }) => name.trim());
  const options = values.options.flatMap(({ name, values: some }, index) => [
    [
      `options.${index}.name`,
      name.trim() && named.indexOf(name.trim()) === index ? null : 'Give it a name of its own.',
    ],
    [`options.${index}.values`, some.length > 0 ? null : 'Enter at least one value.'],
  ]);
  return {
    title: values.title.trim() ? null : 'Give it a title.',
    ...priceErrors(values.prices),
    ...Object.fromEntries(options),
  };
}

/** The product as the API takes it. */
export function bodyOf(values: NewProductValues, currency: string): Schemas['NewProduct'] {
  const shared = pricesOf(values.prices);
  const variants = variantsOf(values).filter(({ text }) => !text.skipped);
  return {
    title: values.title.trim(),
    description_html: values.description_html,
    slug: values.slug || null,
    status: values.status,
    vendor: values.vendor || null,
    product_type: values.product_type || null,
    category: values.category || null,
    tags: values.tags,
    collections: values.collections,
    tax_code: values.tax_code || null,
    media: mediaOf(values.media),
    metadata: mapOf(values.metadata),
    options: values.options.map(({ name, values: some }) => ({ name: name.trim(), values: some })),
    variants: variants.map(({ combination, text }) => ({
      sku: text.sku.trim() || defaultSku(values, combination),
      option_values: combination,
      prices: [
        ...pricesOf(text.price ? [{ currency, amount: text.price, compare_at_amount: '' }] : []),
        ...shared.filter((price) => !text.price || price.currency !== currency),
      ],
      on_hand: Number(text.on_hand === '' ? values.on_hand : text.on_hand) || 0,
      weight_grams: values.weight_grams === '' ? null : values.weight_grams,
      requires_shipping: values.requires_shipping,
    })),
  };
}
