import '@mantine/charts/styles.layer.css';
import { AreaChart } from '@mantine/charts';
import type { Scale } from '../format/figures';

/** A bucket of a chart; `null` where there was nothing to tell. */
export interface ChartPoint {
  bucket: string;
  present: number | null;
  before?: number | null;
}

interface Props {
  points: ChartPoint[];
  scale: Scale;
  /** What the dashed line is; without it there is none. */
  before?: string;
}

const PRESENT = { name: 'present', label: 'This period', color: 'ink.6' };

/** A figure over a period, against another one. Bring it by `lazy`, and tell its figures in words beside it. */
export default function PeriodChart({ points, scale, before }: Props) {
  const past = before && { name: 'before', label: before, color: 'gray.5', strokeDasharray: '4 4' };
  return (
    <AreaChart
      h={280}
      aria-hidden
      areaChartProps={{ accessibilityLayer: false }}
      data={points}
      dataKey="bucket"
      curveType="monotone"
      withDots={points.length === 1}
      gridAxis="x"
      withLegend={Boolean(past)}
      legendProps={{ verticalAlign: 'bottom', height: 30 }}
      xAxisProps={{ minTickGap: 24 }}
      yAxisProps={{ width: 64, tickFormatter: scale.short }}
      tickLine="none"
      strokeWidth={2}
      fillOpacity={0.16}
      valueFormatter={scale.whole}
      tooltipProps={{ isAnimationActive: false }}
      areaProps={({ name }) => ({
        isAnimationActive: false,
        ...(name === 'before' && { fillOpacity: 0 }),
      })}
      series={past ? [PRESENT, past] : [PRESENT]}
    />
  );
}
