import { ActionIcon, Box, CopyButton, ScrollArea, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import classes from './source.module.css';

/** A document as JSON, or a text as it is, to be read and copied. */
export function Source({ label, of }: { label: string; of: unknown }) {
  const text = typeof of === 'string' ? of : JSON.stringify(of, null, 2);
  return (
    <Box pos="relative">
      <Box pos="absolute" top={6} right={6} className={classes.copy}>
        <Copy value={text} label={`Copy ${label}`} />
      </Box>
      <ScrollArea.Autosize
        mah={480}
        className={classes.frame}
        type="auto"
        viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label }}
      >
        <pre className={classes.text}>{text}</pre>
      </ScrollArea.Autosize>
    </Box>
  );
}

/** Copies a text. */
export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon variant="default" onClick={copy} aria-label={copied ? 'Copied' : label}>
            {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
