import { TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction, useOnce } from '../../components/actions';
import { COLLECTIONS } from './queries';

/** Asks for its title; the rest is edited on its page. */
export function NewCollection({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const once = useOnce();
  const form = useForm({ initialValues: { title: '' } });
  const create = useAction({
    run: ({ title }: { title: string }) => {
      const body = { title: title.trim(), status: 'draft' as const };
      return once(body, (header) => answer(api.POST('/v1/admin/collections', { params: { header }, body })));
    },
    form,
    refresh: [COLLECTIONS],
    done: ({ title }) => `${title} is created, as a draft.`,
    onDone: ({ id }) => navigate({ to: '/collections/$id', params: { id } }),
  });
  return (
    <ActionModal
      title="New collection"
      opened
      onClose={onClose}
      submit="Create it"
      disabled={!form.values.title.trim()}
      action={create}
      fields={['title']}
      onSubmit={() => create.mutate(form.values)}
    >
      <TextInput label="Title" data-autofocus {...form.getInputProps('title')} />
    </ActionModal>
  );
}
