import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconUserPlus, IconUsersGroup } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { type Filter, FilterBar } from '../../components/FilterBar';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { optionsOf, STAFF } from '../../format/states';
import { InviteMember } from './InviteMember';
import { type Member, nameOf, STAFF_KEY } from './queries';
import type { membersRoute } from './routes';
import { StaffPage } from './StaffPage';

type Search = typeof membersRoute.types.fullSearchSchema;

const FILTERS: Filter<Search>[] = [{ key: 'status', label: 'Status', options: optionsOf(STAFF) }];

const COLUMNS: Column<Member>[] = [
  {
    key: 'name',
    label: 'Member',
    cell: (member) => (
      <>
        <RowLink to="/staff/$id" params={{ id: member.id }}>
          {nameOf(member)}
        </RowLink>
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {member.name && member.email}
        </Text>
      </>
    ),
  },
  { key: 'role', label: 'Role', cell: ({ role }) => role.name },
  { key: 'status', label: 'Status', cell: ({ status }) => <State of={STAFF} value={status} /> },
  {
    key: 'last_seen_at',
    label: 'Last seen',
    from: 'sm',
    cell: ({ last_seen_at }) => <Time at={last_seen_at} c="dimmed" />,
  },
];

/** Who works here. */
export function MembersScreen() {
  const search = useSearch({ from: '/shell/staff' });
  const navigate = useNavigate({ from: '/staff' });
  const may = useMay();
  const [inviting, { open, close }] = useDisclosure(false);
  const list = usePages<Member>([...STAFF_KEY, 'members', search], (cursor) =>
    answer(api.GET('/v1/admin/staff', { params: { query: { ...search, cursor, limit: 50 } } })),
  );
  return (
    <StaffPage
      actions={
        may('staff:write') && (
          <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={open}>
            Invite
          </Button>
        )
      }
    >
      <ListCard
        list={list}
        empty={<Empty icon={<IconUsersGroup size={40} stroke={1.3} aria-hidden />} title="Nobody here" />}
        above={
          <FilterBar
            value={search}
            onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
            filters={FILTERS}
          />
        }
      >
        {(rows) => <DataTable label="Members of staff" rows={rows} columns={COLUMNS} />}
      </ListCard>
      {inviting && <InviteMember onClose={close} />}
    </StaffPage>
  );
}
