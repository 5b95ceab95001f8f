import { Paper, Stack } from '@mantine/core';
import type { Schemas } from '../../api/client';
import { Fact } from '../../components/Page';
import { Amount } from '../../components/Told';

/** What a refund comes to. */
export function RefundSums({ preview }: { preview: Schemas['RefundPreview'] }) {
  const restocked = preview.line_items.reduce((sum, line) => sum + line.restock_quantity, 0);
  return (
    <Paper
      withBorder
      p="sm"
      bg="var(--mantine-color-default-hover)"
      role="status"
      aria-label="What the refund comes to"
    >
      <Stack gap={4} component="dl" m={0}>
        <Fact name="The customer gets back">
          <b>
            <Amount value={preview.amount} />
          </b>
        </Fact>
        {preview.shipping.amount > 0 && (
          <Fact name="Of that, shipping">
            <Amount value={preview.shipping} />
          </Fact>
        )}
        {preview.tax.amount > 0 && (
          <Fact name="Of that, tax">
            <Amount value={preview.tax} />
          </Fact>
        )}
        {restocked > 0 && <Fact name="Back into stock">{restocked.toLocaleString()}</Fact>}
        <Fact name="Refundable after it">
          <Amount value={preview.remaining_after} />
        </Fact>
      </Stack>
    </Paper>
  );
}
