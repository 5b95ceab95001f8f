import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';
import classes from './table.module.css';

type Props = AnchorProps &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps> & { ref?: Ref<HTMLAnchorElement> };

/** A link to a screen. */
export const ScreenLink = createLink((props: Props) => <Anchor {...props} />);

/** The link of a table's row: it takes the clicks of the whole row. */
export const RowLink = createLink((props: Props) => (
  <Anchor {...props} inherit underline="never" className={classes.rowLink} />
));
