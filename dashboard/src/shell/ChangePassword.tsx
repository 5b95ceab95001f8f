import { PasswordInput, Text } from '@mantine/core';
import { isNotEmpty, useForm } from '@mantine/form';
import { answer, api, type Schemas } from '../api/client';
import { ActionModal } from '../components/ActionModal';
import { useAction } from '../components/actions';

/** A new password for whoever is logged in. */
export function ChangePassword({ onClose }: { onClose: () => void }) {
  const form = useForm<Schemas['StaffPasswordChange']>({
    initialValues: { current_password: '', password: '' },
    validate: {
      current_password: isNotEmpty('Enter your present password.'),
      password: isNotEmpty('Choose a password.'),
    },
  });
  const change = useAction({
    run: (body: Schemas['StaffPasswordChange']) => answer(api.PUT('/v1/admin/session/password', { body })),
    form,
    done: 'Your password is changed.',
    onDone: onClose,
  });
  const toggle = { visibilityToggleButtonProps: { 'aria-label': 'Show or hide the password' } };
  return (
    <ActionModal
      title="Change your password"
      opened
      onClose={onClose}
      submit="Change it"
      action={change}
      fields={Object.keys(form.values)}
      onSubmit={form.onSubmit((values) => change.mutate(values))}
    >
      <PasswordInput
        label="Present password"
        autoComplete="current-password"
        data-autofocus
        {...toggle}
        {...form.getInputProps('current_password')}
      />
      <PasswordInput
        label="New password"
        autoComplete="new-password"
        {...toggle}
        {...form.getInputProps('password')}
      />
      <Text size="sm" c="dimmed">
        You stay logged in here; everywhere else you are logged out.
      </Text>
    </ActionModal>
  );
}
