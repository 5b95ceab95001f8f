//! Reading the figures of a period, bucket by bucket.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Text};

use super::convert::{self, Rates};
use super::period::{Period, Telling};
use crate::db::Connection;
use crate::db::statement::{Bind, Statement};
use crate::error::Result;
use crate::money::{Currency, Money};

/// What was sold and given back. Money is in units of a [`convert::ONE`]th of a minor unit until it is shown, so that what
/// was converted is rounded once.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) orders: i64,
    pub(super) units: i64,
    pub(super) discounted_orders: i64,
    pub(super) first_orders: i64,
    pub(super) gross: i128,
    pub(super) discounts: i128,
    pub(super) shipping: i128,
    pub(super) shipping_discounts: i128,
    pub(super) tax: i128,
    pub(super) total: i128,
    pub(super) refunds: i64,
    pub(super) refunded_units: i64,
    pub(super) refunded: i128,
    pub(super) refunded_goods: i128,
    pub(super) refunded_shipping: i128,
    pub(super) refunded_tax: i128,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    bucket: i32,
    #[diesel(sql_type = Text)]
    currency: Currency,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    orders: i64,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = BigInt)]
    discounted_orders: i64,
    #[diesel(sql_type = BigInt)]
    first_orders: i64,
    #[diesel(sql_type = BigInt)]
    gross: i64,
    #[diesel(sql_type = BigInt)]
    discounts: i64,
    #[diesel(sql_type = BigInt)]
    shipping: i64,
    #[diesel(sql_type = BigInt)]
    shipping_discounts: i64,
    #[diesel(sql_type = BigInt)]
    tax: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    refunds: i64,
    #[diesel(sql_type = BigInt)]
    refunded_units: i64,
    #[diesel(sql_type = BigInt)]
    refunded: i64,
    #[diesel(sql_type = BigInt)]
    refunded_goods: i64,
    #[diesel(sql_type = BigInt)]
    refunded_shipping: i64,
    #[diesel(sql_type = BigInt)]
    refunded_tax: i64,
}

/// The figures of the currency `$4`, or, when that is null, of each currency by day, as conversion needs them.
const FIGURES: &str = "SELECT width_bucket(at, $3) AS bucket, currency, \
         CASE WHEN $4 IS NULL THEN (at AT TIME ZONE 'UTC')::date ELSE date '2000-01-01' END AS day, \
         sum(orders)::bigint AS orders, sum(units)::bigint AS units, \
         sum(discounted_orders)::bigint AS discounted_orders, sum(first_orders)::bigint AS first_orders, \
         sum(gross)::bigint AS gross, sum(discounts)::bigint AS discounts, sum(shipping)::bigint AS shipping, \
         sum(shipping_discounts)::bigint AS shipping_discounts, sum(tax)::bigint AS tax, sum(total)::bigint AS total, \
         sum(refunds)::bigint AS refunds, sum(refunded_units)::bigint AS refunded_units, \
         sum(refunded)::bigint AS refunded, sum(refunded_goods)::bigint AS refunded_goods, \
         sum(refunded_shipping)::bigint AS refunded_shipping, sum(refunded_tax)::bigint AS refunded_tax \
     FROM analytics_answers WHERE at >= $1 AND at < $2 AND ($4 IS NULL OR currency = $4) GROUP BY 1, 2, 3";

/// A period's figures.
pub(super) struct Found {
    /// Of each bucket, in their order.
    pub(super) buckets: Vec<Sums>,
    /// Of all.
    pub(super) total: Sums,
    /// What is to be said of the conversion.
    pub(super) rate_note: Option<String>,
}

/// Reads a period's figures.
///
/// # Errors
/// Those of the database.
pub(super) async fn read(conn: &mut Connection, period: &Period, telling: Telling) -> Result<Found> {
    let only = (!telling.converts).then(|| telling.currency.to_string());
    let rows: Vec<Row> = Statement::constant(FIGURES)
        .with(Bind::Time(period.start()))
        .with(Bind::Time(period.end))
        .with(Bind::Times(period.starts.clone()))
        .with(Bind::NullableText(only))
        .load(conn)
        .await?;
    let currencies: BTreeSet<Currency> = rows.iter().map(|row| row.currency).collect();
    let rates = Rates::read(conn, &currencies, telling.currency).await?;
    let mut found =
        Found { buckets: vec![Sums::default(); period.starts.len()], total: Sums::default(), rate_note: None };
    let mut missing = BTreeSet::new();
    for row in &rows {
        let Some(factor) = rates.factor(row.currency, row.day) else {
            missing.insert(row.currency);
            continue;
        };
        let bucket = usize::try_from(row.bucket - 1).ok().and_then(|index| found.buckets.get_mut(index));
        if let Some(bucket) = bucket {
            bucket.add(row, factor);
            found.total.add(row, factor);
        }
    }
    found.rate_note = telling.converts.then(|| convert::note(&missing));
    Ok(found)
}

impl Sums {
    fn add(&mut self, row: &Row, factor: i128) {
        let worth = |amount: i64| i128::from(amount) * factor;
        self.orders += row.orders;
        self.units += row.units;
        self.discounted_orders += row.discounted_orders;
        self.first_orders += row.first_orders;
        self.gross += worth(row.gross);
        self.discounts += worth(row.discounts);
        self.shipping += worth(row.shipping);
        self.shipping_discounts += worth(row.shipping_discounts);
        self.tax += worth(row.tax);
        self.total += worth(row.total);
        self.refunds += row.refunds;
        self.refunded_units += row.refunded_units;
        self.refunded += worth(row.refunded);
        self.refunded_goods += worth(row.refunded_goods);
        self.refunded_shipping += worth(row.refunded_shipping);
        self.refunded_tax += worth(row.refunded_tax);
    }

    /// What was earned by goods: gross, less discounts, less the goods that came back; without tax.
    pub(super) const fn net(&self) -> i128 {
        self.gross - self.discounts - self.refunded_goods
    }

    /// What an order came to on average.
    pub(super) fn average(&self, currency: Currency) -> Option<Money> {
        let orders = i128::from(self.orders);
        (orders > 0).then(|| money(self.total / orders, currency))
    }
}

/// A sum as it is shown.
pub(super) fn money(sum: i128, currency: Currency) -> Money {
    Money::new(convert::rounded(sum), currency)
}

/// A share of four decimals, half up; none of nothing.
pub(super) fn share(part: i128, whole: i128) -> Option<String> {
    if whole <= 0 || part < 0 {
        return None;
    }
    let scaled = (part * 10_000 + whole / 2) / whole;
    Some(format!("{}.{:04}", scaled / 10_000, scaled % 10_000))
}

/// By how many percent a value differs from what it was, with one decimal; none when it was nothing.
pub(super) fn change(now: i128, before: i128) -> Option<String> {
    if before == 0 {
        return None;
    }
    let (difference, size) = (now - before, before.abs());
    let scaled = (difference.abs() * 1000 + size / 2) / size;
    let sign = if difference < 0 && scaled > 0 { "-" } else { "" };
    Some(format!("{sign}{}.{}", scaled / 10, scaled % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_changes_are_rounded_decimals() {
        assert_eq!(share(1, 3).as_deref(), Some("0.3333"));
        assert_eq!(share(2, 3).as_deref(), Some("0.6667"));
        assert_eq!(share(3, 2).as_deref(), Some("1.5000"));
        assert_eq!(share(0, 5).as_deref(), Some("0.0000"));
        assert_eq!(share(1, 0), None);
        assert_eq!(change(150, 100).as_deref(), Some("50.0"));
        assert_eq!(change(100, 300).as_deref(), Some("-66.7"));
        assert_eq!(change(100_000, 100_001).as_deref(), Some("0.0"));
        assert_eq!(change(5, -10).as_deref(), Some("150.0"));
        assert_eq!(change(5, 0), None);
    }
}
