import { Box, Divider, Group, Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Panel } from '../../components/Page';
import { Amount } from '../../components/Told';
import classes from '../../components/table.module.css';
import { counted } from '../../format/words';
import type { Order } from './queries';

/** What was bought, and how its total comes about. */
export function OrderLines({ order }: { order: Order }) {
  return (
    <Panel title="Items">
      <Table.ScrollContainer minWidth={0} type="native">
        <Table aria-label="Lines" fz="sm" verticalSpacing={8} horizontalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th className={classes.head}>Item</Table.Th>
              <Table.Th className={classes.head} ta="right" visibleFrom="sm">
                Price
              </Table.Th>
              <Table.Th className={classes.head} ta="right">
                Quantity
              </Table.Th>
              <Table.Th className={classes.head} ta="right">
                Total
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {order.line_items.map((line) => (
              <Line key={line.id} line={line} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Divider my="sm" />
      <Totals order={order} />
    </Panel>
  );
}

function Line({ line }: { line: Order['line_items'][number] }) {
  const notes = [
    line.fulfilled_quantity > 0 && `${line.fulfilled_quantity} sent`,
    line.refunded_quantity > 0 && `${line.refunded_quantity} refunded`,
  ].filter(Boolean);
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={550}>
          {line.title}
        </Text>
        <Text size="xs" c="dimmed">
          {[line.variant_title, line.sku].filter(Boolean).join(' · ')}
        </Text>
        {notes.length > 0 && (
          <Text size="xs" c="dimmed">
            {notes.join(', ')}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" visibleFrom="sm">
        <Amount value={line.unit_price} />
      </Table.Td>
      <Table.Td ta="right">{line.quantity}</Table.Td>
      <Table.Td ta="right">
        <Amount value={line.total} />
      </Table.Td>
    </Table.Tr>
  );
}

/** The total step by step, as `subtotal − discount + shipping + tax = total`. */
function Totals({
  order: { totals, discounts, shipping_rate, tax, line_items, refunded },
}: {
  order: Order;
}) {
  const units = line_items.reduce((sum, { quantity }) => sum + quantity, 0);
  return (
    <Stack gap={6} component="dl" m={0}>
      <Sum name="Subtotal" note={counted(units, 'item')} value={totals.subtotal} />
      {discounts.map(({ discount_id, title, code, amount, shipping_amount }) => (
        <Box key={discount_id}>
          {amount.amount > 0 && <Sum name="Discount" note={code ?? title} value={negative(amount)} />}
          {shipping_amount && shipping_amount.amount > 0 && (
            <Sum name="Discount on shipping" note={code ?? title} value={negative(shipping_amount)} />
          )}
        </Box>
      ))}
      {totals.shipping && <Sum name="Shipping" note={shipping_rate?.name} value={totals.shipping} />}
      {tax.breakdown.map((part) => (
        <Sum
          key={`${part.jurisdiction} ${part.percentage} ${part.included}`}
          name={part.included ? 'Tax included' : 'Tax'}
          note={[part.jurisdiction, part.percentage && `${part.percentage}%`].filter(Boolean).join(' ')}
          value={part.amount}
          aside={part.included}
        />
      ))}
      {totals.total && <Sum name={<b>Total</b>} value={totals.total} strong />}
      {refunded.amount > 0 && <Sum name="Refunded" value={negative(refunded)} />}
    </Stack>
  );
}

type Money = Order['refunded'];

const negative = ({ amount, currency }: Money): Money => ({ amount: -amount, currency });

interface SumProps {
  name: ReactNode;
  note?: string | null;
  value: Money;
  strong?: boolean;
  /** Told beside the sum, not added to it. */
  aside?: boolean;
}

function Sum({ name, note, value, strong, aside }: SumProps) {
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap" fz="sm" c={aside ? 'dimmed' : undefined}>
      <Text component="dt" inherit>
        {name}{' '}
        {note && (
          <Text component="span" inherit c="dimmed">
            {note}
          </Text>
        )}
      </Text>
      <Text component="dd" inherit m={0} fw={strong ? 700 : undefined}>
        {aside ? '(' : ''}
        <Amount value={value} />
        {aside ? ')' : ''}
      </Text>
    </Group>
  );
}
