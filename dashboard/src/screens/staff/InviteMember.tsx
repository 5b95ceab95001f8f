import { Select, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { answer, api } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { roleOptions, rolesQuery, STAFF_KEY } from './queries';

interface Values {
  email: string;
  name: string;
  role: string;
}

/** Invites somebody by e-mail. */
export function InviteMember({ onClose }: { onClose: () => void }) {
  const roles = useQuery(rolesQuery).data?.data;
  const form = useForm<Values>({
    initialValues: { email: '', name: '', role: '' },
    validate: {
      email: (email) => (email.trim() ? null : 'Enter their address.'),
      role: (role) => (role ? null : 'Choose what they may do.'),
    },
  });
  const invite = useAction({
    run: ({ email, name, role }: Values) =>
      answer(api.POST('/v1/admin/staff', { body: { email: email.trim(), name: name.trim() || null, role } })),
    form,
    refresh: [STAFF_KEY],
    done: ({ email }) => `The invitation goes to ${email}.`,
    onDone: onClose,
  });
  const chosen = roles?.find(({ id }) => id === form.values.role);
  return (
    <ActionModal
      title="Invite somebody"
      opened
      onClose={onClose}
      submit="Send the invitation"
      action={invite}
      fields={Object.keys(form.values)}
      onSubmit={() => !form.validate().hasErrors && invite.mutate(form.values)}
    >
      <TextInput label="E-mail" type="email" required data-autofocus {...form.getInputProps('email')} />
      <TextInput label="Name" {...form.getInputProps('name')} />
      <Select
        label="Role"
        required
        data={roleOptions(roles)}
        description={chosen?.description}
        {...form.getInputProps('role')}
      />
      <Text size="sm" c="dimmed">
        The link in the e-mail works for seven days. They choose a password behind it.
      </Text>
    </ActionModal>
  );
}
