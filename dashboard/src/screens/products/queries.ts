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

/** What a shop calls the variant that is a product's only one. */
export const isOnly = (variant: Variant) => Object.keys(variant.option_values).length === 0;

/** How much of it can still be sold, in words. */
export function stockOf({ inventory }: Variant): string {
  if (!inventory) return '–';
  if (!inventory.track_inventory) return 'Not tracked';
  return inventory.available.toLocaleString();
}
