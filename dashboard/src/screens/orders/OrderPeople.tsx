import { Anchor, Box, Stack, Text } from '@mantine/core';
import type { Schemas } from '../../api/client';
import { Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { countryName } from '../../format/countries';
import type { Order } from './queries';

/** Who bought, where it goes, who pays. */
export function OrderPeople({ order }: { order: Order }) {
  return (
    <Panel title="Customer">
      <Stack gap="sm">
        <Box>
          <Anchor href={`mailto:${order.email}`} size="sm">
            {order.email}
          </Anchor>
          <Text size="xs" c="dimmed">
            {order.customer_id ? 'Has an account' : 'Bought as a guest'} ·{' '}
            <ScreenLink to="/orders" search={{ q: order.email }} inherit underline="always">
              All their orders
            </ScreenLink>
          </Text>
        </Box>
        <PostalAddress title="Ships to" address={order.shipping_address} />
        <PostalAddress
          title="Billed to"
          address={order.billing_address}
          same={JSON.stringify(order.billing_address) === JSON.stringify(order.shipping_address)}
        />
      </Stack>
    </Panel>
  );
}

interface AddressProps {
  title: string;
  address: Schemas['Address'] | null | undefined;
  /** Whether it is the address above. */
  same?: boolean;
}

function PostalAddress({ title, address, same }: AddressProps) {
  const { name, company, line1, line2, postal_code, city, state, country, phone } = address ?? {};
  const lines = [
    name,
    company,
    line1,
    line2,
    [postal_code, city, state].filter(Boolean).join(' '),
    country && countryName(country),
    phone,
  ];
  return (
    <Box>
      <Text size="xs" c="dimmed" mb={2}>
        {title}
      </Text>
      {address && same ? (
        <Text size="sm">The same address</Text>
      ) : address ? (
        <Text component="address" size="sm" fs="normal" style={{ whiteSpace: 'pre-line' }}>
          {lines.filter(Boolean).join('\n')}
        </Text>
      ) : (
        <Text size="sm">No address</Text>
      )}
    </Box>
  );
}
