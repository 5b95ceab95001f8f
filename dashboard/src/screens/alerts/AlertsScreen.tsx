import { Button, Tabs, Text } from '@mantine/core';
import { IconBellCheck } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { type Column, DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { screenOf } from '../../components/SubjectLink';
import { Time } from '../../components/Told';
import classes from '../../components/table.module.css';
import { KIND_OPTIONS, KINDS } from './kinds';
import type { alertsRoute } from './routes';

type Alert = Schemas['Alert'];
type Search = typeof alertsRoute.types.fullSearchSchema;

const ALERTS = ['alerts'];

const FILTERS: Filter<Search>[] = [{ key: 'kind', label: 'Kind', options: KIND_OPTIONS }];

const COLUMNS: Column<Alert>[] = [
  { key: 'detail', label: 'What happened', cell: (alert) => <WhatHappened alert={alert} /> },
  {
    key: 'created_at',
    label: 'Raised',
    from: 'sm',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
  { key: 'end', label: '', align: 'right', cell: (alert) => <Acknowledge alert={alert} /> },
];

/** What needs or needed a person. */
export function AlertsScreen() {
  const search = useSearch({ from: '/shell/alerts' });
  const navigate = useNavigate({ from: '/alerts' });
  const change = (patch: Partial<Search>) =>
    navigate({ search: (before) => ({ ...before, ...patch }), replace: true });
  const query = { kind: search.kind, open: search.show === 'all' ? undefined : search.show !== 'closed' };
  const list = usePages<Alert>([...ALERTS, 'list', query], (cursor) =>
    answer(api.GET('/v1/admin/alerts', { params: { query: { ...query, cursor, limit: 50 } } })),
  );
  return (
    <Page title="Alerts" below="What needs a person, raised once for each cause">
      <ListCard
        list={list}
        empty={<NoAlerts open={query.open === true && !query.kind} />}
        above={
          <>
            <Tabs
              value={search.show ?? 'open'}
              onChange={(show) => change({ show: show === 'open' ? undefined : (show as Search['show']) })}
              keepMounted={false}
            >
              <Tabs.List px="xs" aria-label="Which alerts">
                <Tabs.Tab value="open">Open</Tabs.Tab>
                <Tabs.Tab value="closed">Acknowledged</Tabs.Tab>
                <Tabs.Tab value="all">All</Tabs.Tab>
              </Tabs.List>
            </Tabs>
            <FilterBar value={search} onChange={change} filters={FILTERS} />
          </>
        }
      >
        {(rows) => <DataTable label="Alerts" rows={rows} columns={COLUMNS} />}
      </ListCard>
    </Page>
  );
}

/** The alert in its own words; the row leads to what it is about. */
function WhatHappened({ alert: { kind, detail, cause, order_id, created_at } }: { alert: Alert }) {
  const screen = screenOf(cause) ?? (order_id ? screenOf(order_id) : undefined);
  const name = KINDS[kind] ?? kind;
  return (
    <>
      {screen ? (
        <RowLink {...screen}>{name}</RowLink>
      ) : (
        <Text component="span" inherit fw={550}>
          {name}
        </Text>
      )}
      <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {detail}
      </Text>
      <Text size="xs" c="dimmed" hiddenFrom="sm">
        <Time at={created_at} />
      </Text>
    </>
  );
}

function Acknowledge({ alert: { id, kind, acknowledged_at, acknowledged_by } }: { alert: Alert }) {
  const may = useMay();
  const acknowledge = useAction({
    run: () => answer(api.POST('/v1/admin/alerts/{id}/acknowledge', { params: { path: { id } } })),
    refresh: [ALERTS, ['home']],
    done: 'The alert is acknowledged.',
  });
  if (acknowledged_at) {
    return (
      <Text size="xs" c="dimmed" title={acknowledged_by ?? undefined}>
        {acknowledged_by ? 'Acknowledged' : 'Its cause is gone'} <Time at={acknowledged_at} />
      </Text>
    );
  }
  if (!may('alerts:write')) return null;
  return (
    <Button
      size="compact-xs"
      variant="default"
      className={classes.above}
      loading={acknowledge.isPending}
      aria-label={`Acknowledge “${KINDS[kind] ?? kind}”`}
      onClick={() => acknowledge.mutate(undefined, { onError: tellProblem })}
    >
      Acknowledge
    </Button>
  );
}

function NoAlerts({ open }: { open: boolean }) {
  const icon = <IconBellCheck size={40} stroke={1.3} aria-hidden />;
  return open ? (
    <Empty icon={icon} title="Nothing needs you">
      Alerts appear here, and are mailed to the shop.
    </Empty>
  ) : (
    <Empty icon={icon} title="No alert here" />
  );
}
