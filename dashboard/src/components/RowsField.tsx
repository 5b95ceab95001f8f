import { ActionIcon, Box, Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  /** What one row is, such as "rate"; for the buttons. */
  one: string;
  count: number;
  onAdd: () => void;
  onRemove: (index: number) => void;
  /** What is said when there are none. */
  empty?: string;
  children: (index: number) => ReactNode;
}

/** Rows of fields that are added and removed. */
export function RowsField({ one, count, onAdd, onRemove, empty, children }: Props) {
  return (
    <Stack gap="sm">
      {count === 0 && empty && (
        <Text size="sm" c="dimmed">
          {empty}
        </Text>
      )}
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
        <Group key={index} gap="xs" wrap="nowrap" align="flex-end">
          <Box flex={1} miw={0}>
            {children(index)}
          </Box>
          <ActionIcon
            variant="subtle"
            color="gray"
            mb={4}
            aria-label={`Remove ${one} ${index + 1}`}
            onClick={() => onRemove(index)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={onAdd}
        >
          Add a {one}
        </Button>
      </Group>
    </Stack>
  );
}
