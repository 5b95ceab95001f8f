import { Card, Group, SimpleGrid, Text, Tooltip } from '@mantine/core';
import { IconArrowDownRight, IconArrowUpRight } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Schemas } from '../../api/client';
import { Loaded } from '../../components/Loaded';
import { money } from '../../format/money';
import { percent } from '../../format/numbers';
import { summaryQuery } from './queries';
import type { analyticsQuery } from './range';

interface Figure {
  label: string;
  /** What it means, for whoever hovers. */
  meaning: string;
  value: string;
  before?: string;
  change?: string;
  /** More of it is worse. */
  inverse?: boolean;
}

/** The figures of the period, each against what it was. */
export function Summary({ query }: { query: ReturnType<typeof analyticsQuery> }) {
  const summary = useQuery({ ...summaryQuery(query), placeholderData: keepPreviousData });
  return (
    <Loaded query={summary} rows={3}>
      {({ metrics, period }) => (
        <div>
          <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
            {figuresOf(metrics).map((figure) => (
              <FigureCard key={figure.label} figure={figure} />
            ))}
          </SimpleGrid>
          {period.rate_note && (
            <Text size="xs" c="dimmed" mt={6}>
              {period.rate_note}
            </Text>
          )}
        </div>
      )}
    </Loaded>
  );
}

const amount = (value: Schemas['Money'] | null | undefined) => (value ? money(value) : '–');
const share = (value: string | null | undefined) => (value ? percent(value) : '–');
const count = (value: number | undefined) => (value ?? 0).toLocaleString();

function figuresOf(metrics: Schemas['SummaryMetrics']): Figure[] {
  const { net_sales, orders, average_order_value, conversion_rate, refund_rate, repeat_rate } = metrics;
  const moneyFigure = (metric: Schemas['MoneyMetric']) => ({
    value: amount(metric.value),
    before: amount(metric.comparison),
    change: metric.change_percent,
  });
  const rateFigure = (metric: Schemas['RateMetric']) => ({
    value: share(metric.value),
    before: share(metric.comparison),
    change: metric.change_percent,
  });
  return [
    {
      label: 'Net sales',
      meaning: 'Sales after discounts and refunds, without tax',
      ...moneyFigure(net_sales),
    },
    {
      label: 'Orders',
      meaning: 'Orders that were paid',
      value: count(orders.value),
      before: count(orders.comparison),
      change: orders.change_percent,
    },
    { label: 'Average order', meaning: 'What an order came to', ...moneyFigure(average_order_value) },
    { label: 'Conversion', meaning: 'Carts that were paid, of all carts', ...rateFigure(conversion_rate) },
    { label: 'Returning', meaning: 'Orders of buyers who had bought before', ...rateFigure(repeat_rate) },
    {
      label: 'Refunded',
      meaning: 'Given back, of what was charged',
      ...rateFigure(refund_rate),
      inverse: true,
    },
  ];
}

function FigureCard({ figure: { label, meaning, value, before, change, inverse } }: { figure: Figure }) {
  const rise = Number(change ?? 0);
  const good = inverse ? rise < 0 : rise > 0;
  const Arrow = rise < 0 ? IconArrowDownRight : IconArrowUpRight;
  return (
    <Card withBorder padding="sm">
      <Tooltip label={meaning}>
        <Text size="xs" c="dimmed" w="fit-content">
          {label}
        </Text>
      </Tooltip>
      <Text fz={20} fw={650} lh={1.4} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Text>
      <Group gap={4} wrap="nowrap" fz="xs">
        {change !== undefined && rise !== 0 && (
          <Group gap={2} wrap="nowrap" c={good ? 'var(--good)' : 'var(--bad)'} fw={550}>
            <Arrow size={14} aria-hidden />
            {`${Math.abs(rise).toLocaleString()}%`}
          </Group>
        )}
        <Text inherit c="dimmed" truncate>
          {before === undefined ? '' : `from ${before}`}
        </Text>
      </Group>
    </Card>
  );
}
