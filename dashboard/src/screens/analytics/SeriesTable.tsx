import { Box, Button, Card, Group, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { bucketName } from '../../format/buckets';
import { told } from '../../format/figures';
import { counted } from '../../format/words';
import classes from './analytics.module.css';
import type { FiguresOf, Series } from './queries';
import type { Metric } from './SeriesReport';

const BUCKET = { hour: 'Hour', day: 'Day', week: 'Week from', month: 'Month' };

/** How many rows are drawn unless all are asked for. */
const FIRST_ROWS = 62;

/** All figures of a series, each above what it was. */
export function SeriesTable({ metrics, series: { series, period, totals, comparison } }: TableProps) {
  const [all, setAll] = useState(false);
  const rows = all ? series : series.slice(0, FIRST_ROWS);
  return (
    <Card withBorder padding={0} component="section" aria-label="All figures">
      <Group justify="space-between" px="md" py="sm">
        <Title order={2}>All figures</Title>
        {comparison && (
          <Text size="xs" c="dimmed">
            Below each: what it was in the other period
          </Text>
        )}
      </Group>
      <Box className={classes.scroll} tabIndex={0} role="region" aria-label="Table of all figures">
        <Table
          className={classes.figures}
          aria-label="All figures"
          stickyHeader
          highlightOnHover
          fz="sm"
          horizontalSpacing="md"
        >
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{BUCKET[period.bucket]}</Table.Th>
              {metrics.map(({ key, label }) => (
                <Table.Th key={key} scope="col" ta="right">
                  {label}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((point, index) => (
              <Row
                key={point.start}
                name={bucketName(point.start, period.bucket)}
                metrics={metrics}
                figures={point}
                before={comparison?.series[index]}
              />
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Row name="In all" metrics={metrics} figures={totals} before={comparison?.totals} />
          </Table.Tfoot>
        </Table>
      </Box>
      {rows.length < series.length && (
        <Group px="md" py="xs">
          <Button size="xs" variant="default" onClick={() => setAll(true)}>
            {`Show all ${counted(series.length, 'row')}`}
          </Button>
        </Group>
      )}
    </Card>
  );
}

interface TableProps {
  metrics: Metric[];
  series: Series;
}

interface RowProps {
  name: string;
  metrics: Metric[];
  figures: FiguresOf;
  before: FiguresOf | undefined;
}

function Row({ name, metrics, figures, before }: RowProps) {
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      {metrics.map(({ key }) => (
        <Table.Td key={key} ta="right">
          {told(figures[key])}
          {before && (
            <Text size="xs" c="dimmed">
              {told(before[key])}
            </Text>
          )}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}
