import { IconPlugConnected } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { optionsOf, VERDICT } from '../../format/states';
import { startOfDay } from '../../format/time';
import { ATTEMPT_COLUMNS } from './columns';
import { InboxPage } from './InboxPage';
import { INBOX } from './queries';
import type { inboxAttemptsRoute } from './routes';

const FROM = '/shell/webhooks-in/attempts';

type Search = typeof inboxAttemptsRoute.types.fullSearchSchema;

const FILTERS: Filter<Search>[] = [
  { key: 'verdict', label: 'Verdict', options: optionsOf(VERDICT) },
  { key: 'provider_event_id', label: "Provider's id" },
  { key: 'address', label: 'From address' },
  { key: 'since', label: 'Received from', type: 'date' },
  { key: 'until', label: 'Received until', type: 'date' },
];

/** Every delivery to the shop's doors and what was made of it. */
export function AttemptsScreen() {
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: '/webhooks-in/attempts' });
  const { since, until, ...rest } = search;
  const query = { ...rest, since: startOfDay(since), until: startOfDay(until, 1) };
  const list = usePages<Schemas['InboxAttempt']>([...INBOX, 'attempts', query], (cursor) =>
    answer(api.GET('/v1/admin/inbox/attempts', { params: { query: { ...query, cursor, limit: 50 } } })),
  );
  return (
    <InboxPage>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconPlugConnected size={40} stroke={1.3} aria-hidden />} title="No attempt here">
            Deliveries of the last 30 days are kept, and of refused ones the first hundred an hour.
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
        {(rows) => <DataTable label="Attempts" rows={rows} columns={ATTEMPT_COLUMNS} />}
      </ListCard>
    </InboxPage>
  );
}
