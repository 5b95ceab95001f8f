import { Button, Checkbox, Popover, Stack, Text } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import type { Column } from './DataTable';
import { useKept } from './kept';

/** A column that people may hide; `extra` ones are shown only when they are chosen. */
export interface ChosenColumn<Row> extends Column<Row> {
  extra?: boolean;
}

/** What was chosen, by column; of the others the default holds. */
type Choice = Record<string, boolean>;

function readChoice(found: unknown): Choice {
  if (typeof found !== 'object' || found === null) return {};
  return Object.fromEntries(Object.entries(found).filter(([, shown]) => typeof shown === 'boolean'));
}

/** The columns that a person chose for the list of this name. The first one always stays. */
export function useColumns<Row>(list: string, all: ChosenColumn<Row>[]) {
  const [choice, keep] = useKept(`${list}.columns`, readChoice);
  const [first, ...others] = all;
  const isShown = ({ key, extra }: ChosenColumn<Row>) => choice[key] ?? !extra;
  const shown: Column<Row>[] = all
    .filter((column) => column === first || isShown(column))
    // What somebody asked for is left out on telephones only.
    .map((column) => (choice[column.key] && column.from ? { ...column, from: 'sm' } : column));
  return {
    shown,
    choices: others.map((column) => ({ key: column.key, label: column.label, shown: isShown(column) })),
    chosen: Object.keys(choice).length > 0,
    set: (key: string, isShown: boolean) => keep({ ...choice, [key]: isShown }),
    reset: () => keep({}),
  };
}

/** Where columns are chosen. */
export function ColumnsMenu<Row>({
  columns: { choices, chosen, set, reset },
}: {
  columns: ReturnType<typeof useColumns<Row>>;
}) {
  return (
    <Popover width={240} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} aria-hidden />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah="70vh" style={{ overflowY: 'auto' }} aria-label="Columns">
        <Stack gap="xs">
          {choices.map(({ key, label, shown }) => (
            <Checkbox
              key={key}
              size="xs"
              label={label}
              checked={shown}
              onChange={({ currentTarget }) => set(key, currentTarget.checked)}
            />
          ))}
          <Button size="xs" variant="default" disabled={!chosen} onClick={reset}>
            Show the usual ones
          </Button>
          <Text size="xs" c="dimmed">
            Kept for you in this browser. Narrow screens leave some out.
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
