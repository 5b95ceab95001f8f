import { Button, Group, Modal, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { Problem } from '../api/problem';

interface Versioned<D, V> {
  /** Sends the values as a change of this version. */
  send: (values: V, version: number) => Promise<unknown>;
  /** The document as it is now. */
  read: () => Promise<D>;
}

/** Two versions that stand against each other: what one wrote, and what somebody else wrote meanwhile. */
export interface Conflict<D, V> {
  mine: V;
  theirs: D;
}

/**
 * Saves changes so that nobody's are lost: when the document was changed meanwhile (412), the change is kept back as a
 * `conflict` for the person to decide. Use `save` as the `run` of an action and show the conflict by `ConflictModal`.
 */
export function useVersioned<D, V>({ send, read }: Versioned<D, V>) {
  const [conflict, setConflict] = useState<Conflict<D, V> | null>(null);
  const save = async ({ values, version }: { values: V; version: number }) => {
    try {
      const saved = await send(values, version);
      setConflict(null);
      return saved;
    } catch (error) {
      if (error instanceof Problem && error.status === 412)
        setConflict({ mine: values, theirs: await read() });
      throw error;
    }
  };
  return { save, conflict, dismiss: () => setConflict(null) };
}

/** A field of a document, as text. */
export interface ComparedField<V> {
  label: string;
  of: (values: V) => string;
}

interface Props<D, V> {
  conflict: Conflict<D, V> | null;
  fields: ComparedField<V>[];
  toValues: (document: D) => V;
  /** Writes one's own over the other's. */
  onKeepMine: (mine: V, theirs: D) => void;
  /** Gives one's own up. */
  onTakeTheirs: (theirs: D) => void;
  onClose: () => void;
}

/** Both versions beside each other, and the choice between them. */
export function ConflictModal<D, V>({
  conflict,
  fields,
  toValues,
  onKeepMine,
  onTakeTheirs,
  onClose,
}: Props<D, V>) {
  if (!conflict) return null;
  const { mine, theirs } = conflict;
  const differing = fields.filter(({ of }) => of(mine) !== of(toValues(theirs)));
  return (
    <Modal opened onClose={onClose} size="lg" title="Somebody else changed this meanwhile">
      <Stack>
        <Text size="sm">Nothing of yours is lost. Compare both versions and choose which one stays.</Text>
        <Table aria-label="Both versions" fz="sm" withTableBorder>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Field</Table.Th>
              <Table.Th>Yours</Table.Th>
              <Table.Th>As it is now</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {differing.map(({ label, of }) => (
              <Table.Tr key={label}>
                <Table.Th scope="row">{label}</Table.Th>
                <Table.Td>{of(mine) || '–'}</Table.Td>
                <Table.Td>{of(toValues(theirs)) || '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {differing.length === 0 && <Text size="sm">The fields that you edited are the same in both.</Text>}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => onTakeTheirs(theirs)}>
            Take theirs
          </Button>
          <Button onClick={() => onKeepMine(mine, theirs)}>Keep mine</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
