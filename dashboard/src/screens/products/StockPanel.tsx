import { Button, Card, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { type Column, DataTable } from '../../components/DataTable';
import { Waiting } from '../../components/Loaded';
import { usePages } from '../../components/lists';
import { Empty, Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import { State, Time } from '../../components/Told';
import { STOCK_REASON } from '../../format/states';
import { AdjustStock } from './AdjustStock';
import { PRODUCTS, type Product, type Variant } from './queries';

type Movement = Schemas['StockMovement'];

/** How many there are, and how that came about. */
export function StockPanel({ product, variant }: { product: Product; variant: Variant }) {
  const may = useMay();
  const [adjusting, { open, close }] = useDisclosure(false);
  const { inventory } = variant;
  return (
    <Panel
      title="Stock"
      action={
        may('inventory:write') && (
          <Button size="xs" onClick={open}>
            Adjust stock
          </Button>
        )
      }
    >
      {inventory && (
        <SimpleGrid cols={inventory.shortage > 0 ? 4 : 3} spacing="xs" mb="md">
          <Figure name="On hand" value={inventory.on_hand} />
          <Figure name="Reserved" value={inventory.reserved} />
          <Figure name="Available" value={inventory.available} />
          {inventory.shortage > 0 && <Figure name="Missing" value={inventory.shortage} alarming />}
        </SimpleGrid>
      )}
      <Text size="sm" fw={600} mb={4}>
        History
      </Text>
      <History variant={variant} />
      {adjusting && <AdjustStock product={product} variant={variant} onClose={close} />}
    </Panel>
  );
}

function Figure({ name, value, alarming }: { name: string; value: number; alarming?: boolean }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text
        fz="xl"
        fw={650}
        c={alarming ? 'light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))' : undefined}
      >
        {value.toLocaleString()}
      </Text>
    </Stack>
  );
}

function History({ variant: { id } }: { variant: Variant }) {
  const list = usePages<Movement>([...PRODUCTS, 'movements', id], (cursor) =>
    answer(
      api.GET('/v1/admin/variants/{id}/stock-movements', {
        params: { path: { id }, query: { cursor, limit: 15 } },
      }),
    ),
  );
  if (list.error) return <ProblemAlert error={list.error} onRetry={() => list.refetch()} />;
  if (!list.rows) return <Waiting rows={4} />;
  if (list.rows.length === 0) return <Empty title="Its stock never moved" />;
  return (
    <>
      <Card.Section>
        <DataTable label="Stock movements" rows={list.rows} columns={COLUMNS} />
      </Card.Section>
      {list.hasNextPage && (
        <Group justify="center" mt="sm">
          <Button
            size="xs"
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => list.fetchNextPage()}
          >
            Show older ones
          </Button>
        </Group>
      )}
    </>
  );
}

const signed = new Intl.NumberFormat(undefined, { signDisplay: 'exceptZero' });

const COLUMNS: Column<Movement>[] = [
  {
    key: 'when',
    label: 'When',
    cell: ({ created_at, reason, note, order_id }) => (
      <>
        <Group gap={6}>
          <State of={STOCK_REASON} value={reason} />
          {order_id && (
            <ScreenLink to="/orders/$id" params={{ id: order_id }} fz="xs">
              Order
            </ScreenLink>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          <Time at={created_at} />
        </Text>
        {note && <Text size="xs">{note}</Text>}
      </>
    ),
  },
  { key: 'delta', label: 'Change', align: 'right', cell: ({ delta }) => signed.format(delta) },
  {
    key: 'after',
    label: 'On hand',
    align: 'right',
    cell: ({ on_hand_after }) => on_hand_after.toLocaleString(),
  },
];
