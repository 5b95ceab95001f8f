import { Code, Grid, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { SubjectLink } from '../../components/SubjectLink';
import { Time } from '../../components/Told';
import { words } from '../../format/words';

type Entry = Schemas['AuditEntry'];

/** One entry of the audit log: what was before, and what is. */
export function EntryScreen() {
  const { id } = useParams({ from: '/shell/audit/$id' });
  const query = useQuery({
    queryKey: ['audit', 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/audit-entries/{id}', { params: { path: { id } } })),
  });
  return <Loaded query={query}>{(entry) => <Details entry={entry} />}</Loaded>;
}

function Details({ entry }: { entry: Entry }) {
  return (
    <Page
      title={words(entry.action)}
      back={<ScreenLink to="/audit">← Audit log</ScreenLink>}
      below={<Time at={entry.created_at} />}
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Changes changes={entry.changes} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <About entry={entry} />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function About({ entry }: { entry: Entry }) {
  const { actor, actor_name, subject_id, reason, request_id, client_address, sequence, hash } = entry;
  return (
    <Panel title="About">
      <Facts>
        <Fact name="By">
          <ScreenLink to="/audit" search={{ actor }} size="sm">
            {actor_name}
          </ScreenLink>
        </Fact>
        <Fact name="Done to">
          <SubjectLink id={subject_id} />
        </Fact>
        <Fact name="History">
          <ScreenLink to="/audit" search={{ subject_id }} size="sm">
            All that was done to it
          </ScreenLink>
        </Fact>
        {reason && <Fact name="Reason">{reason}</Fact>}
        {client_address && <Fact name="From">{client_address}</Fact>}
        {request_id && (
          <Fact name="Request">
            <Code style={{ overflowWrap: 'anywhere' }}>{request_id}</Code>
          </Fact>
        )}
        <Fact name="Place in the chain">{sequence.toLocaleString()}</Fact>
        <Fact name="Hash">
          <Code style={{ overflowWrap: 'anywhere' }}>{hash.slice(0, 16)}…</Code>
        </Fact>
      </Facts>
    </Panel>
  );
}

/** A value of a document as text; nothing is a dash. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 1);
}

function Changes({ changes }: { changes: Entry['changes'] }) {
  const rows = Object.entries(changes);
  if (rows.length === 0) {
    return (
      <Panel title="What changed">
        <Text size="sm" c="dimmed">
          The entry tells that it was done; no member of a document changed by it.
        </Text>
      </Panel>
    );
  }
  return (
    <Panel title="What changed">
      <Table aria-label="What changed" fz="sm" verticalSpacing="xs" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Member</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([path, { before, after }]) => (
            <Table.Tr key={path} style={{ overflowWrap: 'anywhere', verticalAlign: 'top' }}>
              <Table.Th scope="row" fw={550}>
                {path.slice(1).replaceAll('/', ' › ')}
              </Table.Th>
              <Table.Td c={before === undefined ? 'dimmed' : 'var(--bad)'}>{shown(before)}</Table.Td>
              <Table.Td c={after === undefined ? 'dimmed' : 'var(--good)'}>{shown(after)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}
