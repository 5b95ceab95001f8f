import { Button, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { answer, api, ifMatch } from '../../api/client';
import { useMay } from '../../api/session';
import { ActionModal } from '../../components/ActionModal';
import { tellProblem, useAction } from '../../components/actions';
import { EditEndpoint } from './EditEndpoint';
import { EndpointSecret } from './NewEndpoint';
import { type Endpoint, WEBHOOKS } from './queries';
import { ReplayRange } from './ReplayRange';

type Dialog = 'edit' | 'replay' | 'rotate' | 'disable' | 'delete';

/** What can be done with an endpoint. */
export function EndpointActions({ endpoint }: { endpoint: Endpoint }) {
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const enable = useSetStatus(endpoint, 'enabled', close);
  if (!may('webhooks:write')) return null;
  return (
    <>
      <Button variant="default" onClick={() => setDialog('replay')}>
        Replay…
      </Button>
      <Button variant="default" onClick={() => setDialog('edit')}>
        Edit
      </Button>
      <Menu>
        <Menu.Target>
          <Button variant="default" px="xs" aria-label="More about this endpoint">
            <IconDots size={18} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setDialog('rotate')}>Rotate secret…</Menu.Item>
          {endpoint.status === 'enabled' ? (
            <Menu.Item onClick={() => setDialog('disable')}>Disable…</Menu.Item>
          ) : (
            <Menu.Item onClick={() => enable.mutate(undefined, { onError: tellProblem })}>Enable</Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item c="var(--bad)" onClick={() => setDialog('delete')}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'edit' && <EditEndpoint endpoint={endpoint} onClose={close} />}
      {dialog === 'replay' && <ReplayRange endpoint={endpoint} onClose={close} />}
      {dialog === 'rotate' && <Rotate endpoint={endpoint} onClose={close} />}
      {dialog === 'disable' && <Disable endpoint={endpoint} onClose={close} />}
      {dialog === 'delete' && <Delete endpoint={endpoint} onClose={close} />}
    </>
  );
}

interface DialogProps {
  endpoint: Endpoint;
  onClose: () => void;
}

function useSetStatus({ id, version }: Endpoint, status: Endpoint['status'], onDone: () => void) {
  return useAction({
    run: () =>
      answer(
        api.PATCH('/v1/admin/webhook-endpoints/{id}', {
          params: { path: { id }, header: ifMatch(version) },
          body: { status },
        }),
      ),
    refresh: [WEBHOOKS],
    done: `The endpoint is ${status}.`,
    onDone,
  });
}

function Disable({ endpoint, onClose }: DialogProps) {
  const disable = useSetStatus(endpoint, 'disabled', onClose);
  return (
    <ActionModal
      title="Disable this endpoint?"
      opened
      onClose={onClose}
      submit="Disable"
      danger
      action={disable}
      onSubmit={() => disable.mutate()}
    >
      It is sent nothing until it is enabled again. What happens meanwhile is not sent later by itself: replay
      it.
    </ActionModal>
  );
}

function Rotate({ endpoint, onClose }: DialogProps) {
  const rotate = useAction({
    run: () =>
      answer(
        api.POST('/v1/admin/webhook-endpoints/{id}/rotate-secret', { params: { path: { id: endpoint.id } } }),
      ),
    refresh: [WEBHOOKS],
  });
  return (
    <>
      <ActionModal
        title="Rotate the secret?"
        opened={!rotate.data}
        onClose={onClose}
        submit="Rotate the secret"
        action={rotate}
        onSubmit={() => rotate.mutate()}
      >
        Events are signed with the new secret and for a while with the former one as well, so that the
        receiver can change over without losing any.
      </ActionModal>
      <EndpointSecret secret={rotate.data?.secret ?? null} onClose={onClose} />
    </>
  );
}

function Delete({ endpoint: { id, version, url }, onClose }: DialogProps) {
  const navigate = useNavigate();
  const remove = useAction({
    run: () =>
      answer(
        api.DELETE('/v1/admin/webhook-endpoints/{id}', {
          params: { path: { id }, header: ifMatch(version) },
        }),
      ),
    done: 'The endpoint is deleted.',
    refresh: [[...WEBHOOKS, 'endpoints']],
    onDone: () => navigate({ to: '/webhooks-out' }),
  });
  return (
    <ActionModal
      title="Delete this endpoint?"
      opened
      onClose={onClose}
      submit="Delete the endpoint"
      danger
      action={remove}
      onSubmit={() => remove.mutate()}
    >
      {url} is told nothing any more, and the log of what it was told goes with it. This cannot be undone.
    </ActionModal>
  );
}
