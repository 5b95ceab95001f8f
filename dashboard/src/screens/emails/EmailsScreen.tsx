import { Text } from '@mantine/core';
import { IconMail } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { EMAIL, optionsOf } from '../../format/states';
import { EmailsPage } from './EmailsPage';
import { KIND_OPTIONS, kindName } from './kinds';
import { EMAILS, type ListedEmail } from './queries';
import type { emailsRoute } from './routes';

type Search = typeof emailsRoute.types.fullSearchSchema;

const FILTERS: Filter<Search>[] = [
  { key: 'kind', label: 'Kind', options: KIND_OPTIONS },
  { key: 'status', label: 'Status', options: optionsOf(EMAIL) },
  { key: 'recipient', label: 'Recipient' },
  { key: 'order_id', label: "Order's id" },
];

const COLUMNS: Column<ListedEmail>[] = [
  {
    key: 'kind',
    label: 'E-mail',
    cell: ({ id, kind, recipient, created_at }) => (
      <>
        <RowLink to="/emails/$id" params={{ id }}>
          {kindName(kind)}
        </RowLink>
        <Text size="xs" c="dimmed" hiddenFrom="sm" style={{ overflowWrap: 'anywhere' }}>
          {recipient}
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          <Time at={created_at} />
        </Text>
      </>
    ),
  },
  { key: 'recipient', label: 'To', from: 'sm', cell: ({ recipient }) => recipient },
  { key: 'status', label: 'Status', cell: ({ status }) => <State of={EMAIL} value={status} /> },
  {
    key: 'error',
    label: 'Last failure',
    from: 'lg',
    cell: ({ last_error, status }) => (
      <Text component="span" inherit c="dimmed" lineClamp={1} maw={300}>
        {(status !== 'sent' && last_error) || '–'}
      </Text>
    ),
  },
  {
    key: 'created_at',
    label: 'Caused',
    from: 'sm',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
];

/** Every e-mail of the last 90 days. */
export function EmailsScreen() {
  const search = useSearch({ from: '/shell/emails' });
  const navigate = useNavigate({ from: '/emails' });
  const list = usePages<ListedEmail>([...EMAILS, 'list', search], (cursor) =>
    answer(api.GET('/v1/admin/emails', { params: { query: { ...search, cursor, limit: 50 } } })),
  );
  return (
    <EmailsPage>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconMail size={40} stroke={1.3} aria-hidden />} title="No e-mail here">
            E-mails are kept for 90 days.
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
        {(rows) => <DataTable label="E-mails" rows={rows} columns={COLUMNS} />}
      </ListCard>
    </EmailsPage>
  );
}
