import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../../api/session';
import { Page, Panel } from '../../components/Page';
import { ScreenLink } from '../../components/RowLink';

/** What the shop looks like today. */
export function HomeScreen() {
  const { data } = useQuery(sessionQuery);
  return (
    <Page title={`Hello, ${data?.session?.staff.name ?? ''}`}>
      <Panel title="Orders">
        <Text size="sm">
          <ScreenLink to="/orders">See all orders</ScreenLink>
        </Text>
      </Panel>
    </Page>
  );
}
