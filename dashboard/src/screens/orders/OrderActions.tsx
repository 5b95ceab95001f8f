import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMay } from '../../api/session';
import { CancelOrder } from './CancelOrder';
import type { Order } from './queries';

/** What can be done with an order as it stands, by whoever may. */
export function OrderActions({ order }: { order: Order }) {
  const may = useMay();
  const [cancelling, cancel] = useDisclosure(false);
  const cancellable =
    may('orders:write') &&
    ['pending', 'confirmed'].includes(order.status) &&
    order.fulfillment_status === 'unfulfilled';
  return (
    <>
      {cancellable && (
        <Button variant="default" onClick={cancel.open}>
          Cancel order
        </Button>
      )}
      <CancelOrder order={order} opened={cancelling} onClose={cancel.close} />
    </>
  );
}
