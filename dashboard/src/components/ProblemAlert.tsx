import { Alert, Button, Code, CopyButton, Group, List, Text, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Problem } from '../api/problem';

interface Props {
  error: unknown;
  /** Offers to try again. */
  onRetry?: () => void;
  /** Fields that show their own errors, so that they are not told twice. */
  shown?: readonly string[];
}

/** What went wrong, in the API's words, with what identifies it in the logs. Nothing when there is no error. */
export function ProblemAlert({ error, onRetry, shown = [] }: Props) {
  if (!error) return null;
  const problem = Problem.from(error);
  const rest = problem.errors.filter(({ pointer }) => !shown.includes(pointer.slice(1).replaceAll('/', '.')));
  return (
    <Alert role="alert" color="red" icon={<IconAlertTriangle />} title={problem.title}>
      <Text size="sm">{problem.detail}</Text>
      {rest.length > 0 && (
        <List size="sm" mt={4}>
          {rest.map(({ pointer, detail }) => (
            <List.Item key={`${pointer} ${detail}`}>
              <Code>{pointer}</Code> {detail}
            </List.Item>
          ))}
        </List>
      )}
      <Group justify="space-between" mt="xs">
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
        {problem.requestId && <RequestId id={problem.requestId} />}
      </Group>
    </Alert>
  );
}

function RequestId({ id }: { id: string }) {
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        // Its name begins with what is read on it, for those who speak to their browser (WCAG 2.5.3).
        <UnstyledButton onClick={copy} fz="xs" aria-label={copied ? undefined : `Request ${id}, copy its id`}>
          {copied ? 'Copied' : `Request ${id}`}
        </UnstyledButton>
      )}
    </CopyButton>
  );
}
