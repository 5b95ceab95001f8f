import type { Schemas } from '../../api/client';
import { MEANINGS } from '../../components/meanings';
import { customersQuery, discountsQuery, ordersQuery, refundsQuery, revenueQuery } from './queries';
import { type Metric, SeriesReport } from './SeriesReport';

/** The metrics of a series; the first is what the chart shows unless another is chosen. */
type MetricsOf<Name extends 'Revenue' | 'Order' | 'Customer' | 'Discount' | 'Refund'> = Metric<
  keyof Schemas[`AnalyticsSeries_${Name}Figures`]['totals'] & string
>[];

const REVENUE: MetricsOf<'Revenue'> = [
  { key: 'net_sales', label: 'Net sales', meaning: MEANINGS.net_sales },
  { key: 'gross_sales', label: 'Gross sales', meaning: MEANINGS.gross_sales },
  { key: 'discounts', label: 'Discounts', meaning: MEANINGS.discounts, more: 'neither' },
  { key: 'refunds', label: 'Refunds', meaning: MEANINGS.refunds, more: 'worse' },
  { key: 'shipping', label: 'Shipping', meaning: MEANINGS.shipping, more: 'neither' },
  { key: 'tax', label: 'Tax', meaning: MEANINGS.tax, more: 'neither' },
  { key: 'total', label: 'Total', meaning: MEANINGS.total },
  { key: 'orders', label: 'Orders', meaning: MEANINGS.orders },
];

const ORDERS: MetricsOf<'Order'> = [
  { key: 'orders', label: 'Orders', meaning: MEANINGS.orders },
  { key: 'units', label: 'Units', meaning: MEANINGS.units },
  { key: 'average_order_value', label: 'Average order', meaning: MEANINGS.average_order_value },
  { key: 'total', label: 'Total', meaning: MEANINGS.total },
  {
    key: 'discounted_orders',
    label: 'Discounted orders',
    meaning: MEANINGS.discounted_orders,
    more: 'neither',
  },
];

const CUSTOMERS: MetricsOf<'Customer'> = [
  { key: 'new_customers', label: 'New customers', meaning: MEANINGS.new_customers },
  { key: 'returning_orders', label: 'Returning orders', meaning: MEANINGS.returning_orders },
  { key: 'repeat_rate', label: 'Repeat rate', meaning: MEANINGS.repeat_rate },
  { key: 'orders', label: 'Orders', meaning: MEANINGS.orders },
];

const DISCOUNTS: MetricsOf<'Discount'> = [
  { key: 'discounts', label: 'Off goods', meaning: MEANINGS.discounts, more: 'neither' },
  {
    key: 'shipping_discounts',
    label: 'Off shipping',
    meaning: MEANINGS.shipping_discounts,
    more: 'neither',
  },
  {
    key: 'discounted_orders',
    label: 'Discounted orders',
    meaning: MEANINGS.discounted_orders,
    more: 'neither',
  },
  {
    key: 'discounted_share',
    label: 'Share of orders',
    meaning: MEANINGS.discounted_share,
    more: 'neither',
  },
];

const REFUNDS: MetricsOf<'Refund'> = [
  { key: 'amount', label: 'Refunded', meaning: MEANINGS.refunds, more: 'worse' },
  { key: 'refund_rate', label: 'Refund rate', meaning: MEANINGS.refund_rate, more: 'worse' },
  { key: 'refunds', label: 'Refunds', meaning: MEANINGS.refund_count, more: 'worse' },
  { key: 'units', label: 'Units', meaning: MEANINGS.refunded_units, more: 'worse' },
  { key: 'goods', label: 'For goods', meaning: MEANINGS.refund_goods, more: 'worse' },
  { key: 'shipping', label: 'For shipping', meaning: MEANINGS.refund_shipping, more: 'worse' },
  { key: 'tax', label: 'Tax in it', meaning: MEANINGS.refund_tax, more: 'worse' },
];

/** What was earned. */
export const RevenueReport = () => (
  <SeriesReport report="revenue" metrics={REVENUE} read={revenueQuery} nothing="Nothing was sold" />
);

/** What was ordered. */
export const OrdersReport = () => (
  <SeriesReport report="orders" metrics={ORDERS} read={ordersQuery} nothing="Nothing was ordered" />
);

/** Who bought. */
export const CustomersReport = () => (
  <SeriesReport
    report="customers"
    metrics={CUSTOMERS}
    read={customersQuery}
    nothing="Nobody bought anything"
  />
);

/** What was taken off. */
export const DiscountsReport = () => (
  <SeriesReport
    report="discounts"
    metrics={DISCOUNTS}
    read={discountsQuery}
    nothing="No discount was given"
  />
);

/** What was given back. */
export const RefundsReport = () => (
  <SeriesReport report="refunds" metrics={REFUNDS} read={refundsQuery} nothing="Nothing was given back" />
);
