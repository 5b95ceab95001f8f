import { ActionIcon, Button, Card, Code as CodeText, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { tellProblem, useAction } from '../../components/actions';
import { type Column, DataTable } from '../../components/DataTable';
import { Waiting } from '../../components/Loaded';
import { usePages } from '../../components/lists';
import { Empty, Panel } from '../../components/Page';
import { ProblemAlert } from '../../components/ProblemAlert';
import { ScreenLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { counted } from '../../format/words';
import { allCodes, saveCodes } from './codeFile';
import { MakeCodes } from './MakeCodes';
import { type Code, codesPage, DISCOUNTS, type Discount } from './queries';

/** The codes of a discount, newest first: made, saved, deleted. */
export function Codes({ discount }: { discount: Discount }) {
  const may = useMay();
  const write = may('discounts:write');
  const [making, { open, close }] = useDisclosure(false);
  const [deleted, setDeleted] = useState<Code | null>(null);
  const list = usePages<Code>([...DISCOUNTS, 'codes', discount.id], (cursor) =>
    codesPage(discount.id, cursor, 10),
  );
  const save = useAction({ run: async () => saveCodes(discount.title, await allCodes(discount.id)) });
  return (
    <Panel
      title={`Codes: ${discount.code_count.toLocaleString()}`}
      action={
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={14} aria-hidden />}
            loading={save.isPending}
            disabled={discount.code_count === 0}
            onClick={() => save.mutate(undefined, { onError: tellProblem })}
          >
            CSV
          </Button>
          {write && (
            <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={open}>
              Make codes
            </Button>
          )}
        </Group>
      }
    >
      {list.error && <ProblemAlert error={list.error} onRetry={() => list.refetch()} />}
      {!list.rows && !list.error && <Waiting rows={3} />}
      {list.rows?.length === 0 && <Empty title="No codes yet">Without one nobody gets the discount.</Empty>}
      {list.rows && list.rows.length > 0 && (
        <Card.Section>
          <DataTable
            label="Codes"
            rows={list.rows}
            columns={columnsFor(may('orders:read'), write ? setDeleted : undefined)}
          />
        </Card.Section>
      )}
      {list.hasNextPage && (
        <Group justify="space-between" mt="sm">
          <Text size="xs" c="dimmed">
            {counted(list.rows?.length ?? 0, 'code')} shown
          </Text>
          <Button
            size="xs"
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => list.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
      {making && <MakeCodes discount={discount} onClose={close} />}
      {deleted && <DeleteCode discount={discount} code={deleted} onClose={() => setDeleted(null)} />}
    </Panel>
  );
}

const columnsFor = (orders: boolean, onDelete?: (code: Code) => void): Column<Code>[] => [
  { key: 'code', label: 'Code', cell: ({ code }) => <CodeText>{code}</CodeText> },
  {
    key: 'used',
    label: 'Used',
    align: 'right',
    cell: ({ code, times_used, usage_limit }) => (
      <>
        {orders && times_used > 0 ? (
          <ScreenLink to="/orders" search={{ discount_code: code }} inherit>
            {times_used.toLocaleString()}
          </ScreenLink>
        ) : (
          times_used.toLocaleString()
        )}
        {usage_limit ? ` of ${usage_limit.toLocaleString()}` : ''}
      </>
    ),
  },
  {
    key: 'created_at',
    label: 'Made',
    from: 'sm',
    cell: ({ created_at }) => <Time at={created_at} c="dimmed" />,
  },
  ...(onDelete
    ? [
        {
          key: 'delete',
          label: 'Delete',
          align: 'right' as const,
          cell: (code: Code) => (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Delete the code ${code.code}`}
              onClick={() => onDelete(code)}
            >
              <IconTrash size={16} />
            </ActionIcon>
          ),
        },
      ]
    : []),
];

function DeleteCode({
  discount: { id },
  code: { code },
  onClose,
}: {
  discount: Discount;
  code: Code;
  onClose: () => void;
}) {
  const remove = useAction({
    run: () =>
      answer(api.DELETE('/v1/admin/discounts/{id}/codes/{code}', { params: { path: { id, code } } })),
    refresh: [DISCOUNTS],
    done: `${code} is deleted.`,
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Delete the code ${code}?`}
      opened
      onClose={onClose}
      submit="Delete the code"
      danger
      action={remove}
      onSubmit={() => remove.mutate()}
    >
      <Text size="sm">It no longer works, in open carts too. Orders that used it keep their discount.</Text>
    </ActionModal>
  );
}
