import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, ifMatch, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { ScopePicker } from '../../components/ScopePicker';
import { ConflictModal, useVersioned } from '../../components/versions';
import { type Role, STAFF_KEY } from './queries';

interface Values {
  name: string;
  description: string;
  scopes: Schemas['Scope'][];
}

const valuesOf = (role?: Role): Values => ({
  name: role?.name ?? '',
  description: role?.description ?? '',
  scopes: role?.scopes ?? [],
});

/** Creates a role of the shop's own, or changes one. */
export function RoleForm({ role, onClose }: { role?: Role; onClose: () => void }) {
  const form = useForm<Values>({
    initialValues: valuesOf(role),
    validate: {
      name: (name) => (name.trim() ? null : 'Enter a name.'),
      scopes: (scopes) => (scopes.length > 0 ? null : 'Choose at least one.'),
    },
  });
  const versioned = useVersioned<Role, Values>({
    send: ({ name, description, scopes }, version) => {
      const body = { name: name.trim(), description: description.trim() || null, scopes };
      if (!role) return answer(api.POST('/v1/admin/roles', { body }));
      const params = { path: { id: role.id }, header: ifMatch(version) };
      return answer(api.PATCH('/v1/admin/roles/{id}', { params, body }));
    },
    read: () => answer(api.GET('/v1/admin/roles/{id}', { params: { path: { id: role?.id ?? '' } } })),
  });
  const save = useAction({
    run: versioned.save,
    form,
    refresh: [STAFF_KEY],
    done: role ? 'The role is saved.' : 'The role is created.',
    onDone: onClose,
  });
  return (
    <>
      <ActionModal
        title={role ? `Edit ${role.name}` : 'Create a role'}
        opened={!versioned.conflict}
        onClose={onClose}
        size="lg"
        submit={role ? 'Save' : 'Create the role'}
        action={save}
        fields={Object.keys(form.values)}
        disabled={!form.isDirty()}
        onSubmit={() =>
          !form.validate().hasErrors && save.mutate({ values: form.values, version: role?.version ?? 0 })
        }
      >
        <TextInput label="Name" required maxLength={60} data-autofocus {...form.getInputProps('name')} />
        <TextInput label="Description" maxLength={500} {...form.getInputProps('description')} />
        <ScopePicker {...form.getInputProps('scopes')} />
      </ActionModal>
      <ConflictModal
        conflict={versioned.conflict}
        toValues={valuesOf}
        fields={[
          { label: 'Name', of: ({ name }) => name },
          { label: 'Description', of: ({ description }) => description },
          { label: 'May do', of: ({ scopes }) => [...scopes].sort().join(', ') },
        ]}
        onKeepMine={(values, theirs) => save.mutate({ values, version: theirs.version })}
        onTakeTheirs={onClose}
        onClose={versioned.dismiss}
      />
    </>
  );
}

/** Asks before a role is deleted. */
export function DeleteRole({ role: { id, name, version }, onClose }: { role: Role; onClose: () => void }) {
  const remove = useAction({
    run: () =>
      answer(api.DELETE('/v1/admin/roles/{id}', { params: { path: { id }, header: ifMatch(version) } })),
    refresh: [STAFF_KEY],
    done: 'The role is deleted.',
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Delete the role ${name}?`}
      opened
      onClose={onClose}
      submit="Delete the role"
      danger
      action={remove}
      onSubmit={() => remove.mutate()}
    >
      Only a role that no member has can be deleted. This cannot be undone.
    </ActionModal>
  );
}
