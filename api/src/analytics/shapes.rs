//! What all answers of the analytics share.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::period::AnalyticsBucket;
use super::sums::{self, Sums};
use crate::money::{Currency, Money};

/// The days that an answer is about.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AnalyticsPeriod {
    /// The first day.
    #[schema(example = "2026-10-01")]
    pub from: NaiveDate,
    /// The last day.
    #[schema(example = "2026-10-31")]
    pub to: NaiveDate,
    /// The zone that its days begin in.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// How long each bucket of a series is.
    pub bucket: AnalyticsBucket,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Whether what was sold in other currencies is contained, converted.
    pub converted: bool,
    /// By which rates it was converted, and what could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rate_note: Option<String>,
}

/// A series.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AnalyticsSeries<F> {
    /// The days that it is of.
    pub period: AnalyticsPeriod,
    /// One point for each bucket, also where nothing happened.
    pub series: Vec<AnalyticsPoint<F>>,
    /// What it is compared with, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comparison: Option<AnalyticsComparisonSeries<F>>,
    /// The whole period.
    pub totals: F,
}

/// A series that another is compared with: its first point is of the other's first bucket, and so on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AnalyticsComparisonSeries<F> {
    /// The days that it is of.
    pub period: AnalyticsPeriod,
    /// One point for each bucket; leap days may make it one longer or shorter.
    pub series: Vec<AnalyticsPoint<F>>,
    /// The whole period.
    pub totals: F,
}

/// A bucket of a series.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AnalyticsPoint<F> {
    /// Where it begins.
    pub start: DateTime<Utc>,
    /// What happened in it.
    #[serde(flatten)]
    pub figures: F,
}

/// What a series tells of each bucket.
pub(super) trait Figures: Serialize {
    /// The names of its cells.
    const COLUMNS: &'static [&'static str];

    /// From what was summed up.
    fn of(sums: &Sums, currency: Currency) -> Self;

    /// As a row of a file.
    fn cells(&self) -> Vec<String>;
}

/// What was earned.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RevenueFigures {
    /// Price × quantity of what was sold, without tax.
    pub gross_sales: Money,
    /// What was taken off.
    pub discounts: Money,
    /// All money that was given back, with tax and shipping.
    pub refunds: Money,
    /// `gross_sales`, less `discounts`, less the refunds' part for goods without tax.
    pub net_sales: Money,
    /// What was charged for shipping, without tax.
    pub shipping: Money,
    /// All tax that was charged.
    pub tax: Money,
    /// What was charged: `gross_sales − discounts + shipping + tax`.
    pub total: Money,
    /// Orders that were paid.
    pub orders: i64,
}

impl Figures for RevenueFigures {
    const COLUMNS: &'static [&'static str] =
        &["gross_sales", "discounts", "refunds", "net_sales", "shipping", "tax", "total", "orders"];

    fn of(sums: &Sums, currency: Currency) -> Self {
        let money = |sum| sums::money(sum, currency);
        Self {
            gross_sales: money(sums.gross),
            discounts: money(sums.discounts),
            refunds: money(sums.refunded),
            net_sales: money(sums.net()),
            shipping: money(sums.shipping),
            tax: money(sums.tax),
            total: money(sums.total),
            orders: sums.orders,
        }
    }

    fn cells(&self) -> Vec<String> {
        let amounts =
            [self.gross_sales, self.discounts, self.refunds, self.net_sales, self.shipping, self.tax, self.total];
        amounts.iter().map(Money::decimal).chain([self.orders.to_string()]).collect()
    }
}

/// What was ordered.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OrderFigures {
    /// Orders that were paid.
    pub orders: i64,
    /// Units that they were of.
    pub units: i64,
    /// Orders that a discount was given on.
    pub discounted_orders: i64,
    /// What was charged.
    pub total: Money,
    /// What an order came to on average; `null` when there was none.
    pub average_order_value: Option<Money>,
}

impl Figures for OrderFigures {
    const COLUMNS: &'static [&'static str] = &["orders", "units", "discounted_orders", "total", "average_order_value"];

    fn of(sums: &Sums, currency: Currency) -> Self {
        Self {
            orders: sums.orders,
            units: sums.units,
            discounted_orders: sums.discounted_orders,
            total: sums::money(sums.total, currency),
            average_order_value: sums.average(currency),
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.orders.to_string(),
            self.units.to_string(),
            self.discounted_orders.to_string(),
            self.total.decimal(),
            self.average_order_value.map(|money| money.decimal()).unwrap_or_default(),
        ]
    }
}

/// Who bought.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CustomerFigures {
    /// Buyers, told by the e-mail address, who bought for the first time.
    pub new_customers: i64,
    /// Orders of buyers who had bought before.
    pub returning_orders: i64,
    /// All orders that were paid.
    pub orders: i64,
    /// The share of `returning_orders` in all orders, a decimal number; `null` when there was none.
    #[schema(example = "0.2731")]
    pub repeat_rate: Option<String>,
}

impl Figures for CustomerFigures {
    const COLUMNS: &'static [&'static str] = &["new_customers", "returning_orders", "orders", "repeat_rate"];

    fn of(sums: &Sums, _: Currency) -> Self {
        let returning_orders = sums.orders - sums.first_orders;
        Self {
            new_customers: sums.first_orders,
            returning_orders,
            orders: sums.orders,
            repeat_rate: sums::share(returning_orders.into(), sums.orders.into()),
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.new_customers.to_string(),
            self.returning_orders.to_string(),
            self.orders.to_string(),
            self.repeat_rate.clone().unwrap_or_default(),
        ]
    }
}

/// What was taken off.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DiscountFigures {
    /// What was taken off goods.
    pub discounts: Money,
    /// What was taken off shipping.
    pub shipping_discounts: Money,
    /// Orders that a discount was given on.
    pub discounted_orders: i64,
    /// The share of `discounted_orders` in all orders, a decimal number; `null` when there was none.
    #[schema(example = "0.1800")]
    pub discounted_share: Option<String>,
}

impl Figures for DiscountFigures {
    const COLUMNS: &'static [&'static str] =
        &["discounts", "shipping_discounts", "discounted_orders", "discounted_share"];

    fn of(sums: &Sums, currency: Currency) -> Self {
        Self {
            discounts: sums::money(sums.discounts, currency),
            shipping_discounts: sums::money(sums.shipping_discounts, currency),
            discounted_orders: sums.discounted_orders,
            discounted_share: sums::share(sums.discounted_orders.into(), sums.orders.into()),
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.discounts.decimal(),
            self.shipping_discounts.decimal(),
            self.discounted_orders.to_string(),
            self.discounted_share.clone().unwrap_or_default(),
        ]
    }
}

/// What was given back.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RefundFigures {
    /// Refunds that succeeded.
    pub refunds: i64,
    /// Units that they were of, as far as they were of lines.
    pub units: i64,
    /// What was given back in all: `goods + shipping + tax`.
    pub amount: Money,
    /// For goods, without tax.
    pub goods: Money,
    /// For shipping, without tax.
    pub shipping: Money,
    /// The tax in it.
    pub tax: Money,
    /// What was given back for each unit of money that was charged in the same bucket, a decimal number; `null` when
    /// nothing was charged.
    #[schema(example = "0.0412")]
    pub refund_rate: Option<String>,
}

impl Figures for RefundFigures {
    const COLUMNS: &'static [&'static str] = &["refunds", "units", "amount", "goods", "shipping", "tax", "refund_rate"];

    fn of(sums: &Sums, currency: Currency) -> Self {
        let money = |sum| sums::money(sum, currency);
        Self {
            refunds: sums.refunds,
            units: sums.refunded_units,
            amount: money(sums.refunded),
            goods: money(sums.refunded_goods),
            shipping: money(sums.refunded_shipping),
            tax: money(sums.refunded_tax),
            refund_rate: sums::share(sums.refunded, sums.total),
        }
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.refunds.to_string(),
            self.units.to_string(),
            self.amount.decimal(),
            self.goods.decimal(),
            self.shipping.decimal(),
            self.tax.decimal(),
            self.refund_rate.clone().unwrap_or_default(),
        ]
    }
}
