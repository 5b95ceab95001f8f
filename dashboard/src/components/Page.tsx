import { Box, Card, type CardProps, Group, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** Beside the title, such as states. */
  beside?: ReactNode;
  /** Below the title. */
  below?: ReactNode;
  /** Where one came from: a `ScreenLink`. */
  back?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A screen: its title, what can be done with it, its content. */
export function Page({ title, beside, below, back, actions, children }: Props) {
  useDocumentTitle(`${title} · Merx`);
  return (
    <Stack gap="md">
      <Box>
        {back && (
          <Box mb={4} fz="sm">
            {back}
          </Box>
        )}
        <Group justify="space-between" align="flex-start" gap="sm">
          <Box>
            <Group gap="xs">
              <Title order={1}>{title}</Title>
              {beside}
            </Group>
            {below && (
              <Text component="div" size="sm" c="dimmed" mt={2}>
                {below}
              </Text>
            )}
          </Box>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
      </Box>
      {children}
    </Stack>
  );
}

/** A part of a screen under a heading of its own. */
export function Panel({
  title,
  action,
  children,
  ...rest
}: { title?: string; action?: ReactNode } & CardProps) {
  return (
    <Card withBorder padding="md" component="section" aria-label={title} {...rest}>
      {(title || action) && (
        <Group justify="space-between" mb="sm" wrap="nowrap">
          {title && <Title order={2}>{title}</Title>}
          {action}
        </Group>
      )}
      {children}
    </Card>
  );
}

/** What is said where nothing is. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap={6} py={48} px="md" ta="center">
      {icon && <Box c="dimmed">{icon}</Box>}
      <Text fw={600}>{title}</Text>
      {children && (
        <Text component="div" size="sm" c="dimmed" maw={420}>
          {children}
        </Text>
      )}
    </Stack>
  );
}

/** A name and its value, under each other in a `<dl>`. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} ta="right">
        {children}
      </Text>
    </Group>
  );
}
