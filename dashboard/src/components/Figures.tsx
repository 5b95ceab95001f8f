import { Card, Group, SimpleGrid, Text } from '@mantine/core';
import { IconArrowDownRight, IconArrowUpRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Meaning } from './Meaning';

export interface Figure {
  label: string;
  /** The label as a link, where it leads somewhere. */
  link?: ReactNode;
  /** What it means. */
  meaning: string;
  value: string;
  before?: string;
  /** By how many percent it changed, as the API tells it. */
  change?: string;
  /** More of it is worse, or says nothing. */
  more?: 'worse' | 'neither';
}

/** Figures beside each other. */
export function Figures({ figures, columns }: { figures: Figure[]; columns: number }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: columns }} spacing="sm">
      {figures.map((figure) => (
        <FigureCard key={figure.label} figure={figure} />
      ))}
    </SimpleGrid>
  );
}

/** A figure with its meaning, against what it was. */
function FigureCard({ figure: { label, link, meaning, value, before, change, more } }: { figure: Figure }) {
  return (
    <Card withBorder padding="sm">
      <Group gap={2} wrap="nowrap">
        <Text component="div" size="xs" c="dimmed" truncate>
          {link ?? label}
        </Text>
        <Meaning of={label}>{meaning}</Meaning>
      </Group>
      <Text fz={20} fw={650} lh={1.4} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      {before !== undefined && (
        <Group gap={4} wrap="nowrap" fz="xs">
          <Change percent={change} more={more} />
          <Text inherit c="dimmed" truncate>
            {`from ${before}`}
          </Text>
        </Group>
      )}
    </Card>
  );
}

/** By how much a figure changed, good or bad. */
function Change({ percent, more }: { percent: string | undefined; more: Figure['more'] }) {
  const rise = Number(percent ?? 0);
  if (rise === 0) return null;
  const good = more === 'worse' ? rise < 0 : rise > 0;
  const color = more === 'neither' ? 'dimmed' : good ? 'var(--good)' : 'var(--bad)';
  const Arrow = rise < 0 ? IconArrowDownRight : IconArrowUpRight;
  return (
    <Group gap={2} wrap="nowrap" c={color} fw={550}>
      <Arrow size={14} role="img" aria-label={rise < 0 ? 'down' : 'up'} />
      {`${Math.abs(rise).toLocaleString()}%`}
    </Group>
  );
}
