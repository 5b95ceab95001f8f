import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { DISCOUNTS, type Discount } from './queries';

/** Deletes a discount, or archives one that orders name. */
export function DeleteDiscount({ discount: { id, title, version, times_used } }: { discount: Discount }) {
  const [opened, { open, close }] = useDisclosure(false);
  const navigate = useNavigate();
  const remove = useAction({
    run: () =>
      answer(api.DELETE('/v1/admin/discounts/{id}', { params: { path: { id }, header: ifMatch(version) } })),
    refresh: [[...DISCOUNTS, 'list']],
    done: `${title} is deleted.`,
    onDone: () => navigate({ to: '/discounts', ignoreBlocker: true }),
  });
  return (
    <>
      <Button variant="default" onClick={open}>
        Delete
      </Button>
      <ActionModal
        title={`Delete ${title}?`}
        opened={opened}
        onClose={close}
        submit="Delete the discount"
        danger
        action={remove}
        onSubmit={() => remove.mutate()}
      >
        <Text size="sm">
          It is no longer given, and its codes no longer work, in open carts too.{' '}
          {times_used > 0 && 'Orders that got it keep it. '}
          To pause it, set its status to off instead.
        </Text>
      </ActionModal>
    </>
  );
}
