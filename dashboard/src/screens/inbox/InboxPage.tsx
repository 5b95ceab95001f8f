import type { ReactNode } from 'react';
import { Page } from '../../components/Page';
import { SectionTabs } from '../../components/SectionTabs';

/** The frame of the screens about what providers send. */
export function InboxPage({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title="Webhooks in" below="What payment and shipping providers told the shop" actions={actions}>
      <SectionTabs
        label="Webhooks in"
        tabs={[
          { to: '/webhooks-in', label: 'Events' },
          { to: '/webhooks-in/attempts', label: 'Attempts' },
          { to: '/webhooks-in/refusals', label: 'Refusals' },
        ]}
      />
      {children}
    </Page>
  );
}
