import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Collection = Schemas['Collection'];

/** What all queries about collections begin with. */
export const COLLECTIONS = ['collections'];

export const collectionQuery = (id: string) =>
  queryOptions({
    queryKey: [...COLLECTIONS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/collections/{id}', { params: { path: { id } } })),
  });
