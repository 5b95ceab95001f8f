import { Box, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Loaded } from '../../components/Loaded';
import { FUNNEL_STEPS } from '../../components/meanings';
import { Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { percent } from '../../format/numbers';
import classes from './home.module.css';
import { funnelQuery } from './queries';
import type { Shown } from './shown';

/** How many carts take each step on the way to a paid order. */
export function FunnelPanel({ shown: { query, report } }: { shown: Shown }) {
  const funnel = useQuery({ ...funnelQuery(query), placeholderData: keepPreviousData });
  return (
    <Panel
      title="From cart to order"
      action={
        <ScreenLink to="/analytics/funnel" search={report} size="sm" aria-label="Funnel report">
          Report
        </ScreenLink>
      }
    >
      <Loaded query={funnel} rows={4}>
        {({ steps }) => (
          <Stack gap="sm" component="ol" m={0} p={0} style={{ listStyle: 'none' }}>
            {steps.map(({ name, count, rate_from_first }) => (
              <Box component="li" key={name}>
                <Group justify="space-between" fz="sm" mb={4}>
                  <Text inherit>{FUNNEL_STEPS[name].label}</Text>
                  <Text inherit fw={550}>
                    {count.toLocaleString()}
                    <Text component="span" inherit c="dimmed" fw={400}>
                      {rate_from_first && ` · ${percent(rate_from_first)}`}
                    </Text>
                  </Text>
                </Group>
                <Box className={classes.track} aria-hidden>
                  <Box className={classes.bar} w={`${Math.min(Number(rate_from_first ?? 0), 1) * 100}%`} />
                </Box>
              </Box>
            ))}
          </Stack>
        )}
      </Loaded>
    </Panel>
  );
}
