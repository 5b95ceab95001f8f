import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { isNotEmpty, useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { sessionBegun } from '../../api/session';
import { useAction } from '../../components/actions';
import { ProblemAlert } from '../../components/ProblemAlert';
import { Door } from './Door';
import { useLinkToken } from './linkToken';

/** Whoever was invited names themselves and chooses a password; the link of the e-mail carries the token. */
export function AcceptInvitationScreen() {
  const token = useLinkToken();
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { name: '', password: '' },
    validate: { name: isNotEmpty('Enter your name.'), password: isNotEmpty('Choose a password.') },
  });
  const accept = useAction({
    run: (body: Schemas['InvitationAcceptance']) =>
      answer(api.POST('/v1/admin/staff-invitations/accept', { body })),
    form,
    onDone: (session) => {
      sessionBegun(client, session);
      navigate({ to: '/' });
    },
  });
  if (!token) return <Incomplete />;
  return (
    <Door title="Join the shop">
      <form onSubmit={form.onSubmit((values) => accept.mutate({ ...values, token }))} noValidate>
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
