import { Box, Tabs, Text } from '@mantine/core';
import type { Schemas } from '../../api/client';
import { Panel } from '../../components/Page';
import { Source } from '../../components/Source';
import classes from './letter.module.css';

/**
 * What an e-mail says, as HTML and as text. Nothing in it can run, and nothing in it reaches this page: the frame is
 * of no origin. Links open beside.
 */
export function Letter({ content: { subject, html, text } }: { content: Schemas['EmailContent'] }) {
  return (
    <Panel>
      <Text size="xs" c="dimmed">
        Subject
      </Text>
      <Text fw={600} mb="sm" style={{ overflowWrap: 'anywhere' }}>
        {subject}
      </Text>
      <Tabs defaultValue="html" keepMounted={false}>
        <Tabs.List aria-label="How the e-mail is shown">
          <Tabs.Tab value="html">HTML</Tabs.Tab>
          <Tabs.Tab value="text">Text</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="html" pt="sm">
          <iframe
            className={classes.frame}
            title={`The e-mail “${subject}”`}
            sandbox="allow-popups allow-popups-to-escape-sandbox"
            srcDoc={html}
            referrerPolicy="no-referrer"
          />
        </Tabs.Panel>
        <Tabs.Panel value="text" pt="sm">
          <Box>
            <Source label="the text" of={text} />
          </Box>
        </Tabs.Panel>
      </Tabs>
    </Panel>
  );
}
