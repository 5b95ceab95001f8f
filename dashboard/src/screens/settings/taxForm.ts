import type { Schemas } from '../../api/client';
import type { TaxSettings } from './queries';

export interface RuleText {
  currency: string | null;
  countries: string[];
  tax_behavior: Schemas['TaxBehavior'];
}

export interface TaxRateText {
  country: string;
  state: string;
  name: string;
  percentage: string;
  on_shipping: boolean;
  tax_codes: string[];
}

/** How prices may be meant. */
export const BEHAVIORS: { value: Schemas['TaxBehavior']; label: string }[] = [
  { value: 'inclusive', label: 'Prices contain tax' },
  { value: 'exclusive', label: 'Tax is added' },
];

/** The tax settings as they are edited. */
export interface TaxValues {
  provider: Schemas['TaxProvider'];
  on_failure: Schemas['TaxFailurePolicy'];
  tax_behavior: Schemas['TaxBehavior'];
  tax_behavior_rules: RuleText[];
  default_tax_code: string;
  shipping_tax_code: string;
  trust_tax_ids: boolean;
  rates: TaxRateText[];
}

export const LABELS: Record<keyof TaxValues, string> = {
  provider: 'Who reckons it',
  on_failure: 'When Stripe cannot be asked',
  tax_behavior: 'Prices',
  tax_behavior_rules: 'Rules for prices',
  default_tax_code: 'Tax code of goods',
  shipping_tax_code: 'Tax code of shipping',
  trust_tax_ids: 'Tax ids are believed',
  rates: 'Rates',
};

export const valuesOf = (document: TaxSettings): TaxValues => ({
  provider: document.provider,
  on_failure: document.on_failure,
  tax_behavior: document.tax_behavior,
  tax_behavior_rules: document.tax_behavior_rules.map(({ currency, countries, tax_behavior }) => ({
    currency: currency ?? null,
    countries: countries ?? [],
    tax_behavior,
  })),
  default_tax_code: document.default_tax_code,
  shipping_tax_code: document.shipping_tax_code,
  trust_tax_ids: document.trust_tax_ids,
  rates: document.rates.map(({ country, state, name, percentage, on_shipping, tax_codes }) => ({
    country,
    state: state ?? '',
    name,
    percentage,
    on_shipping: on_shipping ?? true,
    tax_codes: tax_codes ?? [],
  })),
});

export const bodyOf = ({ rates, ...rest }: TaxValues): Schemas['TaxSettingsPatch'] => ({
  ...rest,
  rates: rates.map(({ state, percentage, name, ...rate }) => ({
    ...rate,
    name: name.trim(),
    state: state.trim() || null,
    percentage: percentage.trim().replace(',', '.'),
  })),
});

const PERCENTAGE = /^(100([.,]0{1,4})?|\d{1,2}([.,]\d{1,4})?)$/;

export function errorsOf({ rates }: TaxValues): Record<string, string> {
  const errors = rates.flatMap(({ country, name, percentage }, index): [string, string][] => [
    ...(country ? [] : [[`rates.${index}.country`, 'Choose one.'] as [string, string]]),
    ...(name.trim() ? [] : [[`rates.${index}.name`, 'Name it.'] as [string, string]]),
    ...(PERCENTAGE.test(percentage.trim())
      ? []
      : [[`rates.${index}.percentage`, 'Such as 19 or 8.875.'] as [string, string]]),
  ]);
  return Object.fromEntries(errors);
}
