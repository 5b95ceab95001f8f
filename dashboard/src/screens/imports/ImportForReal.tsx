import { Alert, Button, FileInput, Group, Stack, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { useAction } from '../../components/actions';
import { ProblemAlert } from '../../components/ProblemAlert';
import { counted } from '../../format/words';
import { fileOf, isReadable } from './files';
import { IMPORTS, type Import, startImport } from './queries';

/** After a trial run: the same file, for real, as it was asked for then. After a reload it must be chosen again. */
export function ImportForReal({ document }: { document: Import }) {
  const may = useMay();
  const navigate = useNavigate();
  const [kept, setKept] = useState(() => fileOf(document.id));
  const [changed, setChanged] = useState(false);
  const [chosen, setChosen] = useState<File | null>(null);
  const file = kept ?? chosen;
  const start = useAction({
    run: (tried: File) =>
      startImport({
        file: tried,
        dryRun: false,
        setInventory: document.set_inventory,
        currency: document.currency,
        asOf: document.as_of ?? null,
      }),
    refresh: [IMPORTS],
    onDone: ({ id }) => navigate({ to: '/imports/$id', params: { id } }),
  });
  const begin = async () => {
    if (!file) return;
    if (await isReadable(file)) return start.mutate(file);
    setKept(null);
    setChosen(null);
    setChanged(true);
  };
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
          {kept ? (
            <Group gap="xs">
              <Button loading={start.isPending} onClick={begin}>
                Import for real
              </Button>
              <Button variant="default" disabled={start.isPending} onClick={() => setKept(null)}>
                Choose another file
              </Button>
            </Group>
          ) : (
            <Group gap="xs" align="flex-end">
              <FileInput
                label="The file once more"
                description={changed && 'It was changed or moved since it was tried.'}
                placeholder={document.file_name ?? 'Choose the file'}
                accept=".csv,text/csv"
                miw={240}
                value={chosen}
                onChange={setChosen}
              />
              <Button disabled={!file} loading={start.isPending} onClick={begin}>
                Import for real
              </Button>
            </Group>
          )}
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
