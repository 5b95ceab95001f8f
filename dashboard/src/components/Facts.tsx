import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';

/** Several `Fact`s. */
export function Facts({ children }: { children: ReactNode }) {
  return (
    <Stack component="dl" gap={8} m={0}>
      {children}
    </Stack>
  );
}
