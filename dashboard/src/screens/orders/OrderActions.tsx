import { Button } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '../../api/session';
import { CancelOrder } from './CancelOrder';
import { canCancel, canRefund, type Order } from './queries';
import { RefundOrder } from './RefundOrder';

/** What can be done with an order as it stands, by whoever may. */
export function OrderActions({ order }: { order: Order }) {
  const may = useMay();
  const [open, setOpen] = useState<'cancel' | 'refund' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      {canRefund(order) && may('refunds:write') && (
        <Button variant="default" onClick={() => setOpen('refund')}>
          Refund
        </Button>
      )}
      {canCancel(order) && may('orders:write') && (
        <Button variant="default" onClick={() => setOpen('cancel')}>
          Cancel order
        </Button>
      )}
      {open === 'refund' && <RefundOrder order={order} onClose={close} />}
      {open === 'cancel' && <CancelOrder order={order} onClose={close} />}
    </>
  );
}
