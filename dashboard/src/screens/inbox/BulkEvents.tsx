import { Button, Group, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { BulkModal } from '../../components/BulkModal';
import { counted } from '../../format/words';
import { canDiscard, canRetry, discardEvent, INBOX, type InboxEvent, retryEvent } from './queries';

interface Props {
  events: InboxEvent[];
  onDone: () => void;
}

const common = { nameOf: ({ provider_event_id }: InboxEvent) => provider_event_id, refresh: [INBOX] };

/** What can be done with all events that are ticked; nothing while none is. */
export function BulkEvents({ events, onDone }: Props) {
  const [open, setOpen] = useState<'retry' | 'discard' | null>(null);
  if (events.length === 0) return null;
  const [retryable, discardable] = [events.filter(canRetry), events.filter(canDiscard)];
  const close = (done: boolean) => {
    setOpen(null);
    if (done) onDone();
  };
  return (
    <Group
      px="md"
      py={8}
      gap="xs"
      bg="var(--mantine-primary-color-light)"
      role="toolbar"
      aria-label="Selected events"
    >
      <Text size="sm" fw={550}>
        {counted(events.length, 'event')} selected
      </Text>
      <Button size="xs" variant="default" disabled={retryable.length === 0} onClick={() => setOpen('retry')}>
        Retry
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={discardable.length === 0}
        onClick={() => setOpen('discard')}
      >
        Discard
      </Button>
      {open === 'retry' && (
        <BulkModal
          {...common}
          title={`Process ${counted(retryable.length, 'event')} again?`}
          items={retryable}
          run={({ id }) => retryEvent(id)}
          submit="Process again"
          onClose={close}
        >
          <Text size="sm">What took its effect already has none a second time.</Text>
        </BulkModal>
      )}
      {open === 'discard' && <DiscardAll events={discardable} onClose={close} />}
    </Group>
  );
}

function DiscardAll({ events, onClose }: { events: InboxEvent[]; onClose: (done: boolean) => void }) {
  const [reason, setReason] = useState('');
  return (
    <BulkModal
      {...common}
      title={`Discard ${counted(events.length, 'event')}?`}
      items={events}
      run={({ id }) => discardEvent(id, reason.trim())}
      submit="Discard"
      danger
      onClose={onClose}
    >
      <Text size="sm">
        They take no effect, so do by hand what they were about. They can be retried later.
      </Text>
      <Textarea
        label="Reason"
        required
        autosize
        minRows={2}
        maxLength={500}
        value={reason}
        onChange={({ currentTarget }) => setReason(currentTarget.value)}
      />
    </BulkModal>
  );
}
