import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { answer, api, ifMatch } from '../../api/client';
import { ActionModal } from '../../components/ActionModal';
import { useAction } from '../../components/actions';
import { PRODUCTS, type Product } from './queries';

/** Takes a product off sale, after saying what follows. */
export function ArchiveProduct({ product }: { product: Product }) {
  const [opened, { open, close }] = useDisclosure(false);
  const archive = useAction({
    run: () =>
      answer(
        api.DELETE('/v1/admin/products/{id}', {
          params: { path: { id: product.id }, header: ifMatch(product.version) },
        }),
      ),
    refresh: [PRODUCTS],
    done: 'The product is archived.',
    onDone: close,
  });
  if (product.status === 'archived') return null;
  return (
    <>
      <Button variant="default" onClick={open}>
        Archive
      </Button>
      <ActionModal
        title={`Archive ${product.title}?`}
        opened={opened}
        onClose={close}
        submit="Archive the product"
        danger
        action={archive}
        onSubmit={() => archive.mutate()}
      >
        <Text size="sm">
          Shoppers no longer find it, and carts that hold it cannot be paid. Orders, stock and prices stay.
          Set its status to make it active again.
        </Text>
      </ActionModal>
    </>
  );
}
