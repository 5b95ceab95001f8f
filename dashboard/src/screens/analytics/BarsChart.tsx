import '@mantine/charts/styles.layer.css';
import { BarChart } from '@mantine/charts';
import type { Scale } from '../../format/figures';

/** A bar, beside what it was. */
export interface Bar {
  name: string;
  present: number | null;
  before?: number | null;
}

interface Props {
  bars: Bar[];
  /** What the bars are. */
  what?: string;
  scale: Scale;
  /** What the second bars are; without it there are none. */
  before?: string;
}

/** How much of a long name there is room for. */
const shortened = (name: string) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

/** A chart of lying bars, which leaves room for names. Tell its figures in words beside it. */
export default function BarsChart({ bars, what = 'This period', scale, before }: Props) {
  const present = { name: 'present', label: what, color: 'ink.6' };
  const past = before && { name: 'before', label: before, color: 'gray.5' };
  return (
    <BarChart
      h={past ? 70 + bars.length * 48 : 40 + bars.length * 30}
      aria-hidden
      barChartProps={{ accessibilityLayer: false }}
      orientation="vertical"
      data={bars}
      dataKey="name"
      gridAxis="y"
      withLegend={Boolean(past)}
      legendProps={{ verticalAlign: 'bottom', height: 30 }}
      xAxisProps={{ tickFormatter: scale.short }}
      yAxisProps={{ width: 130, tickFormatter: shortened, interval: 0 }}
      tickLine="none"
      maxBarWidth={18}
      valueFormatter={scale.whole}
      tooltipProps={{ isAnimationActive: false }}
      barProps={{ isAnimationActive: false, radius: 3 }}
      series={past ? [present, past] : [present]}
    />
  );
}
