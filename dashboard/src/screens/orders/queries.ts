import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Order = Schemas['Order'];
export type OrderSummary = Schemas['OrderSummary'];

/** The orders of a list; by total only within one currency. */
export const SORTS: Record<Schemas['OrderSort'], true> = {
  '-placed_at': true,
  placed_at: true,
  '-total': true,
  total: true,
  '-number': true,
  number: true,
};

/** What all queries about orders begin with; refreshing it refreshes lists and details. */
export const ORDERS = ['orders'];

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: [...ORDERS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/orders/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state }) => (state.data && isSettling(state.data) ? 2000 : false),
  });

/** Whether something that staff asked for is on its way with a provider, so that news is to be expected. */
function isSettling({ refunds, fulfillments, cancel_requested_at, status }: Order): boolean {
  const labels = fulfillments.flatMap(({ labels }) => labels ?? []);
  return (
    refunds.some((refund) => refund.status === 'pending') ||
    labels.some((label) => label.status === 'pending' || label.status === 'void_requested') ||
    Boolean(cancel_requested_at && status === 'pending')
  );
}

/** What people call an order; one that was never paid has no number. */
export const nameOf = ({ number }: { number?: string | null }) => (number ? `#${number}` : 'Unpaid order');

/** Whether something of it is paid for and still to be sent. */
export const canShip = (order: Order) =>
  order.status === 'confirmed' &&
  order.line_items.some(({ fulfillable_quantity }) => fulfillable_quantity > 0);

/** Whether money can be given back. */
export const canRefund = (order: Order) =>
  order.remaining_refundable.amount > 0 && order.status !== 'pending';

/** Whether it can be called off: nothing was sent yet. */
export const canCancel = (order: Order) =>
  (order.status === 'pending' || order.status === 'confirmed') && order.fulfillment_status === 'unfulfilled';
