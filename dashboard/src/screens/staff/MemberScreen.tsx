import { Badge, Grid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { answer, api, type Schemas } from '../../api/client';
import { sessionQuery, useMay } from '../../api/session';
import { tellProblem, useAction } from '../../components/actions';
import { type Column, DataTable } from '../../components/DataTable';
import { Facts } from '../../components/Facts';
import { Loaded } from '../../components/Loaded';
import { Fact, Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { SmallButton } from '../../components/SmallButton';
import { State, Time } from '../../components/Told';
import { STAFF } from '../../format/states';
import { MemberActions } from './MemberActions';
import { type Member, memberQuery, nameOf, STAFF_KEY } from './queries';

/** One member of staff: their role, and where they are logged in. */
export function MemberScreen() {
  const { id } = useParams({ from: '/shell/staff/$id' });
  const query = useQuery(memberQuery(id));
  return <Loaded query={query}>{(member) => <Details member={member} />}</Loaded>;
}

function Details({ member }: { member: Member }) {
  const { email, role, status, created_at, last_seen_at } = member;
  return (
    <Page
      title={nameOf(member)}
      back={<ScreenLink to="/staff">← Staff</ScreenLink>}
      beside={<State of={STAFF} value={status} />}
      below={email}
      actions={<MemberActions member={member} />}
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Sessions member={member} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Panel title="About">
            <Facts>
              <Fact name="Role">{role.name}</Fact>
              <Fact name="Invited">
                <Time at={created_at} />
              </Fact>
              <Fact name="Last seen">
                <Time at={last_seen_at} />
              </Fact>
            </Facts>
          </Panel>
        </Grid.Col>
      </Grid>
    </Page>
  );
}

type Session = Schemas['ListedStaffSession'];

function Sessions({ member: { id } }: { member: Member }) {
  const sessions = useQuery({
    queryKey: [...STAFF_KEY, 'sessions', id],
    queryFn: () =>
      answer(api.GET('/v1/admin/staff/{id}/sessions', { params: { path: { id }, query: { limit: 100 } } })),
  });
  const columns: Column<Session>[] = [
    {
      key: 'user_agent',
      label: 'Browser',
      cell: ({ user_agent, is_current }) => (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {user_agent ?? 'It did not say'}
          </Text>
          {is_current && <Badge color="blue">This one</Badge>}
        </>
      ),
    },
    { key: 'created_at', label: 'Begun', from: 'sm', cell: ({ created_at }) => <Time at={created_at} /> },
    {
      key: 'last_seen_at',
      label: 'Last used',
      from: 'sm',
      cell: ({ last_seen_at }) => <Time at={last_seen_at} />,
    },
    {
      key: 'end',
      label: '',
      align: 'right',
      cell: (session) => <EndSession member={id} session={session} />,
    },
  ];
  return (
    <Panel title="Logged in">
      <Loaded query={sessions} rows={2}>
        {({ data }) =>
          data.length > 0 ? (
            <DataTable label="Sessions" rows={data} columns={columns} />
          ) : (
            <Text size="sm" c="dimmed">
              Nowhere just now.
            </Text>
          )
        }
      </Loaded>
    </Panel>
  );
}

function EndSession({ member, session }: { member: string; session: Session }) {
  const may = useMay();
  const me = useQuery(sessionQuery).data?.session?.staff.id;
  const end = useAction({
    run: () =>
      answer(
        api.DELETE('/v1/admin/staff/{id}/sessions/{session_id}', {
          params: { path: { id: member, session_id: session.id } },
        }),
      ),
    refresh: [[...STAFF_KEY, 'sessions', member]],
    done: 'The session is ended.',
  });
  if (session.is_current || !(may('staff:write') || me === member)) return null;
  return (
    <SmallButton
      loading={end.isPending}
      name={`End the session of ${session.user_agent ?? 'a browser'}`}
      onClick={() => end.mutate(undefined, { onError: tellProblem })}
    >
      End
    </SmallButton>
  );
}
