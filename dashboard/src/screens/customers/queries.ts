import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Customer = Schemas['StaffCustomer'];
export type CustomerSummary = Schemas['CustomerSummary'];

/** What all queries about customers begin with. */
export const CUSTOMERS = ['customers'];

/** The orders that the list has. */
export const SORTS: Record<Schemas['CustomerSort'], true> = {
  '-created_at': true,
  created_at: true,
  email: true,
};

export const customerQuery = (id: string) =>
  queryOptions({
    queryKey: [...CUSTOMERS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/customers/{id}', { params: { path: { id } } })),
  });

/** What people call a customer. */
export const nameOf = ({ name, email }: Pick<Customer, 'name' | 'email'>) => name || email;
