import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Order = Schemas['Order'];

/** What all queries about orders begin with; refreshing it refreshes lists and details. */
export const ORDERS = ['orders'];

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: [...ORDERS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/orders/{id}', { params: { path: { id } } })),
  });

/** What people call an order; one that was never paid has no number. */
export const nameOf = (order: Order) => (order.number ? `#${order.number}` : 'Unpaid order');
