import type { Schemas } from '../../api/client';
import { type AmountText, amountErrors, amountsOf, amountTexts } from '../../components/AmountsField';
import { changes } from '../../components/documentForm';
import { fromLocalInput, localInput } from '../../format/localTime';
import type { Discount } from './queries';

/** What something is for; everything when all are empty. */
export type AppliesTo = Required<Schemas['AppliesTo']>;

type NumberText = number | '';

/** A discount as it is edited. */
export interface DiscountValues {
  title: string;
  type: Schemas['DiscountType'];
  method: Schemas['DiscountMethod'];
  status: Schemas['DiscountStatus'];
  percentage: string;
  amounts: AmountText[];
  applies_to: AppliesTo;
  buy: { quantity: NumberText; applies_to: AppliesTo };
  get: { quantity: NumberText; percentage: string; most_per_order: NumberText; applies_to: AppliesTo };
  minimum_quantity: NumberText;
  minimum_subtotal: AmountText[];
  usage_limit: NumberText;
  usage_limit_per_customer: NumberText;
  combinable: boolean;
  priority: NumberText;
  starts_at: string;
  ends_at: string;
}

export const LABELS: Partial<Record<keyof DiscountValues, string>> = {
  title: 'Title',
  status: 'Status',
  percentage: 'Percentage',
  amounts: 'Amounts',
  applies_to: 'What it is for',
  buy: 'What must be bought',
  get: 'What is given',
  minimum_quantity: 'Least units',
  minimum_subtotal: 'Least value',
  usage_limit: 'Most orders',
  usage_limit_per_customer: 'Most orders of one customer',
  combinable: 'Combined with others',
  priority: 'Priority',
  starts_at: 'Starts',
  ends_at: 'Ends',
};

const EVERYTHING: AppliesTo = { collections: [], products: [], variants: [] };

const chosen = (of: Schemas['AppliesTo'] | undefined): AppliesTo => ({ ...EVERYTHING, ...of });

export const emptyDiscount = (currencies: string[]): DiscountValues => ({
  title: '',
  type: 'percentage',
  method: 'code',
  status: 'active',
  percentage: '',
  amounts: amountTexts([], currencies),
  applies_to: EVERYTHING,
  buy: { quantity: 2, applies_to: EVERYTHING },
  get: { quantity: 1, percentage: '100', most_per_order: '', applies_to: EVERYTHING },
  minimum_quantity: '',
  minimum_subtotal: amountTexts([], currencies),
  usage_limit: '',
  usage_limit_per_customer: '',
  combinable: true,
  priority: 0,
  starts_at: '',
  ends_at: '',
});

/** How a discount is edited in a shop of these currencies. */
export const valuesFor =
  (currencies: string[]) =>
  (discount: Discount): DiscountValues => ({
    title: discount.title,
    type: discount.type,
    method: discount.method,
    status: discount.status,
    percentage: discount.percentage ?? '',
    amounts: amountTexts(discount.amounts, currencies),
    applies_to: chosen(discount.applies_to),
    buy: { quantity: discount.buy?.quantity ?? '', applies_to: chosen(discount.buy?.applies_to) },
    get: {
      quantity: discount.get?.quantity ?? '',
      percentage: discount.get?.percentage ?? '',
      most_per_order: discount.get?.most_per_order ?? '',
      applies_to: chosen(discount.get?.applies_to),
    },
    minimum_quantity: discount.minimum_quantity ?? '',
    minimum_subtotal: amountTexts(discount.minimum_subtotal, currencies),
    usage_limit: discount.usage_limit ?? '',
    usage_limit_per_customer: discount.usage_limit_per_customer ?? '',
    combinable: discount.combinable,
    priority: discount.priority,
    starts_at: localInput(discount.starts_at),
    ends_at: localInput(discount.ends_at),
  });

const given = (number: NumberText) => (number === '' ? null : number);

/** What a discount of the type is made of; the other types' fields are not sent. */
function giftOf(values: DiscountValues) {
  const { type, percentage, amounts, applies_to, buy, get } = values;
  switch (type) {
    case 'percentage':
      return { percentage, applies_to };
    case 'fixed_amount':
      return { amounts: amountsOf(amounts), applies_to };
    case 'free_shipping':
      return { applies_to };
    case 'buy_x_get_y':
      return {
        buy: { quantity: Number(buy.quantity), applies_to: buy.applies_to },
        get: {
          quantity: Number(get.quantity),
          percentage: get.percentage,
          most_per_order: given(get.most_per_order),
          applies_to: get.applies_to,
        },
      };
  }
}

function bodyOf(values: DiscountValues) {
  return {
    title: values.title.trim(),
    status: values.status,
    ...giftOf(values),
    minimum_quantity: given(values.minimum_quantity),
    minimum_subtotal: amountsOf(values.minimum_subtotal),
    usage_limit: given(values.usage_limit),
    usage_limit_per_customer: given(values.usage_limit_per_customer),
    combinable: values.combinable,
    priority: Number(values.priority),
    starts_at: fromLocalInput(values.starts_at),
    ends_at: fromLocalInput(values.ends_at),
  };
}

/** What was edited, as a merge patch. */
export const patchOf = (values: DiscountValues, before: DiscountValues): Schemas['DiscountPatch'] =>
  changes(bodyOf(values), bodyOf(before));

/** A new discount as the API takes it; its first code comes with it. */
export const newOf = (values: DiscountValues, code: string): Schemas['NewDiscount'] => ({
  ...bodyOf(values),
  type: values.type,
  method: values.method,
  code: values.method === 'code' && code ? code : null,
});

const isPercentage = (text: string) => /^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$/.test(text.trim());

export function errorsOf(values: DiscountValues): Record<string, string | null> {
  const { type, get, buy, starts_at, ends_at } = values;
  const bought = type === 'buy_x_get_y';
  const amounts = amountErrors(values.amounts, 'amounts');
  const none = type === 'fixed_amount' && amountsOf(values.amounts).length === 0;
  const percentage = 'Enter a percentage such as 15 or 12.5.';
  return {
    title: values.title.trim() ? null : 'Give it a title.',
    percentage: type === 'percentage' && !isPercentage(values.percentage) ? percentage : null,
    'get.percentage': bought && !isPercentage(get.percentage) ? percentage : null,
    'buy.quantity': bought && !buy.quantity ? 'Enter how many.' : null,
    'get.quantity': bought && !get.quantity ? 'Enter how many.' : null,
    ends_at: starts_at && ends_at && ends_at <= starts_at ? 'Must be after the start.' : null,
    ...(type === 'fixed_amount' ? amounts : {}),
    ...(none && Object.keys(amounts).length === 0
      ? { 'amounts.0.amount': 'Enter at least one amount.' }
      : {}),
    ...amountErrors(values.minimum_subtotal, 'minimum_subtotal'),
  };
}
