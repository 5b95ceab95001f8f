import { Box, Card, Center, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Brand } from '../../shell/Brand';
import classes from './door.module.css';

/** The page of who is not logged in yet: one card. */
export function Door({ title, children, below }: { title: string; children: ReactNode; below?: ReactNode }) {
  useDocumentTitle(`${title} · Merx`);
  return (
    <Center component="main" mih="100vh" p="md" className={classes.door}>
      <Box w="100%" maw={380}>
        <Center mb="lg">
          <Brand />
        </Center>
        <Card withBorder padding="xl" shadow="xs">
          <Stack>
            <Title order={1} ta="center">
              {title}
            </Title>
            {children}
          </Stack>
        </Card>
        {below && (
          <Text component="div" size="sm" ta="center" mt="md">
            {below}
          </Text>
        )}
      </Box>
    </Center>
  );
}
