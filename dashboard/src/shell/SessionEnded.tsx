import { Modal, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/session';
import { LoginForm } from '../screens/session/LoginForm';

/** Asks for the password above the open page when the session ran out, so that what is being edited stays. */
export function SessionEnded() {
  const { data } = useQuery(sessionQuery);
  if (!data?.ended) return null;
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      title="Your session has ended"
    >
      <Text size="sm" c="dimmed" mb="md">
        Log in again to go on. The page stays as it is.
      </Text>
      <LoginForm email={data.session?.staff.email} />
    </Modal>
  );
}
