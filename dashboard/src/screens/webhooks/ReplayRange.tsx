import { Checkbox, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { localHoursAgo, utcOf } from '../../format/time';
import { counted } from '../../format/words';
import { type Endpoint, WEBHOOKS } from './queries';

interface Values {
  since: string;
  until: string;
  include_succeeded: boolean;
}

/** Sends the deliveries of a time once more, such as those that a broken receiver lost. */
export function ReplayRange({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const form = useForm<Values>({
    initialValues: { since: localHoursAgo(24), until: '', include_succeeded: false },
    validate: { since: (since) => (since ? null : 'Say from when on.') },
  });
  const replay = useAction({
    run: ({ since, until, include_succeeded }: Values) =>
      answer(
        api.POST('/v1/admin/webhook-endpoints/{id}/replay', {
          params: { path: { id: endpoint.id } },
          body: { since: utcOf(since) ?? '', until: utcOf(until), include_succeeded },
        }),
      ),
    form,
    refresh: [WEBHOOKS],
    done: ({ replayed }) => `${counted(replayed, 'delivery', 'deliveries')} sent once more.`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title="Replay deliveries"
      opened
      onClose={onClose}
      submit="Send once more"
      action={replay}
      fields={Object.keys(form.values)}
      onSubmit={() => !form.validate().hasErrors && replay.mutate(form.values)}
    >
      <Text size="sm">
        Deliveries to {endpoint.url} that were given up are sent once more, of events of the last 30 days.
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput type="datetime-local" label="From" required {...form.getInputProps('since')} />
        <TextInput type="datetime-local" label="Until" {...form.getInputProps('until')} />
      </SimpleGrid>
      <Checkbox
        label="Also those that arrived"
        description="The receiver sees them twice, under the same webhook-id"
        {...form.getInputProps('include_succeeded', { type: 'checkbox' })}
      />
    </ActionModal>
  );
}
