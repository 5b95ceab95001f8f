import { Alert, Button, FileInput, Group, Stack, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { useAction } from '../../components/actions';
import { ProblemAlert } from '../../components/ProblemAlert';
import { counted } from '../../format/words';
import { IMPORTS, type Import, startImport } from './queries';

/** After a trial run: the same file again, for real, as it was asked for then. */
export function ImportForReal({ document }: { document: Import }) {
  const may = useMay();
  const navigate = useNavigate();
  const [file, setFile] = useState<File | null>(null);
  const start = useAction({
    run: (chosen: File) =>
      startImport({
        file: chosen,
        dryRun: false,
        setInventory: document.set_inventory,
        currency: document.currency,
        asOf: document.as_of ?? null,
      }),
    refresh: [IMPORTS],
    onDone: ({ id }) => navigate({ to: '/imports/$id', params: { id } }),
  });
  const { failed } = document.products;
  const other = file && file.size !== document.bytes;
  return (
    <Alert
      color={failed > 0 ? 'orange' : 'green'}
      title={
        failed > 0
          ? `${counted(failed, 'product')} would be refused; the rest can be imported`
          : 'All of it can be imported'
      }
    >
      <Text size="sm">Nothing was changed yet.</Text>
      {may('products:write') && (
        <Stack gap="xs" mt="sm">
          <Group gap="xs" align="flex-end">
            <FileInput
              label="The file once more"
              placeholder={document.file_name ?? 'Choose the file'}
              accept=".csv,text/csv"
              miw={240}
              value={file}
              onChange={setFile}
            />
            <Button disabled={!file} loading={start.isPending} onClick={() => file && start.mutate(file)}>
              Import for real
            </Button>
          </Group>
          {other && (
            <Text size="xs" role="status">
              This file is not as long as the one that was tried.
            </Text>
          )}
          <ProblemAlert error={start.error} />
        </Stack>
      )}
    </Alert>
  );
}
