import { Text, Textarea } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { QueryKey } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ActionModal } from './ActionModal';
import { useAction } from './actions';

interface Props {
  title: string;
  submit: string;
  /** What follows from it. */
  children: ReactNode;
  run: (reason: string) => Promise<unknown>;
  done: string;
  refresh: QueryKey[];
  onClose: () => void;
}

/** Asks for a reason before something is given up or held back. */
export function ReasonModal({ title, submit, children, run, done, refresh, onClose }: Props) {
  const form = useForm({
    initialValues: { reason: '' },
    validate: { reason: (reason) => (reason.trim() ? null : 'Say why, for whoever asks later.') },
  });
  const action = useAction({ run, done, refresh, onDone: onClose, form });
  return (
    <ActionModal
      title={title}
      opened
      onClose={onClose}
      submit={submit}
      danger
      action={action}
      fields={['reason']}
      onSubmit={() => !form.validate().hasErrors && action.mutate(form.values.reason.trim())}
    >
      <Text size="sm" component="div">
        {children}
      </Text>
      <Textarea
        label="Reason"
        required
        autosize
        minRows={2}
        maxLength={500}
        data-autofocus
        {...form.getInputProps('reason')}
      />
    </ActionModal>
  );
}
