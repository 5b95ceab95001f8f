import { Group, SimpleGrid, Text } from '@mantine/core';
import {
  type Icon,
  IconBell,
  IconCircleCheck,
  IconGavel,
  IconInbox,
  IconListCheck,
  IconPackage,
  IconScale,
  IconStack2,
  IconWebhook,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps, linkOptions } from '@tanstack/react-router';
import type { Schemas } from '../../api/client';
import { Loaded } from '../../components/Loaded';
import classes from './home.module.css';
import { attentionQuery } from './queries';

interface Matter {
  of: keyof Schemas['Attention'];
  label: string;
  icon: Icon;
  link: LinkProps;
  urgent?: boolean;
}

const MATTERS: Matter[] = [
  {
    of: 'to_fulfill',
    label: 'Orders to ship',
    icon: IconPackage,
    link: linkOptions({ to: '/orders', search: { needs: 'fulfillment' } }),
  },
  {
    of: 'payment_reviews',
    label: 'Payments to decide',
    icon: IconScale,
    link: linkOptions({ to: '/orders', search: { needs: 'review' } }),
    urgent: true,
  },
  {
    of: 'disputes',
    label: 'Disputes',
    icon: IconGavel,
    link: linkOptions({ to: '/orders', search: { needs: 'dispute' } }),
    urgent: true,
  },
  {
    of: 'alerts',
    label: 'Open alerts',
    icon: IconBell,
    link: linkOptions({ to: '/alerts' }),
    urgent: true,
  },
  { of: 'low_stock', label: 'Running low', icon: IconStack2, link: linkOptions({ to: '/low-stock' }) },
  {
    of: 'dead_webhooks',
    label: 'Dead webhooks',
    icon: IconInbox,
    link: linkOptions({ to: '/webhooks-in', search: { status: 'dead' } }),
    urgent: true,
  },
  {
    of: 'dead_jobs',
    label: 'Dead jobs',
    icon: IconListCheck,
    link: linkOptions({ to: '/jobs', search: { status: 'dead' } }),
    urgent: true,
  },
  {
    of: 'failed_webhook_endpoints',
    label: 'Endpoints switched off',
    icon: IconWebhook,
    link: linkOptions({ to: '/webhooks-out' }),
    urgent: true,
  },
];

/** What needs a person, as links to where it is dealt with; nothing of what there is none of. */
export function Attention() {
  const attention = useQuery(attentionQuery);
  return (
    <Loaded query={attention} rows={2}>
      {(counts) => {
        const shown = MATTERS.filter(({ of }) => (counts[of]?.value ?? 0) > 0);
        if (shown.length === 0) return <AllDone />;
        return (
          <SimpleGrid
            cols={{ base: 2, sm: 3, lg: 4 }}
            spacing="sm"
            component="nav"
            aria-label="What needs you"
          >
            {shown.map((matter) => (
              <MatterLink key={matter.of} matter={matter} count={counts[matter.of]} />
            ))}
          </SimpleGrid>
        );
      }}
    </Loaded>
  );
}

function MatterLink({ matter, count }: { matter: Matter; count: Schemas['Attention'][Matter['of']] }) {
  const { label, icon: Icon, link, urgent } = matter;
  return (
    <Link {...link} className={classes.matter}>
      <Group gap="sm" wrap="nowrap">
        <Icon
          size={22}
          stroke={1.5}
          aria-hidden
          color={`var(--mantine-color-${urgent ? 'red' : 'yellow'}-text)`}
        />
        <div>
          <Text fw={700} lh={1.2}>
            {count?.value.toLocaleString()}
            {count?.relation === 'gte' && '+'}
          </Text>
          <Text size="sm" c="dimmed">
            {label}
          </Text>
        </div>
      </Group>
    </Link>
  );
}

function AllDone() {
  return (
    <Group gap="xs" c="dimmed">
      <IconCircleCheck size={20} stroke={1.5} aria-hidden />
      <Text size="sm">Nothing needs you just now.</Text>
    </Group>
  );
}
