import { queryOptions } from '@tanstack/react-query';
import { answer, api, type Schemas } from '../../api/client';
import { money } from '../../format/money';
import type { Told } from '../../format/states';
import { DISCOUNT } from '../../format/states';
import { counted } from '../../format/words';

export type Discount = Schemas['Discount'];
export type Code = Schemas['DiscountCode'];

/** What all queries about discounts begin with. */
export const DISCOUNTS = ['discounts'];

export const discountQuery = (id: string) =>
  queryOptions({
    queryKey: [...DISCOUNTS, 'one', id],
    queryFn: () => answer(api.GET('/v1/admin/discounts/{id}', { params: { path: { id } } })),
  });

/** A page of a discount's codes, newest first. */
export const codesPage = (id: string, cursor: string | undefined, limit: number) =>
  answer(api.GET('/v1/admin/discounts/{id}/codes', { params: { path: { id }, query: { cursor, limit } } }));

/** What it gives, in a few words. */
export function giftText({ type, percentage, amounts, buy, get }: Discount): string {
  switch (type) {
    case 'percentage':
      return `${Number(percentage)}% off`;
    case 'fixed_amount':
      return amounts.map((amount) => `${money(amount)} off`).join(' / ');
    case 'free_shipping':
      return 'Free shipping';
    case 'buy_x_get_y': {
      const off = Number(get?.percentage) === 100 ? 'free' : `${Number(get?.percentage)}% off`;
      return `Buy ${buy?.quantity ?? 0}, get ${counted(get?.quantity ?? 0, 'unit')} ${off}`;
    }
  }
}

/** Whether it is given now; one that is on may be still to come, or over. */
export function standing({ status, starts_at, ends_at }: Discount, now = new Date()): Told {
  if (status !== 'active') return DISCOUNT[status];
  if (new Date(starts_at) > now) return { label: 'Scheduled', color: 'blue' };
  if (ends_at && new Date(ends_at) <= now) return { label: 'Ended', color: 'gray' };
  return DISCOUNT.active;
}
