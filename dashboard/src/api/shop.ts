import { queryOptions } from '@tanstack/react-query';
import { answer, api } from './client';

/** The shop's name, currencies and languages, the defaults first. */
export const storeQuery = queryOptions({
  queryKey: ['store'],
  staleTime: 5 * 60_000,
  queryFn: () => answer(api.GET('/v1/store')),
});

/** The first hundred collections, for whoever is to choose some. */
export const collectionChoices = queryOptions({
  queryKey: ['collections', 'choices'],
  staleTime: 60_000,
  queryFn: async () =>
    (await answer(api.GET('/v1/admin/collections', { params: { query: { limit: 100 } } }))).data,
});

/** The products that a search finds first, for whoever is to choose some. */
export const productChoices = (q: string) =>
  queryOptions({
    queryKey: ['products', 'choices', q],
    staleTime: 60_000,
    queryFn: async () => {
      const query = { q: q || undefined, sort: q ? undefined : ('title' as const), limit: 25 };
      return (await answer(api.GET('/v1/admin/products', { params: { query } }))).data;
    },
  });
