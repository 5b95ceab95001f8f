import type { Schemas } from '../../api/client';
import { changes } from '../../components/documentForm';
import { mapOf, type Pair, pairsOf } from '../../components/PairsField';
import type { Product } from './queries';

/** A picture as it is edited; `key` tells it from the others while it has no id. */
export interface MediaValues {
  key: string;
  id: string | null;
  url: string;
  alt: string;
  width: number | null;
  height: number | null;
  variant_skus: string[];
}

/** A language's texts as they are edited; the names of options stay as they are. */
export interface TranslationValues {
  title: string;
  description_html: string;
  seo_title: string;
  seo_description: string;
  options: NonNullable<Schemas['Translation']['options']>;
}

/** A product as it is edited. */
export interface ProductValues {
  title: string;
  description_html: string;
  slug: string;
  status: Schemas['ProductStatus'];
  vendor: string;
  product_type: string;
  category: string;
  tags: string[];
  collections: string[];
  tax_code: string;
  seo: { title: string; description: string };
  media: MediaValues[];
  options: Schemas['ProductOption'][];
  metadata: Pair[];
  translations: Record<string, TranslationValues>;
}

export const LABELS: Record<keyof ProductValues, string> = {
  title: 'Title',
  description_html: 'Description',
  slug: 'Address',
  status: 'Status',
  vendor: 'Vendor',
  product_type: 'Type',
  category: 'Category',
  tags: 'Tags',
  collections: 'Collections',
  tax_code: 'Tax code',
  seo: 'Search engines',
  media: 'Pictures',
  options: 'Options',
  metadata: 'Metadata',
  translations: 'Translations',
};

export const NO_TRANSLATION: TranslationValues = {
  title: '',
  description_html: '',
  seo_title: '',
  seo_description: '',
  options: {},
};

export function valuesOf(product: Product): ProductValues {
  const skus = new Map(product.variants.map(({ id, sku }) => [id, sku]));
  return {
    title: product.title,
    description_html: product.description_html,
    slug: product.slug,
    status: product.status,
    vendor: product.vendor ?? '',
    product_type: product.product_type ?? '',
    category: product.category ?? '',
    tags: product.tags,
    collections: product.collections.map(({ id }) => id),
    tax_code: product.tax_code ?? '',
    seo: { title: product.seo.title ?? '', description: product.seo.description ?? '' },
    media: product.media.map((picture) => ({
      key: picture.id,
      id: picture.id,
      url: picture.url,
      alt: picture.alt ?? '',
      width: picture.width ?? null,
      height: picture.height ?? null,
      variant_skus: picture.variant_ids.flatMap((id) => skus.get(id) ?? []),
    })),
    options: product.options.map(({ name, values }) => ({ name, values })),
    metadata: pairsOf(product.metadata),
    translations: Object.fromEntries(
      Object.entries(product.translations ?? {}).map(([locale, texts]) => [locale, textsOf(texts)]),
    ),
  };
}

const textsOf = (texts: Schemas['Translation']): TranslationValues => ({
  title: texts.title ?? '',
  description_html: texts.description_html ?? '',
  seo_title: texts.seo_title ?? '',
  seo_description: texts.seo_description ?? '',
  options: texts.options ?? {},
});

/** What was never written in a language is no translation. */
const translationOf = ({ options, ...texts }: TranslationValues): Schemas['Translation'] | null => {
  const written = Object.entries(texts).filter(([, value]) => value.trim());
  if (written.length === 0 && Object.keys(options).length === 0) return null;
  return { ...Object.fromEntries(written), options };
};

/** The pictures as the API takes them. */
export const mediaOf = (media: MediaValues[]): Schemas['NewMedia'][] =>
  media.map(({ key: _, alt, ...picture }) => ({ ...picture, url: picture.url.trim(), alt: alt || null }));

function bodyOf(values: ProductValues) {
  return {
    title: values.title,
    description_html: values.description_html,
    slug: values.slug,
    status: values.status,
    vendor: values.vendor || null,
    product_type: values.product_type || null,
    category: values.category || null,
    tags: values.tags,
    collections: values.collections,
    tax_code: values.tax_code || null,
    seo: { title: values.seo.title || null, description: values.seo.description || null },
    media: mediaOf(values.media),
    options: values.options,
    metadata: mapOf(values.metadata),
    translations: Object.fromEntries(
      Object.entries(values.translations).map(([locale, texts]) => [locale, translationOf(texts)]),
    ),
  } satisfies Schemas['ProductPatch'];
}

/** What was edited, as a merge patch: what others changed elsewhere stays. */
export const patchOf = (values: ProductValues, base: Product): Schemas['ProductPatch'] =>
  changes(bodyOf(values), bodyOf(valuesOf(base)));
