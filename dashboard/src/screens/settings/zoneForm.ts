import type { Schemas } from '../../api/client';
import { noAmount } from '../../components/MoneyInput';
import { majorUnits, minorUnits } from '../../format/money';
import type { Zone } from './queries';

type NumberText = number | '';

/** A price as it is typed; bounds are grams or amounts, as the rate's basis says. */
export interface BandText {
  currency: string;
  min: string;
  max: string;
  price: string;
}

export interface RateText {
  id: string | null;
  name: string;
  description: string;
  min_days: NumberText;
  max_days: NumberText;
  basis: Schemas['Basis'];
  bands: BandText[];
}

/** A zone as it is edited. */
export interface ZoneValues {
  name: string;
  regions: { country: string; states: string[] }[];
  rates: RateText[];
}

export const LABELS: Record<keyof ZoneValues, string> = {
  name: 'Name',
  regions: 'Countries',
  rates: 'Rates',
};

export const EMPTY_ZONE: ZoneValues = { name: '', regions: [], rates: [] };

export const emptyBand = (currency: string): BandText => ({ currency, min: '', max: '', price: '' });

export const emptyRate = (currency: string): RateText => ({
  id: null,
  name: '',
  description: '',
  min_days: '',
  max_days: '',
  basis: 'subtotal',
  bands: [emptyBand(currency)],
});

const boundText = (bound: number | null | undefined, basis: Schemas['Basis'], currency: string) => {
  if (bound === null || bound === undefined) return '';
  return basis === 'weight' ? String(bound) : majorUnits({ amount: bound, currency });
};

const boundOf = (text: string, basis: Schemas['Basis'], currency: string): number | null => {
  if (basis === 'subtotal') return minorUnits(text, currency);
  return /^\d{1,12}$/.test(text.trim()) ? Number(text) : null;
};

export const valuesOf = (zone: Zone): ZoneValues => ({
  name: zone.name,
  regions: zone.regions.map(({ country, states }) => ({ country, states: states ?? [] })),
  rates: zone.rates.map(({ id, name, description, min_days, max_days, basis, bands }) => ({
    id,
    name,
    description: description ?? '',
    min_days: min_days ?? '',
    max_days: max_days ?? '',
    basis,
    bands: bands.map(({ currency, min, max, price }) => ({
      currency,
      min: min ? boundText(min, basis, currency) : '',
      max: boundText(max, basis, currency),
      price: majorUnits({ amount: price, currency }),
    })),
  })),
});

const rateOf = ({ id, name, description, min_days, max_days, basis, bands }: RateText) => ({
  id,
  name: name.trim(),
  description: description || null,
  min_days: min_days === '' ? null : min_days,
  max_days: max_days === '' ? null : max_days,
  basis,
  bands: bands.map(({ currency, min, max, price }) => ({
    currency,
    min: boundOf(min, basis, currency) ?? 0,
    max: boundOf(max, basis, currency),
    price: minorUnits(price, currency) ?? 0,
  })),
});

/** The zone as the API takes it. */
export const bodyOf = ({ name, regions, rates }: ZoneValues) =>
  ({ name: name.trim(), regions, rates: rates.map(rateOf) }) satisfies Schemas['NewShippingZone'];

function bandErrors({ basis, bands }: RateText, path: string): [string, string][] {
  return bands.flatMap(({ currency, ...texts }, index): [string, string][] => {
    const at = (name: string) => `${path}.bands.${index}.${name}`;
    const amount = basis === 'weight' ? 'Enter grams, such as 2000.' : noAmount(currency);
    const bounds = (['min', 'max'] as const).filter(
      (name) => texts[name].trim() && boundOf(texts[name], basis, currency) === null,
    );
    const errors = bounds.map((name): [string, string] => [at(name), amount]);
    if (minorUnits(texts.price, currency) === null) errors.push([at('price'), noAmount(currency)]);
    return errors;
  });
}

export function errorsOf({ name, regions, rates }: ZoneValues): Record<string, string | null> {
  const named = rates.map(({ name: rate }, index) => [
    `rates.${index}.name`,
    rate.trim() ? null : 'Give it a name that shoppers read.',
  ]);
  return {
    name: name.trim() ? null : 'Give it a name.',
    regions: regions.length > 0 ? null : 'Choose at least one country.',
    ...Object.fromEntries(named),
    ...Object.fromEntries(rates.flatMap((rate, index) => bandErrors(rate, `rates.${index}`))),
  };
}
