import { Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Schemas } from '../../api/client';
import { type Figure, Figures } from '../../components/Figures';
import { Loaded } from '../../components/Loaded';
import { MEANINGS } from '../../components/meanings';
import { ScreenLink } from '../../components/RowLink';
import { told } from '../../format/figures';
import { summaryQuery } from './queries';
import type { Shown } from './shown';

interface Metric extends Pick<Figure, 'label' | 'meaning' | 'more'> {
  of: keyof Schemas['SummaryMetrics'];
  /** The report that it is part of. */
  to: '/analytics' | `/analytics/${'orders' | 'funnel' | 'customers' | 'refunds'}`;
}

const METRICS: Metric[] = [
  { of: 'net_sales', label: 'Net sales', meaning: MEANINGS.net_sales, to: '/analytics' },
  { of: 'orders', label: 'Orders', meaning: MEANINGS.orders, to: '/analytics/orders' },
  {
    of: 'average_order_value',
    label: 'Average order',
    meaning: MEANINGS.average_order_value,
    to: '/analytics/orders',
  },
  { of: 'conversion_rate', label: 'Conversion', meaning: MEANINGS.conversion_rate, to: '/analytics/funnel' },
  { of: 'repeat_rate', label: 'Returning', meaning: MEANINGS.repeat_rate, to: '/analytics/customers' },
  {
    of: 'refund_rate',
    label: 'Refunded',
    meaning: MEANINGS.refund_rate,
    to: '/analytics/refunds',
    more: 'worse',
  },
];

/** The figures of the period, each against what it was, and as a way to its report. */
export function Summary({ shown: { query, report } }: { shown: Shown }) {
  const summary = useQuery({ ...summaryQuery(query), placeholderData: keepPreviousData });
  return (
    <Loaded query={summary} rows={3}>
      {({ metrics, period, comparison }) => (
        <div>
          <Figures
            columns={6}
            figures={METRICS.map(({ of, to, ...rest }) => {
              const { value, comparison: before, change_percent } = metrics[of];
              return {
                ...rest,
                link: <ReportLink key={of} to={to} label={rest.label} report={report} />,
                value: told(value),
                before: comparison && told(before),
                change: change_percent,
              };
            })}
          />
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

function ReportLink({ to, label, report }: Pick<Metric, 'to' | 'label'> & Pick<Shown, 'report'>) {
  return (
    <ScreenLink to={to} search={report} inherit c="inherit" aria-label={`${label} report`}>
      {label}
    </ScreenLink>
  );
}
