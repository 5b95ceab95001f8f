import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Member = Schemas['StaffMember'];
export type Role = Schemas['StaffRole'];

/** What all queries about staff begin with. */
export const STAFF_KEY = ['staff'];

export const memberQuery = (id: string) =>
  queryOptions({
    queryKey: [...STAFF_KEY, 'member', id],
    queryFn: () => answer(api.GET('/v1/admin/staff/{id}', { params: { path: { id } } })),
  });

export const rolesQuery = queryOptions({
  queryKey: [...STAFF_KEY, 'roles'],
  queryFn: () => answer(api.GET('/v1/admin/roles')),
});

/** What people call a member. */
export const nameOf = ({ name, email }: Member) => name ?? email;

/** Roles as the options of a select. */
export const roleOptions = (roles: Role[] | undefined) =>
  (roles ?? []).map(({ id, name }) => ({ value: id, label: name }));
