import { Checkbox, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { ScopePicker } from '../../components/ScopePicker';
import { SecretModal } from '../../components/SecretModal';
import { endOfDay, KEYS } from './queries';

interface Values {
  name: string;
  storefront: boolean;
  scopes: Schemas['Scope'][];
  expires_at: string;
}

/** Creates a key and shows its token, once. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const form = useForm<Values>({
    initialValues: { name: '', storefront: false, scopes: [], expires_at: '' },
    validate: {
      name: (name) => (name.trim() ? null : 'Say what it is for.'),
      scopes: (scopes, { storefront }) => (storefront || scopes.length > 0 ? null : 'Choose at least one.'),
    },
  });
  const create = useAction({
    run: ({ name, storefront, scopes, expires_at }: Values) =>
      answer(
        api.POST('/v1/admin/api-keys', {
          body: {
            name: name.trim(),
            scopes: storefront ? ['storefront'] : scopes,
            expires_at: endOfDay(expires_at),
          },
        }),
      ),
    form,
    refresh: [KEYS],
  });
  return (
    <>
      <ActionModal
        title="Create an API key"
        opened={!create.data}
        onClose={onClose}
        size="lg"
        submit="Create the key"
        action={create}
        fields={Object.keys(form.values)}
        onSubmit={() => !form.validate().hasErrors && create.mutate(form.values)}
      >
        <TextInput
          label="Name"
          placeholder="Warehouse scanner"
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <TextInput
          type="date"
          label="Works until"
          description="For ever when empty"
          {...form.getInputProps('expires_at')}
        />
        <Checkbox
          label="For a storefront's server"
          description="May do what shoppers may, and tell for whom"
          {...form.getInputProps('storefront', { type: 'checkbox' })}
        />
        {!form.values.storefront && <ScopePicker {...form.getInputProps('scopes')} />}
      </ActionModal>
      <KeyToken token={create.data?.token ?? null} onClose={onClose} />
    </>
  );
}

/** The token of a new key, or of one that was rotated. */
export function KeyToken({ token, onClose }: { token: string | null; onClose: () => void }) {
  return (
    <SecretModal title="The key's token" label="Token" secret={token} onClose={onClose}>
      <Text size="sm">It is sent as “Authorization: Bearer …”.</Text>
    </SecretModal>
  );
}
