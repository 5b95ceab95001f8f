import { Badge, Button, Card, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answer, api, type Schemas } from '../../api/client';
import { useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { Empty, Panel } from '../../components/Page';
import { calendarDay } from '../../format/time';
import { ratesQuery, SETTINGS } from './queries';

type Rate = Schemas['ExchangeRate'] & { id: string };

/** How many units one euro is, as last heard or as set by hand. */
export function ExchangeRates() {
  const may = useMay()('settings:write');
  const query = useQuery(ratesQuery);
  const [edited, setEdited] = useState<string | null>(null);
  return (
    <Panel
      title="Exchange rates"
      action={
        may && (
          <Button size="xs" variant="default" onClick={() => setEdited('')}>
            Set a rate
          </Button>
        )
      }
    >
      <Loaded query={query} rows={3}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No rates yet">They are fetched each day once a currency is derived.</Empty>
          ) : (
            <Card.Section>
              <DataTable
                label="Exchange rates"
                rows={data.map((rate) => ({ ...rate, id: rate.currency }))}
                columns={may ? [...COLUMNS, changeColumn(setEdited)] : COLUMNS}
              />
            </Card.Section>
          )
        }
      </Loaded>
      {edited !== null && <SetRate currency={edited} onClose={() => setEdited(null)} />}
    </Panel>
  );
}

const COLUMNS: Column<Rate>[] = [
  { key: 'currency', label: 'Currency', cell: ({ currency }) => currency },
  { key: 'rate', label: 'One euro is', align: 'right', cell: ({ rate }) => rate },
  {
    key: 'day',
    label: 'Of',
    from: 'xs',
    cell: ({ rate_date }) => calendarDay(`${rate_date}T00:00`),
  },
  {
    key: 'source',
    label: 'From',
    cell: ({ source }) =>
      source === 'manual' ? <Badge color="yellow">Set by hand</Badge> : <Badge>Central bank</Badge>,
  },
];

const changeColumn = (edit: (currency: string) => void): Column<Rate> => ({
  key: 'change',
  label: 'Change',
  align: 'right',
  cell: ({ currency }) => (
    <Button
      size="compact-xs"
      variant="subtle"
      aria-label={`Change the rate of ${currency}`}
      onClick={() => edit(currency)}
    >
      Change
    </Button>
  ),
});

function SetRate({ currency, onClose }: { currency: string; onClose: () => void }) {
  const form = useForm({ initialValues: { currency, rate: '' } });
  const set = useAction({
    run: ({ currency: code, rate }: { currency: string; rate: string }) =>
      answer(
        api.PUT('/v1/admin/exchange-rates/{currency}', {
          params: { path: { currency: code.trim().toUpperCase() } },
          body: { rate: rate.trim().replace(',', '.') },
        }),
      ),
    form,
    refresh: [SETTINGS, ['products']],
    done: (rate) => `One euro is ${rate.rate} ${rate.currency}.`,
    onDone: onClose,
  });
  const { currency: code, rate } = form.values;
  return (
    <ActionModal
      title={currency ? `Rate of ${currency}` : 'Set a rate'}
      opened
      onClose={onClose}
      submit="Set the rate"
      disabled={!code.trim() || !rate.trim()}
      action={set}
      fields={['currency', 'rate']}
      onSubmit={() => set.mutate(form.values)}
    >
      <Text size="sm">Derived prices follow at once. It holds until a newer rate is fetched.</Text>
      {!currency && (
        <TextInput
          label="Currency"
          placeholder="CHF"
          maxLength={3}
          data-autofocus
          {...form.getInputProps('currency')}
        />
      )}
      <TextInput
        label="One euro is"
        inputMode="decimal"
        placeholder="0.9352"
        rightSection={<Text size="xs">{code.toUpperCase()}</Text>}
        rightSectionWidth={52}
        data-autofocus={currency ? true : undefined}
        {...form.getInputProps('rate')}
      />
    </ActionModal>
  );
}
