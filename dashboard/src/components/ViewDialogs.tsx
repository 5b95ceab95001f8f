import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBookmarkPlus } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { View, Views } from './views';

/** Keeps the present filters and order as a view; nothing while they are a view already. */
export function SaveView({ views }: { views: Views }) {
  const [opened, { open, close }] = useDisclosure(false);
  const { current, isOwn, named, narrowed, save } = views;
  if (!narrowed && !opened) return null;
  return (
    <>
      <Button variant="default" leftSection={<IconBookmarkPlus size={16} aria-hidden />} onClick={open}>
        Save view
      </Button>
      {opened && (
        <NameModal
          title="Save view"
          name={current && isOwn(current) ? current.name : ''}
          refuse={(name) => builtInName(named(name), isOwn)}
          replaces={(name) => Boolean(named(name))}
          onSubmit={save}
          onClose={close}
        >
          These filters and their order under a name, kept for you in this browser. The link of a view shows
          the same to others.
        </NameModal>
      )}
    </>
  );
}

interface Props {
  view: View;
  views: Views;
  onClose: () => void;
}

export function RenameView({ view, views: { named, isOwn, rename }, onClose }: Props) {
  const refuse = (name: string) => {
    const other = named(name);
    if (!other || other === view) return null;
    return builtInName(other, isOwn) ?? 'Another view of yours has this name.';
  };
  return (
    <NameModal
      title={`Rename ${view.name}`}
      name={view.name}
      refuse={refuse}
      onSubmit={(name) => rename(view, name)}
      onClose={onClose}
    />
  );
}

export function DeleteView({ view, views: { remove }, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title={`Delete the view ${view.name}?`}>
      <Stack>
        <Text size="sm">Only the view goes; what it shows stays.</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button
            color="red.9"
            onClick={() => {
              onClose();
              remove(view);
            }}
          >
            Delete the view
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

const builtInName = (view: View | undefined, isOwn: Views['isOwn']) =>
  view && !isOwn(view) ? 'The dashboard has a view of this name.' : null;

interface NameProps {
  title: string;
  name: string;
  /** Why it cannot be called so. */
  refuse: (name: string) => string | null;
  /** Whether a view of this name gives way to it. */
  replaces?: (name: string) => boolean;
  onSubmit: (name: string) => void;
  onClose: () => void;
  children?: ReactNode;
}

function NameModal({ title, name: first, refuse, replaces, onSubmit, onClose, children }: NameProps) {
  const [name, setName] = useState(first);
  const error = refuse(name);
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onClose();
          onSubmit(name);
        }}
      >
        <Stack>
          {children && <Text size="sm">{children}</Text>}
          <TextInput
            label="Name"
            data-autofocus
            maxLength={40}
            value={name}
            error={error}
            description={!error && replaces?.(name) ? 'Your view of this name is replaced.' : undefined}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Not now
            </Button>
            <Button type="submit" disabled={!name.trim() || Boolean(error)}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
