import { IconShieldCheck } from '@tabler/icons-react';
import { answer, api, type Schemas } from '../../api/client';
import { type Column, DataTable } from '../../components/DataTable';
import { ListCard, usePages } from '../../components/lists';
import { Empty } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { Time } from '../../components/Told';
import { InboxPage } from './InboxPage';
import { INBOX } from './queries';

type Row = Schemas['InboxRefusal'] & { id: string };

const COLUMNS: Column<Row>[] = [
  { key: 'hour', label: 'Hour', cell: ({ hour }) => <Time at={hour} /> },
  {
    key: 'address',
    label: 'From',
    cell: ({ address }) => (
      <RowLink to="/webhooks-in/attempts" search={{ address }}>
        {address}
      </RowLink>
    ),
  },
  {
    key: 'refused',
    label: 'Refused',
    align: 'right',
    cell: ({ refused }) => refused.toLocaleString(),
  },
];

/** How many deliveries were refused, by hour and address: whoever knocks without the secret. */
export function RefusalsScreen() {
  const list = usePages<Row>([...INBOX, 'refusals'], async (cursor) => {
    const found = await answer(
      api.GET('/v1/admin/inbox/refusals', { params: { query: { cursor, limit: 50 } } }),
    );
    return { ...found, data: found.data.map((row) => ({ ...row, id: `${row.hour} ${row.address}` })) };
  });
  return (
    <InboxPage>
      <ListCard
        list={list}
        empty={
          <Empty icon={<IconShieldCheck size={40} stroke={1.3} aria-hidden />} title="Nothing was refused">
            Every delivery was signed as it should be.
          </Empty>
        }
      >
        {(rows) => <DataTable label="Refusals" rows={rows} columns={COLUMNS} />}
      </ListCard>
    </InboxPage>
  );
}
