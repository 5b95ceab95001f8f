import '@mantine/charts/styles.layer.css';
import { AreaChart } from '@mantine/charts';
import type { Schemas } from '../../api/client';
import { decimalsOf } from '../../format/money';
import { bucketLabel } from './buckets';

/** The chart of `RevenuePanel`. */
export default function RevenueChart({ series }: { series: Schemas['AnalyticsSeries_RevenueFigures'] }) {
  const { currency, bucket } = series.period;
  const scale = 10 ** decimalsOf(currency);
  const compact = new Intl.NumberFormat(undefined, { style: 'currency', currency, notation: 'compact' });
  const data = series.series.map(({ start, net_sales }, index) => ({
    bucket: bucketLabel(start, bucket),
    present: net_sales.amount / scale,
    before: (series.comparison?.series[index]?.net_sales.amount ?? 0) / scale,
  }));
  return (
    <AreaChart
      h={260}
      aria-hidden
      areaChartProps={{ accessibilityLayer: false }}
      data={data}
      dataKey="bucket"
      curveType="monotone"
      withDots={false}
      gridAxis="x"
      withLegend
      legendProps={{ verticalAlign: 'bottom', height: 30 }}
      yAxisProps={{ width: 64 }}
      tickLine="none"
      strokeWidth={2}
      fillOpacity={0.16}
      valueFormatter={(value) => compact.format(value)}
      tooltipProps={{ isAnimationActive: false }}
      areaProps={{ isAnimationActive: false }}
      series={[
        { name: 'present', label: 'This period', color: 'ink.6' },
        { name: 'before', label: 'Compared with', color: 'gray.5', strokeDasharray: '4 4' },
      ]}
    />
  );
}
