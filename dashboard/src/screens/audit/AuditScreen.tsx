import { Button, Text } from '@mantine/core';
import { IconDownload, IconHistory } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { startOfDay } from '../../format/time';
import { words } from '../../format/words';
import type { auditRoute } from './routes';

type Entry = Schemas['AuditEntry'];
type Search = typeof auditRoute.types.fullSearchSchema;

const FILTERS: Filter<Search>[] = [
  { key: 'action', label: 'Action' },
  { key: 'actor', label: 'Who, by id, or “cli”' },
  { key: 'subject_id', label: 'Done to, by id' },
  { key: 'request_id', label: "Request's id" },
  { key: 'since', label: 'From', type: 'date' },
  { key: 'until', label: 'Until', type: 'date' },
];

const anywhere = { overflowWrap: 'anywhere' } as const;

const COLUMNS: Column<Entry>[] = [
  {
    key: 'action',
    label: 'What was done',
    cell: ({ id, action, subject_id, created_at }) => (
      <>
        <RowLink to="/audit/$id" params={{ id }}>
          {words(action)}
        </RowLink>
        <Text size="xs" c="dimmed" style={anywhere}>
          {subject_id}
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          <Time at={created_at} />
        </Text>
      </>
    ),
  },
  {
    key: 'actor',
    label: 'By',
    cell: ({ actor, actor_name }) => <span title={actor}>{actor_name}</span>,
  },
  {
    key: 'changes',
    label: 'Changed',
    from: 'md',
    cell: ({ changes, reason }) => (
      <Text component="span" inherit c="dimmed" lineClamp={2} maw={340}>
        {Object.keys(changes)
          .map((path) => path.slice(1))
          .join(', ') ||
          reason ||
          '–'}
      </Text>
    ),
  },
  {
    key: 'created_at',
    label: 'When',
    from: 'sm',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
];

/** Who changed what: every write by staff, by key and by the command line. */
export function AuditScreen() {
  const search = useSearch({ from: '/shell/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const { since, until, ...rest } = search;
  const query = { ...rest, since: startOfDay(since), until: startOfDay(until, 1) };
  const list = usePages<Entry>(['audit', query], (cursor) =>
    answer(api.GET('/v1/admin/audit-entries', { params: { query: { ...query, cursor, limit: 50 } } })),
  );
  const { request_id, ...inFile } = query;
  const given = Object.entries(inFile).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return (
    <Page
      title="Audit log"
      below="Who changed what; nobody can rewrite it"
      actions={
        <Button
          component="a"
          href={`/v1/admin/audit-entries.csv?${new URLSearchParams(given)}`}
          download
          variant="default"
          disabled={Boolean(request_id)}
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          CSV
        </Button>
      }
    >
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconHistory size={40} stroke={1.3} aria-hidden />} title="No entry matches">
            An action is such as product.updated, or the part before the point.
          </Empty>
        }
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={FILTERS}
          />
        }
      >
        {(rows) => <DataTable label="Audit log" rows={rows} columns={COLUMNS} />}
      </ListCard>
    </Page>
  );
}
