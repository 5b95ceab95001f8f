import type { ReactNode } from 'react';
import { Page } from '../../components/Page';
import { SectionTabs } from '../../components/SectionTabs';

/** The frame of the screens about who works here and what they may do. */
export function StaffPage({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title="Staff" below="Who works here, and what they may do" actions={actions}>
      <SectionTabs
        label="Staff"
        tabs={[
          { to: '/staff', label: 'Members' },
          { to: '/staff/roles', label: 'Roles' },
        ]}
      />
      {children}
    </Page>
  );
}
