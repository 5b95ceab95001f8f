import { Badge, Code, Group, Text } from '@mantine/core';
import { IconDiscount, IconPlus } from '@tabler/icons-react';
import { answer, api } from '../../api/client';
import { useMay } from '../../api/session';
import { ButtonLink } from '../../components/ButtonLink';
import { type Column, DataTable } from '../../components/DataTable';
import { ListCard, usePages } from '../../components/lists';
import { Empty, Page } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { DISCOUNTS, type Discount, giftText, standing } from './queries';

/** What is given off, by code or by itself. */
export function DiscountsScreen() {
  const may = useMay()('discounts:write');
  const list = usePages<Discount>([...DISCOUNTS, 'list'], (cursor) =>
    answer(api.GET('/v1/admin/discounts', { params: { query: { cursor, limit: 50 } } })),
  );
  const create = may && (
    <ButtonLink to="/discounts/new" leftSection={<IconPlus size={16} aria-hidden />}>
      New discount
    </ButtonLink>
  );
  return (
    <Page title="Discounts" actions={create}>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconDiscount size={40} stroke={1.3} aria-hidden />} title="No discounts yet">
            Give something off for a code, or to everybody who buys enough.
            {may && (
              <Group justify="center" mt="sm">
                {create}
              </Group>
            )}
          </Empty>
        }
      >
        {(rows) => (
          <DataTable label="Discounts" rows={rows} columns={COLUMNS} nameOf={({ title }) => title} />
        )}
      </ListCard>
    </Page>
  );
}

const COLUMNS: Column<Discount>[] = [
  {
    key: 'title',
    label: 'Discount',
    cell: (discount) => (
      <>
        <RowLink to="/discounts/$id" params={{ id: discount.id }}>
          {discount.title}
        </RowLink>
        <Text size="xs" c="dimmed">
          {giftText(discount)}
        </Text>
      </>
    ),
  },
  { key: 'status', label: 'State', cell: (discount) => <Standing discount={discount} /> },
  { key: 'codes', label: 'Given', from: 'sm', cell: (discount) => <Method discount={discount} /> },
  {
    key: 'ends_at',
    label: 'Ends',
    from: 'md',
    cell: ({ ends_at }) => <Time at={ends_at} c="dimmed" />,
  },
  {
    key: 'used',
    label: 'Used',
    align: 'right',
    cell: ({ times_used, usage_limit }) =>
      usage_limit
        ? `${times_used.toLocaleString()} of ${usage_limit.toLocaleString()}`
        : times_used.toLocaleString(),
  },
];

/** Whether it is given now. */
export function Standing({ discount }: { discount: Discount }) {
  const { label, color } = standing(discount);
  return <Badge color={color}>{label}</Badge>;
}

function Method({ discount: { method, code, code_count } }: { discount: Discount }) {
  if (method === 'automatic') return 'By itself';
  if (!code) return 'No codes yet';
  return (
    <>
      <Code fz="xs">{code}</Code>
      {code_count > 1 && ` and ${(code_count - 1).toLocaleString()} more`}
    </>
  );
}
