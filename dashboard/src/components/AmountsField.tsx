import { Input, SimpleGrid } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Schemas } from '../api/client';
import { majorUnits, minorUnits } from '../format/money';
import { MoneyInput, noAmount } from './MoneyInput';

/** An amount as it is typed; an empty one is none in this currency. */
export interface AmountText {
  currency: string;
  amount: string;
}

/** A field for each of the shop's currencies, and for what has an amount besides. */
export function amountTexts(amounts: Schemas['Money'][], currencies: string[]): AmountText[] {
  const all = [...new Set([...currencies, ...amounts.map(({ currency }) => currency)])];
  return all.map((currency) => {
    const given = amounts.find((amount) => amount.currency === currency);
    return { currency, amount: given ? majorUnits(given) : '' };
  });
}

/** The amounts that were typed. */
export const amountsOf = (texts: AmountText[]) =>
  texts.flatMap(({ currency, amount }) => {
    const minor = minorUnits(amount, currency);
    return minor === null ? [] : [{ currency, amount: minor }];
  });

/** What is wrong with what was typed, by the form's paths below `path`. */
export function amountErrors(texts: AmountText[], path: string): Record<string, string> {
  const wrong = texts.flatMap(({ currency, amount }, index) =>
    amount.trim() && minorUnits(amount, currency) === null
      ? [[`${path}.${index}.amount`, noAmount(currency)] as const]
      : [],
  );
  return Object.fromEntries(wrong);
}

interface Props {
  // biome-ignore lint/suspicious/noExplicitAny: any form that has amounts
  form: UseFormReturnType<any>;
  path: string;
  label: string;
  description?: string;
}

/** An amount in each currency. */
export function AmountsField({ form, path, label, description }: Props) {
  const texts = (form.getInputProps(path).value ?? []) as AmountText[];
  return (
    <Input.Wrapper label={label} labelElement="div" description={description} error={form.errors[path]}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing="xs" mt={4}>
        {texts.map(({ currency }, index) => (
          <MoneyInput
            key={currency}
            currency={currency}
            aria-label={`${label} in ${currency}`}
            {...form.getInputProps(`${path}.${index}.amount`)}
          />
        ))}
      </SimpleGrid>
    </Input.Wrapper>
  );
}
