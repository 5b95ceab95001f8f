import { Anchor, Badge, Box, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { Fact, Panel } from '../../components/Page';
import { Amount, Time } from '../../components/Told';
import { countryName } from '../../format/countries';
import { counted } from '../../format/words';
import type { Customer } from './queries';

/** What they bought, in a line of figures. */
export function Purchases({ customer: { purchases } }: { customer: Customer }) {
  const { order_count, total_spent, last_order_at } = purchases;
  return (
    <Panel>
      <SimpleGrid cols={{ base: 2, xs: 3 }}>
        <Figure name="Orders">{order_count.toLocaleString()}</Figure>
        <Figure name="Spent">
          {total_spent.length === 0
            ? '–'
            : total_spent.map((amount) => <Amount key={amount.currency} value={amount} display="block" />)}
        </Figure>
        <Figure name="Last order">
          <Text component="span" fz="md">
            <Time at={last_order_at} />
          </Text>
        </Figure>
      </SimpleGrid>
    </Panel>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz="xl" fw={650}>
        {children}
      </Text>
    </Stack>
  );
}

/** How they are reached and known. */
export function AccountPanel({ customer }: { customer: Customer }) {
  const { email, phone, locale, session_count, stripe_customer_id, erased_at } = customer;
  return (
    <Panel title="Account">
      <Stack component="dl" gap={6} m={0}>
        {!erased_at && (
          <Fact name="E-mail">
            <Anchor inherit href={`mailto:${email}`}>
              {email}
            </Anchor>
          </Fact>
        )}
        {phone && (
          <Fact name="Phone">
            <Anchor inherit href={`tel:${phone}`}>
              {phone}
            </Anchor>
          </Fact>
        )}
        {locale && <Fact name="Language of e-mails">{locale}</Fact>}
        <Fact name="Logged in on">{counted(session_count, 'device')}</Fact>
        {stripe_customer_id && <Fact name="At Stripe">{stripe_customer_id}</Fact>}
      </Stack>
    </Panel>
  );
}

/** Their address book. */
export function Addresses({ customer: { addresses } }: { customer: Customer }) {
  if (addresses.length === 0) return null;
  return (
    <Panel title="Addresses">
      <Stack gap="md">
        {addresses.map(({ id, address, is_default_shipping, is_default_billing }) => (
          <Box key={id}>
            <Group gap={6} mb={2}>
              {is_default_shipping && <Badge>Ships to</Badge>}
              {is_default_billing && <Badge>Billed to</Badge>}
            </Group>
            <Text component="address" size="sm" fs="normal" style={{ whiteSpace: 'pre-line' }}>
              {linesOf(address).join('\n')}
            </Text>
          </Box>
        ))}
      </Stack>
    </Panel>
  );
}

function linesOf(address: Schemas['Address']): string[] {
  const { name, company, line1, line2, postal_code, city, state, country, phone } = address;
  const town = [postal_code, city, state].filter(Boolean).join(' ');
  const lines = [name, company, line1, line2, town, countryName(country), phone];
  return lines.filter((line): line is string => Boolean(line));
}
