import { Button, Group, Modal, type ModalProps, Stack } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { ProblemAlert } from './ProblemAlert';

interface Props extends Pick<ModalProps, 'opened' | 'size'> {
  title: string;
  onClose: () => void;
  /** What the button that does it says, such as "Refund €10.00". */
  submit: string;
  danger?: boolean;
  disabled?: boolean;
  /** What is done; its problem is shown here. */
  action: Pick<UseMutationResult<unknown, Error, never>, 'error' | 'isPending' | 'reset'>;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  /** Fields that show their own errors. */
  fields?: readonly string[];
  children?: ReactNode;
}

/** A dialog that asks before something is done, with what must be said about it. */
export function ActionModal(props: Props) {
  const { title, opened, onClose, size, submit, danger, disabled, action, onSubmit, fields, children } =
    props;
  const close = () => {
    action.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={title} size={size} closeOnClickOutside={!action.isPending}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          // The dialog may stand in another form, which is not meant.
          event.stopPropagation();
          onSubmit(event);
        }}
        noValidate
      >
        <Stack gap="md">
          {children}
          <ProblemAlert error={action.error} shown={fields} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button
              type="submit"
              color={danger ? 'red.9' : undefined}
              loading={action.isPending}
              disabled={disabled}
            >
              {submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
