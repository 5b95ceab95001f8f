import { Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Loaded } from '../../components/Loaded';
import { Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';
import { Amount } from '../../components/Told';
import { counted } from '../../format/words';
import { topProductsQuery } from './queries';
import type { Shown } from './shown';

/** What sold best in the period. */
export function TopProducts({ shown: { query, report } }: { shown: Shown }) {
  const products = useQuery({ ...topProductsQuery(query), placeholderData: keepPreviousData });
  return (
    <Panel
      title="Top products"
      action={
        <ScreenLink to="/analytics/products" search={report} size="sm" aria-label="Products report">
          Report
        </ScreenLink>
      }
    >
      <Loaded query={products} rows={5}>
        {({ data }) => (
          <Stack gap="xs" component="ol" m={0} p={0} style={{ listStyle: 'none' }}>
            {data.length === 0 && (
              <Text size="sm" c="dimmed">
                Nothing was sold in this period.
              </Text>
            )}
            {data.map(({ product_id, title, units, net_sales }) => (
              <Group component="li" key={product_id} justify="space-between" wrap="nowrap" gap="sm" fz="sm">
                <div style={{ minWidth: 0 }}>
                  <Text inherit truncate>
                    {title}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {counted(units, 'unit')}
                  </Text>
                </div>
                <Amount value={net_sales} fw={550} />
              </Group>
            ))}
          </Stack>
        )}
      </Loaded>
    </Panel>
  );
}
