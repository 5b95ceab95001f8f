import type { Schemas } from '../api/client';

/** What the figures of the analytics mean, in the words of docs/ANALYTICS.md. */
export const MEANINGS = {
  gross_sales: 'Price × quantity of the lines, less the tax that is contained in what they cost',
  discounts: 'What was taken off the lines. What was taken off shipping is not in it',
  shipping_discounts: 'What was taken off shipping',
  net_sales: 'Gross sales − discounts − refunds of goods: what goods earned, without tax and shipping',
  product_net_sales:
    'Gross sales, less discounts, less what was given back of its lines. Refunds of an amount are in none',
  shipping: 'What was charged for shipping after its discounts, less the tax contained',
  tax: 'All tax that was charged: on top, and contained in prices and shipping',
  total: 'What was charged: gross sales − discounts + shipping + tax',
  refunds: 'All money that was given back, counted when the refund succeeded',
  refund_count: 'Refunds that succeeded, counted when they did',
  refund_goods: 'What was given back for goods, without tax',
  refund_shipping: 'What was given back for shipping, without tax',
  refund_tax: 'The tax in what was given back',
  refunded_units: 'Units that were given back, as far as refunds were of lines',
  refund_rate: 'Refunds ÷ total of the same period, whichever sales the refunds are of',
  orders:
    'Orders that were paid and confirmed, counted when they were paid; also those that were cancelled later',
  units: 'The quantities of the lines that were sold',
  average_order_value: 'Total ÷ orders',
  new_customers: 'Buyers, told by the e-mail address, who bought for the first time',
  returning_orders: 'Orders of buyers, told by the e-mail address, who had bought before',
  repeat_rate: 'Returning orders ÷ orders',
  discounted_orders: 'Orders that a discount took something off, goods or shipping',
  discounted_share: 'Discounted orders ÷ orders',
  conversion_rate: 'Orders paid ÷ carts that were made, of all currencies',
  sell_through: 'Units sold ÷ (units sold + units on hand now)',
  days_of_stock_left: 'Units on hand ÷ (units sold in the last 30 days ÷ 30), rounded down',
} satisfies Record<string, string>;

/** The steps from a cart to a sale. */
export const FUNNEL_STEPS: Record<Schemas['FunnelStepName'], { label: string; meaning: string }> = {
  carts: { label: 'Carts begun', meaning: 'Carts that were made in these days' },
  carts_with_lines: {
    label: 'Carts filled',
    meaning: 'Carts that something was first put into in these days',
  },
  checkouts: { label: 'Checkouts begun', meaning: 'Carts that were first checked out in these days' },
  paid: { label: 'Orders paid', meaning: 'Carts that became sales in these days, whenever they were made' },
};
