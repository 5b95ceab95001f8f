import { Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { DownloadLink } from '../../components/DownloadLink';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink, ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { IMPORT } from '../../format/states';
import { IMPORTS, type Import } from './queries';
import { StartImport } from './StartImport';

/** Products from files: a new import, and what became of the ones before. */
export function ImportsScreen() {
  const may = useMay();
  const list = usePages<Import>([...IMPORTS, 'list'], (cursor) =>
    answer(api.GET('/v1/admin/imports', { params: { query: { cursor, limit: 20 } } })),
  );
  return (
    <Page
      title="Import products"
      back={<ScreenLink to="/products">← Products</ScreenLink>}
      actions={<DownloadLink href="/v1/admin/products.csv">Export CSV</DownloadLink>}
    >
      {may('products:write') && <StartImport />}
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconUpload size={40} stroke={1.3} aria-hidden />} title="Nothing was imported yet">
            Begin with a trial run: it says what would happen, and changes nothing.
          </Empty>
        }
      >
        {(rows) => <DataTable label="Imports" rows={rows} columns={COLUMNS} />}
      </ListCard>
    </Page>
  );
}

const COLUMNS: Column<Import>[] = [
  {
    key: 'file',
    label: 'File',
    cell: ({ id, file_name, dry_run }) => (
      <>
        <RowLink to="/imports/$id" params={{ id }}>
          {file_name ?? 'A file'}
        </RowLink>
        {dry_run && (
          <Text size="xs" c="dimmed">
            Trial run
          </Text>
        )}
      </>
    ),
  },
  { key: 'status', label: 'State', cell: ({ status }) => <State of={IMPORT} value={status} /> },
  count('created', 'New'),
  count('updated', 'Changed'),
  count('failed', 'Refused'),
  {
    key: 'created_at',
    label: 'Sent',
    from: 'sm',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
];

function count(of: keyof Import['rows'], label: string): Column<Import> {
  return {
    key: of,
    label,
    align: 'right',
    from: of === 'failed' ? undefined : 'xs',
    cell: ({ rows }) => rows[of].toLocaleString(),
  };
}
