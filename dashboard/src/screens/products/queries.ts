import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';

export type Product = Schemas['Product'];
export type Variant = Schemas['Variant'];

/** What all queries about products begin with; refreshing it refreshes lists, details and stock. */
export const PRODUCTS = ['products'];

export const productQuery = (id: string) =>
  queryOptions({
    queryKey: [...PRODUCTS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/products/{id}', { params: { path: { id } } })),
  });

/** The variants on sale, and those that were taken off it. */
export const onSale = ({ variants }: Product) => variants.filter(({ archived_at }) => !archived_at);

/** How much of it can still be sold, in words. */
export function stockOf({ inventory }: Variant): string {
  if (!inventory) return '–';
  if (!inventory.track_inventory) return 'Not tracked';
  return inventory.available.toLocaleString();
}

/** The threshold that a variant has itself; none when the shop's default holds. */
export const ownThreshold = ({ inventory }: Variant) =>
  inventory && !inventory.uses_default_threshold ? inventory.low_stock_threshold : undefined;
