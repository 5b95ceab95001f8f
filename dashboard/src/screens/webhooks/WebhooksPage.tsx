import type { ReactNode } from 'react';
import { Page } from '../../components/Page';
import { SectionTabs } from '../../components/SectionTabs';

/** The frame of the screens about what other systems are told. */
export function WebhooksPage({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title="Webhooks out" below="What other systems are told of the shop" actions={actions}>
      <SectionTabs
        label="Webhooks out"
        tabs={[
          { to: '/webhooks-out', label: 'Endpoints' },
          { to: '/webhooks-out/deliveries', label: 'Deliveries' },
        ]}
      />
      {children}
    </Page>
  );
}
