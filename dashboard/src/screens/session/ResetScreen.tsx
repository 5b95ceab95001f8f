import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { isEmail, isNotEmpty, useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { useAction } from '../../components/actions';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import { Door } from './Door';
import { useLinkToken } from './linkToken';

/** Asks for a reset's e-mail; with the token of that e-mail, takes the new password. */
export function ResetScreen() {
  const token = useLinkToken();
  return token ? <NewPassword token={token} /> : <AskForReset />;
}

const toLogin = <ScreenLink to="/login">Back to the log-in</ScreenLink>;

function AskForReset() {
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email: '' },
    validate: { email: isEmail('Enter your e-mail address.') },
  });
  const ask = useAction({
    run: (body: Schemas['StaffResetRequest']) => answer(api.POST('/v1/admin/password-resets', { body })),
    form,
  });
  if (ask.isSuccess) {
    return (
      <Door title="Look into your mailbox" below={toLogin}>
        <Text size="sm">
          If an account has this address, a link to choose a new password is on its way to it.
        </Text>
      </Door>
    );
  }
  return (
    <Door title="Reset your password" below={toLogin}>
      <form onSubmit={form.onSubmit((values) => ask.mutate(values))} noValidate>
        <Stack>
          <TextInput
            label="E-mail"
            type="email"
            autoComplete="username"
            key={form.key('email')}
            {...form.getInputProps('email')}
          />
          <ProblemAlert error={ask.error} shown={['email']} />
          <Button type="submit" loading={ask.isPending}>
            Send the link
          </Button>
        </Stack>
      </form>
    </Door>
  );
}

function NewPassword({ token }: { token: string }) {
  const navigate = useNavigate();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { password: '' },
    validate: { password: isNotEmpty('Choose a password.') },
  });
  const reset = useAction({
    run: (body: Schemas['StaffPasswordReset']) =>
      answer(api.POST('/v1/admin/password-resets/accept', { body })),
    form,
    done: 'Your password is changed. Log in with it.',
    onDone: () => navigate({ to: '/login' }),
  });
  return (
    <Door title="Choose a new password" below={toLogin}>
      <form onSubmit={form.onSubmit((values) => reset.mutate({ ...values, token }))} noValidate>
        <Stack>
          <PasswordInput
            label="New password"
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <ProblemAlert error={reset.error} shown={['password']} />
          <Button type="submit" loading={reset.isPending}>
            Change it
          </Button>
        </Stack>
      </form>
    </Door>
  );
}
