import { Select, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { answer, api, type Schemas } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { INBOX_EVENT, optionsOf } from '../../format/states';
import { localHoursAgo, utcOf } from '../../format/time';
import { counted } from '../../format/words';
import { INBOX } from './queries';

interface Values {
  status: Schemas['EventStatus'];
  type: string;
  since: string;
  until: string;
}

/** Processes all events of a time again, such as those of an hour in which something was broken. */
export function RetrySince({ type, onClose }: { type: string | undefined; onClose: () => void }) {
  const form = useForm<Values>({
    initialValues: { status: 'dead', type: type ?? '', since: localHoursAgo(1), until: '' },
    validate: { since: (since) => (since ? null : 'Say from when on.') },
  });
  const retry = useAction({
    run: ({ status, type, since, until }: Values) =>
      answer(
        api.POST('/v1/admin/inbox/events/retry', {
          body: { status, type: type.trim() || null, since: utcOf(since) ?? '', until: utcOf(until) },
        }),
      ),
    form,
    refresh: [INBOX],
    done: ({ retried, has_more }) =>
      `${counted(retried, 'event')} queued.${has_more ? ' There are more: do it again once these are through.' : ''}`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title="Retry events by time"
      opened
      onClose={onClose}
      submit="Process again"
      action={retry}
      fields={Object.keys(form.values)}
      onSubmit={() => !form.validate().hasErrors && retry.mutate(form.values)}
    >
      <Text size="sm">
        All that match are processed again, at most a thousand at once. What took its effect already has none
        a second time.
      </Text>
      <Select
        label="Status"
        data={optionsOf(INBOX_EVENT).filter(({ value }) => value !== 'processed')}
        {...form.getInputProps('status')}
      />
      <TextInput label="Type" placeholder="Any, or such as charge.refunded" {...form.getInputProps('type')} />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput type="datetime-local" label="From" required {...form.getInputProps('since')} />
        <TextInput type="datetime-local" label="Until" {...form.getInputProps('until')} />
      </SimpleGrid>
    </ActionModal>
  );
}
