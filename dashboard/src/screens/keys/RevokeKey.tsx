import { answer, api } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { KEYS, type Key } from './queries';

/** Asks before a key stops working. */
export function RevokeKey({ of: { id, name }, onClose }: { of: Key; onClose: () => void }) {
  const revoke = useAction({
    run: () => answer(api.DELETE('/v1/admin/api-keys/{id}', { params: { path: { id } } })),
    refresh: [KEYS],
    done: 'The key is revoked.',
    onDone: onClose,
  });
  return (
    <ActionModal
      title={`Revoke “${name}”?`}
      opened
      onClose={onClose}
      submit="Revoke the key"
      danger
      action={revoke}
      onSubmit={() => revoke.mutate()}
    >
      Whatever uses it is refused at once. This cannot be undone; to change over calmly, rotate it.
    </ActionModal>
  );
}
