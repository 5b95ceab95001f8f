import { Button, Center, Container } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { Empty } from '../components/Page';
import { ProblemAlert } from '../components/ProblemAlert';
import { ScreenLink } from '../components/RowLink';

/** A screen that could not be shown. A chunk of an older build may be gone: loading the page anew brings the new one. */
export function Failed({ error }: ErrorComponentProps) {
  return (
    <Container size="xs" py="xl">
      <ProblemAlert error={error} />
      <Center mt="md">
        <Button variant="default" onClick={() => window.location.reload()}>
          Load the page anew
        </Button>
      </Center>
    </Container>
  );
}

export function NotFound() {
  return (
    <Empty icon={<IconMapQuestion size={40} stroke={1.3} />} title="There is no such page">
      The link may be old. <ScreenLink to="/">Go to the home screen</ScreenLink>
    </Empty>
  );
}
