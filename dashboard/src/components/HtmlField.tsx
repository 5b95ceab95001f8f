import { Input, Skeleton } from '@mantine/core';
import { type ComponentProps, lazy, Suspense } from 'react';
import type RichText from './RichText';

const Editor = lazy(() => import('./RichText'));

/** A text as HTML; its editor is loaded with the first one that is shown. */
export function HtmlField(props: ComponentProps<typeof RichText>) {
  const waiting = (
    <Input.Wrapper label={props.label} labelElement="div">
      <Skeleton height={220} mt={4} />
    </Input.Wrapper>
  );
  return (
    <Suspense fallback={waiting}>
      <Editor {...props} />
    </Suspense>
  );
}
