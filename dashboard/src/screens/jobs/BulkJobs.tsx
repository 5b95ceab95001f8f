import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { BulkModal } from '../../components/BulkModal';
import { counted, words } from '../../format/words';
import { JOBS, type Job, retryJob } from './queries';

/** Runs all jobs that are ticked once more; nothing while none is. */
export function BulkJobs({ jobs, onDone }: { jobs: Job[]; onDone: () => void }) {
  const [asking, setAsking] = useState(false);
  if (jobs.length === 0) return null;
  return (
    <Group
      px="md"
      py={8}
      gap="xs"
      bg="var(--mantine-primary-color-light)"
      role="toolbar"
      aria-label="Selected jobs"
    >
      <Text size="sm" fw={550}>
        {counted(jobs.length, 'job')} selected
      </Text>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        Run now
      </Button>
      {asking && (
        <BulkModal
          title={`Run ${counted(jobs.length, 'job')} now?`}
          items={jobs}
          nameOf={({ kind, subject_id }) => [words(kind), subject_id].filter(Boolean).join(' ')}
          run={({ id }) => retryJob(id)}
          submit="Run now"
          refresh={[JOBS]}
          onClose={(done) => {
            setAsking(false);
            if (done) onDone();
          }}
        >
          <Text size="sm">Each has all its tries again. Only what is dead or queued can be run.</Text>
        </BulkModal>
      )}
    </Group>
  );
}
