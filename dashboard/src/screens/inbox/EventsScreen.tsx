import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconInbox, IconRefresh } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { EVENT_SOURCE, INBOX_EVENT, optionsOf } from '../../format/states';
import { startOfDay } from '../../format/time';
import { BulkEvents } from './BulkEvents';
import { EVENT_COLUMNS } from './columns';
import { InboxPage } from './InboxPage';
import { INBOX, type InboxEvent } from './queries';
import { RetrySince } from './RetrySince';
import type { inboxRoute } from './routes';

const FROM = '/shell/webhooks-in';

type Search = typeof inboxRoute.types.fullSearchSchema;

const FILTERS: Filter<Search>[] = [
  { key: 'status', label: 'Status', options: optionsOf(INBOX_EVENT) },
  { key: 'type', label: 'Type' },
  { key: 'provider_event_id', label: "Provider's id" },
  { key: 'source', label: 'How it came', options: optionsOf(EVENT_SOURCE) },
  { key: 'since', label: 'Received from', type: 'date' },
  { key: 'until', label: 'Received until', type: 'date' },
];

/** The events that match the URL. */
function useEvents({ since, until, ...rest }: Search) {
  const query = { ...rest, since: startOfDay(since), until: startOfDay(until, 1) };
  return usePages<InboxEvent>([...INBOX, 'events', query], (cursor) =>
    answer(api.GET('/v1/admin/inbox/events', { params: { query: { ...query, cursor, limit: 50 } } })),
  );
}

/** All events of providers: what became of them, and processing them again. */
export function EventsScreen() {
  const search = useSearch({ from: FROM });
  const navigate = useNavigate({ from: '/webhooks-in' });
  const list = useEvents(search);
  const may = useMay();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [retrying, { open, close }] = useDisclosure(false);
  const selection = may('inbox:write') ? { ids: selected, set: setSelected } : undefined;
  return (
    <InboxPage
      actions={
        may('inbox:write') && (
          <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={open}>
            Retry by time
          </Button>
        )
      }
    >
      <ListCard
        list={list}
        empty={<NoEvents filtered={Object.values(search).some(Boolean)} />}
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={FILTERS}
          />
        }
      >
        {(rows) => (
          <>
            <BulkEvents
              events={rows.filter(({ id }) => selected.has(id))}
              onDone={() => setSelected(new Set())}
            />
            <DataTable
              label="Events"
              rows={rows}
              columns={EVENT_COLUMNS}
              selection={selection}
              nameOf={({ type, provider_event_id }) => `${type} ${provider_event_id}`}
            />
          </>
        )}
      </ListCard>
      {retrying && <RetrySince type={search.type} onClose={close} />}
    </InboxPage>
  );
}

function NoEvents({ filtered }: { filtered: boolean }) {
  const icon = <IconInbox size={40} stroke={1.3} aria-hidden />;
  return filtered ? (
    <Empty icon={icon} title="No event matches">
      Remove a filter to see more.
    </Empty>
  ) : (
    <Empty icon={icon} title="No events yet">
      What Stripe and Shippo tell of payments and parcels appears here.
    </Empty>
  );
}
