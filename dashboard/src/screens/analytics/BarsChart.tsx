import '@mantine/charts/styles.layer.css';
import { BarChart } from '@mantine/charts';

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
  format: (value: number) => string;
  /** What the second bars are; without it there are none. */
  before?: string;
  /** Whether bars lie, which leaves room for long names. */
  lying?: boolean;
}

/** How much of a long name there is room for. */
const shortened = (name: string) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

/** A chart of bars. Tell its figures in words beside it. */
export default function BarsChart({ bars, what = 'This period', format, before, lying = false }: Props) {
  const present = { name: 'present', label: what, color: 'ink.6' };
  const past = before && { name: 'before', label: before, color: 'gray.5' };
  return (
    <BarChart
      h={lying ? 60 + bars.length * 30 : 280}
      aria-hidden
      barChartProps={{ accessibilityLayer: false }}
      orientation={lying ? 'vertical' : 'horizontal'}
      data={bars}
      dataKey="name"
      gridAxis={lying ? 'y' : 'x'}
      withLegend={Boolean(past)}
      legendProps={{ verticalAlign: 'bottom', height: 30 }}
      yAxisProps={lying ? { width: 130, tickFormatter: shortened, interval: 0 } : { width: 56 }}
      tickLine="none"
      maxBarWidth={lying ? 18 : 56}
      valueFormatter={format}
      tooltipProps={{ isAnimationActive: false }}
      barProps={{ isAnimationActive: false, radius: 3 }}
      series={past ? [present, past] : [present]}
    />
  );
}
