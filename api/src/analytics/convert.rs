//! What an amount of another currency is worth, at the stored rate of the day. No floats.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::db::schema::fx_rates;
use crate::error::Result;
use crate::fx::rates::RateOrigin;
use crate::money::Currency;

/// Factors have twelve decimals: this is one.
pub(super) const ONE: i128 = 1_000_000_000_000;

/// The stored rates that a conversion needs.
#[derive(Debug)]
pub(super) struct Rates {
    target: Currency,
    /// By currency and day, how many units one euro is, of twelve decimals.
    per_euro: BTreeMap<Currency, BTreeMap<NaiveDate, i128>>,
}

impl Rates {
    /// Reads the rates of the currencies and of the target.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn read(conn: &mut Connection, currencies: &BTreeSet<Currency>, target: Currency) -> Result<Self> {
        let wanted: Vec<Currency> = currencies.iter().copied().chain([target]).collect();
        let rows: Vec<(Currency, NaiveDate, RateOrigin, String)> = fx_rates::table
            .filter(fx_rates::currency.eq_any(wanted))
            // Staff's own rate goes before the bank's: it comes later, and stays.
            .order((fx_rates::currency, fx_rates::rate_date, fx_rates::source))
            .select((fx_rates::currency, fx_rates::rate_date, fx_rates::source, fx_rates::rate))
            .load(conn)
            .await?;
        let mut per_euro: BTreeMap<Currency, BTreeMap<NaiveDate, i128>> = BTreeMap::new();
        for (currency, day, _, rate) in rows {
            if let Some(rate) = scaled(&rate) {
                per_euro.entry(currency).or_default().insert(day, rate);
            }
        }
        Ok(Self { target, per_euro })
    }

    /// How many minor units of the target a minor unit was worth that day, in units of [`ONE`]: by the newest rate of that
    /// day or before, or else the oldest there is. `None` when there is none at all.
    pub(super) fn factor(&self, currency: Currency, day: NaiveDate) -> Option<i128> {
        if currency == self.target {
            return Some(ONE);
        }
        let (from, to) = (self.rate(currency, day)?, self.rate(self.target, day)?);
        let power = |exponent: u32| 10_i128.pow(exponent);
        let above = to.checked_mul(power(self.target.exponent()))?.checked_mul(ONE)?;
        let below = from.checked_mul(power(currency.exponent()))?;
        Some((above + below / 2) / below)
    }

    fn rate(&self, currency: Currency, day: NaiveDate) -> Option<i128> {
        if currency.code() == "EUR" {
            return Some(ONE);
        }
        let days = self.per_euro.get(&currency)?;
        let found = days.range(..=day).next_back().or_else(|| days.iter().next());
        found.map(|(_, rate)| *rate)
    }
}

/// A decimal number of at most twelve decimals, in units of [`ONE`].
fn scaled(rate: &str) -> Option<i128> {
    let (whole, decimals) = rate.split_once('.').unwrap_or((rate, ""));
    format!("{whole}{decimals:0<12}").parse().ok().filter(|rate| *rate > 0)
}

/// A sum in units of [`ONE`] as minor units, half away from zero.
pub(super) fn rounded(sum: i128) -> i64 {
    let half = if sum < 0 { -ONE / 2 } else { ONE / 2 };
    i64::try_from((sum + half) / ONE).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

/// What is said of the rates, with the currencies that there was none of.
pub(super) fn note(missing: &BTreeSet<Currency>) -> String {
    let rule = "Each day (UTC) at its stored rate, or the newest before it; before the oldest one, at that.";
    if missing.is_empty() {
        return rule.to_owned();
    }
    let codes: Vec<&str> = missing.iter().map(Currency::code).collect();
    format!("{rule} Left out, as no rate is stored: {}.", codes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(target: &str, rows: &[(&str, &str, &str)]) -> Rates {
        let mut per_euro: BTreeMap<Currency, BTreeMap<NaiveDate, i128>> = BTreeMap::new();
        for (currency, day, rate) in rows {
            per_euro.entry(currency.parse().unwrap()).or_default().insert(day.parse().unwrap(), scaled(rate).unwrap());
        }
        Rates { target: target.parse().unwrap(), per_euro }
    }

    #[test]
    fn the_day_s_rate_counts_and_minor_units_have_their_sizes() {
        let rates =
            rates("EUR", &[("USD", "2026-10-01", "1.25"), ("USD", "2026-10-05", "2"), ("JPY", "2026-10-01", "160")]);
        let worth = |amount: i128, code: &str, day: &str| {
            rounded(amount * rates.factor(code.parse().unwrap(), day.parse().unwrap()).unwrap())
        };
        assert_eq!(worth(1000, "USD", "2026-10-04"), 800);
        assert_eq!(worth(1000, "USD", "2026-10-05"), 500);
        assert_eq!(worth(1000, "USD", "2026-09-01"), 800, "before the oldest, at that");
        assert_eq!(worth(1600, "JPY", "2026-10-04"), 1000);
        assert_eq!(worth(-1, "USD", "2026-10-05"), -1, "half goes away from zero");
        assert_eq!(rates.factor("GBP".parse().unwrap(), "2026-10-05".parse().unwrap()), None);
    }
}
