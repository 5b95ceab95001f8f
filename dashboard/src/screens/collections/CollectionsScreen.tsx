import { Button, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFolders, IconPlus } from '@tabler/icons-react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { PRODUCT } from '../../format/states';
import { NewCollection } from './NewCollection';
import { COLLECTIONS, type Collection } from './queries';

/** The groups that products are shown in. */
export function CollectionsScreen() {
  const may = useMay()('products:write');
  const [creating, { open, close }] = useDisclosure(false);
  const list = usePages<Collection>([...COLLECTIONS, 'list'], (cursor) =>
    answer(api.GET('/v1/admin/collections', { params: { query: { cursor, limit: 50 } } })),
  );
  const create = may && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      New collection
    </Button>
  );
  return (
    <Page title="Collections" actions={create}>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconFolders size={40} stroke={1.3} aria-hidden />} title="No collections yet">
            They group products for shoppers, and discounts can be given on them.
            {may && (
              <Group justify="center" mt="sm">
                {create}
              </Group>
            )}
          </Empty>
        }
      >
        {(rows) => <DataTable label="Collections" rows={rows} columns={COLUMNS} />}
      </ListCard>
      {creating && <NewCollection onClose={close} />}
    </Page>
  );
}

const COLUMNS: Column<Collection>[] = [
  {
    key: 'title',
    label: 'Collection',
    cell: ({ id, title, slug }) => (
      <>
        <RowLink to="/collections/$id" params={{ id }}>
          {title}
        </RowLink>
        {slug !== title && (
          <Text size="xs" c="dimmed">
            {slug}
          </Text>
        )}
      </>
    ),
  },
  { key: 'status', label: 'Status', cell: ({ status }) => <State of={PRODUCT} value={status} /> },
  {
    key: 'description',
    label: 'Description',
    from: 'md',
    cell: ({ description }) => (
      <Text component="span" inherit c="dimmed" truncate display="block" maw={420}>
        {description || '–'}
      </Text>
    ),
  },
  {
    key: 'updated_at',
    label: 'Changed',
    from: 'sm',
    cell: ({ updated_at }) => <Time at={updated_at} c="dimmed" />,
  },
];
