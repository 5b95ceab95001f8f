import { Badge, Button, Card, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { SmallButton } from '../../components/SmallButton';
import { counted } from '../../format/words';
import { type Role, rolesQuery } from './queries';
import { DeleteRole, RoleForm } from './RoleForm';
import { StaffPage } from './StaffPage';

type Dialog = { does: 'create' } | { does: 'edit' | 'delete'; role: Role };

/** Sets of scopes: those that every shop has, and the shop's own. */
export function RolesScreen() {
  const query = useQuery(rolesQuery);
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const columns: Column<Role>[] = [
    {
      key: 'name',
      label: 'Role',
      cell: ({ name, description, is_built_in }) => (
        <>
          <Text component="span" inherit fw={550}>
            {name}
          </Text>{' '}
          {is_built_in && <Badge variant="default">Built in</Badge>}
          <Text size="xs" c="dimmed">
            {description}
          </Text>
        </>
      ),
    },
    {
      key: 'scopes',
      label: 'May do',
      from: 'sm',
      cell: ({ scopes }) => (
        <Text component="span" inherit c="dimmed" lineClamp={2} maw={420} title={scopes.join(', ')}>
          {counted(scopes.length, 'scope')}: {scopes.join(', ')}
        </Text>
      ),
    },
    {
      key: 'actions',
      label: '',
      align: 'right',
      cell: (role) =>
        !role.is_built_in &&
        may('staff:write') && (
          <Button.Group style={{ justifyContent: 'flex-end' }}>
            <SmallButton name={`Edit ${role.name}`} onClick={() => setDialog({ does: 'edit', role })}>
              Edit
            </SmallButton>
            <SmallButton name={`Delete ${role.name}`} onClick={() => setDialog({ does: 'delete', role })}>
              Delete
            </SmallButton>
          </Button.Group>
        ),
    },
  ];
  return (
    <StaffPage
      actions={
        may('staff:write') && (
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => setDialog({ does: 'create' })}
          >
            Create role
          </Button>
        )
      }
    >
      <Card withBorder padding={0}>
        <Loaded query={query}>
          {({ data }) => <DataTable label="Roles" rows={data} columns={columns} />}
        </Loaded>
      </Card>
      {dialog?.does === 'create' && <RoleForm onClose={close} />}
      {dialog?.does === 'edit' && <RoleForm role={dialog.role} onClose={close} />}
      {dialog?.does === 'delete' && <DeleteRole role={dialog.role} onClose={close} />}
    </StaffPage>
  );
}
