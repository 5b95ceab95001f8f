import { Checkbox, Group, NumberInput, Stack, Table, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { MoneyInput } from '../../components/MoneyInput';
import { money } from '../../format/money';
import type { Order } from './queries';
import { type Line, type RefundValues, refundable } from './refund';

interface Props {
  order: Order;
  form: UseFormReturnType<RefundValues>;
}

/** How many units of which line are given back, whether they go back into stock, and how much of the shipping. */
export function RefundLines({ order, form }: Props) {
  const { shipping } = order.totals;
  return (
    <Stack gap="sm">
      <Table aria-label="Items to refund" fz="sm" verticalSpacing={6} horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Item</Table.Th>
            <Table.Th w={110}>Refund</Table.Th>
            <Table.Th w={90}>Restock</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {refundable(order).map((line) => (
            <RefundLine key={line.id} line={line} form={form} />
          ))}
        </Table.Tbody>
      </Table>
      {shipping && shipping.amount > 0 && (
        <MoneyInput
          label="Shipping"
          description={`${money(shipping)} was paid for it`}
          currency={order.currency}
          {...form.getInputProps('shipping')}
        />
      )}
    </Stack>
  );
}

function RefundLine({ line, form }: { line: Line; form: UseFormReturnType<RefundValues> }) {
  const left = line.quantity - line.refunded_quantity;
  const quantity = form.values.lines[line.id]?.quantity ?? 0;
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm">{line.title}</Text>
        <Text size="xs" c="dimmed">
          {line.variant_title}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <NumberInput
            aria-label={`Units of ${line.title} to refund`}
            size="xs"
            w={64}
            min={0}
            max={left}
            clampBehavior="strict"
            allowDecimal={false}
            allowNegative={false}
            value={quantity}
            onChange={(units) => form.setFieldValue(`lines.${line.id}.quantity`, Number(units) || 0)}
          />
          <Text size="xs" c="dimmed">
            of {left}
          </Text>
        </Group>
      </Table.Td>
      <Table.Td>
        <Checkbox
          aria-label={`Put ${line.title} back into stock`}
          disabled={quantity === 0}
          {...form.getInputProps(`lines.${line.id}.restock`, { type: 'checkbox' })}
        />
      </Table.Td>
    </Table.Tr>
  );
}
