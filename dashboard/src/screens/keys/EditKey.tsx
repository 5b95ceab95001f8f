import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { ConflictModal, useVersioned } from '../../components/versions';
import { dayOf, endOfDay, KEYS, type Key } from './queries';

interface Values {
  name: string;
  expires_at: string;
}

const valuesOf = ({ name, expires_at }: Key): Values => ({ name, expires_at: dayOf(expires_at) });

/** Changes what a key is called and until when it works; what it may do stays. */
export function EditKey({ of, onClose }: { of: Key; onClose: () => void }) {
  const path = { id: of.id };
  const form = useForm<Values>({
    initialValues: valuesOf(of),
    validate: { name: (name) => (name.trim() ? null : 'Say what it is for.') },
  });
  const versioned = useVersioned<Key, Values>({
    send: ({ name, expires_at }, version) =>
      answer(
        api.PATCH('/v1/admin/api-keys/{id}', {
          params: { path, header: ifMatch(version) },
          body: { name: name.trim(), expires_at: endOfDay(expires_at) },
        }),
      ),
    read: () => answer(api.GET('/v1/admin/api-keys/{id}', { params: { path } })),
  });
  const save = useAction({
    run: versioned.save,
    form,
    refresh: [KEYS],
    done: 'The key is saved.',
    onDone: onClose,
  });
  return (
    <>
      <ActionModal
        title={`Edit “${of.name}”`}
        opened={!versioned.conflict}
        onClose={onClose}
        submit="Save"
        action={save}
        fields={Object.keys(form.values)}
        disabled={!form.isDirty()}
        onSubmit={() =>
          !form.validate().hasErrors && save.mutate({ values: form.values, version: of.version })
        }
      >
        <TextInput label="Name" required data-autofocus {...form.getInputProps('name')} />
        <TextInput
          type="date"
          label="Works until"
          description="For ever when empty"
          {...form.getInputProps('expires_at')}
        />
      </ActionModal>
      <ConflictModal
        conflict={versioned.conflict}
        toValues={valuesOf}
        fields={[
          { label: 'Name', of: ({ name }) => name },
          { label: 'Works until', of: ({ expires_at }) => expires_at },
        ]}
        onKeepMine={(values, theirs) => save.mutate({ values, version: theirs.version })}
        onTakeTheirs={onClose}
        onClose={versioned.dismiss}
      />
    </>
  );
}
