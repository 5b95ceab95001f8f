import {
  Button,
  Checkbox,
  FileInput,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { IconFileTypeCsv } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { storeQuery } from '../../api/shop';
import { useAction } from '../../components/actions';
import { Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { keepFile } from './files';
import { IMPORTS, type ImportOrder, startImport } from './queries';

/** Sends a file, first for a trial run. */
export function StartImport() {
  const may = useMay();
  const navigate = useNavigate();
  const store = useQuery(storeQuery).data;
  const [file, setFile] = useState<File | null>(null);
  const [setInventory, setSetInventory] = useState(false);
  const [currency, setCurrency] = useState<string | null>(null);
  const [asOf, setAsOf] = useState('');
  const start = useAction({
    run: (order: ImportOrder) => startImport(order),
    refresh: [IMPORTS],
    onDone: ({ id, dry_run }) => {
      if (dry_run && file) keepFile(id, file);
      navigate({ to: '/imports/$id', params: { id } });
    },
  });
  const send = (dryRun: boolean) => {
    if (!file) return;
    const since = setInventory && asOf ? new Date(asOf).toISOString() : null;
    start.mutate({ file, dryRun, setInventory, currency, asOf: since });
  };
  return (
    <Panel title="From a CSV file">
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Shopify's product CSV, as Shopify or our own export writes it. Rows of one handle are one product:
          it is imported whole or not at all. What the file does not name stays as it is.
        </Text>
        <FileInput
          label="File"
          placeholder="Choose a CSV file"
          accept=".csv,text/csv"
          leftSection={<IconFileTypeCsv size={18} stroke={1.5} aria-hidden />}
          clearable
          clearButtonProps={{ 'aria-label': 'Choose no file' }}
          value={file}
          onChange={(chosen) => {
            start.reset();
            setFile(chosen);
          }}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <Select
            label="Currency of its prices"
            data={(store?.currencies ?? []).map(({ code }) => code)}
            value={currency ?? store?.default_currency ?? null}
            onChange={setCurrency}
          />
          <TextInput
            type="datetime-local"
            label="Its quantities were counted"
            description={setInventory ? 'What moved since then is refused.' : 'Only when stock is set.'}
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            disabled={!setInventory}
            value={asOf}
            onChange={({ currentTarget }) => setAsOf(currentTarget.value)}
          />
        </SimpleGrid>
        {may('inventory:write') && (
          <Checkbox
            label="Set the stock of variants that exist"
            description="Otherwise the file's quantities count for new variants only, so that it does not undo sales."
            checked={setInventory}
            onChange={({ currentTarget }) => setSetInventory(currentTarget.checked)}
          />
        )}
        <ProblemAlert error={start.error} />
        <Group gap="xs">
          <Button disabled={!file} loading={start.isPending} onClick={() => send(true)}>
            Trial run
          </Button>
          <Button variant="default" disabled={!file || start.isPending} onClick={() => send(false)}>
            Import at once
          </Button>
        </Group>
      </Stack>
    </Panel>
  );
}
