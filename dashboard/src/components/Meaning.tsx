import { ActionIcon, Tooltip } from '@mantine/core';
import { IconHelpCircle } from '@tabler/icons-react';

/** What a figure means, for whoever hovers, touches or comes by keyboard. */
export function Meaning({ of, children }: { of: string; children: string }) {
  return (
    <Tooltip label={children} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
      <ActionIcon variant="transparent" c="dimmed" size={20} aria-label={`What “${of}” means`}>
        <IconHelpCircle size={14} stroke={1.6} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
