import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { Copy } from './Source';

interface Props {
  title: string;
  /** What the secret is called, such as "Signing secret". */
  label: string;
  /** Shown while there is one. */
  secret: string | null;
  onClose: () => void;
  /** What it is for and what follows. */
  children?: ReactNode;
}

/** A secret that is told once: it stays until the person says that they have it. */
export function SecretModal({ title, label, secret, onClose, children }: Props) {
  if (!secret) return null;
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <Alert color="yellow">Copy it now. It is shown this once, and kept nowhere.</Alert>
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <TextInput
            flex={1}
            label={label}
            value={secret}
            readOnly
            onFocus={({ currentTarget }) => currentTarget.select()}
            styles={{ input: { fontFamily: 'ui-monospace, monospace' } }}
          />
          <Copy value={secret} label={`Copy the ${label.toLowerCase()}`} />
        </Group>
        {children}
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
