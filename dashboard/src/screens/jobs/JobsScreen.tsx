import { Text } from '@mantine/core';
import { IconListCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { JOB, optionsOf } from '../../format/states';
import { words } from '../../format/words';
import { BulkJobs } from './BulkJobs';
import { JobsPage } from './JobsPage';
import { JOBS, type Job, type KindOfJobs, kindsQuery } from './queries';
import type { jobsRoute } from './routes';

type Search = typeof jobsRoute.types.fullSearchSchema;

const filtersOf = (kinds: KindOfJobs[]): Filter<Search>[] => [
  { key: 'status', label: 'Status', options: optionsOf(JOB) },
  {
    key: 'kind',
    label: 'Kind',
    options: kinds.map(({ kind }) => ({ value: kind, label: words(kind) })),
  },
];

const COLUMNS: Column<Job>[] = [
  {
    key: 'kind',
    label: 'Job',
    cell: ({ id, kind, subject_id, run_at }) => (
      <>
        <RowLink to="/jobs/$id" params={{ id }}>
          {words(kind)}
        </RowLink>
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {subject_id}
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          <Time at={run_at} />
        </Text>
      </>
    ),
  },
  { key: 'status', label: 'Status', cell: ({ status }) => <State of={JOB} value={status} /> },
  {
    key: 'error',
    label: 'Last failure',
    from: 'md',
    cell: ({ last_error }) => (
      <Text component="span" inherit c="dimmed" lineClamp={2} maw={340} style={{ overflowWrap: 'anywhere' }}>
        {last_error ?? '–'}
      </Text>
    ),
  },
  {
    key: 'attempts',
    label: 'Tries',
    align: 'right',
    from: 'sm',
    cell: ({ attempts, max_attempts }) => `${attempts} of ${max_attempts}`,
  },
  { key: 'run_at', label: 'Due', from: 'sm', cell: ({ run_at }) => <Time at={run_at} c="dimmed" /> },
];

/** Background jobs: what waits, what runs, what gave up. */
export function JobsScreen() {
  const search = useSearch({ from: '/shell/jobs' });
  const navigate = useNavigate({ from: '/jobs' });
  const may = useMay();
  const kinds = useQuery(kindsQuery).data?.data ?? [];
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const list = usePages<Job>([...JOBS, 'list', search], (cursor) =>
    answer(api.GET('/v1/admin/jobs', { params: { query: { ...search, cursor, limit: 50 } } })),
  );
  return (
    <JobsPage>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconListCheck size={40} stroke={1.3} aria-hidden />} title="No job here">
            Done jobs are kept for a week, discarded ones for 30 days.
          </Empty>
        }
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={filtersOf(kinds)}
          />
        }
      >
        {(rows) => (
          <>
            <BulkJobs
              jobs={rows.filter(({ id }) => selected.has(id))}
              onDone={() => setSelected(new Set())}
            />
            <DataTable
              label="Jobs"
              rows={rows}
              columns={COLUMNS}
              selection={may('jobs:write') ? { ids: selected, set: setSelected } : undefined}
              nameOf={({ kind, id }) => `${words(kind)} ${id}`}
            />
          </>
        )}
      </ListCard>
    </JobsPage>
  );
}
