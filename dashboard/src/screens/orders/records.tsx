import { Box, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Time } from '../../components/Told';

/** Records of an order, or that there are none. */
export function Records({ none, children }: { none: string; children: ReactNode[] }) {
  if (children.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  }
  return <Stack gap="xs">{children}</Stack>;
}

interface RecordProps {
  title: ReactNode;
  at: string;
  problem?: string | null;
  children?: ReactNode;
}

/** A record: what it is and when, beside it its state and what can be done with it. */
export function Record({ title, at, problem, children }: RecordProps) {
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
      <Box miw={0}>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          <Time at={at} />
        </Text>
        {problem && (
          <Text size="xs" c="var(--bad)">
            {problem}
          </Text>
        )}
      </Box>
      <Group gap={4} wrap="nowrap">
        {children}
      </Group>
    </Group>
  );
}
