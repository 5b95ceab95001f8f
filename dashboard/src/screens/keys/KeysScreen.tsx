import { ActionIcon, Badge, Button, Menu, Text } from '@mantine/core';
import { IconDots, IconKey, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { Time } from '../../components/Told';
import { counted } from '../../format/words';
import { EditKey } from './EditKey';
import { NewKey } from './NewKey';
import { KEYS, type Key, standingOf } from './queries';
import { RevokeKey } from './RevokeKey';
import { RotateKey } from './RotateKey';

type Does = 'edit' | 'rotate' | 'revoke';

const COLUMNS: Column<Key>[] = [
  {
    key: 'name',
    label: 'Key',
    cell: ({ name, prefix, last_four }) => (
      <>
        <Text component="span" inherit fw={550}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" ff="monospace">
          {prefix}…{last_four}
        </Text>
      </>
    ),
  },
  { key: 'standing', label: 'Status', cell: (key) => <Standing of={key} /> },
  {
    key: 'scopes',
    label: 'May do',
    from: 'md',
    cell: ({ scopes }) => (
      <Text component="span" inherit c="dimmed" lineClamp={2} maw={340} title={scopes.join(', ')}>
        {scopes.length > 3 ? counted(scopes.length, 'scope') : scopes.join(', ')}
      </Text>
    ),
  },
  {
    key: 'last_used_at',
    label: 'Last used',
    from: 'sm',
    cell: ({ last_used_at }) => <Time at={last_used_at} c="dimmed" />,
  },
  {
    key: 'expires_at',
    label: 'Expires',
    from: 'lg',
    cell: ({ expires_at }) => <Time at={expires_at} c="dimmed" />,
  },
];

/** Whether a key works, and until when its former token does. */
function Standing({ of }: { of: Key }) {
  const standing = standingOf(of);
  const { label, color } = {
    active: { label: 'Active', color: 'green' },
    expired: { label: 'Expired', color: 'orange' },
    revoked: { label: 'Revoked', color: 'gray' },
  }[standing];
  return (
    <>
      <Badge color={color}>{label}</Badge>
      {of.former_token_until && standing === 'active' && (
        <Text size="xs" c="dimmed">
          Former token until <Time at={of.former_token_until} />
        </Text>
      )}
    </>
  );
}

/** Keys by which other systems call the API. */
export function KeysScreen() {
  const may = useMay();
  const [creating, setCreating] = useState(false);
  const [dialog, setDialog] = useState<{ does: Does; of: Key } | null>(null);
  const list = usePages<Key>([...KEYS, 'list'], (cursor) =>
    answer(api.GET('/v1/admin/api-keys', { params: { query: { cursor, limit: 50 } } })),
  );
  const close = () => setDialog(null);
  const actions: Column<Key> = {
    key: 'actions',
    label: '',
    align: 'right',
    cell: (key) => standingOf(key) !== 'revoked' && <KeyMenu of={key} onChoose={setDialog} />,
  };
  return (
    <Page
      title="API keys"
      below="By which other systems call the API"
      actions={
        may('api_keys:write') && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
            Create key
          </Button>
        )
      }
    >
      <ListCard
        list={list}
        empty={<Empty icon={<IconKey size={40} stroke={1.3} aria-hidden />} title="No keys yet" />}
      >
        {(rows) => (
          <DataTable
            label="API keys"
            rows={rows}
            columns={may('api_keys:write') ? [...COLUMNS, actions] : COLUMNS}
          />
        )}
      </ListCard>
      {creating && <NewKey onClose={() => setCreating(false)} />}
      {dialog?.does === 'edit' && <EditKey of={dialog.of} onClose={close} />}
      {dialog?.does === 'rotate' && <RotateKey of={dialog.of} onClose={close} />}
      {dialog?.does === 'revoke' && <RevokeKey of={dialog.of} onClose={close} />}
    </Page>
  );
}

interface MenuProps {
  of: Key;
  onChoose: (dialog: { does: Does; of: Key }) => void;
}

function KeyMenu({ of, onChoose }: MenuProps) {
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`More about the key ${of.name}`}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onChoose({ does: 'edit', of })}>Edit…</Menu.Item>
        <Menu.Item onClick={() => onChoose({ does: 'rotate', of })}>Rotate…</Menu.Item>
        <Menu.Divider />
        <Menu.Item c="var(--bad)" onClick={() => onChoose({ does: 'revoke', of })}>
          Revoke…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
