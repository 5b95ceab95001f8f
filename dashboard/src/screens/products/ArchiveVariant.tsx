import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { tellProblem, useAction } from '../../components/actions';
import { PRODUCTS, type Product, type Variant } from './queries';

/** Takes a variant off sale, or puts it back. */
export function ArchiveVariant({ product, variant }: { product: Product; variant: Variant }) {
  const [opened, { open, close }] = useDisclosure(false);
  const change = useAction({
    run: (archived: boolean) =>
      answer(
        api.PATCH('/v1/admin/variants/{id}', {
          params: { path: { id: variant.id }, header: ifMatch(product.version) },
          body: { archived },
        }),
      ),
    refresh: [PRODUCTS],
    done: ({ archived_at }) => (archived_at ? 'The variant is off sale.' : 'The variant is on sale again.'),
    onDone: close,
  });
  if (variant.archived_at) {
    return (
      <Button
        variant="default"
        loading={change.isPending}
        onClick={() => change.mutate(false, { onError: tellProblem })}
      >
        Put on sale again
      </Button>
    );
  }
  return (
    <>
      <Button variant="default" onClick={open}>
        Take off sale
      </Button>
      <ActionModal
        title={`Take ${variant.title} off sale?`}
        opened={opened}
        onClose={close}
        submit="Take off sale"
        danger
        action={change}
        onSubmit={() => change.mutate(true)}
      >
        <Text size="sm">
          Shoppers can no longer choose it. Its stock, prices and orders stay, and it can be put on sale
          again.
        </Text>
      </ActionModal>
    </>
  );
}
