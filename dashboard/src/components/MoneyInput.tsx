import { TextInput, type TextInputProps } from '@mantine/core';
import { decimalsOf } from '../format/money';

interface Props extends TextInputProps {
  currency: string;
}

/** An amount in major units as people type it; read it by `minorUnits`. */
export function MoneyInput({ currency, ...rest }: Props) {
  return (
    <TextInput
      inputMode="decimal"
      leftSection={currency}
      leftSectionWidth={52}
      placeholder={(0).toFixed(decimalsOf(currency))}
      {...rest}
    />
  );
}

/** What is said of a text that is no amount. */
export const noAmount = (currency: string) =>
  `Enter an amount such as ${(12.5).toFixed(decimalsOf(currency))}, of ${currency}.`;
