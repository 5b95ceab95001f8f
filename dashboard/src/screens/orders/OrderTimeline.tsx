import { Code, Text, Timeline } from '@mantine/core';
import { Empty, Panel } from '../../components/Page';
import { Time } from '../../components/Told';
import { words } from '../../format/words';
import type { Order } from './queries';

/** What happened to the order, newest first. */
export function OrderTimeline({ order }: { order: Order }) {
  const entries = [...(order.timeline ?? [])].reverse();
  return (
    <Panel title="Timeline">
      {entries.length === 0 && <Empty title="Nothing happened yet" />}
      <Timeline bulletSize={12} lineWidth={2} active={entries.length}>
        {entries.map(({ at, kind, detail }) => (
          <Timeline.Item
            key={`${at} ${kind}`}
            title={
              <Text size="sm" fw={550}>
                {words(kind)}
              </Text>
            }
          >
            <Text size="xs" c="dimmed">
              <Time at={at} />
            </Text>
            <Detail detail={detail} />
          </Timeline.Item>
        ))}
      </Timeline>
    </Panel>
  );
}

function Detail({ detail }: { detail: Record<string, unknown> }) {
  const told = Object.entries(detail).filter(([, value]) => typeof value !== 'object' && value !== '');
  if (told.length === 0) return null;
  return (
    <Text size="xs" mt={2}>
      {told.map(([name, value]) => (
        <Text key={name} component="span" inherit mr="sm">
          {words(name)}: <Code fz="xs">{String(value)}</Code>
        </Text>
      ))}
    </Text>
  );
}
