import { Button, Group, List, Modal, Progress, Stack, Text } from '@mantine/core';
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Problem } from '../api/problem';
import { counted } from '../format/words';

interface Props<Item> {
  title: string;
  items: Item[];
  nameOf: (item: Item) => string;
  /** Does it to one; items are done one after the other. */
  run: (item: Item) => Promise<unknown>;
  submit: string;
  danger?: boolean;
  /** While something must still be chosen. */
  disabled?: boolean;
  refresh: QueryKey[];
  /** `done`: whether anything was begun. */
  onClose: (done: boolean) => void;
  children?: ReactNode;
}

interface Progressed {
  done: number;
  failed: { name: string; problem: Problem }[];
}

/** Does the same to several things and tells of each that it could not be done to. */
export function BulkModal<Item>(props: Props<Item>) {
  const { title, nameOf, run, submit, danger, disabled, refresh, onClose, children } = props;
  const client = useQueryClient();
  // The list behind may lose them while they are worked on.
  const [items] = useState(props.items);
  const [progress, setProgress] = useState<Progressed | null>(null);
  const tried = progress ? progress.done + progress.failed.length : 0;
  const running = progress !== null && tried < items.length;
  const begin = async () => {
    let state: Progressed = { done: 0, failed: [] };
    setProgress(state);
    for (const item of items) {
      try {
        await run(item);
        state = { ...state, done: state.done + 1 };
      } catch (error) {
        state = { ...state, failed: [...state.failed, { name: nameOf(item), problem: Problem.from(error) }] };
      }
      setProgress(state);
    }
  };
  const close = () => {
    if (progress) for (const queryKey of refresh) client.invalidateQueries({ queryKey });
    onClose(progress !== null);
  };
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      closeOnClickOutside={false}
      closeOnEscape={!running}
      withCloseButton={!running}
    >
      <Stack>
        {progress ? <Report progress={progress} of={items.length} /> : children}
        <Group justify="flex-end" gap="xs">
          {progress ? (
            <Button loading={running} onClick={close}>
              Done
            </Button>
          ) : (
            <>
              <Button variant="default" onClick={close}>
                Not now
              </Button>
              <Button color={danger ? 'red.9' : undefined} disabled={disabled} onClick={begin}>
                {submit}
              </Button>
            </>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function Report({ progress: { done, failed }, of }: { progress: Progressed; of: number }) {
  return (
    <Stack gap="xs" role="status">
      <Progress value={((done + failed.length) / of) * 100} aria-label="How much is done" />
      <Text size="sm">
        {done} of {of} done{failed.length > 0 && `, ${counted(failed.length, 'failure')}`}
      </Text>
      {failed.length > 0 && (
        <List size="sm" spacing={4}>
          {failed.map(({ name, problem }) => (
            <List.Item key={name}>
              <b>{name}</b>: {whyOf(problem)}
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  );
}

/** A problem in words, with the fields' where its detail does not tell them. */
function whyOf({ status, detail, errors }: Problem): string {
  if (status === 412) return 'Somebody else changed it meanwhile. Look at it again, then repeat.';
  return [detail, ...errors.map((error) => error.detail).filter((told) => !detail.includes(told))].join(' ');
}
