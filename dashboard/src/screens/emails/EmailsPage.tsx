import type { ReactNode } from 'react';
import { Page } from '../../components/Page';
import { SectionTabs } from '../../components/SectionTabs';

/** The frame of the screens about e-mails. */
export function EmailsPage({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title="E-mails" below="What customers and the shop were written" actions={actions}>
      <SectionTabs
        label="E-mails"
        tabs={[
          { to: '/emails', label: 'Log' },
          { to: '/emails/templates', label: 'Templates' },
        ]}
      />
      {children}
    </Page>
  );
}
