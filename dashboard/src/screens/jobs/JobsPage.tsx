import type { ReactNode } from 'react';
import { Page } from '../../components/Page';
import { SectionTabs } from '../../components/SectionTabs';

/** The frame of the screens about background jobs. */
export function JobsPage({ children }: { children: ReactNode }) {
  return (
    <Page title="Jobs" below="What the shop does in the background">
      <SectionTabs
        label="Jobs"
        tabs={[
          { to: '/jobs', label: 'Jobs' },
          { to: '/jobs/kinds', label: 'Kinds' },
        ]}
      />
      {children}
    </Page>
  );
}
