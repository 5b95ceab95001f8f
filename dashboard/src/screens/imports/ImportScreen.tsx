import { Alert, Box, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { answer, api, type Schemas } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { FilterBar } from '../../components/FilterBar';
import { Loaded } from '../../components/Loaded';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { IMPORT, optionsOf, ROW_OUTCOME } from '../../format/states';
import { counted } from '../../format/words';
import { ImportForReal } from './ImportForReal';
import { IMPORTS, type Import, importQuery, isOpen } from './queries';

type Row = Schemas['ImportRow'];

/** One import: how far it is, and what became of each row. */
export function ImportScreen() {
  const { id } = useParams({ from: '/shell/imports/$id' });
  const query = useQuery(importQuery(id));
  return <Loaded query={query}>{(document) => <Report document={document} />}</Loaded>;
}

function Report({ document }: { document: Import }) {
  const { id, file_name, dry_run, status, finished_at, created_at, error, ignored_columns } = document;
  const open = isOpen(document);
  const client = useQueryClient();
  useEffect(() => {
    if (open) return;
    client.invalidateQueries({ queryKey: [...IMPORTS, 'rows', id] });
    if (!dry_run) client.invalidateQueries({ queryKey: ['products'] });
  }, [open, dry_run, id, client]);
  return (
    <Page
      title={file_name ?? 'Import'}
      back={<ScreenLink to="/imports">← Imports</ScreenLink>}
      beside={<State of={IMPORT} value={status} />}
      below={
        <>
          {dry_run ? 'Trial run, ' : 'Import, '}
          <Time at={finished_at ?? created_at} />
        </>
      }
    >
      {dry_run && !open && !error && <ImportForReal document={document} />}
      {error && (
        <Alert color="red" title="The file could not be read">
          {error}
        </Alert>
      )}
      <Sums document={document} open={open} />
      {ignored_columns.length > 0 && (
        <Alert color="yellow" title="Columns that were not used">
          {ignored_columns.join(', ')}
        </Alert>
      )}
      <Rows document={document} open={open} />
    </Page>
  );
}

function Sums({ document: { products, rows, dry_run }, open }: { document: Import; open: boolean }) {
  const read = rows.created + rows.updated + rows.unchanged + rows.failed;
  return (
    <Panel title={dry_run ? 'What would happen' : 'What happened'}>
      <Stack gap="sm">
        {open && (
          <Group gap="sm" wrap="nowrap">
            <Progress value={100} animated flex={1} aria-label="The file is being read" />
            <Text size="sm" role="status">
              {counted(read, 'row')} read
            </Text>
          </Group>
        )}
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <Sum name={dry_run ? 'Would be new' : 'New'} products={products.created} rows={rows.created} />
          <Sum name={dry_run ? 'Would change' : 'Changed'} products={products.updated} rows={rows.updated} />
          <Sum name="Unchanged" products={products.unchanged} rows={rows.unchanged} />
          <Sum name="Refused" products={products.failed} rows={rows.failed} />
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}

function Sum({ name, products, rows }: { name: string; products: number; rows: number }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz="xl" fw={650}>
        {counted(products, 'product')}
      </Text>
      <Text size="xs" c="dimmed">
        {counted(rows, 'row')}
      </Text>
    </Stack>
  );
}

function Rows({ document: { id }, open }: { document: Import; open: boolean }) {
  const search = useSearch({ from: '/shell/imports/$id' });
  const navigate = useNavigate({ from: '/imports/$id' });
  const list = usePages<Row & { id: string }>([...IMPORTS, 'rows', id, search], async (cursor) => {
    const params = { path: { id }, query: { ...search, cursor, limit: 50 } };
    const page = await answer(api.GET('/v1/admin/imports/{id}/rows', { params }));
    return { ...page, data: page.data.map((row) => ({ ...row, id: String(row.line) })) };
  });
  return (
    <ListCard
      list={list}
      empty={<Empty title={open ? 'No row was read yet' : 'No row came out so'} />}
      above={
        <FilterBar
          value={search}
          onChange={(patch) => navigate({ search: (before) => ({ ...before, ...patch }), replace: true })}
          filters={[{ key: 'outcome', label: 'Outcome', options: optionsOf(ROW_OUTCOME) }]}
        />
      }
    >
      {(rows) => <DataTable label="Rows" rows={rows} columns={COLUMNS} />}
    </ListCard>
  );
}

const COLUMNS: Column<Row & { id: string }>[] = [
  { key: 'line', label: 'Line', align: 'right', cell: ({ line }) => line.toLocaleString() },
  { key: 'outcome', label: 'Outcome', cell: ({ outcome }) => <State of={ROW_OUTCOME} value={outcome} /> },
  {
    key: 'what',
    label: 'Product',
    cell: ({ handle, sku, messages }) => (
      <Box style={{ overflowWrap: 'anywhere' }}>
        {handle ?? '–'}
        {sku && (
          <Text size="xs" c="dimmed">
            {sku}
          </Text>
        )}
        <Text size="xs" hiddenFrom="sm">
          {messages.join(' ')}
        </Text>
      </Box>
    ),
  },
  { key: 'why', label: 'Why', from: 'sm', cell: ({ messages }) => messages.join(' ') },
];
