//! The figures of a whole period beside those of another.

use serde::Serialize;

use super::funnel::{self, Counts};
use super::period::{self, AnalyticsQuery};
use super::shapes::AnalyticsPeriod;
use super::sums::{self, Sums};
use crate::app::App;
use crate::db::Connection;
use crate::error::Result;
use crate::money::{Currency, Money};

/// A whole period, in figures.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AnalyticsSummary {
    /// The days that it is of.
    pub period: AnalyticsPeriod,
    /// What it is compared with, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comparison: Option<AnalyticsPeriod>,
    /// The figures.
    pub metrics: SummaryMetrics,
}

/// The figures of a whole period.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SummaryMetrics {
    /// Price × quantity of what was sold, without tax.
    pub gross_sales: MoneyMetric,
    /// What was taken off goods.
    pub discounts: MoneyMetric,
    /// All money that was given back.
    pub refunds: MoneyMetric,
    /// `gross_sales`, less `discounts`, less the refunds' part for goods without tax.
    pub net_sales: MoneyMetric,
    /// What was charged for shipping, without tax.
    pub shipping: MoneyMetric,
    /// All tax that was charged.
    pub tax: MoneyMetric,
    /// What was charged.
    pub total: MoneyMetric,
    /// Orders that were paid.
    pub orders: CountMetric,
    /// What an order came to on average; `null` when there was none.
    pub average_order_value: MoneyMetric,
    /// Units that were sold.
    pub units: CountMetric,
    /// Carts that were paid, of those that were made; of all currencies.
    pub conversion_rate: RateMetric,
    /// What was given back, of what was charged.
    pub refund_rate: RateMetric,
    /// Orders of buyers who had bought before, of all orders.
    pub repeat_rate: RateMetric,
}

/// An amount beside what it was.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MoneyMetric {
    /// What it is.
    pub value: Option<Money>,
    /// What it was in the period of comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comparison: Option<Money>,
    /// By how many percent it changed, a decimal number; absent when it was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "12.5")]
    pub change_percent: Option<String>,
}

/// A number beside what it was.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CountMetric {
    /// What it is.
    pub value: i64,
    /// What it was in the period of comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comparison: Option<i64>,
    /// By how many percent it changed, a decimal number; absent when it was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "-3.0")]
    pub change_percent: Option<String>,
}

/// A share beside what it was.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RateMetric {
    /// What it is, a decimal number of four decimals; `null` of nothing.
    #[schema(example = "0.0312")]
    pub value: Option<String>,
    /// What it was in the period of comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "0.0290")]
    pub comparison: Option<String>,
    /// By how many percent it changed, a decimal number; absent when it was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "7.6")]
    pub change_percent: Option<String>,
}

/// A period's sums and steps.
type Whole = (Sums, Counts);

/// The summary of a query.
///
/// # Errors
/// `invalid_query`; those of the database.
pub(super) async fn summary(conn: &mut Connection, app: &App, query: &AnalyticsQuery) -> Result<AnalyticsSummary> {
    let (period, before, telling) = period::resolve(conn, app, query).await?;
    let found = sums::read(conn, &period, telling).await?;
    let present = (found.total, funnel::counts(conn, &period).await?);
    let (mut past, mut comparison) = (None, None);
    if let Some(before) = before {
        let found = sums::read(conn, &before, telling).await?;
        past = Some((found.total, funnel::counts(conn, &before).await?));
        comparison = Some(before.shape(telling, found.rate_note));
    }
    Ok(AnalyticsSummary {
        metrics: metrics(&present, past.as_ref(), telling.currency),
        period: period.shape(telling, found.rate_note),
        comparison,
    })
}

fn metrics(present: &Whole, past: Option<&Whole>, currency: Currency) -> SummaryMetrics {
    let money = |figure: fn(&Sums) -> i128| {
        let of = |whole: &Whole| Some(sums::money(figure(&whole.0), currency));
        money_metric(present, past, of)
    };
    let count = |figure: fn(&Sums) -> i64| {
        let (value, before) = (figure(&present.0), past.map(|past| figure(&past.0)));
        let change_percent = before.and_then(|before| sums::change(value.into(), before.into()));
        CountMetric { value, comparison: before, change_percent }
    };
    SummaryMetrics {
        gross_sales: money(|sums| sums.gross),
        discounts: money(|sums| sums.discounts),
        refunds: money(|sums| sums.refunded),
        net_sales: money(Sums::net),
        shipping: money(|sums| sums.shipping),
        tax: money(|sums| sums.tax),
        total: money(|sums| sums.total),
        orders: count(|sums| sums.orders),
        average_order_value: money_metric(present, past, |whole| whole.0.average(currency)),
        units: count(|sums| sums.units),
        conversion_rate: rate_metric(present, past, |whole| whole.1.conversion_rate()),
        refund_rate: rate_metric(present, past, |(sums, _)| sums::share(sums.refunded, sums.total)),
        repeat_rate: rate_metric(present, past, |(sums, _)| {
            sums::share((sums.orders - sums.first_orders).into(), sums.orders.into())
        }),
    }
}

fn money_metric(present: &Whole, past: Option<&Whole>, of: impl Fn(&Whole) -> Option<Money>) -> MoneyMetric {
    let (value, comparison) = (of(present), past.and_then(&of));
    let both = value.zip(comparison);
    let change_percent = both.and_then(|(now, before)| sums::change(now.amount.into(), before.amount.into()));
    MoneyMetric { value, comparison, change_percent }
}

fn rate_metric(present: &Whole, past: Option<&Whole>, of: impl Fn(&Whole) -> Option<String>) -> RateMetric {
    let (value, comparison) = (of(present), past.and_then(&of));
    // All have four decimals.
    let number = |rate: &String| rate.replace('.', "").parse::<i128>().ok();
    let both = value.as_ref().and_then(number).zip(comparison.as_ref().and_then(number));
    RateMetric { change_percent: both.and_then(|(now, before)| sums::change(now, before)), value, comparison }
}

impl SummaryMetrics {
    /// As rows of a file: name, value, what it was, change.
    pub(super) fn rows(&self) -> Vec<[String; 4]> {
        let money = |name: &str, metric: &MoneyMetric| {
            let decimal = |money: Option<Money>| money.map(|money| money.decimal()).unwrap_or_default();
            let change = metric.change_percent.clone().unwrap_or_default();
            [name.to_owned(), decimal(metric.value), decimal(metric.comparison), change]
        };
        let count = |name: &str, metric: &CountMetric| {
            let before = metric.comparison.map(|before| before.to_string()).unwrap_or_default();
            [name.to_owned(), metric.value.to_string(), before, metric.change_percent.clone().unwrap_or_default()]
        };
        let rate = |name: &str, metric: &RateMetric| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            [name.to_owned(), text(&metric.value), text(&metric.comparison), text(&metric.change_percent)]
        };
        vec![
            money("gross_sales", &self.gross_sales),
            money("discounts", &self.discounts),
            money("refunds", &self.refunds),
            money("net_sales", &self.net_sales),
            money("shipping", &self.shipping),
            money("tax", &self.tax),
            money("total", &self.total),
            count("orders", &self.orders),
            money("average_order_value", &self.average_order_value),
            count("units", &self.units),
            rate("conversion_rate", &self.conversion_rate),
            rate("refund_rate", &self.refund_rate),
            rate("repeat_rate", &self.repeat_rate),
        ]
    }
}
