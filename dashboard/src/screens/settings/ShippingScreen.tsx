import { Card, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMay } from '../../api/session';
import { ButtonLink } from '../../components/ButtonLink';
import { type Column, DataTable } from '../../components/DataTable';
import { Loaded } from '../../components/Loaded';
import { Empty, Page, Panel } from '../../components/Page';
import { RowLink } from '../../components/RowLink';
import { countryName } from '../../format/countries';
import { shippingQuery, type Zone, zonesQuery } from './queries';
import { ShippingForm } from './ShippingForm';

/** Where goods are sent, for how much, and in what. */
export function ShippingScreen() {
  const zones = useQuery(zonesQuery);
  const settings = useQuery(shippingQuery);
  return (
    <Page title="Shipping">
      <Loaded query={zones}>{({ data }) => <Zones zones={data} />}</Loaded>
      <Loaded query={settings}>{(document) => <ShippingForm document={document} />}</Loaded>
    </Page>
  );
}

function Zones({ zones }: { zones: Zone[] }) {
  const may = useMay()('settings:write');
  return (
    <Panel
      title="Zones"
      action={
        may && (
          <ButtonLink
            to="/settings/shipping/zones/new"
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
          >
            New zone
          </ButtonLink>
        )
      }
    >
      {zones.length === 0 ? (
        <Empty title="Nothing is sent anywhere yet">Make a zone with a rate to send goods there.</Empty>
      ) : (
        <Card.Section>
          <DataTable label="Shipping zones" rows={zones} columns={COLUMNS} nameOf={({ name }) => name} />
        </Card.Section>
      )}
    </Panel>
  );
}

const COLUMNS: Column<Zone>[] = [
  {
    key: 'name',
    label: 'Zone',
    cell: ({ id, name }) => (
      <RowLink to="/settings/shipping/zones/$id" params={{ id }}>
        {name}
      </RowLink>
    ),
  },
  { key: 'regions', label: 'Countries', from: 'xs', cell: ({ regions }) => <Places regions={regions} /> },
  {
    key: 'rates',
    label: 'Rates',
    cell: ({ rates }) => rates.map(({ name }) => name).join(', ') || 'None: nothing is sent',
  },
];

function Places({ regions }: { regions: Zone['regions'] }) {
  const names = regions.map(({ country, states }) => {
    if (country === '*') return 'Everywhere else';
    return states?.length ? `${countryName(country)} (${states.join(', ')})` : countryName(country);
  });
  return (
    <Text component="span" inherit lineClamp={2} maw={460} title={names.join(', ')}>
      {names.join(', ')}
    </Text>
  );
}
