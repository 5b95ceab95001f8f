import { ActionIcon, Button, Group, Input, Stack, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';

/** A name and its text. */
export interface Pair {
  name: string;
  value: string;
}

/** The pairs of a map. */
export const pairsOf = (map: Record<string, string>): Pair[] =>
  Object.entries(map).map(([name, value]) => ({ name, value }));

/** The map of pairs; those without a name are left out. */
export const mapOf = (pairs: Pair[]): Record<string, string> =>
  Object.fromEntries(pairs.filter(({ name }) => name.trim()).map(({ name, value }) => [name.trim(), value]));

interface Props {
  /** Names the pairs for screen readers, such as "Metadata". */
  label: string;
  value?: Pair[];
  onChange: (pairs: Pair[]) => void;
  error?: string;
}

/** Names with texts: the shop's own data. */
export function PairsField({ label, value = [], onChange, error }: Props) {
  const set = (index: number, patch: Partial<Pair>) =>
    onChange(value.map((pair, at) => (at === index ? { ...pair, ...patch } : pair)));
  return (
    <Stack gap="xs">
      {value.map((pair, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pairs have no identity but their place
        <Group key={index} gap="xs" wrap="nowrap">
          <TextInput
            aria-label={`${label}: name ${index + 1}`}
            placeholder="Name"
            flex={1}
            value={pair.name}
            onChange={({ currentTarget }) => set(index, { name: currentTarget.value })}
          />
          <TextInput
            aria-label={`${label}: value ${index + 1}`}
            placeholder="Value"
            flex={2}
            value={pair.value}
            onChange={({ currentTarget }) => set(index, { value: currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove ${pair.name || `pair ${index + 1}`}`}
            onClick={() => onChange(value.filter((_, at) => at !== index))}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      {error && <Input.Error>{error}</Input.Error>}
      <Group>
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...value, { name: '', value: '' }])}
        >
          Add a pair
        </Button>
      </Group>
    </Stack>
  );
}
