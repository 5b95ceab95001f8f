import { Badge, Card, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { ReasonModal } from '../../components/ReasonModal';
import { RowLink, ScreenLink } from '../../components/RowLink';
import { SmallButton } from '../../components/SmallButton';
import { Time } from '../../components/Told';
import classes from '../../components/table.module.css';
import { age } from '../../format/duration';
import { words } from '../../format/words';
import { JobsPage } from './JobsPage';
import { JOBS, type KindOfJobs, kindsQuery } from './queries';

type Row = KindOfJobs & { id: string };

const COLUMNS: Column<Row>[] = [
  {
    key: 'kind',
    label: 'Kind',
    cell: ({ kind, paused }) => (
      <>
        <RowLink to="/jobs" search={{ kind }}>
          {words(kind)}
        </RowLink>{' '}
        {paused && <Badge color="orange">Paused</Badge>}
        {paused && (
          <Text size="xs" c="dimmed">
            {paused.reason}, since <Time at={paused.since} />
          </Text>
        )}
      </>
    ),
  },
  { key: 'due', label: 'Due', align: 'right', cell: ({ due }) => <Figure value={due} /> },
  {
    key: 'oldest',
    label: 'Oldest due',
    align: 'right',
    from: 'sm',
    cell: ({ oldest_due_at }) => (oldest_due_at ? age(oldest_due_at) : <Figure value={0} />),
  },
  {
    key: 'queued',
    label: 'Queued',
    align: 'right',
    from: 'sm',
    cell: ({ queued }) => <Figure value={queued} />,
  },
  {
    key: 'running',
    label: 'Running',
    align: 'right',
    from: 'sm',
    cell: ({ running }) => <Figure value={running} />,
  },
  { key: 'dead', label: 'Dead', align: 'right', cell: (row) => <Dead kind={row} /> },
  { key: 'pause', label: '', align: 'right', cell: (row) => <PauseButton kind={row} /> },
];

/** A count; none is grey. */
function Figure({ value }: { value: number }) {
  return (
    <Text component="span" inherit className={classes.figures} c={value === 0 ? 'dimmed' : undefined}>
      {value === 0 ? '–' : value.toLocaleString()}
    </Text>
  );
}

function Dead({ kind: { kind, dead } }: { kind: Row }) {
  if (dead === 0) return <Figure value={0} />;
  return (
    <ScreenLink
      to="/jobs"
      search={{ kind, status: 'dead' }}
      size="sm"
      c="var(--bad)"
      className={classes.above}
      aria-label={`${dead} dead jobs of ${words(kind)}`}
    >
      {dead.toLocaleString()}
    </ScreenLink>
  );
}

/** How much of each kind waits and for how long, and holding a kind back. */
export function KindsScreen() {
  const query = useQuery(kindsQuery);
  return (
    <JobsPage>
      <Card withBorder padding={0}>
        <Loaded query={query} rows={12}>
          {({ data }) => (
            <DataTable
              label="Kinds of jobs"
              rows={data.map((row) => ({ ...row, id: row.kind }))}
              columns={COLUMNS}
            />
          )}
        </Loaded>
      </Card>
    </JobsPage>
  );
}

function PauseButton({ kind: { kind, paused } }: { kind: Row }) {
  const may = useMay();
  const [pausing, setPausing] = useState(false);
  const resume = useAction({
    run: () => answer(api.POST('/v1/admin/job-kinds/{kind}/resume', { params: { path: { kind } } })),
    refresh: [JOBS],
    done: `“${words(kind)}” goes on.`,
  });
  if (!may('jobs:write')) return null;
  if (paused) {
    return (
      <SmallButton
        variant="filled"
        loading={resume.isPending}
        name={`Resume ${words(kind)}`}
        onClick={() => resume.mutate(undefined, { onError: tellProblem })}
      >
        Resume
      </SmallButton>
    );
  }
  return (
    <>
      <SmallButton name={`Pause ${words(kind)}`} onClick={() => setPausing(true)}>
        Pause
      </SmallButton>
      {pausing && <PauseKind kind={kind} onClose={() => setPausing(false)} />}
    </>
  );
}

function PauseKind({ kind, onClose }: { kind: KindOfJobs['kind']; onClose: () => void }) {
  return (
    <ReasonModal
      title={`Pause “${words(kind)}”?`}
      submit="Pause"
      run={(reason) =>
        answer(api.POST('/v1/admin/job-kinds/{kind}/pause', { params: { path: { kind } }, body: { reason } }))
      }
      done={`“${words(kind)}” is paused.`}
      refresh={[JOBS]}
      onClose={onClose}
    >
      No job of this kind is begun until it is resumed; what runs now is finished. Jobs gather meanwhile.
    </ReasonModal>
  );
}
