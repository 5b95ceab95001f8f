import { Button, type ButtonProps } from '@mantine/core';
import classes from './table.module.css';

interface Props extends ButtonProps {
  /** What it does and to what, for screen readers: rows say the same word many times. */
  name: string;
  onClick: () => void;
}

/** A button in a table's row. */
export function SmallButton({ name, ...rest }: Props) {
  return <Button size="compact-xs" variant="default" className={classes.above} aria-label={name} {...rest} />;
}
