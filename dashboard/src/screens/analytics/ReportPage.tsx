import { Box, Button, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { Page } from '../../components/Page';
import { SectionTabs } from '../../components/SectionTabs';
import { daySpan } from '../../format/days';
import { type Asked, carried } from './asked';
import { REPORTS } from './reports';
import { Toolbar } from './Toolbar';

interface Props {
  asked: Asked;
  /** The address of the same as a file. */
  file: string;
  children: ReactNode;
}

/** The frame of the reports: their tabs, what they are asked by, the file. */
export function ReportPage({ asked, file, children }: Props) {
  return (
    <Page title="Analytics" actions={<Download file={file} />}>
      <SectionTabs
        label="Reports"
        tabs={Object.values(REPORTS).map(({ label, link }) => ({
          to: link.to,
          label,
          search: carried(asked.search),
        }))}
      />
      <Toolbar asked={asked} />
      {children}
    </Page>
  );
}

function Download({ file }: { file: string }) {
  return (
    <Button
      component="a"
      href={file}
      download
      variant="default"
      leftSection={<IconDownload size={16} aria-hidden />}
    >
      Download CSV
    </Button>
  );
}

/** Of which days and in which currency an answer is, as the API says it. */
export function PeriodNote({
  period,
  comparison,
  amounts = true,
}: {
  period: Schemas['AnalyticsPeriod'];
  comparison?: Schemas['AnalyticsPeriod'];
  /** Whether there are any. */
  amounts?: boolean;
}) {
  const { from, to, time_zone, currency, converted, rate_note } = period;
  const against = comparison && `, against ${daySpan(comparison.from, comparison.to)}`;
  const scope = converted ? `All currencies, converted to ${currency}` : `Orders in ${currency} only`;
  return (
    <Box>
      <Text size="sm" c="dimmed">
        {daySpan(from, to)}
        {against} · {time_zone}
        {amounts && ` · ${scope}`}
      </Text>
      {amounts && rate_note && (
        <Text size="xs" c="dimmed" mt={2}>
          {rate_note}
        </Text>
      )}
    </Box>
  );
}
