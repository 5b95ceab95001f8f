import type { Schemas } from '../../api/client';
import { changes } from '../../components/documentForm';
import { mapOf, type Pair, pairsOf } from '../../components/PairsField';
import { type PriceText, pricesOf, priceTexts } from '../../components/PricesField';
import { majorUnits, minorUnits } from '../../format/money';
import { ownThreshold, type Variant } from './queries';

/** A number as its field has it; empty when there is none. */
export type NumberText = number | '';

/** A variant as it is edited. */
export interface VariantValues {
  title: string;
  sku: string;
  barcode: string;
  option_values: Record<string, string>;
  prices: PriceText[];
  unit_cost: string;
  taxable: boolean;
  track_inventory: boolean;
  allow_backorder: boolean;
  low_stock_threshold: NumberText;
  max_per_order: NumberText;
  requires_shipping: boolean;
  weight_grams: NumberText;
  dimensions_mm: { length: NumberText; width: NumberText; height: NumberText };
  hs_code: string;
  origin_country: string | null;
  metadata: Pair[];
}

export const LABELS: Record<keyof VariantValues, string> = {
  title: 'Title',
  sku: 'SKU',
  barcode: 'Barcode',
  option_values: 'Option values',
  prices: 'Prices',
  unit_cost: 'Cost',
  taxable: 'Taxed',
  track_inventory: 'Stock is counted',
  allow_backorder: 'Sold when none is left',
  low_stock_threshold: 'Counts as low at',
  max_per_order: 'Most per order',
  requires_shipping: 'Is sent by post',
  weight_grams: 'Weight',
  dimensions_mm: 'Size',
  hs_code: 'HS code',
  origin_country: 'Made in',
  metadata: 'Metadata',
};

/** How a variant is edited in a shop of these currencies, the default first. */
export const valuesFor =
  (currencies: string[]) =>
  (variant: Variant): VariantValues => ({
    title: variant.title,
    sku: variant.sku,
    barcode: variant.barcode ?? '',
    option_values: variant.option_values,
    prices: priceTexts(variant.prices ?? [], currencies),
    unit_cost: variant.unit_cost ? majorUnits(variant.unit_cost) : '',
    taxable: variant.taxable,
    track_inventory: variant.inventory?.track_inventory ?? true,
    allow_backorder: variant.inventory?.allow_backorder ?? false,
    low_stock_threshold: ownThreshold(variant) ?? '',
    max_per_order: variant.max_per_order ?? '',
    requires_shipping: variant.requires_shipping,
    weight_grams: variant.weight_grams ?? '',
    dimensions_mm: {
      length: variant.dimensions_mm?.length ?? '',
      width: variant.dimensions_mm?.width ?? '',
      height: variant.dimensions_mm?.height ?? '',
    },
    hs_code: variant.hs_code ?? '',
    origin_country: variant.origin_country ?? null,
    metadata: pairsOf(variant.metadata),
  });

const given = (number: NumberText) => (number === '' ? null : number);

function sizeOf({ length, width, height }: VariantValues['dimensions_mm']): Schemas['Dimensions'] | null {
  if (length === '' && width === '' && height === '') return null;
  return { length: length || 0, width: width || 0, height: height || 0 };
}

/** The currency in which a variant's cost is kept. */
export const costCurrency = (variant: Variant, fallback: string) => variant.unit_cost?.currency ?? fallback;

function bodyOf(values: VariantValues, currency: string): Schemas['VariantPatch'] {
  const cost = minorUnits(values.unit_cost, currency);
  return {
    title: values.title || null,
    sku: values.sku.trim(),
    barcode: values.barcode || null,
    option_values: values.option_values,
    prices: pricesOf(values.prices),
    unit_cost: cost === null ? null : { amount: cost, currency },
    taxable: values.taxable,
    track_inventory: values.track_inventory,
    allow_backorder: values.allow_backorder,
    low_stock_threshold: given(values.low_stock_threshold),
    max_per_order: given(values.max_per_order),
    requires_shipping: values.requires_shipping,
    weight_grams: given(values.weight_grams),
    dimensions_mm: sizeOf(values.dimensions_mm),
    hs_code: values.hs_code || null,
    origin_country: values.origin_country || null,
    metadata: mapOf(values.metadata),
  };
}

/** What was edited, as a merge patch. */
export const patchOf = (values: VariantValues, before: VariantValues, currency: string) =>
  changes(bodyOf(values, currency), bodyOf(before, currency)) as Schemas['VariantPatch'];
