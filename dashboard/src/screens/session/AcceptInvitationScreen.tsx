import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { isNotEmpty, useForm } from '@mantine/form';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { acceptInvitation } from '../../api/session';
import { useAction } from '../../components/actions';
import { ProblemAlert } from '../../components/ProblemAlert';
import { Door } from './Door';

/** Whoever was invited names themselves and chooses a password; the link of the e-mail carries the token. */
export function AcceptInvitationScreen() {
  const { token } = useSearch({ from: '/accept-invitation' });
  const navigate = useNavigate();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', password: '' },
    validate: { name: isNotEmpty('Enter your name.'), password: isNotEmpty('Choose a password.') },
  });
  const accept = useAction({
    run: ({ name, password }: { name: string; password: string }) =>
      acceptInvitation(token ?? '', name, password),
    form,
    done: 'Welcome. Log in with your new password.',
    onDone: () => navigate({ to: '/login' }),
  });
  if (!token) return <Incomplete />;
  return (
    <Door title="Join the shop">
      <form onSubmit={form.onSubmit((values) => accept.mutate(values))} noValidate>
        <Stack>
          <TextInput
            label="Your name"
            autoComplete="name"
            key={form.key('name')}
            {...form.getInputProps('name')}
          />
          <PasswordInput
            label="Password"
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
            key={form.key('password')}
            {...form.getInputProps('password')}
          />
          <ProblemAlert error={accept.error} shown={['name', 'password']} />
          <Button type="submit" loading={accept.isPending}>
            Join
          </Button>
        </Stack>
      </form>
    </Door>
  );
}

function Incomplete() {
  return (
    <Door title="The link is incomplete">
      <Text size="sm">Open the link of the invitation's e-mail once more, and copy all of it.</Text>
    </Door>
  );
}
