import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { isEmail, isNotEmpty, useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { logIn, sessionBegun } from '../../api/session';
import { useAction } from '../../components/actions';
import { ProblemAlert } from '../../components/ProblemAlert';

interface Props {
  email?: string;
  onLoggedIn?: () => void;
}

/** E-mail and password. Once they are right, everything that failed for want of a session is read anew. */
export function LoginForm({ email = '', onLoggedIn }: Props) {
  const client = useQueryClient();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email, password: '' },
    validate: { email: isEmail('Enter your e-mail address.'), password: isNotEmpty('Enter your password.') },
  });
  const action = useAction({
    run: logIn,
    form,
    onDone: (session) => {
      sessionBegun(client, session);
      onLoggedIn?.();
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => action.mutate(values))} noValidate>
      <Stack>
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          key={form.key('email')}
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          key={form.key('password')}
          {...form.getInputProps('password')}
        />
        <ProblemAlert error={action.error} shown={['email', 'password']} />
        <Button type="submit" fullWidth loading={action.isPending}>
          Log in
        </Button>
      </Stack>
    </form>
  );
}
