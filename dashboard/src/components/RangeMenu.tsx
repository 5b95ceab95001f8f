import { Button, Divider, Group, Popover, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCalendar } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { dayOf, daySpan, daysBetween, dayText } from '../format/days';
import { type Days, MOST_DAYS, RANGES, type RangeName, type RangeSearch } from './periods';

interface Props {
  days: Days;
  /** The named periods to choose from. */
  ranges: RangeName[];
  /** What the button says instead of a name that is shown elsewhere. */
  label?: string;
  onChange: (search: RangeSearch) => void;
  size?: 'xs' | 'sm';
}

/** A period: one with a name, or any first and last day. */
export function RangeMenu({ days, ranges, label, onChange, size = 'sm' }: Props) {
  const [opened, { close, toggle }] = useDisclosure(false);
  const choose = (search: RangeSearch) => {
    close();
    onChange({ range: undefined, from: undefined, to: undefined, ...search });
  };
  const name = days.range ? RANGES[days.range].label : daySpan(days.from, days.to);
  return (
    <Popover
      opened={opened}
      onChange={(open) => !open && close()}
      position="bottom-start"
      shadow="md"
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          size={size}
          variant="default"
          fw={500}
          leftSection={<IconCalendar size={16} stroke={1.6} aria-hidden />}
          onClick={toggle}
        >
          {label ?? name}
        </Button>
      </Popover.Target>
      <Popover.Dropdown w={300}>
        <Stack gap="sm">
          <SimpleGrid cols={2} spacing={6} verticalSpacing={6}>
            {ranges.map((range) => (
              <Button
                key={range}
                size="xs"
                variant={days.range === range ? 'filled' : 'default'}
                aria-pressed={days.range === range}
                onClick={() => choose({ range })}
              >
                {RANGES[range].label}
              </Button>
            ))}
          </SimpleGrid>
          <Divider />
          <OtherDays days={days} onChoose={choose} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function OtherDays({ days, onChoose }: { days: Days; onChoose: (search: RangeSearch) => void }) {
  const [from, setFrom] = useState(days.from);
  const [to, setTo] = useState(days.to);
  const wrong = problemOf(from, to);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong) onChoose({ from, to });
  };
  const field = { type: 'date', size: 'xs', max: dayOf(new Date()), flex: 1, miw: 0 } as const;
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <Group gap="xs" align="flex-start" wrap="nowrap">
          <TextInput
            {...field}
            label="From"
            value={from}
            onChange={({ currentTarget }) => setFrom(currentTarget.value)}
          />
          <TextInput
            {...field}
            label="To"
            value={to}
            error={wrong}
            onChange={({ currentTarget }) => setTo(currentTarget.value)}
          />
        </Group>
        <Button type="submit" size="xs" disabled={Boolean(wrong)}>
          Show these days
        </Button>
      </Stack>
    </form>
  );
}

function problemOf(from: string, to: string): string | undefined {
  if (!dayText(from) || !dayText(to)) return 'Enter both days.';
  if (to < from) return 'Must not be before the first day.';
  if (daysBetween(from, to) > MOST_DAYS) return `At most ${MOST_DAYS.toLocaleString()} days.`;
  return undefined;
}
