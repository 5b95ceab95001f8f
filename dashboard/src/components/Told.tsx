import { Badge, Text, type TextProps, Tooltip } from '@mantine/core';
import type { Schemas } from '../api/client';
import { money } from '../format/money';
import type { States } from '../format/states';
import { fullTime, shortTime } from '../format/time';
import classes from './table.module.css';

/** A state as a coloured word. */
export function State<S extends string>({ of, value }: { of: States<S>; value: S }) {
  const { label, color } = of[value] ?? { label: value, color: 'gray' };
  return <Badge color={color}>{label}</Badge>;
}

/** An amount of money; digits stand under each other. */
export function Amount({ value, ...rest }: { value: Schemas['Money'] } & TextProps) {
  return (
    <Text component="span" inherit className={classes.figures} {...rest}>
      {money(value)}
    </Text>
  );
}

/** A time in the viewer's zone, with the whole of it on hover; a dash when there is none. */
export function Time({ at, ...rest }: { at: string | null | undefined } & TextProps) {
  if (!at)
    return (
      <Text component="span" inherit c="dimmed">
        –
      </Text>
    );
  return (
    <Tooltip label={fullTime(at)}>
      <Text component="time" inherit dateTime={at} className={classes.figures} {...rest}>
        {shortTime(at)}
      </Text>
    </Tooltip>
  );
}
