import { Group, Stack, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Schemas } from '../api/client';
import { majorUnits, minorUnits } from '../format/money';
import { MoneyInput, noAmount } from './MoneyInput';

/** A price as it is typed; an empty amount is no price in this currency. */
export interface PriceText {
  currency: string;
  amount: string;
  compare_at_amount: string;
}

/** A row for each of the shop's currencies, and for what has a price besides. */
export function priceTexts(prices: Schemas['Price'][], currencies: string[]): PriceText[] {
  const all = [...new Set([...currencies, ...prices.map(({ currency }) => currency)])];
  return all.map((currency) => {
    const price = prices.find((given) => given.currency === currency);
    const text = (amount: number | null | undefined) =>
      amount === null || amount === undefined ? '' : majorUnits({ amount, currency });
    return { currency, amount: text(price?.amount), compare_at_amount: text(price?.compare_at_amount) };
  });
}

/** The prices that were typed. */
export const pricesOf = (texts: PriceText[]): Schemas['Price'][] =>
  texts.flatMap(({ currency, amount, compare_at_amount }) => {
    const minor = minorUnits(amount, currency);
    return minor === null
      ? []
      : [{ currency, amount: minor, compare_at_amount: minorUnits(compare_at_amount, currency) }];
  });

/** What is wrong with what was typed, by the form's paths below `path`. */
export function priceErrors(texts: PriceText[], path = 'prices'): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [index, { currency, amount, compare_at_amount: before }] of texts.entries()) {
    const [now, then] = [minorUnits(amount, currency), minorUnits(before, currency)];
    if (amount.trim() && now === null) errors[`${path}.${index}.amount`] = noAmount(currency);
    if (before.trim() && then === null) errors[`${path}.${index}.compare_at_amount`] = noAmount(currency);
    if (then !== null && now !== null && then <= now)
      errors[`${path}.${index}.compare_at_amount`] = 'Must be more than the price.';
    if (before.trim() && !amount.trim()) errors[`${path}.${index}.amount`] = 'Enter the price too.';
  }
  if (texts.every(({ amount }) => !amount.trim())) errors[`${path}.0.amount`] = 'Enter at least one price.';
  return errors;
}

interface Props {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has prices
  form: UseFormReturnType<any>;
  path?: string;
  /** What follows from rates where no price is given. */
  derived?: Schemas['DerivedPrice'][];
}

/** A price and a former price in each currency. */
export function PricesField({ form, path = 'prices', derived = [] }: Props) {
  const texts = (form.getInputProps(path).value ?? []) as PriceText[];
  return (
    <Stack gap="xs">
      {texts.map(({ currency, amount }, index) => {
        const reckoned = amount ? undefined : derived.find((price) => price.currency === currency);
        return (
          <Group key={currency} gap="xs" align="flex-start" grow wrap="nowrap" preventGrowOverflow={false}>
            <MoneyInput
              currency={currency}
              label={index === 0 ? 'Price' : undefined}
              aria-label={`Price in ${currency}`}
              placeholder={reckoned ? majorUnits(reckoned) : undefined}
              {...form.getInputProps(`${path}.${index}.amount`)}
            />
            <MoneyInput
              currency={currency}
              label={index === 0 ? 'Former price' : undefined}
              aria-label={`Former price in ${currency}`}
              {...form.getInputProps(`${path}.${index}.compare_at_amount`)}
            />
          </Group>
        );
      })}
      {derived.length > 0 && (
        <Text size="xs" c="dimmed">
          Grey prices follow from exchange rates. Enter one to fix it.
        </Text>
      )}
    </Stack>
  );
}
