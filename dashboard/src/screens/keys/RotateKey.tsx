import { Select, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { KeyToken } from './NewKey';
import { KEYS, type Key } from './queries';

const OVERLAPS = [
  { value: '0', label: 'Not at all: it leaked' },
  { value: '1', label: 'One hour' },
  { value: '24', label: 'One day' },
  { value: '168', label: 'One week' },
  { value: '720', label: '30 days' },
];

/** Gives a key a new token, shown once; the present one works on for a while. */
export function RotateKey({ of, onClose }: { of: Key; onClose: () => void }) {
  const form = useForm({ initialValues: { overlap_hours: '24' } });
  const rotate = useAction({
    run: (overlap_hours: number) =>
      answer(
        api.POST('/v1/admin/api-keys/{id}/rotate', {
          params: { path: { id: of.id } },
          body: { overlap_hours },
        }),
      ),
    form,
    refresh: [KEYS],
  });
  return (
    <>
      <ActionModal
        title={`Rotate “${of.name}”?`}
        opened={!rotate.data}
        onClose={onClose}
        submit="Rotate the key"
        action={rotate}
        fields={['overlap_hours']}
        onSubmit={() => rotate.mutate(Number(form.values.overlap_hours))}
      >
        <Text size="sm">
          The key gets a new token. A token that an earlier rotation left stops working at once.
        </Text>
        <Select
          label="The present token works on for"
          data={OVERLAPS}
          {...form.getInputProps('overlap_hours')}
        />
      </ActionModal>
      <KeyToken token={rotate.data?.token ?? null} onClose={onClose} />
    </>
  );
}
